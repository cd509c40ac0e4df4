"""Temperature of a thermistor (NTC) from its resistance, in integers, within 0.2 K from -40 to 100 degC.

    from ntc import Beta, Semitec103AT, divider_ohm

    ntc = Semitec103AT()  # 10 kohm, B25/85 = 3435; for another type Beta(25/85 value, ohm at 25 degC)
    ohm = divider_ohm(2048, 4096, 10_000)  # ADC reading, its full scale, pull-up resistor
    print(ntc.ddegc(ohm), "tenths of a degree")

Resistance falls by 3 to 6 % a kelvin, so everything here works on its logarithm. `Semitec103AT` interpolates
the maker's table; a plain Beta formula reads 1.1 K too warm at 0 degC for that part. Broken wires
read `OPEN_DDEGC` and `SHORT_DDEGC`, beyond anything a cell survives. Nothing is allocated after construction.
"""

from array import array

from micropython import const

from interp import interpolate

OPEN_DDEGC = const(-1000)
SHORT_DDEGC = const(2000)

_OPEN_OHM = const(1000000)
_OHM_MAX = const(2000000)  # what `divider_ohm` makes of an open input
_RAW_MAX = const(0x3FFFFFFF)

# 4096 * log2(1 + i / 32)
# fmt: off
_LOG2 = (
    0, 182, 358, 530, 696, 858, 1016, 1169, 1319, 1465, 1607, 1746, 1882, 2015, 2145, 2272, 2396,
    2518, 2637, 2754, 2869, 2982, 3092, 3200, 3307, 3412, 3514, 3615, 3715, 3812, 3908, 4003, 4096,
)

# 103AT from 125 to -50 degC in steps of 5 K: 4096 * log2(ohm), and 0.01 degC. Points of the maker's
# table; between and beyond them Steinhart-Hart through -20, 25 and 70 degC, bent to meet them.
_LOG2_103AT = array("i", (
    37068, 37756, 38460, 39179, 39911, 40659, 41427, 42214, 43020, 43843, 44688, 45554,
    46441, 47351, 48285, 49244, 50226, 51235, 52271, 53335, 54426, 55548, 56701, 57887,
    59104, 60357, 61646, 62973, 64333, 65734, 67178, 68666, 70198, 71779, 73403, 75079,
))
_CDEGC_103AT = array("h", (
    12500, 12000, 11500, 11000, 10500, 10000, 9500, 9000, 8500, 8000, 7500, 7000,
    6500, 6000, 5500, 5000, 4500, 4000, 3500, 3000, 2500, 2000, 1500, 1000,
    500, 0, -500, -1000, -1500, -2000, -2500, -3000, -3500, -4000, -4500, -5000,
))
# fmt: on

_T25_CK = const(29815)  # 25 degC in 0.01 K
_ZERO_CK = const(27315)
_BETA_MAX = const(4500)  # 8 * beta * _T25_CK stays within 30 bits
_LN2_T25 = const(13226)  # 8 * 298.15 * ln 2 / 4096, times 32768


def log2_q12(value: int) -> int:
    """4096 * log2 of 1..2^30, within one."""
    exponent = 15
    while value > 0xFFFF:
        value >>= 1
        exponent += 1
    while value < 0x8000:
        value <<= 1
        exponent -= 1
    i = (value >> 10) & 31
    low = _LOG2[i]
    return exponent * 4096 + low + ((value & 1023) * (_LOG2[i + 1] - low) >> 10)


def divider_ohm(raw: int, full: int, pull_ohm: int) -> int:
    """Resistance to ground that reads `raw` of `full` under a pull-up; raw * pull_ohm below 2^30."""
    if raw >= full:
        return _OHM_MAX
    return min(raw * pull_ohm // (full - raw), _OHM_MAX)


def _rounded(cdegc: int) -> int:
    return (cdegc + 5) // 10


class Semitec103AT:
    """Semitec 103AT and its many likenesses: 10 kohm at 25 degC, B25/85 = 3435 K."""

    def ddegc(self, ohm: int) -> int:
        """Temperature in 0.1 degC, -50 .. 125 degC."""
        if ohm <= 0:
            return SHORT_DDEGC
        x = log2_q12(min(ohm, _RAW_MAX))
        if x > _LOG2_103AT[-1]:
            return OPEN_DDEGC
        if x < _LOG2_103AT[0]:
            return SHORT_DDEGC
        return _rounded(interpolate(x, _LOG2_103AT, _CDEGC_103AT))


class Beta:
    """Any NTC by its B value and its resistance at 25 degC: as exact as the formula fits the part."""

    def __init__(self, beta: int, r25_ohm: int = 10000):
        if not 2000 <= beta <= _BETA_MAX or not 100 <= r25_ohm <= _OPEN_OHM:
            raise ValueError(f"ntc: beta {beta}, {r25_ohm} ohm at 25 degC")
        self._beta8 = 8 * beta
        self._log_r25 = log2_q12(r25_ohm)

    def ddegc(self, ohm: int) -> int:
        """Temperature in 0.1 degC: T = 1 / (1 / T25 + ln(R / R25) / B)."""
        if ohm <= 0:
            return SHORT_DDEGC
        if ohm >= _OPEN_OHM:
            return OPEN_DDEGC
        # 16 octaves below 25 degC's resistance is a short, and keeps the product within 30 bits
        span = max(log2_q12(ohm) - self._log_r25, -65536)
        below = self._beta8 + (span * _LN2_T25 >> 15)
        if below * 2 < self._beta8:
            return SHORT_DDEGC
        return min(_rounded(_T25_CK * self._beta8 // below - _ZERO_CK), SHORT_DDEGC)
