"""What a pack has been through: throughput, time at extremes, lowest and highest ever, and when.

Minutes count from the first start, powered time only; it looks once a second. Charge in mAh, held at 2^30:
three thousand hours of 327 A. Each extreme keeps its value, which cell or sensor it was, and the minute.
"""

from array import array

from micropython import const

from roles import TEMP_NONE

_MINUTE_MS = const(60000)
_MAX = const(0x3FFFFFFF)
CELL_MAX_MV = const(0)
CELL_MIN_MV = const(1)
TEMP_MAX_DDEGC = const(2)
TEMP_MIN_DDEGC = const(3)
CHG_MAX_MA = const(4)
DSG_MAX_MA = const(5)
_EXTREME_N = const(6)
HOT = const(0)
COLD = const(1)
HIGH = const(2)
LOW = const(3)
_TIME_N = const(4)
_HOT_DDEGC = const(450)
_COLD_DDEGC = const(0)


class Life:
    """`value[k]`, `which[k]`, `when_min[k]` of the extremes; `minutes[k]` at the others."""

    def __init__(self, config):
        self._high_mv = config.cov_warn_mv
        self._low_mv = config.cuv_warn_mv
        self.age_min = 0
        self.in_mah = 0
        self.out_mah = 0
        self.value = array("i", [-_MAX] * _EXTREME_N)  # of minima: their negative
        self.which = array("h", [-1] * _EXTREME_N)
        self.when_min = array("i", [0] * _EXTREME_N)
        self.minutes = array("i", [0] * _TIME_N)
        self._ms = array("i", [0] * (_TIME_N + 1))
        self._in_uah = 0
        self._out_uah = 0

    def step(self, snap, dt_ms: int) -> None:
        """Take a plausible reading that stands for `dt_ms`, at most a minute. Asks before it calls: calls cost."""
        self.age_min = self._time(_TIME_N, self.age_min, dt_ms)
        value = self.value
        if snap.cell_max_mv > value[CELL_MAX_MV]:
            self._extreme(CELL_MAX_MV, snap.cell_max_mv, snap.cell_max_i)
        if -snap.cell_min_mv > value[CELL_MIN_MV]:
            self._extreme(CELL_MIN_MV, -snap.cell_min_mv, snap.cell_min_i)
        if snap.pack_ma > value[CHG_MAX_MA]:
            self._extreme(CHG_MAX_MA, snap.pack_ma, -1)
        if -snap.pack_ma > value[DSG_MAX_MA]:
            self._extreme(DSG_MAX_MA, -snap.pack_ma, -1)
        if snap.cell_max_mv >= self._high_mv:
            self.minutes[HIGH] = self._time(HIGH, self.minutes[HIGH], dt_ms)
        if snap.cell_min_mv <= self._low_mv:
            self.minutes[LOW] = self._time(LOW, self.minutes[LOW], dt_ms)
        if snap.temp_max_ddegc == TEMP_NONE or snap.temp_min_ddegc == TEMP_NONE:
            return
        if snap.temp_max_ddegc > value[TEMP_MAX_DDEGC]:
            self._extreme(TEMP_MAX_DDEGC, snap.temp_max_ddegc, snap.temp_max_i)
        if -snap.temp_min_ddegc > value[TEMP_MIN_DDEGC]:
            self._extreme(TEMP_MIN_DDEGC, -snap.temp_min_ddegc, snap.temp_min_i)
        if snap.temp_max_ddegc >= _HOT_DDEGC:
            self.minutes[HOT] = self._time(HOT, self.minutes[HOT], dt_ms)
        if snap.temp_min_ddegc <= _COLD_DDEGC:
            self.minutes[COLD] = self._time(COLD, self.minutes[COLD], dt_ms)

    def charge(self, in_uah: int, out_uah: int) -> None:
        """Charge that has flowed."""
        self._in_uah += in_uah
        self._out_uah += out_uah
        if self._in_uah >= 1000:
            self.in_mah = min(self.in_mah + self._in_uah // 1000, _MAX)
            self._in_uah %= 1000
        if self._out_uah >= 1000:
            self.out_mah = min(self.out_mah + self._out_uah // 1000, _MAX)
            self._out_uah %= 1000

    def _extreme(self, k: int, value: int, which: int) -> None:
        self.value[k] = value
        self.which[k] = which
        self.when_min[k] = self.age_min

    def _time(self, k: int, minutes: int, dt_ms: int) -> int:
        ms = self._ms[k] + dt_ms
        if ms < _MINUTE_MS:
            self._ms[k] = ms
            return minutes
        self._ms[k] = ms % _MINUTE_MS
        return min(minutes + ms // _MINUTE_MS, _MAX)
