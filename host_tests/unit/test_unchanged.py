"""Checked settings are taken again only while nothing that they follow from has changed."""

import json

import pytest

from abstore import FileSlot
from bms import unchanged
from bms.commission_store import CommissionStore
from bms.fault_rows import resolved
from bms.settings import STORED, Settings

CONFIG = {"cell_n": 8, "precharge_on": 0}
BOARD = "bench"


class Device:
    """A folder with what `make flash` and a commissioning leave on a device."""

    def __init__(self, folder):
        self.root = str(folder) + "/"
        self.write("config.json", json.dumps(CONFIG).encode())
        self.write("installed.txt", b"0123 /bms/scan.mpy\n")
        slots = [FileSlot(self.root + "commission." + which) for which in "ab"]
        CommissionStore(self.settings().load(), BOARD, slots).waive("test")

    def write(self, name, data):
        with open(self.root + name, "wb") as file:
            file.write(data)

    def read(self, name):
        with open(self.root + name, "rb") as file:
            return file.read()

    def settings(self):
        slots = [FileSlot(self.root + "settings." + which) for which in "ab"]
        return Settings(slots, self.root + "config.json", self.root + "installed.txt")

    def check(self):
        settings = self.settings()
        values = settings.load().bare()
        assert settings.source == STORED
        return values


@pytest.fixture
def device(tmp_path):
    made = Device(tmp_path)
    assert unchanged.save(made.check(), root=made.root)
    return made


def test_the_same_values_come_back(device):
    checked, kept = device.check(), unchanged.load(device.root)
    names = [name for name in dir(checked) if not name.startswith("__")]
    assert len(names) > 100
    assert {n: getattr(kept, n) for n in names} == {n: getattr(checked, n) for n in names}
    assert not kept.checked and not kept.held


def test_what_the_monitor_made_of_them_comes_back_too(device):
    assert unchanged.load(device.root).image == b""
    rows = resolved(device.check())
    unchanged.save(device.check(), b"of the monitor", rows, root=device.root)
    kept = unchanged.load(device.root)
    assert kept.image == b"of the monitor" and kept.rows == rows
    assert kept.hash == device.check().hash and kept.bal_on_mv == device.check().bal_on_mv
    device.write("installed.txt", b"4567 /bms/scan.mpy\n")  # another driver might make another one
    assert unchanged.load(device.root) is None
    old = unchanged.load(device.root, stale=True)  # it might have another table, too
    assert old.image == old.rows == b"" and old.hash == kept.hash


def test_what_another_firmware_has_kept_is_not_taken(device, monkeypatch):
    """A board that `make flash` has seen may get an image with all of it built in: the list stays as it was."""
    monkeypatch.setattr(unchanged, "VERSION", "0.0.0", raising=False)
    assert unchanged.load(device.root) is None


@pytest.mark.parametrize(
    "name",
    ["config.json", "installed.txt", "settings.a", "settings.b", "commission.a", "commission.b"],
)
def test_a_changed_or_missing_file_means_checking_again(device, name):
    data = device.read(name)
    device.write(name, data[:-1] + bytes([data[-1] ^ 1]))
    assert unchanged.load(device.root) is None
    device.write(name, b"")
    assert unchanged.load(device.root) is None
    device.write(name, data)
    assert unchanged.load(device.root) is not None


def test_a_change_that_leaves_every_length_as_it_was_means_checking_again(device):
    """What ends in its own CRC-32 has one and the same, whatever is in it."""
    slots = [FileSlot(device.root + "settings." + which) for which in "ab"]
    seen = set()
    for mv in (20, 25, 30):
        settings = device.settings()
        settings.load()
        settings.change({**CONFIG, "bal_on_mv": mv})
        assert unchanged.load(device.root) is None, mv
        assert unchanged.save(device.check(), root=device.root)
        assert unchanged.load(device.root).bal_on_mv == mv
        seen.add((len(slots[0].read()), unchanged.files_sum(device.root)))
    assert len({length for length, _ in seen}) == 1 and len(seen) == 3
    store = CommissionStore(
        device.check(), BOARD, [FileSlot(device.root + "commission." + w) for w in "ab"]
    )
    store.load()
    store.waive("tess")
    assert unchanged.load(device.root) is None


def test_whatever_bit_of_it_flips_it_is_not_taken(device):
    data = device.read(unchanged.PATH)
    for at in range(0, 8 * len(data), 7):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        device.write(unchanged.PATH, flipped)
        assert unchanged.load(device.root) is None, at


def test_whatever_length_a_cut_leaves_of_it_it_is_not_taken(device):
    data = device.read(unchanged.PATH)
    for length in range(0, len(data), 5):
        device.write(unchanged.PATH, data[:length])
        assert unchanged.load(device.root) is None, length


def test_without_the_list_of_installed_files_nothing_is_kept(tmp_path):
    device = Device(tmp_path)
    (tmp_path / "installed.txt").unlink()
    assert not unchanged.save(device.check(), root=device.root)
    assert unchanged.load(device.root) is None
