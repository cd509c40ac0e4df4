"""Passive balancing at the top: bleed the cells that hold more than the last to get full.

Voltage of LiFePO4 says who holds more only at the top, so bleeding is allowed only while the top cell is
in the window bal_start_mv..bal_stop_mv, for cells that are themselves above bal_stop_mv, and is decided
only on quiet readings: none bled for bal_settle_ms, because bleeding bends the readings of the cell and
its neighbours. Then the chosen cells bleed for bal_bleed_ms, and all rest again.

Charge to go is better than voltage. In a charge, each cell crosses full_mv at some moment. Whoever crosses
first goes on to take all the charge that flows until the last one crosses, so he holds that much more
than the last one. `togo_uah` counts exactly this: it starts at 0 when a cell crosses, grows with the charge
while others are still seen below (until then it is a lower bound), and shrinks while the cell bleeds. What
flows out and in again between two crossings counts once. Once all have crossed, charge decides alone, until
it is used up or the next charge measures anew; before, voltage decides where charge does not know.
In a slow tail the electronics' own current, which no shunt sees, is a large part of the whole: below
capacity / 50 h nothing is counted. And when even the lowest cell has left the plateau, a cell no higher
than it holds nothing too much, whatever was counted.
A crossing is seen at the next quiet reading, so it is late by up to one bleed: tail current * bal_bleed_ms.

Bounds: bleed in 0.1 mA <= 1000 * 5000 / 340 = 14705, times 60000 ms = 8.8e8 < 2^30; charge <= 1e9.
"""

from array import array

from micropython import const

from coulomb import Coulomb
from interp import check, interpolate
from roles import TEMP_NONE

_DT_MAX_MS = const(60000)
_MV_MAX = const(5000)
_BLEED_AT = const(340)  # bal_ma is given at 3400 mV: mA * mV / 340 = 0.1 mA
_PER_UAH = const(36000)  # 0.1 mA * ms
_UAH_MAX = const(1000000000)
_WHOLE_PM = const(1000)
_FALL_PM = (1000, 0)


class Balance:
    """Which cells bleed. `near[i]`: cells that may not bleed with cell i, as a mask; symmetric."""

    def __init__(self, config, near=None):
        cell_n = config.cell_n
        self.mask = 0  # cells to bleed until the next step
        self.quiet = False  # no cell has bled in the bal_settle_ms before this reading
        self.togo_uah = array("i", [0] * cell_n)
        self.by_charge = False  # all crossed in the last charge: charge decides alone
        self.crossed = 0  # cells that have crossed full_mv in this charge
        self._below = 0  # cells seen below full_mv since they last crossed
        self._behind_uah = 0  # <= 0: net charge since most had flowed in
        self._counter = Coulomb()
        self._config = config
        self._cell_n = cell_n
        self._all = (1 << cell_n) - 1
        self._near = _neighbours(cell_n) if near is None else near
        self._counts_ma = config.capacity_mah // 50
        self._worth_uah = config.capacity_mah  # 0.1 % of capacity, some 5 mV at the top
        self._rest = array("i", [0] * cell_n)  # 0.1 mA*ms not yet taken off togo_uah
        self._die_ddegc = (config.bal_die_ddegc, config.bal_die_stop_ddegc)
        check(self._die_ddegc, _FALL_PM)
        self._top = False  # in the window
        self._wanted = 0  # cells that hold too much
        self._bleed_ms = 0
        self._quiet_ms = 0

    def step(self, snap, dt_ms: int, allowed: bool) -> int:
        """Mask for the coming interval. `allowed`: FETs permitted, and charging or idle."""
        dt_ms = max(0, min(dt_ms, _DT_MAX_MS))
        self._spend(snap, dt_ms)
        self._clock(snap.fresh, dt_ms)
        if snap.fresh:
            counts = abs(snap.pack_ma) >= self._counts_ma
            self._count(self._counter.add(snap.pack_ma if counts else 0, dt_ms))
        if self.quiet:
            self._learn(snap)
            self._judge(snap)
        most = self._most(snap) if allowed and snap.fresh else 0
        if self.mask:
            if not most or self._bleed_ms >= self._config.bal_bleed_ms:
                self.mask = 0
        elif self.quiet and most and self._wanted:
            self.mask = self._choose(snap, most)
            self._bleed_ms = 0
        return self.mask

    def _spend(self, snap, dt_ms: int) -> None:
        """Take off what has bled since the last step."""
        if not self.mask:
            return
        for i in range(self._cell_n):
            if self.mask & (1 << i):
                mv = max(0, min(snap.cell_mv[i], _MV_MAX))
                spent = self._config.bal_ma * mv // _BLEED_AT * dt_ms + self._rest[i]
                self._rest[i] = spent % _PER_UAH
                self.togo_uah[i] = max(0, self.togo_uah[i] - spent // _PER_UAH)

    def _clock(self, fresh: bool, dt_ms: int) -> None:
        settle_ms = self._config.bal_settle_ms
        if self.mask:
            self._bleed_ms += dt_ms
            self._quiet_ms = 0
        elif not fresh:  # the end of bleeding may not have reached the monitor either
            self._quiet_ms = 0
        else:
            self._quiet_ms = min(self._quiet_ms + dt_ms, settle_ms)
        self.quiet = self._quiet_ms >= settle_ms

    def _count(self, delta_uah: int) -> None:
        """Charge that flowed in while some have crossed and some are still below."""
        if not self.crossed or not self._below:
            self._behind_uah = 0
            return
        more_uah = self._behind_uah + delta_uah
        self._behind_uah = max(-_UAH_MAX, min(0, more_uah))
        if more_uah > 0:
            for i in range(self._cell_n):
                if self.crossed & (1 << i):
                    self.togo_uah[i] = min(self.togo_uah[i] + more_uah, _UAH_MAX)

    def _learn(self, snap) -> None:
        """Who crosses full_mv while charging. Below the window the next charge may begin."""
        config = self._config
        if snap.cell_max_mv < config.bal_stop_mv:
            self.crossed = 0
        before = self.crossed
        if snap.cell_max_mv < config.full_mv:  # nobody is up there: the usual case
            self._below |= self._all & ~self.crossed
            return
        for i in range(self._cell_n):
            bit = 1 << i
            if snap.cell_mv[i] < config.full_mv:
                self._below |= bit & ~self.crossed
            elif self._below & bit and snap.pack_ma > 0:
                self._below &= ~bit
                self.crossed |= bit
                self.togo_uah[i] = 0
        if self.crossed != before:
            self.by_charge = self.crossed == self._all
            self._wanted = 0  # judge anew

    def _judge(self, snap) -> None:
        """Which cells hold too much, each with its own hysteresis."""
        config = self._config
        self._top = snap.cell_max_mv >= (config.bal_stop_mv if self._top else config.bal_start_mv)
        wanted = 0
        if self._top:
            for i in range(self._cell_n):
                if snap.cell_mv[i] >= config.bal_stop_mv and self._too_much(i, snap):
                    wanted |= 1 << i
        self._wanted = wanted
        if self.by_charge and not wanted and max(self.togo_uah) < self._worth_uah:
            self.by_charge = False  # used up

    def _too_much(self, i: int, snap) -> bool:
        was = self._wanted & (1 << i)
        excess_mv = snap.cell_mv[i] - snap.cell_min_mv
        if snap.cell_min_mv >= self._config.bal_start_mv and excess_mv <= self._config.bal_off_mv:
            return False
        if self.togo_uah[i] >= (1 if was else self._worth_uah):
            return True
        if self.by_charge:
            return False
        return excess_mv > self._config.bal_off_mv if was else excess_mv >= self._config.bal_on_mv

    def _most(self, snap) -> int:
        """How many cells may bleed at this monitor temperature; none when it is not known."""
        die = snap.die_ddegc
        if die == TEMP_NONE:
            return 0
        return self._config.bal_max_n * interpolate(die, self._die_ddegc, _FALL_PM) // _WHOLE_PM

    def _choose(self, snap, most: int) -> int:
        """Highest first, never two neighbours."""
        rank = self.togo_uah if self.by_charge else snap.cell_mv
        left = self._wanted
        mask = 0
        while left and most:
            best = -1
            for i in range(self._cell_n):
                if left & (1 << i) and (best < 0 or rank[i] > rank[best]):
                    best = i
            mask |= 1 << best
            left &= ~(self._near[best] | (1 << best))
            most -= 1
        return mask


def _neighbours(cell_n: int):
    """Cells next to each other by index. Maps with holes give their own."""
    near = array("i", [0] * cell_n)
    for i in range(cell_n):
        near[i] = (5 << i >> 1) & ((1 << cell_n) - 1)
    return near
