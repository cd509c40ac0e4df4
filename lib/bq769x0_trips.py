"""What a BQ769x0's own comparators shall do: a configuration as codes of PROTECT1..3, OV_TRIP, UV_TRIP.

Every code is rounded to the side that trips earlier: over-voltage, currents and delays down, under-voltage
up. Voltage codes need the gain and offset that TI trimmed into the part (SLUSBK2I section 8.3.1.2.1);
before those are known, `Trips` uses the nominal ones, so that a configuration no part can hold is
refused at once.
"""

from micropython import const

RSNS = const(0x80)  # PROTECT1: the upper range of both current thresholds
CC_CFG = const(0x19)  # SLUSBK2I: "must be programmed to 0x19"

# mV at the shunt with RSNS = 0 and 1 (tables 8-9, 8-10), and delays
_SCD_MV = ((22, 33, 44, 56, 67, 78, 89, 100), (44, 67, 89, 111, 133, 155, 178, 200))
_OCD_MV = (
    (8, 11, 14, 17, 19, 22, 25, 28, 31, 33, 36, 39, 42, 44, 47, 50),
    (17, 22, 28, 33, 39, 44, 50, 56, 61, 67, 72, 78, 83, 89, 94, 100),
)
_SCD_US = (70, 100, 200, 400)
_OCD_MS = (8, 20, 40, 80, 160, 320, 640, 1280)
_UV_MS = (1000, 4000, 8000, 16000)
_OV_MS = (1000, 2000, 4000, 8000)

# the 14 bits a cell's code is compared with: 10_xxxxxxxx_1000 and 01_xxxxxxxx_0000
_OV_LOW = const(0x2008)
_UV_LOW = const(0x1000)

_GAIN_UV = const(382)  # nominal
CODES_N = const(6)  # PROTECT1 .. CC_CFG


def gain_uv(gain1: int, gain2: int) -> int:
    """ADCGAIN1 and ADCGAIN2 -> microvolts a code, 365..396."""
    return 365 + ((gain1 & 0x0C) << 1 | (gain2 & 0xE0) >> 5)


def code_mv(code: int, gain: int, offset_mv: int) -> int:
    """A cell's 14-bit code in millivolts."""
    return (code * gain + 500) // 1000 + offset_mv


def ov_code(mv: int, gain: int, offset_mv: int) -> int:
    """Highest OV_TRIP that trips at or below `mv`; out of 0..255 when there is none."""
    return ((mv - offset_mv) * 1000 // gain - _OV_LOW) >> 4


def uv_code(mv: int, gain: int, offset_mv: int) -> int:
    """Lowest UV_TRIP that trips at or above `mv`; out of 0..255 when there is none."""
    return -((_UV_LOW + (offset_mv - mv) * 1000 // gain) >> 4)


def ov_mv(trip: int, gain: int, offset_mv: int) -> int:
    """What an OV_TRIP is worth."""
    return (_OV_LOW | trip << 4) * gain // 1000 + offset_mv


def uv_mv(trip: int, gain: int, offset_mv: int) -> int:
    """What a UV_TRIP is worth."""
    return -(-(_UV_LOW | trip << 4) * gain // 1000) + offset_mv


def _index(value: int, steps) -> int:
    """Highest step that is not above the value, -1 = none."""
    at = -1
    for i in range(len(steps)):
        if steps[i] <= value:
            at = i
    return at


class Trips:
    """Codes 0x06..0x0B for one configuration, and what they are worth in `applied`."""

    def __init__(self, config):
        self.codes = bytearray(CODES_N)
        self.applied = {}
        self._cov_mv = config.chip_cov_mv
        self._cuv_mv = config.chip_cuv_mv
        shunt = config.shunt_uohm
        scd_mv = config.scd_ma * shunt // 1000000
        ocd_mv = config.ocd2_ma * shunt // 1000000
        fine = scd_mv <= _SCD_MV[0][-1] and ocd_mv <= _OCD_MV[0][-1]
        scales = 0 if fine else 1  # the finer steps where both fit
        scd = self._step("scd_ma", config.scd_ma, scd_mv, _SCD_MV[scales], 1000000, shunt)
        ocd = self._step("ocd2_ma", config.ocd2_ma, ocd_mv, _OCD_MV[scales], 1000000, shunt)
        scd_us = self._step("scd_us", config.scd_us, config.scd_us, _SCD_US)
        ocd_ms = self._step("ocd2_ms", config.ocd2_ms, config.ocd2_ms, _OCD_MS)
        uv_ms = self._step("chip_cuv_ms", config.chip_cuv_ms, config.chip_cuv_ms, _UV_MS)
        ov_ms = self._step("chip_cov_ms", config.chip_cov_ms, config.chip_cov_ms, _OV_MS)
        self.codes[0] = (RSNS if scales else 0) | scd_us << 3 | scd
        self.codes[1] = ocd_ms << 4 | ocd
        self.codes[2] = uv_ms << 6 | ov_ms << 4
        self.codes[5] = CC_CFG
        if self.applied["scd_ma"] <= self.applied["ocd2_ma"]:
            raise ValueError(
                f"scd_ma: {config.scd_ma} is {self.applied['scd_ma']} in the monitor, "
                f"must be above ocd2_ma, {self.applied['ocd2_ma']} there"
            )
        misfit = self.trim(_GAIN_UV, 0)
        if misfit is not None:
            raise ValueError(f"{misfit}: {getattr(config, misfit)} is out of the monitor's range")

    def trim(self, gain: int, offset_mv: int):
        """Voltage codes of a part with this gain and offset; the field that it cannot hold, or None."""
        ov = ov_code(self._cov_mv, gain, offset_mv)
        uv = uv_code(self._cuv_mv, gain, offset_mv)
        if not 0 <= ov <= 255:
            return "chip_cov_mv"
        if not 0 <= uv <= 255:
            return "chip_cuv_mv"
        self.codes[3] = ov
        self.codes[4] = uv
        self.applied["chip_cov_mv"] = ov_mv(ov, gain, offset_mv)
        self.applied["chip_cuv_mv"] = uv_mv(uv, gain, offset_mv)
        return None

    def _step(
        self, field: str, asked: int, value: int, steps, scale: int = 1, per: int = 1
    ) -> int:
        """Code of a value among the steps; notes what it is worth."""
        at = _index(value, steps)
        if at < 0:
            least = -(-steps[0] * scale // per)
            raise ValueError(f"{field}: {asked} does not fit the monitor, the least is {least}")
        self.applied[field] = steps[at] * scale // per
        return at
