"""Capacity, from the charge between two places where the charge is known.

Such places: full, empty, and the steep lower end of the curve, where a voltage says a SoC to a per cent
when little current flows. Between two of them that lie half a capacity apart, capacity is the charge
moved over the SoC moved; its sigma follows from both ends, and 1 % for the gain of the current sensor.
Of one discharge the best place at its lower end counts; it is one observation, bettered as it goes on.

Capacities in 1e-4 of the rated one (`_e4`), charge and SoC in 1e-5 of it (`_e5`).
Bounds: charge moved <= 107000 e5, times 1e4 = 1.07e9 < 2^30; sigmas at most 20000 e5, squared 4e8.
"""

from micropython import const

from bms.soc_belief import root

NOTHING = const(0)
FULL = const(1)
EMPTY = const(2)
VOLTAGE = const(3)

_WHOLE_E5 = const(100000)
_RATED_E4 = const(10000)
_RATED_SIGMA_E4 = const(500)
_GAIN_SIGMA_E4 = const(100)
_AGEING_E4 = const(10)  # from one observation to the next
_FULL_SIGMA_E5 = const(500)
_EMPTY_SIGMA_E5 = const(1500)
_SIGMA_MAX_E5 = const(20000)
_APART_E5 = const(50000)
_MOVED_MAX_E5 = const(107000)


class Capacity:
    """Best estimate `e4` +- `sigma_e4` after `n` observations; the ends and the time of the last one."""

    def __init__(self):
        self.e4 = _RATED_E4
        self.sigma_e4 = _RATED_SIGMA_E4
        self.n = 0
        self.from_kind = NOTHING
        self.to_kind = NOTHING
        self.when_min = 0
        self._before_e4 = _RATED_E4  # without the observation that is still getting better
        self._before_sigma_e4 = _RATED_SIGMA_E4
        self._counted = False  # the observation in hand is in n
        self._from_full = False
        self._since_full_e5 = 0
        self._low_kind = NOTHING
        self._low_e5 = 0
        self._low_sigma_e5 = 0
        self._since_low_e5 = 0

    def move(self, by_e5: int) -> None:
        """Charge has flowed. More than there can be is no span."""
        self._since_full_e5 += by_e5
        self._since_low_e5 += by_e5
        if abs(self._since_full_e5) > _MOVED_MAX_E5:
            self._from_full = False
            self._since_full_e5 = 0
        if abs(self._since_low_e5) > _MOVED_MAX_E5:
            self._low_kind = NOTHING
            self._since_low_e5 = 0

    def full(self, now_min: int) -> None:
        """The full anchor."""
        self._settle()
        if self._low_kind:
            self._observe(self._since_low_e5, FULL, now_min)
            self._settle()
        self._from_full = True
        self._since_full_e5 = 0
        self._low_kind = NOTHING

    def empty(self, now_min: int) -> None:
        """The empty anchor."""
        self._low(0, _EMPTY_SIGMA_E5, EMPTY, now_min)

    def low(self, soc_e5: int, sigma_e5: int, now_min: int) -> None:
        """A voltage at the lower end says this SoC."""
        self._low(soc_e5, min(sigma_e5, _SIGMA_MAX_E5), VOLTAGE, now_min)

    def forget(self) -> None:
        """Charge may have flowed unseen: nothing is known of the ends any more."""
        self._from_full = False
        self._low_kind = NOTHING

    def _low(self, soc_e5: int, sigma_e5: int, kind: int, now_min: int) -> None:
        if self._low_kind and sigma_e5 > self._low_sigma_e5:
            return
        self._low_kind = kind
        self._low_e5 = soc_e5
        self._low_sigma_e5 = sigma_e5
        self._since_low_e5 = 0
        if self._from_full:
            self._observe(self._since_full_e5, kind, now_min)

    def _settle(self) -> None:
        """What comes now is another observation."""
        self._before_e4 = self.e4
        self._before_sigma_e4 = self.sigma_e4 + _AGEING_E4
        self._counted = False

    def _observe(self, moved_e5: int, to_kind: int, now_min: int) -> None:
        apart = _WHOLE_E5 - self._low_e5
        found_e4 = abs(moved_e5) * _RATED_E4 // apart
        if apart < _APART_E5 or not 3000 < found_e4 < 15000:
            return
        ends = self._low_sigma_e5 * self._low_sigma_e5 + _FULL_SIGMA_E5 * _FULL_SIGMA_E5
        sigma_e4 = root(ends) * _RATED_E4 // apart
        var = sigma_e4 * sigma_e4 + _GAIN_SIGMA_E4 * _GAIN_SIGMA_E4
        before_var = self._before_sigma_e4 * self._before_sigma_e4
        gain = before_var * 1000 // (before_var + var)
        self.e4 = self._before_e4 + (found_e4 - self._before_e4) * gain // 1000
        self.sigma_e4 = max(1, root(var * gain // 1000))
        self.from_kind = self._low_kind if to_kind == FULL else FULL
        self.to_kind = to_kind
        self.when_min = now_min
        if not self._counted:
            self._counted = True
            self.n += 1
