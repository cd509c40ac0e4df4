"""Current times time as whole microampere-hours, nothing lost: the remainder is carried. Allocates nothing.

1 mA * 1 ms = 1/3600 uAh. A plain product passes 2^30 (327 A over a minute is 2e10 mA*ms), so the
current is split into a multiple of 3600 mA, whose charge is a whole number of uAh, and the rest.
"""

from micropython import const

_PER_UAH = const(3600)  # mA*ms


class Coulomb:
    """An exact integrator: the sum of all `add` is the true charge rounded down."""

    def __init__(self):
        self._rest = 0  # mA*ms not yet handed out, 0..3599

    def add(self, ma: int, dt_ms: int) -> int:
        """Charge in uAh since the last call, either sign.

        Bounds: 0 <= dt_ms <= 298000 keeps 3599 * dt_ms below 2^30, and |ma| <= 3600000 keeps
        1000 * dt_ms there as well.
        """
        part = ma % _PER_UAH * dt_ms + self._rest
        self._rest = part % _PER_UAH
        return ma // _PER_UAH * dt_ms + part // _PER_UAH
