"""Settings that a JBD program writes on a board with little memory: all of it on wires, then the next start."""

import json
import os
import struct
import sys
from pathlib import Path

import pytest

from bms import changes as reports
from bms import wanted
from bms.config import Config, as_dict
from bms.fields import FIELDS
from bms.pack import HOLD_SETTINGS
from bms.report.jbd_slave import JbdSlave
from host_tests.system.rig import BOTH
from host_tests.system.test_held_starts import failing
from host_tests.system.test_refused_settings import GOOD, NOT_HELD, device, short, used
from host_tests.unit.test_jbd_slave import COMMIT, ENTER
from host_tests.unit.test_jbd_slave import request as frame

__all__ = ("device", "short", "used")  # fixtures


class Jbd:
    """A program on the UART that speaks JBD, and whoever is at the pack."""

    def __init__(self, device):
        scan = device.sim.scan
        self.slave = JbdSlave(
            device.sim.pack, lambda values: reports.change_settings(scan, values)
        )

    def send(self, data) -> int:
        """Status of its reply."""
        for byte in bytes.fromhex(data) if isinstance(data, str) else data:
            self.slave.put(byte)
        assert self.slave.answer()
        return self.slave.view[2]

    def set(self, register, value) -> int:
        assert self.send(ENTER) == 0
        status = self.send(frame(register, struct.pack(">H", value), True))
        return status or self.send(COMMIT)


@pytest.fixture
def tight(short, monkeypatch):
    """The field table does not fit either."""
    short.start()
    assert short.run() == BOTH
    jbd = Jbd(short)
    monkeypatch.setitem(sys.modules, "bms.config", None)
    yield short, jbd
    monkeypatch.undo()


def test_jbd_on_a_board_with_little_memory_is_checked_by_the_next_start(tight, monkeypatch):
    board, jbd = tight
    jbd.slave.unlock(10000)
    assert jbd.set(0x24, 3630) == 0, "cov_mv"
    assert board.sim.pack.config.cov_mv == 3650
    said = json.loads(Path(wanted.PATH).read_text())
    assert set(said) == {"chemistry"} | {row[0] for row in FIELDS}
    monkeypatch.undo()
    os.chdir(board.folder)
    assert said == as_dict(board.sim.pack.config) | {"cov_mv": 3630}


def test_jbd_on_a_board_with_little_memory_is_refused_unless_unlocked(tight):
    _, jbd = tight
    assert jbd.set(0x24, 3630) == 0x81 and not Path(wanted.PATH).exists()


def test_what_jbd_has_left_is_in_force_after_the_next_start(short):
    short.start()
    jbd = Jbd(short)
    jbd.slave.unlock(10000)
    assert jbd.set(0x24, 3630) == 0 and short.run() == BOTH
    for _ in range(2):
        pack = short.start()
        assert pack.config.cov_mv == 3630 and pack.config.bal_on_mv == 25 and short.run() == BOTH


def test_what_jbd_has_left_is_refused_whole_by_the_next_start(short):
    short.start()
    jbd = Jbd(short)
    jbd.slave.unlock(10000)
    assert jbd.set(0x24, 4200) == 0, "nobody could tell"
    pack = short.start()
    assert pack.config.cov_mv == 3650 and short.run() == BOTH and "cov_mv" in short.who()["why"]


def test_a_full_disk_refuses_jbd_where_memory_is_short(short, monkeypatch):
    short.start()
    jbd = Jbd(short)
    jbd.slave.unlock(10000)
    monkeypatch.setattr("bms.changes.json.dump", failing(OSError(28)))
    assert jbd.set(0x24, 3630) == 0x81
    pack = short.start()
    assert pack.config.cov_mv == 3650 and short.run() == BOTH


def test_jbd_does_not_confirm_what_stands_in_for_settings_that_cannot_be_used(device):
    """It writes the one that it changes, and everything else as it is in force: the factory's."""
    device.store(NOT_HELD)
    pack = device.start()
    assert pack.held & HOLD_SETTINGS and pack.config.capacity_mah == 100000
    jbd = Jbd(device)
    jbd.slave.unlock(10000)
    assert jbd.set(0x2B, 30) == 0x81, "bal_on_mv"
    assert device.start().held & HOLD_SETTINGS and device.run() == 0
    reports.change_settings(device.sim.scan, as_dict(Config(GOOD)))  # a desk says all of it
    device.start()
    assert device.run() == BOTH
