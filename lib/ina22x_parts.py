"""Registers of INA228 and INA226, and how limits in mA become their words.

Rounded to the side that trips earlier. A cycle is the shunt's conversion and the short ones of bus
voltage and temperature, times an average; two of them fit into the delay asked for, because an overload may
begin in the middle of one. Sources: INA228 data sheet SBOS842, INA226 SBOS547.
"""

from micropython import const

from roles import TRIP_OCC, TRIP_OCD2

# name; (register, high byte, low byte, mask of the low one) that identify; shunt register and bytes;
# bus register, bytes and mV a step as a fraction; charge register; alert register, its bits that we set; flag -> trip;
# flag of a conversion that ended since the last look
INA228 = (
    "INA228",
    ((0x3E, 0x54, 0x49, 0xFF), (0x3F, 0x22, 0x80, 0xF0)),
    0x04,
    3,
    0x05,
    3,
    (25, 128),
    0x0A,
    0x0B,
    0xA001,  # ALATCH, SLOWALERT; MEMSTAT reads 1 while its trim is good
    ((0x0040, TRIP_OCC), (0x0020, TRIP_OCD2)),
    0x0002,  # CNVRF
)
INA226 = (
    "INA226",
    ((0xFE, 0x54, 0x49, 0xFF), (0xFF, 0x22, 0x60, 0xF0)),
    0x01,
    2,
    0x02,
    2,
    (5, 4),
    0,
    0x06,
    0x4001,  # SUL, LEN
    ((0x0010, TRIP_OCD2),),
    0x0008,  # CVRF
)

NAME = const(0)
ID = const(1)
SHUNT_REG = const(2)
SHUNT_BYTES = const(3)
BUS_REG = const(4)
BUS_BYTES = const(5)
BUS_MV = const(6)
CHARGE_REG = const(7)
ALERT_REG = const(8)
CONFIG_BITS = const(9)
TRIPS = const(10)
READY = const(11)

_AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
_TIMES_228 = (50, 84, 150, 280, 540, 1052, 2074, 4120)
_TIMES_226 = (140, 204, 332, 588, 1100, 2116, 4156, 8244)
_OTHERS_228_US = const(100)  # bus and temperature at 50 us each
_OTHERS_226_US = const(140)
_CYCLE_MAX_US = const(64000)  # every scan shall see a new reading, also while starting up
_CAL_228 = const(4096)  # the step of CURRENT and CHARGE is that of VSHUNT: 312.5 nV over the shunt
_CAL_226 = const(2048)
_STEP_228_NV = const(5000)  # SOVL, SUVL
_STEP_226_NV = const(2500)
_CODE_MAX = const(32767)


def word(data, i: int) -> int:
    """Two bytes, high one first."""
    return data[i] << 8 | data[i + 1]


class Settings:
    """What the chip shall hold: `rows` of (register, word)."""

    def __init__(self, part, shunt_uohm: int):
        self._wide = part is INA228
        self._shunt_uohm = shunt_uohm
        self.limit(None, None, 2 * _CYCLE_MAX_US // 1000)

    def limit(self, discharge_ma, charge_ma, delay_ms: int) -> dict:
        """Limits, None = none; what they are worth in the chip."""
        cycle_us, time, average = self._cycle(delay_ms * 500)
        applied = {}
        dsg = self._code("ocd2_ma", discharge_ma, applied)
        if self._wide:
            chg = self._code("occ2_ma", charge_ma, applied)
            most = 0x7FFF  # a name: constants alone would be frozen as long integers
            self.rows = (
                (0x00, 0),
                (0x01, 0xF000 | time << 6 | average),
                (0x02, _CAL_228),
                (0x0C, _CODE_MAX if chg is None else chg),
                (0x0D, 0x8000 if dsg is None else 0x10000 - dsg),
                (0x0E, most),
                (0x0F, 0),
                (0x10, most),
                (0x11, most << 1 | 1),
            )
        else:
            self.rows = (
                (0x00, 0x4007 | average << 9 | time << 3),
                (0x05, _CAL_226),
                (0x07, 0x8000 if dsg is None else 0x10000 - dsg),
            )
        for name in ("ocd2_ms", "occ2_ms"):
            if name[:4] + "_ma" in applied:
                applied[name] = -(-2 * cycle_us // 1000)
        return applied

    def _cycle(self, most_us: int):
        """The cycle within `most_us` that looks at the shunt longest: its length, and its codes."""
        most_us = min(most_us, _CYCLE_MAX_US)
        times = _TIMES_228 if self._wide else _TIMES_226
        others_us = _OTHERS_228_US if self._wide else _OTHERS_226_US
        best = (0, 0, 0)
        best_us = 0
        for time in range(len(times)):
            for average in range(len(_AVERAGES)):
                cycle_us = (times[time] + others_us) * _AVERAGES[average]
                looks_us = times[time] * _AVERAGES[average]
                if cycle_us <= most_us and looks_us > best_us:
                    best = (cycle_us, time, average)
                    best_us = looks_us
        return best

    def _code(self, name: str, ma, applied):
        """Limit register of a current, rounded down; notes what it is worth."""
        if ma is None:
            return None
        step_nv = _STEP_228_NV if self._wide else _STEP_226_NV
        code = ma * self._shunt_uohm // step_nv
        if not 0 < code <= _CODE_MAX:
            most_ma = _CODE_MAX * step_nv // self._shunt_uohm
            raise ValueError(f"{name}: {ma} does not fit the meter, allowed up to {most_ma}")
        applied[name] = code * step_nv // self._shunt_uohm
        return code
