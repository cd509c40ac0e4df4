"""Reading a BQ769x2's configuration back: whole, or in slices for ever, beside the scan.

A slice takes two calls of `step`: one asks for a block of data memory, a later one takes it.
Whoever else uses the transfer buffer in between (a FET or balancing command) only makes the slice
start again. Next to data memory two things are watched: FET_EN, without which the chip's
protections open nothing, and Alarm Enable, without which ALERT stays silent.
"""

from micropython import const

from bq769x2_fets import FET_EN, MFG_STATUS
from bq769x2_status import ddegc
from bq769x2_window import ALARM_MASK
from roles import STEP_BUSY, STEP_DIFFERS, STEP_PASS, TEMP_NONE

_ALARM_ENABLE = const(0x66)  # followed by the internal temperature, 0x68
_WINDOW_N = const(32)

# What each of five calls in a row does: about 90 bytes with CRC, at most one transaction a call.
_ASK = const(0)
_TAKE = const(1)
_WATCH = const(2)
_TURN_N = const(5)  # the others rest

DIE_AGE_MAX = const(20)  # readings of the thermistors after which the die's is too old
_BAD_MAX = const(3)  # a block that cannot be read this often in a row counts as different


class Verify:
    """Compares the chip with what it shall hold."""

    def __init__(self, bus, sub, fets):
        self._bus = bus
        self._sub = sub
        self._fets = fets
        self.mismatch = 0  # address of the last register that differed
        self.die_ddegc = TEMP_NONE
        self.die_age = 0  # reset with every reading; whoever uses it counts up
        self.alarm_mask = ALARM_MASK  # what Alarm Enable shall hold
        self.expect(())

    def expect(self, windows) -> None:
        """Compare with these from now on, from the first one on."""
        self._windows = windows
        self._n = len(windows) + 1  # the last is MANUFACTURING_STATUS
        self._turn = _ASK
        self._i = 0
        self._bad = 0
        self._clean = True

    def all(self) -> int:
        """Everything at once; how many registers differ."""
        self.expect(self._windows)
        self.mismatch = 0
        differ_n = 0
        for i in range(self._n):
            code = self._code(i)
            self._sub.read(code, self._length(i))
            differ_n += self._compare(i)
        return differ_n + self._watch()

    def step(self) -> int:
        """The next bit, one transaction at most."""
        turn = self._turn
        self._turn = turn + 1 if turn + 1 < _TURN_N else _ASK
        if turn == _WATCH:
            if self._watch():
                self._clean = False
                return STEP_DIFFERS
        elif self._windows and turn == _ASK:
            self._sub.ask(self._code(self._i))
        elif self._windows and turn == _TAKE:
            return self._take()
        return STEP_BUSY

    def _take(self) -> int:
        i = self._i
        code = self._code(i)
        if self._sub.asked != code:  # somebody else used the buffer
            self._turn = _TAKE
            self._sub.ask(code)
            return STEP_BUSY
        try:
            self._sub.take(code, self._length(i))
        except OSError:
            self._bad += 1
            if self._bad < _BAD_MAX:
                raise
            self.mismatch = code
            return self._next(False)
        return self._next(self._compare(i) == 0)

    def _next(self, same: bool) -> int:
        """On to the next block; what to say about this one."""
        self._bad = 0
        self._clean = self._clean and same
        self._i += 1
        if self._i < self._n:
            return STEP_BUSY if same else STEP_DIFFERS
        clean = self._clean
        self._i = 0
        self._clean = True
        if not same:
            return STEP_DIFFERS
        return STEP_PASS if clean else STEP_BUSY

    def _code(self, i: int) -> int:
        return self._windows[i].address if i < self._n - 1 else MFG_STATUS

    def _length(self, i: int) -> int:
        return _WINDOW_N if i < self._n - 1 else 2

    def _compare(self, i: int) -> int:
        """How many registers of the block just taken differ."""
        got = self._bus.data
        if i == self._n - 1:
            if not self._fets.released or got[2] & FET_EN:
                return 0
            self.mismatch = MFG_STATUS
            return 1
        window = self._windows[i]
        own = window.own
        want = window.data
        differ_n = 0
        first = 0  # of the register that byte j belongs to
        counted = -1
        for j in range(_WINDOW_N):
            if own[j] == 1:
                first = j
            if own[j] and got[2 + j] != want[j] and counted != first:
                counted = first
                differ_n += 1
                self.mismatch = window.address + first
        return differ_n

    def _watch(self) -> int:
        """Alarm Enable, and the die temperature with it; 1 if the former differs."""
        got = self._bus.data
        self.die_ddegc = TEMP_NONE
        self._bus.read(_ALARM_ENABLE, 4)
        self.die_ddegc = ddegc(got, 2)
        self.die_age = 0
        if not self._windows or got[0] | got[1] << 8 == self.alarm_mask:
            return 0
        self.mismatch = _ALARM_ENABLE
        return 1
