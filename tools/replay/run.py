"""Runs a recorded window again through the same code, and compares every decision."""

import binascii
import struct
from dataclasses import dataclass, field

from bms import chemistry
from bms.fields import FIELDS
from bms.pack import Pack
from bms.scan import Scan
from bms.state import State
from bms.tape import Tape
from bms.values import Values
from bms.version import VERSION
from replay import decode
from replay.board import ReplayBoard
from replay.windows import Recorded

# What numbers that no device has can lead to.
_NO_DEVICE = (struct.error, ArithmeticError, LookupError, ValueError)


class OtherVersion(Exception):
    """The log was written by another firmware; the text says which."""


@dataclass
class Outcome:
    """What a replay showed. `first`: index of the first scan that differs, None = none does."""

    scans: int = 0
    decisions: int = 0
    first: int | None = None
    differences: list = field(default_factory=list)  # (name, recorded, replayed) in that scan
    problems: list = field(default_factory=list)
    notes: list = field(default_factory=list)  # what a reader should know, and is no fault
    state_equal: bool | None = None  # None: the window has no end to compare with

    def equal(self) -> bool:
        return self.first is None and not self.problems and self.state_equal is not False


def values_of(packed: bytes) -> Values:
    """The configuration that a log holds, every value explicit."""
    for cell in chemistry.names():
        raw = packed.removeprefix(cell.encode())
        if len(raw) != len(packed):
            break
    else:
        raise ValueError("the chemistry of the configuration is not known")
    numbers = struct.unpack(f"<{len(raw) // 4}i", raw)
    if len(numbers) != len(FIELDS):
        raise ValueError(
            f"a configuration of {len(numbers)} fields, this program has {len(FIELDS)}"
        )
    values = Values()
    for row, number in zip(FIELDS, numbers):
        setattr(values, row[0], number)
    values.chemistry = cell
    values.packed = packed
    values.hash = binascii.crc32(packed) & 0x3FFFFFFF
    return values


def check_version(window: Recorded) -> None:
    """Only the same policy can be expected to decide the same."""
    if window.version != VERSION:
        raise OtherVersion(
            f"written by firmware {window.version}, this is {VERSION}: "
            f"check out version {window.version} to replay it"
        )


class Machine:
    """A pack and its scan on a replay board, from a recorded state on."""

    def __init__(self, window: Recorded):
        self.board = ReplayBoard(window.bleed_refresh_ms)
        values = values_of(window.packed)
        if (values.cell_n, values.ntc_n) != (window.cell_n, window.ntc_n):
            raise ValueError("head and configuration tell different numbers of cells or sensors")
        self.pack = Pack(values)
        self.scan = Scan(self.pack, self.board)
        self.scan.tape = Tape(self.pack.config)
        self.state = State(self.scan)
        if self.state.n != len(window.state):
            raise ValueError(
                f"a state of {len(window.state)} bytes, this program has {self.state.n}"
            )
        decode.restore(self.state, window.state)

    def step(self, now: dict) -> dict:
        """One scan with these inputs -> the record that it leaves."""
        pack = self.pack
        self.board.load_scan(now, self.scan._hits)
        pack.lock_fets(now["user_off"])
        pack.request(now["requests"])
        self.scan.tick(now["dt_ms"])
        tape_ = self.scan.tape
        return decode.scan(
            tape_.data, tape_.at(tape_.n - 1), pack.config.cell_n, pack.config.ntc_n
        )

    def checksum(self) -> int:
        block = bytearray(4 + self.state.n)
        self.state.save(block, 4)
        return binascii.crc32(block)


def differences(recorded: dict, replayed: dict) -> list:
    """(name, recorded, replayed) of everything that is not the same."""
    found = []
    for name, value in recorded["decided"].items():
        if replayed["decided"][name] != value:
            found.append((name, value, replayed["decided"][name]))
    for name, value in recorded.items():
        if name != "decided" and replayed[name] != value:
            found.append((name, value, replayed[name]))
    return found


def replay(window: Recorded) -> Outcome:
    """Run it. `ValueError`: there is too little of it to begin."""
    if not window.packed or window.state_n != len(window.state):
        what = "state" if window.packed else "configuration"
        raise ValueError("; ".join([*window.problems, f"no whole {what}: cannot be replayed"]))
    outcome = Outcome(problems=list(window.problems))
    machine = Machine(window)
    for i, now in enumerate(window.scans):
        if not _same(machine, now, outcome):
            outcome.first = i
            return outcome
    _compare_end(machine, window, outcome)
    return outcome


def _same(machine: Machine, now: dict, outcome: Outcome) -> bool:
    """Run one scan; did it come out the same?"""
    try:
        replayed = machine.step(now)
    except _NO_DEVICE as error:
        outcome.problems.append(f"scan {now['scan']} cannot be run: {error}")
        return False
    outcome.scans += 1
    outcome.decisions += len(now["decided"])
    outcome.differences = differences(now, replayed)
    return not outcome.differences


def _compare_end(machine: Machine, window: Recorded, outcome: Outcome) -> None:
    if window.end is None:
        outcome.notes.append("its end was never written: power was cut, or it is not finished")
        return
    scans, checksum, whole = window.end
    if not whole:
        outcome.notes.append("cut short: the flash did not keep up")
    elif scans != len(window.scans):
        outcome.problems.append(f"{scans} scans were written, {len(window.scans)} are here")
    else:
        outcome.state_equal = machine.checksum() == checksum
