"""Thermistors and die of a BQ769x0, which has one converter for both and looks every two seconds.

Most of the time it looks at the thermistors. Once a minute it looks at its die, for balancing heats that; the
last thermistor readings stand in meanwhile, some five seconds. The clock is the coulomb counter: 250 ms a
reading.
"""

from array import array

from micropython import const

from bq769x0_frame import MEASURE, SYS_CTRL1
from bq769x0_status import code14
from ntc import Semitec103AT, divider_ohm
from roles import TEMP_NONE

_TS1 = const(0x2C)
_TEMP_SEL = const(0x08)  # SYS_CTRL1: thermistors
_FULL = const(34555)  # 3.3 V in codes of 382 uV, times 4
_PULL_OHM = const(10000)
_FRESH_N = const(9)  # readings of the current until a changed TEMP_SEL has come through
_DIE_EVERY_N = const(240)


class Temps:
    """What the converter looks at, and what it has found."""

    def __init__(self, frame, wiring):
        self._frame = frame
        self._wiring = wiring
        self.thermistor = Semitec103AT()
        self._held = array("i", [TEMP_NONE] * len(wiring.ntc_at))
        self._fet_ddegc = TEMP_NONE
        self._wait_n = 0  # currents to come until what is looked at now can be read
        self._rest_n = _FRESH_N  # and until the next look at the die
        self.known = False
        self.awake = True  # asleep, currents come too rarely to count time by
        self.die_ddegc = TEMP_NONE

    def start(self) -> None:
        """Thermistors first, whatever was looked at before."""
        frame = self._frame
        if not frame.look_up(SYS_CTRL1) & _TEMP_SEL:
            self._wait_n = _FRESH_N
            self.known = False
        self._rest_n = self._wait_n + _FRESH_N
        frame.control1 = MEASURE
        frame.write(SYS_CTRL1, MEASURE)

    def tick(self) -> None:
        """Another 250 ms have passed."""
        if self._wait_n:
            self._wait_n -= 1
        if self._rest_n and self.awake:
            self._rest_n -= 1

    def step(self) -> bool:
        """Look at something else if it is time; True when that took a transaction."""
        if self._wait_n:
            return False
        frame = self._frame
        if frame.control1 & _TEMP_SEL:
            if self._rest_n:
                return False
            frame.control1 = MEASURE & ~_TEMP_SEL
        else:
            self._read_die()
            frame.control1 = MEASURE
            self._rest_n = _DIE_EVERY_N
        self._wait_n = _FRESH_N
        frame.write(SYS_CTRL1, frame.control1)
        return True

    def _read_die(self) -> None:
        """The hottest group's die: 1.2 V at 25 degC, 4.2 mV less a degree more."""
        low = 0x3FFF
        for group in range(self._wiring.group_n):
            low = min(low, code14(self._frame.data, _TS1 + 2 * group))
        self.die_ddegc = 250 - (low * 382 - 1200000) // 420

    def read(self, temp_ddegc) -> int:
        """Fill the cells' temperatures; the MOSFETs' is returned."""
        wiring = self._wiring
        held = self._held
        ntc_n = len(held)
        if not self._wait_n and self._frame.control1 & _TEMP_SEL:
            for i in range(ntc_n):
                held[i] = self._ddegc(wiring.ntc_at[i])
            if wiring.fet_at:
                self._fet_ddegc = self._ddegc(wiring.fet_at)
            self.known = True
        if not self.known:
            self._frame.too_early(_TS1, "thermistor")
        for i in range(ntc_n):
            temp_ddegc[i] = held[i]
        return self._fet_ddegc

    def _ddegc(self, at: int) -> int:
        return self.thermistor.ddegc(
            divider_ohm(4 * code14(self._frame.data, at), _FULL, _PULL_OHM)
        )
