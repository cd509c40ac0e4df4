"""Parts of the black box by themselves: squeezing, samples, rations, bursts, the tape."""

import struct
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms import tape
from bms.ration import Burst, Ration
from bms.series import FIELD_N, PACK_MA, Series
from boards.sim.board import make_sim
from replay import decode
from ringlog import HEAD_N
from squeeze import longest, squeeze, unsqueeze

BYTES = st.binary(min_size=1, max_size=60)


@given(BYTES, st.data())
def test_what_was_squeezed_comes_back(first, data):
    second = data.draw(st.binary(min_size=len(first), max_size=len(first)))
    n = len(first)
    both = bytearray(first + second)
    packed = bytearray(2 * longest(n))
    middle = squeeze(both, 0, -1, n, packed, 0)
    end = squeeze(both, n, 0, n, packed, middle)
    assert middle <= longest(n) and end - middle <= longest(n)
    out = bytearray(2 * n)
    assert unsqueeze(packed, 0, out, 0, -1, n) == middle
    assert unsqueeze(packed, middle, out, n, 0, n) == end
    assert out == both


def test_what_is_the_same_costs_a_bit_a_byte():
    same = bytearray(b"x" * 160)
    assert squeeze(same, 80, 0, 80, bytearray(200), 0) == 10


def test_squeezed_bytes_that_end_too_early_are_noticed():
    packed = bytearray(20)
    end = squeeze(bytearray(b"abcdefgh"), 0, -1, 8, packed, 0)
    with pytest.raises(IndexError):
        unsqueeze(packed[: end - 1], 0, bytearray(8), 0, -1, 8)


READINGS = st.lists(
    st.lists(st.integers(-(1 << 27), 1 << 27), min_size=FIELD_N, max_size=FIELD_N),
    min_size=1,
    max_size=12,
)


@given(READINGS)
def test_every_sample_comes_back_from_a_record(readings):
    series = Series(60, 12)
    for reading in readings:
        assert series.feed(reading, 60000)
    buf = bytearray(2000)
    n = series.fill(buf, 7, 0)
    assert decode.samples(bytes(buf[HEAD_N : HEAD_N + n])) == readings


def test_a_sample_holds_extremes_and_the_mean_of_its_minute():
    series = Series(60, 30)
    low, high = (
        [3300, 3310, 200, 210, 1000, 500, 52800, 3],
        [3290, 3320, 190, 220, 3000, 499, 52700, 3],
    )
    assert not series.feed(low, 30000)
    assert series.feed(high, 30000)
    assert list(series.sample) == [3290, 3320, 190, 220, 2000, 499, 52700, 3]


def test_the_mean_of_a_large_current_at_a_fast_scan_stays_a_small_integer():
    series = Series(3600, 30)
    for _ in range(5000):
        series.feed([0, 0, 0, 0, 300000, 0, 0, 0], 63)
        assert abs(series._sum[PACK_MA]) < 1 << 30


def test_a_record_that_is_full_leaves_room_for_the_longest_sample():
    series = Series(60, 30)
    sign = 1
    while not series.full():
        sign = -sign
        series.feed([sign * (1 << 26)] * FIELD_N, 60000)
    assert 15 < series.n <= 30 and series.fill(bytearray(1100), 0, 0) <= 1000
    series.forget()
    assert series.n == 0 and not series.full()


def test_a_ration_comes_back_with_time_and_no_further_than_its_most():
    ration = Ration(2, 5, 1000)
    ration.spend(), ration.spend(), ration.spend()
    assert ration.left == 0
    ration.earn(999)
    assert ration.left == 0
    ration.earn(1)
    assert ration.left == 1
    ration.earn(60000)
    assert ration.left == 5


def steps(burst, *more):
    return [burst.step(errors, 1000) for errors in more]


def test_three_errors_in_a_minute_are_a_burst_and_two_are_none():
    assert steps(Burst(10), 11, 12, 12) == [0, 0, 0]
    assert steps(Burst(10), 11, 12, 13, 20) == [0, 0, 1, 0]


def test_errors_far_apart_are_no_burst():
    burst = Burst(0)
    for errors in range(1, 20):
        assert burst.step(errors, 1000) == 0
        assert burst.step(errors, 61000) == 0


def test_a_burst_ends_a_minute_after_its_last_error():
    burst = Burst(0)
    assert burst.step(5, 1000) == 1
    assert [burst.step(5, 30000), burst.step(6, 30000)] == [0, 0]
    assert [burst.step(6, 59999), burst.step(6, 1)] == [0, -1]
    assert burst.n == 6 and burst.step(6, 1000) == 0


def test_the_tape_keeps_twenty_seconds_and_some_within_its_memory():
    assert [tape.depth(ms) for ms in (63, 100, 250, 1000)] == [160, 160, 104, 44]
    assert tape.size(16, 3) == 114


def test_the_tape_holds_what_the_last_scan_read_and_decided():
    sim = make_sim(cell_n=4, soc=0.5)
    sim.run(5)
    sim.scan.tape = tape.Tape(sim.config)
    for _ in range(150):
        sim.step()
    kept = sim.scan.tape
    assert kept.n == 150 and kept.first() == 150 - kept.depth
    found = decode.scan(kept.data, kept.at(149), 4, sim.config.ntc_n)
    snap = sim.pack.snap
    assert found["cell_mv"] == tuple(snap.cell_mv) and found["scan"] == snap.seq
    assert found["temp_ddegc"] == tuple(snap.temp_ddegc) and found["pack_ma"] == snap.pack_ma
    assert found["decided"]["soc_pm"] == sim.pack.soc.soc_pm
    assert found["decided"]["cvl_mv"] == sim.pack.limits.cvl_mv
    assert found["bits"] & tape.FRESH and found["bits"] & tape.ARMED


def test_no_request_or_reading_is_too_large_for_the_tape():
    """A reporter may ask for anything; the scan must not end in an exception."""
    sim = make_sim(cell_n=4, soc=0.5)
    sim.run(5)
    sim.scan.tape = tape.Tape(sim.config)
    sim.pack.request(0x7FFFFFFF)
    sim.step()
    sim.pack.snap.cell_mv[0] = -5
    odd = SimpleNamespace(cell_n=4, ntc_n=3)
    assert tape.size(odd.cell_n, odd.ntc_n) == sim.scan.tape.size
    assert struct.calcsize(tape.IN) == tape.IN_N and struct.calcsize(tape.READ) == tape.READ_N
    assert struct.calcsize(tape.OUT) == tape.OUT_N
