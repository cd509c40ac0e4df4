"""The record: fixed size, in order, old ones overwritten, values kept whole."""

import struct
from types import SimpleNamespace

import pytest

from bms import journal
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
    assert max(kinds[1:]) >= journal.WRITE and len(journal.NAMES) == journal.WRITE + 1
