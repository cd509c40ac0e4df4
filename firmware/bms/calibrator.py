"""Calibrating: points taken from readings, checked, stored in two copies, noted in the journal."""

import json

from micropython import const

from abstore import ABStore, FileSlot
from bms.calibration import KINDS, Calibration, solve
from bms.commission_store import wiring
from bms.journal import CALIBRATION

LAYOUT = const(1)
_MEAN_N = const(8)  # scans of a point
_POINT_N = const(2)
PATHS = ("calibration.a", "calibration.b")

# item of a CALIBRATION record
LOADED = const(0)  # value = hash of all that is in force; limit = 1: what is stored is refused
GAIN = (1, 3, 5)  # by kind: cell, current, NTC
OFFSET = (2, 4, 6)


class Calibrator:
    """The store, the calibration of a scan, and the points taken so far."""

    def __init__(self, scan, board: str, slots=None):
        if slots is None:
            slots = (FileSlot(PATHS[0]), FileSlot(PATHS[1]))
        pack = scan.pack
        self._scan = scan
        self._store = ABStore(slots, LAYOUT)
        self._wiring = wiring(pack.config, board)
        self.calibration = _blank(pack.config)
        self.problem = ""
        self.points = []  # (raw, true) of one thing
        self._of = ("", 0)
        self._true = 0
        self._sum = 0
        self._left = 0  # scans until the point is taken
        scan.sense.calibration = self.calibration

    def load(self) -> None:
        """What is stored, or none of it: half a calibration would be worse."""
        pack = self._scan.pack
        data = self._store.load()
        if data is not None:
            try:
                found = json.loads(data)
                if found["wiring"] != self._wiring:
                    raise ValueError("of another wiring")
                self.calibration.take(found)
            except (ValueError, KeyError, TypeError, IndexError) as error:
                self.problem = "the stored calibration is refused: " + str(error)
                self.calibration = _blank(pack.config)
                self._scan.sense.calibration = self.calibration
        found = self.calibration.hash()
        if found or self.problem:
            pack.journal.note(CALIBRATION, LOADED, -1, found, 1 if self.problem else 0, pack)

    def point(self, kind: str, which: int, true: int) -> None:
        """A meter shows `true`: take a point of the coming scans."""
        if kind not in KINDS:
            raise ValueError("calibrate one of: " + ", ".join(KINDS))
        self.calibration.check(kind, which, 0, 0)
        if type(true) is not int:
            raise ValueError("not an integer")
        if (kind, which) != self._of or len(self.points) == _POINT_N:
            self.points = []
            self._of = (kind, which)
        self._true = true
        self._sum = 0
        self._left = _MEAN_N

    def slack(self) -> None:
        """A fresh scan has ended."""
        if not self._left or not self._scan.pack.snap.fresh:
            return
        self._sum += self.calibration.raw(self._of[0], self._of[1])
        self._left -= 1
        if not self._left:
            half = _MEAN_N // 2
            self.points.append(((self._sum + half) // _MEAN_N, self._true))

    def busy(self) -> bool:
        return self._left > 0

    def store(self, date: str):
        """From the points taken: check, store, use. -> (gain, offset). `ValueError`: refused."""
        if not self.points or self._left:
            raise ValueError("take a point first")
        if not date:
            raise ValueError("a calibration needs its date")
        kind, which = self._of
        gain, offset = solve(kind, self.points, self.calibration.get(kind, which)[0])
        self._change(kind, which, gain, offset, date)
        self.points = []
        return gain, offset

    def clear(self, kind: str, which: int) -> None:
        """Back to what the monitor says."""
        self.calibration.check(kind, which, 0, 0)
        self._change(kind, which, 0, 0, "")

    def _change(self, kind: str, which: int, gain: int, offset: int, date: str) -> None:
        calibration = self.calibration
        calibration.check(kind, which, gain, offset)
        old = calibration.get(kind, which)
        name = f"{kind} {which + 1}"
        dates = dict(calibration.dates)
        calibration.set(kind, which, gain, offset)
        calibration.dates[name] = date
        try:
            values = calibration.as_dict()
            values["wiring"] = self._wiring
            self._store.save(json.dumps(values).encode())
        except (OSError, MemoryError):  # what is not stored is not in force
            calibration.dates = dates
            calibration.set(kind, which, old[0], old[1])
            raise
        self._note(kind, which, old, (gain, offset))

    def _note(self, kind: str, which: int, old, new) -> None:
        pack = self._scan.pack
        at = KINDS.index(kind)
        pack.journal.note(CALIBRATION, GAIN[at], which, new[0], old[0], pack)
        pack.journal.note(CALIBRATION, OFFSET[at], which, new[1], old[1], pack)
        pack.journal.note(CALIBRATION, LOADED, -1, self.calibration.hash(), 0, pack)


def _blank(config):
    return Calibration(config.cell_n, config.ntc_n, config)
