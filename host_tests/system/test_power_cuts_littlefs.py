"""The same on the real littlefs: what a cut leaves mounts, and holds all records but the one being written."""

import pytest

from bms.blackbox import LOG_N
from host_tests.boxed import KEY
from host_tests.littlefs_rig import Files, fresh, littlefs
from host_tests.month import Month
from replay.chain import logs
from ringlog import Chain, RingLog
from sim.flash import PowerCut

_DAYS = 3
_EACH = 6  # every so many records are cut, at each of their steps
_CYCLES = 100000


@pytest.fixture(scope="module")
def device():
    littlefs()
    return Device()


class Device:
    """Some days on littlefs, with cuts tried on copies all along."""

    def __init__(self):
        self.flash, files = fresh()
        self.flash.erases = [0] * self.flash.block_n
        self.done = [0] * (LOG_N + 1)
        self.records = self.cuts = 0
        self.month = Month(files.places(), _DAYS)
        self.month.run(self.note)
        self.files = files

    def note(self, ident, number):
        self.done[ident] = number + 1
        self.records += 1
        if self.records % _EACH == 0:
            cut = 0
            while self.cut(ident, cut):
                cut += 1

    def cut(self, ident, cut):
        """One more record on a copy, cut in that step; False when it needed fewer."""
        torn = self.flash.twin(self.cuts)
        part = recovered(torn, ident)
        torn.power(cut)
        try:
            part.append(9, bytes(self.records * 7 % 900))
            return False
        except OSError:
            pass
        torn.power()
        self.cuts += 1
        part = recovered(torn, ident)
        new = part.number - self.done[ident]  # none, the record, or the head of its segment and it
        assert 0 <= new <= 2, (self.records, cut)
        part.append(9, b"after the cut")
        assert recovered(torn, ident).number == part.number
        return True


def recovered(flash, ident):
    """Mount, and look for the log's end: what a start does."""
    part = RingLog(Files(flash).places()[ident - 1], Chain(KEY), ident)
    part.recover()
    return part


def test_every_cut_leaves_a_file_system_that_mounts_and_all_completed_records(device):
    assert device.cuts > 300 and device.month.blackbox.errors == 0


def test_nothing_is_missing_or_damaged_in_the_end(device):
    dump = b""
    for place in device.files.places():
        for i in range(place.n):
            buf = bytearray(place.size)
            place.read(i, 0, buf)
            dump += buf
    found = logs(dump, KEY)
    assert sorted(found) == [1, 2, 3, 4]
    for ident, log in found.items():
        assert log.problems == [] and log.torn_n == 0
        assert log.records[-1].number == device.done[ident] - 1


def test_littlefs_spreads_the_wear(device, record_property):
    most = max(device.flash.erases) / _DAYS * 365
    total = sum(device.flash.erases) / _DAYS * 365
    record_property(
        "truth",
        f"{device.records} records in {_DAYS} days on littlefs, {device.cuts} power cuts: none lost, "
        f"{total:.0f} erases a year, the busiest block lasts {_CYCLES / most:.0f} years",
    )
    assert _CYCLES / most > 25


def test_a_full_disk_is_an_error_that_passes():
    flash, files = fresh()
    with pytest.raises(OSError), files.open("big", "wb") as file:
        file.write(bytes(flash.size * flash.block_n))
    free = flash.block_n - files.fs.used_block_count
    with files.open("big", "wb") as file:
        file.write(bytes((free - 5) * flash.size))
    part = RingLog(files.places()[2], Chain(KEY), 3)
    part.recover()
    with pytest.raises(OSError):
        for _ in range(100):
            part.append(1, bytes(1000))
    number = part.number
    files.fs.remove("big")
    part.recover()
    assert part.number == number and part.append(1, b"room again") == number


def test_the_model_does_cut(device):
    torn = device.flash.twin(1)
    files = Files(torn)
    torn.power(0)
    with pytest.raises((OSError, PowerCut)), files.open("x", "wb") as file:
        file.write(bytes(5000))
