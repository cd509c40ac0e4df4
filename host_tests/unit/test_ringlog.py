"""The log: whatever is cut or changed, all other records are there, and it shows."""

import hashlib
import hmac

import pytest

from replay.chain import Log, logs
from ringlog import HEAD_N, PAYLOAD_MAX, SEGMENT, Chain, RingLog, padded
from segments import BlockSegments, FileSegments
from sim.flash import Flash, PowerCut
from sim.prng import Prng

KEY = bytes(range(32))
SIZE = 1024


def ring(flash, n=4, key=KEY, ident=1):
    log = RingLog(BlockSegments(flash, 0, n, flash.size), Chain(key), ident, b"test 1")
    log.recover()
    return log


def payload(i):
    return f"record {i} ".encode() * (1 + i % 5)


def filled(count, n=4):
    flash = Flash(n, SIZE)
    log = ring(flash, n)
    for i in range(count):
        log.append(1 + i % 7, payload(i))
    return flash, log


def read(flash, key=KEY):
    return logs(bytes(flash.data), key, flash.size).get(1) or Log(1)


def stories(log):
    return [record.payload for record in log.records if record.kind != SEGMENT]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 500])
def test_the_mac_is_hmac_sha256_as_everybody_else_computes_it(size):
    before, data, key = bytes(range(8)), bytes(size), bytes(size)
    assert Chain(key).mac(before, data) == hmac.digest(key, before + data, hashlib.sha256)[:8]


def test_records_come_back_in_order_and_numbers_count_on():
    flash, log = filled(20)
    found = read(flash)
    assert found.problems == [] and found.torn_n == 0
    assert stories(found) == [payload(i) for i in range(20)]
    assert [record.number for record in found.records] == list(range(log.number))


def test_the_oldest_make_room_and_the_chain_holds_from_the_first_that_is_left():
    flash, log = filled(400)
    found = read(flash)
    assert found.problems == []
    kept = stories(found)
    assert kept == [payload(i) for i in range(400 - len(kept), 400)]
    assert found.records[0].kind == SEGMENT and found.records[0].number > 0
    least = sum(padded(len(p)) for p in kept)
    assert least > 2 * SIZE, "all segments but the one in work are full"


@pytest.mark.parametrize("count", [0, 1, 5, 17, 33, 100, 401])
def test_after_a_restart_it_goes_on_where_it_was(count):
    flash, log = filled(count)
    again = ring(flash)
    assert (again.number, again.head()) == (log.number, log.head())
    again.append(3, b"after")
    found = read(flash)
    assert found.problems == [] and stories(found)[-1] == b"after"


def test_the_largest_record_fits_and_a_larger_one_is_refused():
    flash = Flash(3, 2048)
    log = ring(flash, 3)
    log.append(1, bytes(PAYLOAD_MAX))
    with pytest.raises(ValueError, match="1025"):
        log.append(1, bytes(PAYLOAD_MAX + 1))


def sweep(count=60, seeds=3):
    """(flash, what was there, what was being written) for every step of writing `count` records."""
    flash = Flash(4, SIZE)
    log = ring(flash)
    for i in range(count):
        steps, whole = flash.steps, flash.twin(1)
        log.append(1, payload(i))
        for cut in range(flash.steps - steps):
            for seed in range(1, seeds + 1):
                torn = whole.twin(seed * 1000 + i)
                victim = ring(torn)
                torn.power(cut)
                with pytest.raises(PowerCut):
                    victim.append(1, payload(i))
                torn.power()
                yield torn, i


def test_a_cut_at_every_step_loses_at_most_the_record_being_written():
    cuts = 0
    for torn, i in sweep():
        cuts += 1
        log = ring(torn)
        found = read(torn)
        kept = stories(found)
        assert kept[-1] in (payload(i - 1), payload(i)) if i else True
        first = int(kept[0].split()[1]) if kept else 0
        assert kept == [payload(k) for k in range(first, first + len(kept))], i
        log.append(2, b"next")
        found = read(torn)
        assert stories(found) == [*kept, b"next"] or stories(found)[-1] == b"next"
        assert [p for p in found.problems if "damaged" not in p] == [], (i, found.problems)
    assert cuts > 200


def test_cuts_in_a_row_cost_a_page_each_and_never_the_log():
    flash, log = filled(30)
    prng = Prng(5)
    for i in range(200):
        flash = flash.twin(i + 1)
        log = ring(flash)
        before = log.number
        flash.power(prng.below(2))
        try:
            log.append(1, b"x" * 40)
        except PowerCut:
            pass
        flash.power()
        assert ring(flash).number >= before - 1
    assert ring(flash).append(1, b"end") > 30


def test_nothing_is_appended_after_an_error_without_looking_first():
    flash, log = filled(3)
    flash.power(0)
    with pytest.raises(PowerCut):
        log.append(1, b"x" * 300)
    flash.power()
    with pytest.raises(OSError, match="recover first"):
        log.append(1, b"y")
    log.recover()
    log.append(1, b"y")
    assert stories(read(flash))[-1] == b"y" and read(flash).problems == []


def test_flash_that_refuses_a_bit_is_written_elsewhere():
    flash, log = filled(3)
    flash.data[log._at + 30] = 0x00
    log.append(1, b"\xff" * 50)
    assert stories(read(flash))[-1] == b"\xff" * 50
    assert ring(flash).number == log.number


@pytest.mark.parametrize("count", [9, 120])
def test_every_flipped_bit_of_a_log_is_found_and_located(count):
    flash, _ = filled(count)
    whole = read(flash)
    data = bytes(flash.data)
    for record in whole.records:
        number, start = record.number, int(record.place.split()[1])
        for bit in range(0, 8 * padded(len(record.payload)), 7):
            bad = bytearray(data)
            bad[start + bit // 8] ^= 1 << bit % 8
            found = logs(bytes(bad), KEY, SIZE)[1]
            assert found.problems == [f"record {number} at byte {start} damaged"], bit
            assert len(found.records) == len(whole.records) - 1


def test_a_record_that_power_has_torn_at_the_end_is_no_damage():
    """Also where all of it is written but the last byte: bits of it that are not yet 0 are no flipped ones."""
    flash, _ = filled(9)
    whole = read(flash)
    start = int(whole.records[-1].place.split()[1])
    data = bytes(flash.data)
    end = start + padded(len(whole.records[-1].payload))
    for at in range(start + 1, end):
        torn = data[:at] + b"\xff" * (len(data) - at)
        found = logs(torn, KEY, SIZE)[1]
        assert found.problems == [] and found.records == whole.records[:-1], at
    for bit in range(8):
        last = data[end - 1] | 1 << bit
        if last != data[end - 1]:
            found = logs(data[: end - 1] + bytes([last]) + data[end:], KEY, SIZE)[1]
            assert found.problems == [], bit


def test_a_record_whose_sum_ends_in_ff_may_be_torn_a_byte_before():
    """Of 256 records one: FF need not be written, so the byte before it comes last."""
    for count in range(2000):
        flash = Flash(2)
        log = RingLog(BlockSegments(flash, 0, 2, SIZE), Chain(KEY), 1, b"v")
        log.recover()
        log.append(1, b"before")
        log.append(1, count.to_bytes(42, "little"))
        data = bytearray(flash.data)
        end = log._at
        if data[end - 1] == 0xFF and data[end - 2] != 0xFF:
            break
    missing = ~data[end - 2] & 0xFF
    data[end - 2] |= missing & -missing  # one bit was still to come
    assert logs(bytes(data), KEY, SIZE)[1].problems == []
    data[end - 3] ^= 1
    data[end - 2] &= ~(missing & -missing) & 0xFF
    assert "damaged" in logs(bytes(data), KEY, SIZE)[1].problems[0]


def forged(flash, number, change):
    """Change a record and make its checksum right again."""
    import binascii
    import struct

    for record in read(flash).records:
        if record.number == number:
            start = int(record.place.split()[1])
            n = len(record.payload)
            data = flash.data
            change(data, start + HEAD_N, n)
            end = start + padded(n) - 4
            data[end : end + 4] = struct.pack("<I", binascii.crc32(data[start:end]))


def test_a_forged_record_is_found_with_the_key_and_only_with_it():
    flash, _ = filled(40)

    def change(data, at, n):
        data[at] ^= 1

    forged(flash, 13, change)
    assert read(flash, None).problems == []
    assert [p.split(" at ")[0] for p in read(flash).problems] == ["record 13"]
    flash, _ = filled(40)
    assert len(read(flash, b"another key").problems) == len(read(flash).records)


def test_a_segment_that_was_taken_out_shows():
    flash, _ = filled(400)
    order = sorted(range(4), key=lambda i: read_number(flash, i))
    flash.data[order[1] * SIZE : (order[1] + 1) * SIZE] = b"\xff" * SIZE
    assert any("missing" in problem for problem in read(flash).problems)
    assert any("missing" in problem for problem in read(flash, None).problems)


def read_number(flash, i):
    return logs(bytes(flash.data[i * SIZE : (i + 1) * SIZE]), None, SIZE)[1].records[0].number


def test_whatever_lies_on_the_flash_recovery_ends_and_it_can_be_written():
    prng = Prng(3)
    for _ in range(60):
        flash = Flash(3, SIZE)
        for i in range(len(flash.data)):
            flash.data[i] = prng.below(256)
        log = ring(flash, 3)
        assert log.number == 0
        log.append(1, b"first")
        assert stories(read(flash)) == [b"first"]


def test_a_file_a_segment_is_the_same_log(tmp_path):
    segments = FileSegments(str(tmp_path / "e"), 4, SIZE)
    flash, _ = filled(150)
    log = RingLog(segments, Chain(KEY), 1, b"test 1")
    log.recover()
    for i in range(150):
        if i % 40 == 39:
            log = RingLog(FileSegments(str(tmp_path / "e"), 4, SIZE), Chain(KEY), 1, b"test 1")
            log.recover()
        log.append(1 + i % 7, payload(i))
    dump = b"".join((tmp_path / f"e0{i}").read_bytes().ljust(SIZE, b"\xff") for i in range(4))
    assert dump == bytes(flash.data)


def test_a_file_that_is_longer_than_what_is_whole_is_filled_up_and_goes_on(tmp_path):
    """As a file system without littlefs' promise may leave it."""
    log = RingLog(FileSegments(str(tmp_path / "e"), 4, SIZE), Chain(KEY), 1)
    log.recover()
    log.append(1, b"first")
    path = tmp_path / "e00"
    path.write_bytes(path.read_bytes() + b"\x01\x01torn")
    log.recover()
    log.append(1, b"second")
    found = logs(path.read_bytes().ljust(SIZE, b"\xff"), KEY, SIZE)[1]
    assert stories(found) == [b"first", b"second"] and found.problems == [] and found.torn_n
