"""Current times time as whole microampere-hours, nothing lost: the remainder is carried. Allocates nothing.

1 mA * 1 ms = 1/3600 uAh. A plain product passes 2^30 (327 A over a minute is 2e10 mA*ms), so the
current is split into a multiple of 3600 mA, whose charge is a whole number of uAh, and the rest.
"""

from micropython import const

_PER_UAH = const(3600)  # mA*ms


class Coulomb:
    """An exact integrator: the sum of all `add` is the true charge rounded down."""

    def __init__(self, parts: int = 1):
        """`parts` of a mA are the unit of current, 1 .. 4."""
        self._per = _PER_UAH * parts
        self._rest = 0  # parts of mA*ms not yet handed out, below _per

    def add(self, current: int, dt_ms: int) -> int:
        """Charge in uAh since the last call, either sign.

        Bounds: 0 <= dt_ms <= 298000 / parts keeps 3600 * parts * dt_ms below 2^30, and a current of
        at most 3600000 mA * parts keeps 1000 * dt_ms there as well.
        """
        per = self._per
        part = current % per * dt_ms + self._rest
        self._rest = part % per
        return current // per * dt_ms + part // per
