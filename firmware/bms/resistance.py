"""Resistance of every cell, from steps of the current between two scans, as it would be at 25 degC.

A step of at least C/2 in one scan shows the ohmic part, joints and wires of the cell included. Each cell
keeps a running mean in which a larger step counts more. Lithium iron phosphate conducts with the
temperature as in `_R_PM`: the step tests of two makes at 5, 25 and 45 degC, and below by Arrhenius.

Bounds: |dv| <= 500 mV: 500 * 1e6 = 5e8;
200000 uohm * 1000 = 2e8 < 2^30.
"""

from array import array

from micropython import const

from fast import copy_ints
from interp import check, interpolate
from roles import TEMP_NONE

_STEP_PART = const(2)  # C/2
_DV_MAX_MV = const(500)
_UOHM_MAX = const(200000)
_DT_MAX_MS = const(2500)
_SLICE_N = const(4)  # cells a scan
_SHARE = const(32)
# 0.1 degC -> resistance over that at 25 degC, in 1/1000
_T_DDEGC = (-200, -150, -100, -50, 0, 50, 100, 150, 200, 250, 350, 450, 600)
_R_PM = (4600, 3800, 3150, 2600, 2150, 1800, 1500, 1270, 1120, 1000, 865, 770, 660)
check(_T_DDEGC, _R_PM)


class Resistance:
    """`uohm[i]` of cell i at 25 degC, from `n` steps; 0: not known yet."""

    def __init__(self, config):
        self.cell_n = config.cell_n
        self.uohm = array("i", [0] * config.cell_n)
        self.n = 0  # steps seen
        self.temp_ddegc = TEMP_NONE  # at the last one
        self.when_min = 0
        self._step_ma = max(1, config.capacity_mah // _STEP_PART)
        self._mv = array("i", [0] * config.cell_n)
        self._dv = array("h", [0] * config.cell_n)
        self._ma = 0
        self._have = False
        self._di_ma = 0
        self._next = config.cell_n  # cell of the step in hand to do next

    def step(self, snap, dt_ms: int, now_min: int) -> None:
        """Look at a plausible reading; a step is worked off a few cells a scan."""
        if self._next < self.cell_n:
            self._some()
        elif self._have and dt_ms <= _DT_MAX_MS and self._find(snap, now_min):
            self._next = 0
        copy_ints(snap.cell_mv, self._mv, self.cell_n)
        self._ma = snap.pack_ma
        self._have = True

    def lost(self) -> None:
        """A reading is missing: the next one makes no step."""
        self._have = False

    def _find(self, snap, now_min: int) -> bool:
        di_ma = snap.pack_ma - self._ma
        if abs(di_ma) < self._step_ma or snap.temp_min_ddegc == TEMP_NONE:
            return False
        for i in range(self.cell_n):
            self._dv[i] = max(-_DV_MAX_MV, min(snap.cell_mv[i] - self._mv[i], _DV_MAX_MV))
        self._di_ma = di_ma
        self.temp_ddegc = (snap.temp_min_ddegc + snap.temp_max_ddegc) // 2
        self.when_min = now_min
        self.n = min(self.n + 1, 1000000)
        return True

    def _some(self) -> None:
        factor_pm = interpolate(self.temp_ddegc, _T_DDEGC, _R_PM)
        weight = min(2 * abs(self._di_ma) // self._step_ma, 4)
        for i in range(self._next, min(self._next + _SLICE_N, self.cell_n)):
            found = self._dv[i] * 1000000 // self._di_ma
            if 0 < found < _UOHM_MAX:
                found = found * 1000 // factor_pm
                old = self.uohm[i]
                if not old:
                    self.uohm[i] = found
                else:  # an outlier moves it no more than a reading twice as high
                    change = max(-old, min(found - old, old))
                    self.uohm[i] = max(1, old + change * weight // (4 * self._share()))
        self._next += _SLICE_N

    def _share(self) -> int:
        return min(max(self.n, 1), _SHARE)
