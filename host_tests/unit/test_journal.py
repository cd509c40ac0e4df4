"""The record: fixed size, in order, old ones overwritten, values kept whole."""

import struct
from array import array
from types import SimpleNamespace

import pytest

from bms import faults, journal
from bms.journal import FORMAT, SIZE, Journal


def pack(**more):
    values = {"mode": 3, "soc_pm": 500, "intent": 5, "fets": 5, "seq": 70000, **more}
    return SimpleNamespace(
        mode=SimpleNamespace(mode=values["mode"]),
        soc=SimpleNamespace(soc_pm=values["soc_pm"]),
        intent=values["intent"],
        snap=SimpleNamespace(fets=values["fets"], seq=values["seq"]),
    )


def test_a_record_is_thirty_bytes():
    assert struct.calcsize(FORMAT) == SIZE == 30


def test_a_record_holds_what_was_noted_and_the_pack_beside_it():
    log = Journal()
    log.config_hash = 0x12345678
    log.advance(61234)
    log.note(journal.TRIP, 7, 15, -(1 << 31), (1 << 31) - 1, pack())
    assert log.record(0) == {
        "seq": 0,
        "uptime_s": 61,
        "uptime_ms": 234,
        "kind": journal.TRIP,
        "item": 7,
        "cell": 15,
        "mode": 3,
        "soc_pm": 500,
        "value": -(1 << 31),
        "limit": (1 << 31) - 1,
        "intent": 5,
        "actual": 5,
        "scan": 70000 & 0xFFFF,
        "config": 0x5678,
    }


def test_the_oldest_records_make_room_and_are_gone():
    log = Journal(depth=4)
    for i in range(10):
        log.note(journal.MODE, i, -1, 0, 0, pack())
    assert log.first() == 6 and [log.record(n)["item"] for n in range(6, 10)] == [6, 7, 8, 9]
    for number in (5, 10, -1):
        with pytest.raises(IndexError):
            log.raw(number)


def test_time_is_kept_in_small_numbers_for_years():
    log = Journal()
    for _ in range(1000):
        log.advance(86400000 + 1)
    assert (log.uptime_s, log.uptime_ms) == (86400001, 0)


def test_every_kind_has_a_name():
    kinds = [
        value for name, value in vars(journal).items() if name.isupper() and isinstance(value, int)
    ]
    assert max(kinds[1:]) >= journal.CLOCK
    assert len(journal.NAMES) == journal.LAPSE + 1


def test_the_bytes_are_these_in_this_order_whatever_the_machine():
    log = Journal()
    log.config_hash = 0x2ABBCCDD
    log.uptime_s, log.uptime_ms = 0x01020304, 999
    log.n = 0x11223344
    log.note(journal.CLEAR, 9, -1, -2, 0x7FFFFFFF, pack(mode=8, soc_pm=1000, seq=0x12345))
    assert log.raw(0x11223344).hex(" ") == (
        "44 33 22 11 04 03 02 01 e7 03 02 09 ff 08 e8 03 fe ff ff ff ff ff ff 7f 05 05 45 23 dd cc"
    )


def test_numbers_go_on_in_the_ring_after_years_of_records():
    log = Journal(depth=4)
    log.n = (1 << 30) - 2
    for i in range(4):
        log.note(journal.BUS, i, -1, i, 0, pack())
    held = range(log.first(), log.n)
    assert [log.record(n)["item"] for n in held] == [0, 1, 2, 3]
    assert [log.record(n)["seq"] for n in held] == [(1 << 30) - 2, (1 << 30) - 1, 0, 1]


def test_a_ring_of_one_holds_the_last():
    log = Journal(depth=1)
    for i in range(3):
        log.note(journal.MODE, i, -1, 0, 0, pack())
    assert (log.first(), log.record(2)["item"], len(log.data)) == (2, 2, SIZE)


def test_an_empty_journal_has_no_record():
    log = Journal()
    assert log.first() == log.n == 0
    with pytest.raises(IndexError):
        log.raw(0)


def test_a_record_that_was_taken_out_does_not_change_any_more():
    log = Journal(depth=1)
    log.note(journal.MODE, 1, -1, 0, 0, pack())
    taken = log.raw(0)
    log.note(journal.MODE, 2, -1, 0, 0, pack())
    assert struct.unpack(FORMAT, taken)[4] == 1


def test_every_reading_that_can_be_judged_fits_a_record():
    """`value` and `limit` are as wide as the quantities: nothing needs to be cut."""
    log = Journal()
    quantities = array("i", [-(1 << 31), (1 << 31) - 1])
    for value in quantities:
        log.note(journal.TRIP, faults.ROW_N - 1, 15, value, value, pack())
        assert log.record(log.n - 1)["value"] == log.record(log.n - 1)["limit"] == value


@pytest.mark.parametrize(
    "dt_ms, seconds, ms", [(0, 0, 0), (999, 0, 999), (1000, 1, 0), (2001, 2, 1)]
)
def test_milliseconds_carry_into_seconds(dt_ms, seconds, ms):
    log = Journal()
    log.advance(dt_ms)
    assert (log.uptime_s, log.uptime_ms) == (seconds, ms)


def test_a_kind_is_the_place_of_its_name():
    """Tools on the host name records by it; a stored record outlives a release."""
    assert journal.NAMES[:5] == ("boot", "trip", "clear", "lock", "ack")
    kinds = [getattr(journal, name.upper()) for name in journal.NAMES]
    assert kinds == list(range(len(journal.NAMES)))


def test_a_new_journal_is_empty_and_knows_no_configuration():
    log = Journal()
    assert (log.depth, log.n, log.config_hash, len(log.data)) == (64, 0, 0, 64 * SIZE)
