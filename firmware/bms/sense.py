"""Sense: the only reader of the monitor. Roles in, one `Snapshot` out.

The alarm is read before the status: what happens after the one is seen by the other or by the next
alarm, never lost in between. The first bus error ends the scan's measuring; nothing of it counts.
"""

from micropython import const

from bms.plausible import derive
from failure import Failure
from fast import copy_ints
from roles import STEP_BUSY

_GOOD_MAX = const(1000)
_AGE_MAX_MS = const(0x1FFFFFFF)
# times 1000, or the gain of a calibration, below 2^30; a small shunt can show more
_MA_MAX = const(650000)


class Sense:
    """Reads all roles of a board into one snapshot."""

    def __init__(self, board, snap, config):
        self._board = board
        self._snap = snap
        self._config = config
        self.calibration = None  # what corrects the monitor's readings, see calibration.py
        self.hush = False  # not a word to the monitor
        self.error = Failure("")  # the last of the bus

    def step(self, dt_ms: int) -> bool:
        """Take one snapshot; True when it is fresh."""
        snap = self._snap
        snap.seq = (snap.seq + 1) & 0x3FFFFFFF
        snap.fresh = False
        board = self._board
        snap.interlock_open = board.interlock is not None and board.interlock() != 0
        try:
            if not self.hush:
                self._read(board, snap)
        except OSError as error:
            self.failed(error)
            return self._missed(snap, dt_ms)
        if self.hush:
            return self._missed(snap, dt_ms)
        if self.calibration is not None:
            self.calibration.apply(snap)
        derive(snap, self._config)
        snap.fresh = True
        snap.age_ms = 0
        if snap.good_n < _GOOD_MAX:
            snap.good_n += 1
        return True

    def failed(self, error) -> None:
        """The bus did: remember why."""
        self.error.keep(error)
        self._snap.bus_errors += 1

    def _missed(self, snap, dt_ms: int) -> bool:
        snap.good_n = 0
        snap.age_ms = min(snap.age_ms + dt_ms, _AGE_MAX_MS)
        return False

    def keep_rest(self) -> None:
        """Remember this reading as one taken with no cell bleeding."""
        snap = self._snap
        copy_ints(snap.cell_mv, snap.rest_mv, snap.cell_n)

    def _read(self, board, snap) -> None:
        snap.alarm = board.alert.read_alarm()
        snap.trips = board.guard.read_status()
        cells = board.cells
        cells.read_cells(snap.cell_mv)
        snap.flags = board.guard.flags
        snap.stack_mv = cells.stack_mv
        snap.pack_mv = cells.pack_mv
        snap.ld_mv = cells.ld_mv
        snap.pack_ma = max(-_MA_MAX, min(board.shunt.read_current(), _MA_MAX))
        temps = board.temps
        temps.read_temps(snap.temp_ddegc)
        snap.fet_ddegc = temps.fet_ddegc
        snap.die_ddegc = temps.die_ddegc
        snap.fets = board.switch.read_fets()
        snap.verify = STEP_BUSY
