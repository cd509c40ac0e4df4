"""Open sense wires of a BQ769x0, found by bleeding: a cell whose wire is broken collapses, for nothing feeds it.

The chip has no test of its own, and the leakage of its inputs may take long to bend a floating one. So every few
minutes first one half of the cells bleeds for a moment, no two neighbours, then the other. A cell that falls
away from the mean is held down: what it reads then is what the plausibility checks of the firmware
look for. The clock is the coulomb counter.
"""

from array import array

from micropython import const

from bq769x0_frame import CELLBAL1
from bq769x0_status import code14

_EVERY_N = const(1200)  # readings of 250 ms from one test to the next
_FIRST_N = const(20)
_PULSE_N = const(3)  # until a whole measurement has seen it
_HOLD_N = const(24)  # held down, should it have fallen
_FALL = const(1300)  # codes, half a volt against the mean
_LONE = const(0)  # states
_EVEN = const(1)
_ODD = const(2)
_HELD = const(3)


class Wires:
    """When to bleed what for a test."""

    def __init__(self, bus, frame, wiring):
        self._bus = bus
        self._frame = frame
        self._cell_at = wiring.cell_at
        self._wiring = wiring
        self._before = array("i", [0] * len(wiring.cell_at))
        self._out = bytearray(3)
        self._state = _LONE
        self._wait_n = _FIRST_N
        self.broken = -1  # cell that fell last, -1 = none in the last whole test

    def start(self) -> None:
        """Nothing bleeds; the first test is near."""
        self.stop()
        self._wait_n = _FIRST_N

    def stop(self) -> None:
        """The host bleeds what it likes now."""
        self._state = _LONE
        self._wait_n = _EVERY_N

    def tick(self) -> None:
        """Another 250 ms have passed."""
        if self._wait_n:
            self._wait_n -= 1

    def step(self) -> bool:
        """The next thing to do, if it is time; True when that took a transaction."""
        if self._wait_n:
            return False
        if self._state == _LONE:
            balance = self._frame.balance
            if balance[0] | balance[1] | balance[2]:
                self._wait_n = _FIRST_N
                return False
            self._note()
            self._bleed(0, _EVEN)
        elif self._state == _EVEN:
            self._judge(0, _ODD)
        elif self._state == _ODD:
            self._judge(1, _LONE)
        else:
            self._wait_n = _FIRST_N  # look again soon
            self._state = _LONE
            self._write(0)
        return True

    def _mean(self) -> int:
        total = 0
        for at in self._cell_at:
            total += code14(self._frame.data, at)
        return total // len(self._cell_at)

    def _note(self) -> None:
        mean = self._mean()
        for i in range(len(self._before)):
            self._before[i] = code14(self._frame.data, self._cell_at[i]) - mean

    def _judge(self, first: int, after: int) -> None:
        """Has a cell of this half fallen? If not, on to `after`."""
        mean = self._mean()
        for i in range(first, len(self._before), 2):
            code = code14(self._frame.data, self._cell_at[i]) - mean
            if self._before[i] - code > _FALL:
                self.broken = i
                self._state = _HELD
                self._wait_n = _HOLD_N
                self._write(1 << i)
                return
        if after == _LONE:
            self.broken = -1
            self.stop()
            self._write(0)
        else:
            self._bleed(1, after)

    def _bleed(self, first: int, state: int) -> None:
        mask = 0
        for i in range(first, len(self._before), 2):
            mask |= 1 << i
        self._state = state
        self._wait_n = _PULSE_N
        self._write(mask)

    def _write(self, mask: int) -> None:
        self._wiring.to_bits(mask, self._out)
        self._bus.write(CELLBAL1, self._out, self._wiring.group_n)
        for i in range(3):
            self._frame.balance[i] = self._out[i]
