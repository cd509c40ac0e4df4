"""Rest voltage of LiFePO4 over SoC, squeezed where it is steep, ready for many look-ups.

The curve is the mean of the charge and the discharge branch; the branches are `half_dmv` above and below.
Cells of different makers differ by some 40 mV in the plateau and, at its ends, by 5 % in where it ends.
There a millivolt is worth less: beyond the knees a voltage is squeezed, so that one noise figure holds.

Voltages in 0.1 mV (`_dmv`), charge in 1e-5 of the capacity (`_e5`).
Bounds: 1000 * a step of the table < 1000 * 20000 = 2e7 < 2^30. 0 .. 5.2 V squeezed is 2.1 .. 3.6 V.
"""

from array import array

from micropython import const

from interp import check, interpolate

_GRID_E5 = const(1000)
_GRID_PM = const(10)
_LAST = const(100)
_LOW_LAST_E5 = const(14000)
_BASE_DMV = const(20000)  # so that a voltage is a short integer
WHOLE_E5 = const(100000)
_LOW_DMV = const(31900)  # below: the lower knee
_HIGH_DMV = const(33900)  # above: the upper knee
_SQUEEZE = const(3)
_SQUEEZE_HIGH = const(8)

_OWN_BIAS_DMV = const(150)
_ANY_BIAS_DMV = const(300)
_OWN_DRIFT = const(200)
_ANY_DRIFT = const(400)
_OWN_LOW_E5 = const(800)
_ANY_LOW_E5 = const(4000)


def squeeze(dmv: int) -> int:
    """The same voltage with the knees made flatter."""
    if dmv < _LOW_DMV:
        return _LOW_DMV - (_LOW_DMV - dmv) // _SQUEEZE
    if dmv > _HIGH_DMV:
        return _HIGH_DMV + (dmv - _HIGH_DMV) // _SQUEEZE_HIGH
    return dmv


class Curve:
    """A curve of knots, or ours. `own`: it was measured on this make of cell. The table is made once."""

    def __init__(self, pm=None, dmv=None, half_pm=None, half_dmv=None, own=False):
        from bms import soc_knots as knots  # only a start needs them

        if pm is None:
            pm, dmv = knots.PM, knots.DMV
        if half_pm is None:
            half_pm, half_dmv = knots.HALF_PM, knots.HALF_DMV
        self.bias_dmv = _OWN_BIAS_DMV if own else _ANY_BIAS_DMV  # how far off it may be as a whole
        self.drift = _OWN_DRIFT if own else _ANY_DRIFT  # and in shape: dmv^2 in 0.1 % of SoC
        self.low_sigma_e5 = _OWN_LOW_E5 if own else _ANY_LOW_E5  # of a SoC read off its lower end
        check(pm, dmv)
        self._table = array("h", [0] * (_LAST + 1))
        self._half = array("h", [0] * (_LAST + 1))
        for k in range(_LAST + 1):
            at_pm = k * _GRID_PM
            self._table[k] = squeeze(interpolate(at_pm, pm, dmv)) - _BASE_DMV
            self._half[k] = interpolate(at_pm, half_pm, half_dmv)

    def at(self, soc_e5: int, branch_pm: int) -> int:
        """Squeezed rest voltage between the branches, -1000 discharge .. 1000 charge."""
        if soc_e5 <= 0:
            return self._table[0] + _BASE_DMV
        if soc_e5 >= WHOLE_E5:
            return self._table[_LAST] + _BASE_DMV
        k = soc_e5 // _GRID_E5
        left = self._table[k]
        left += (self._table[k + 1] - left) * (soc_e5 - k * _GRID_E5) // _GRID_E5
        return left + _BASE_DMV + self._half[k] * branch_pm // 1000

    def low_at(self, dmv: int, branch_pm: int) -> int:
        """SoC at the lower end that has this squeezed voltage, -1 above some 15 %."""
        if dmv >= self.at(_LOW_LAST_E5, branch_pm):
            return -1
        e5 = _LOW_LAST_E5
        while e5 > 0:
            below = self.at(e5 - _GRID_E5, branch_pm)
            if dmv >= below:
                above = self.at(e5, branch_pm)
                return e5 - (above - dmv) * _GRID_E5 // max(1, above - below)
            e5 -= _GRID_E5
        return 0
