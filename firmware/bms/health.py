"""State of health: what the pack is worth, and by what evidence. See docs/soc.md.

Capacity between anchors, resistance of every cell from steps of the current, charge of every cell against
the average, what the pack has been through, and how long it will last. It only looks: nothing here decides
about a FET. One call a scan, of which each does a little.
"""

from micropython import const

from bms.anchors import ANCHOR_FULL
from bms.capacity import Capacity
from bms.cell_deltas import CellDeltas
from bms.life import Life
from bms.resistance import Resistance

_DT_MAX_MS = const(60000)
_TRUSTED_SIGMA_E4 = const(250)
_R_LOW_PM = const(100)  # resistance rises towards both ends
_R_HIGH_PM = const(950)
_STEPS_N = const(50)  # before resistances are compared
_ROUNDS_N = const(100)  # and before charges are
_WEAK_E5 = const(-4000)
_MINUTES_MAX = const(60000)
_MV_EMPTY = const(3200)  # mean voltage of what is left, near empty ...
_MV_FULL = const(3290)  # ... and of a full cell, at a moderate load


class Health:
    """Watches a pack. Flags are masks of cells."""

    def __init__(self, config):
        self.capacity = Capacity()
        self.resistance = Resistance(config)
        self.deltas = CellDeltas(config)
        self.life = Life(config)
        self.joints = 0  # resistance half as high again as the others': a joint, or the cell
        self.weak = 0  # empties first by 4 % of SoC or more
        self.to_empty_min = -1  # at the mean current of the last half hour, -1: not discharging
        self.to_full_min = -1
        self._config = config
        self._ms = 0
        self._owed = False  # what follows from the window that has just ended

    def step(self, snap, soc, dt_ms: int, quiet: bool) -> None:
        """After `soc.step`. `quiet`: no cell is bleeding, the voltages are the cells' own."""
        dt_ms = max(0, min(dt_ms, _DT_MAX_MS))
        if not snap.fresh or not snap.plausible:
            self.resistance.lost()
            return
        self._ms += dt_ms
        if soc.ticked:
            self.life.step(snap, min(self._ms, _DT_MAX_MS))
            self.life.charge(soc.new_in_uah, soc.new_out_uah)
            self._ms = 0
        self._look(snap, soc, dt_ms, quiet)
        if soc.anchor:
            self._anchored(soc)
        elif soc.voltage.closed:
            self._window(soc)
            self._owed = True
        elif self._owed:  # in a scan of its own
            self._owed = False
            self._flag()
            self._foresee(soc)

    def soh_pm(self) -> int:
        """Capacity against the rated one."""
        return self.capacity.e4 // 10

    def full_cycles_pm(self) -> int:
        """Discharged charge in thousandths of the rated capacity."""
        out_mah = self.life.out_mah
        mah = self._config.capacity_mah
        return out_mah // mah * 1000 + out_mah % mah * 1000 // mah

    def energy_wh(self, soc) -> int:
        """Left in the pack at a moderate load. Bound: 1e6 mAh // 100 * 3290 * 16 // 10 = 5.3e8."""
        mv = _MV_EMPTY + (_MV_FULL - _MV_EMPTY) * soc.soc_pm // 1000
        return soc.remaining_mah() // 10 * mv // 1000 * self._config.cell_n // 100

    def _look(self, snap, soc, dt_ms: int, quiet: bool) -> None:
        """At the cells, while none is bleeding; charges in scans that have little else to do."""
        if not quiet:
            self.resistance.lost()
            return
        if _R_LOW_PM <= soc.soc_pm <= _R_HIGH_PM:
            self.resistance.step(snap, dt_ms, self.life.age_min)
        if dt_ms >= 1000 or not (soc.ticked or soc.voltage.busy()):
            voltage = soc.voltage
            uohm = self.resistance.uohm
            self.deltas.step(snap, soc.soc_e5(), voltage.curve, voltage.branch_pm, uohm)

    def _anchored(self, soc) -> None:
        if soc.anchor == ANCHOR_FULL:
            self.capacity.full(self.life.age_min)
        else:
            self.capacity.empty(self.life.age_min)
        self._trust(soc)

    def _window(self, soc) -> None:
        self.capacity.move(soc.voltage.moved_e5)
        if soc.voltage.low_e5 >= 0:
            voltage = soc.voltage
            self.capacity.low(voltage.low_e5, voltage.low_sigma_e5, self.life.age_min)
            self._trust(soc)

    def _trust(self, soc) -> None:
        capacity = self.capacity
        if capacity.n and capacity.sigma_e4 <= _TRUSTED_SIGMA_E4:
            soc.capacity_e4 = capacity.e4
            soc.capacity_sigma_e4 = capacity.sigma_e4

    def _flag(self) -> None:
        uohm = self.resistance.uohm
        cell_n = self._config.cell_n
        joints = weak = 0
        total = sum(uohm)
        for i in range(cell_n):
            others = (total - uohm[i]) // (cell_n - 1)
            if self.resistance.n >= _STEPS_N and uohm[i] * 2 > others * 3:
                joints |= 1 << i
            if self.deltas.n >= _ROUNDS_N and self.deltas.e5[i] <= _WEAK_E5:
                weak |= 1 << i
        self.joints = joints
        self.weak = weak

    def _foresee(self, soc) -> None:
        """Time to empty and to full. Bound: 1e6 mAh * 60 = 6e7."""
        mean_e3 = soc.voltage.drop.i3 >> 12
        ma = abs(mean_e3) * (self._config.capacity_mah // 100) // 10
        self.to_empty_min = self.to_full_min = -1
        if ma < self._config.idle_ma:
            return
        left_mah = soc.remaining_mah()
        if mean_e3 > 0:
            left_mah = soc.capacity_uah // 1000 - left_mah
        minutes = min(left_mah * 60 // ma, _MINUTES_MAX)
        if mean_e3 > 0:
            self.to_full_min = minutes
        else:
            self.to_empty_min = minutes
