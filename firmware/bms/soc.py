"""State of charge by counting, anchored at full and empty. A seam: a richer estimator replaces it.

Counting is exact to the microampere-hour (`coulomb`). Its errors (offset, gain, self-discharge) grow for
ever, so it alone reaches neither end: it stops 0.1 % short of both until an anchor says so. LiFePO4 tells
nothing by voltage between about 10 and 95 %; a start without memory there is called 50 % and `guessed`.

Between two readings the current is the newer one's. Without a fresh reading the last current goes on for
stale_ms: so long the FETs stay closed; after that they are open and nothing flows. Anchors wait meanwhile.
Bounds: capacity_uah <= 1e9 < 2^30; one step adds at most 327 A * 60 s = 5.45e6 uAh to it.
"""

from micropython import const

from bms.held import NOT, held
from coulomb import Coulomb
from interp import interpolate

ANCHOR_NONE = const(0)
ANCHOR_FULL = const(1)
ANCHOR_EMPTY = const(2)

_DT_MAX_MS = const(60000)
_WHOLE_PM = const(1000)
_UNKNOWN_PM = const(500)
_EMPTY_MS = const(1000)  # below the delay of the under-voltage trip, which ends the discharge
_EMPTY_PART = const(5)  # below 0.2C the drop over the cell's resistance is a few millivolts

# Lowest cell at rest -> SoC outside the plateau, LiFePO4, between the low-rate curves of three makes
# (26650 and 18650 of A123, a 3.5 Ah cell), which differ by 3 % at the bottom.
_BOTTOM_MV = (2500, 2800, 2900, 3000, 3100, 3180)
_BOTTOM_PM = (0, 8, 18, 30, 50, 80)
_TOP_MV = (3400, 3450)
_TOP_PM = (980, 990)


class Soc:
    """Charge in the pack, counted."""

    def __init__(self, config):
        self.capacity_uah = config.capacity_mah * 1000
        self.soc_pm = _UNKNOWN_PM
        self.charge_uah = _UNKNOWN_PM * config.capacity_mah
        self.cycles = 0  # discharged charge in whole capacities
        self.guessed = True  # neither anchored nor told since start
        self.anchor = ANCHOR_NONE  # news of the last step
        self.anchor_from_pm = 0  # SoC before the last anchor
        self._config = config
        self._tail_ma = config.capacity_mah * config.full_tail_pm // _WHOLE_PM  # <= 1e6 * 200
        self._small_ma = config.capacity_mah // _EMPTY_PART
        self._started = False
        self._counter = Coulomb()
        self._out = Coulomb()
        self._out_uah = 0  # discharged since the last whole cycle
        self._last_ma = 0
        self._bridge_ms = 0  # time that the last current may still stand for
        self._full_ms = NOT
        self._empty_ms = NOT

    def remaining_mah(self) -> int:
        """Charge left."""
        return self.charge_uah // 1000

    def set(self, soc_pm: int) -> None:
        """Take a remembered value for the truth."""
        self._started = True
        self.guessed = False
        self._move(max(0, min(soc_pm, _WHOLE_PM)) * self._config.capacity_mah)

    def step(self, snap, dt_ms: int) -> None:
        """Account for `dt_ms` just passed."""
        self.anchor = ANCHOR_NONE
        dt_ms = max(0, min(dt_ms, _DT_MAX_MS))
        if not snap.fresh:
            dt_ms = min(dt_ms, self._bridge_ms)
            self._bridge_ms -= dt_ms
            self._count(self._last_ma, dt_ms)
            return
        if not self._started and snap.plausible:
            self._started = True
            self._move(self._guess_pm(snap) * self._config.capacity_mah)
        self._last_ma = snap.pack_ma
        self._bridge_ms = self._config.stale_ms
        self._count(snap.pack_ma, dt_ms)
        if snap.plausible:
            self._find_full(snap, dt_ms)
            self._find_empty(snap, dt_ms)

    def _count(self, ma: int, dt_ms: int) -> None:
        charge = self.charge_uah
        short_uah = self._config.capacity_mah  # 0.1 %
        delta = self._counter.add(ma, dt_ms)
        if delta > 0:
            self._move(min(charge + delta, max(charge, self.capacity_uah - short_uah)))
        elif delta < 0:
            self._move(max(charge + delta, min(charge, short_uah)))
        if ma < 0:
            self._out_uah += self._out.add(-ma, dt_ms)
            if self._out_uah >= self.capacity_uah:
                self._out_uah -= self.capacity_uah
                self.cycles += 1

    def _find_full(self, snap, dt_ms: int) -> None:
        """Every cell high and hardly any current for full_ms. Noise around zero counts as none."""
        config = self._config
        tail = -config.idle_ma < snap.pack_ma < self._tail_ma
        before_ms = self._full_ms
        runs = tail and snap.cell_min_mv >= config.full_mv
        self._full_ms = held(before_ms, runs, dt_ms, config.full_ms)
        if self._full_ms >= config.full_ms > before_ms:
            self._take_anchor(ANCHOR_FULL, self.capacity_uah)

    def _find_empty(self, snap, dt_ms: int) -> None:
        """Lowest cell down although there is little load. A load's own drop is no evidence."""
        small = -self._small_ma < snap.pack_ma < self._small_ma
        before_ms = self._empty_ms
        runs = small and snap.cell_min_mv <= self._config.empty_mv
        self._empty_ms = held(before_ms, runs, dt_ms, _EMPTY_MS)
        if self._empty_ms >= _EMPTY_MS > before_ms:
            self._take_anchor(ANCHOR_EMPTY, 0)

    def _take_anchor(self, anchor: int, charge_uah: int) -> None:
        self.anchor = anchor
        self.anchor_from_pm = self.soc_pm
        self.guessed = False
        self._move(charge_uah)

    def _move(self, charge_uah: int) -> None:
        self.charge_uah = charge_uah
        self.soc_pm = charge_uah // self._config.capacity_mah

    def _guess_pm(self, snap) -> int:
        """SoC of a pack we have no memory of."""
        config = self._config
        if config.chemistry != "LFP" or abs(snap.pack_ma) >= config.idle_ma:
            return _UNKNOWN_PM
        if snap.cell_min_mv <= _BOTTOM_MV[-1]:
            return interpolate(snap.cell_min_mv, _BOTTOM_MV, _BOTTOM_PM)
        if snap.cell_min_mv >= _TOP_MV[0]:
            return interpolate(snap.cell_min_mv, _TOP_MV, _TOP_PM)
        return _UNKNOWN_PM
