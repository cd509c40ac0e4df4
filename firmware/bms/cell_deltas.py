"""By how much each cell holds more or less than the average cell, in 1e-5 of the capacity.

The average cell has the estimator; a cell differs from it by its voltage over the slope of the curve, where
the curve has one. In the plateau a millivolt says nothing and the deltas stay as they are. What its own
resistance makes of the current is taken off. A few cells a scan, quiet readings only.

Bounds: (ma // 100) * uohm = 3270 * 200000 = 6.5e8; 2000 dmv * 2000 e5 = 4e6.
"""

from array import array

from micropython import const

from bms.soc_curve import squeeze

_SLICE_N = const(2)
_SLOPE_E5 = const(1000)
_RISE_DMV = const(80)  # in 2 % of SoC: 4 mV in 1 %
_LOAD_PART = const(2)  # C/2
_DELTA_MAX_E5 = const(20000)
_SHARE = const(32)


class CellDeltas:
    """`e5[i]`: SoC of cell i minus that of the average cell."""

    def __init__(self, config):
        self.e5 = array("i", [0] * config.cell_n)
        self.n = 0  # rounds learned from
        self._cell_n = config.cell_n
        self._load_ma = config.capacity_mah // _LOAD_PART
        self._next = 0

    def step(self, snap, soc_e5: int, curve, branch_pm: int, uohm) -> None:
        """Learn from a quiet, plausible reading."""
        if abs(snap.pack_ma) > self._load_ma:
            return
        if self._rise(soc_e5, curve, branch_pm) < _RISE_DMV:
            return
        middle = squeeze(snap.cell_sum_mv * 10 // snap.cell_n)
        mean_uohm = sum(uohm) // self._cell_n
        last = min(self._next + _SLICE_N, self._cell_n)
        for i in range(self._next, last):
            rise = self._rise(soc_e5 + self.e5[i] // 2, curve, branch_pm)
            dv = squeeze(snap.cell_mv[i] * 10) - middle
            dv -= snap.pack_ma // 100 * (uohm[i] - mean_uohm) // 1000
            found = max(-2000, min(dv, 2000)) * 2 * _SLOPE_E5 // max(rise, _RISE_DMV)
            found = max(-_DELTA_MAX_E5, min(found, _DELTA_MAX_E5))
            self.e5[i] += (found - self.e5[i]) // (1 + min(self.n, _SHARE))
        self._next = last
        if last == self._cell_n:
            self._next = 0
            self.n = min(self.n + 1, 1000000)

    def _rise(self, soc_e5: int, curve, branch_pm: int) -> int:
        """Of the curve around here, in 2 % of SoC."""
        near = max(_SLOPE_E5, min(soc_e5, 100000 - _SLOPE_E5))
        return curve.at(near + _SLOPE_E5, branch_pm) - curve.at(near - _SLOPE_E5, branch_pm)
