"""Configuration words of an ISL94202, 0x00 to 0x4B: how a configuration becomes their codes.

Every code is rounded to the side that trips earlier. The words live in EEPROM and are copied to RAM when
the chip starts; we write the copy. The number of cells (0x49) is EEPROM only. Thermistors as in the data
sheet's application circuit: 22 kohm to TEMPO (2.5 V), a 103AT beside 10 kohm. The words as shipped are
then -10, 5, 50 and 55 degC. Source: Renesas data sheet FN8889.
"""

from micropython import const

from ntc import OPEN_DDEGC, Semitec103AT

# xT1 and xT2 with TGAIN = 0: code * 1.8 V / 4095 / 2 = code * 2.5 V / 11375. So the NTC has
# 220000 * code / (113750 - 32 * code) ohm; the product stays within 30 bits
_XT_FULL = const(113750)
_XT_OPEN = const(3500)  # 10 kohm alone reads 3555
_103AT = Semitec103AT()

_OCD_MV = (4, 8, 16, 24, 32, 48, 64, 96)
_OCC_MV = (1, 2, 4, 6, 8, 12, 16, 24)
_SCD_MV = (16, 24, 32, 48, 64, 96, 128, 256)
SELECT = {3: 0x83, 4: 0xC3, 5: 0xC7, 6: 0xE7, 7: 0xEF, 8: 0xFF}  # inputs that carry cells

_UNIT_US = const(0)
_UNIT_MS = const(1)
_UNIT_S = const(2)
_TIME_MAX = const(1023)
_PULSE = const(0x1000)  # CPW, LPW: 1 ms pulses of the charger and load monitors
_WDT_MAX = const(31)
_SLT = const(0x040F)  # as shipped, without WDT
_MARGIN = const(30)  # 0.1 degC: the host, which explains its decisions, acts first
_XT2M = const(0x20)  # xT2 watches the FETs
_BODY_DIODES = const(0x30)  # DFODUV, DFODOV
_SELECT_REG = const(0x48)


def voltage(mv: int, up: bool) -> int:
    """Code of a cell voltage, 1.172 mV each."""
    scaled = mv * 273
    return -(-scaled // 320) if up else scaled // 320


def delay(us: int):
    """Word of a delay, rounded down, and what it is worth in us."""
    if us <= _TIME_MAX:
        return _UNIT_US << 10 | us, us
    ms = us // 1000
    if ms <= _TIME_MAX:
        return _UNIT_MS << 10 | ms, ms * 1000
    seconds = min(ms // 1000, _TIME_MAX)
    return _UNIT_S << 10 | seconds, seconds * 1000000


def thermistor(ddegc_: int) -> int:
    """The highest code of xT1 or xT2 that is not colder than this; colder is more."""
    code = 0
    bit = 0x800
    while bit:
        if ddegc(code + bit) >= ddegc_:
            code += bit
        bit >>= 1
    return code


def ddegc(code: int) -> int:
    """Temperature of xT1 or xT2; beyond the curve a broken wire."""
    if code > _XT_OPEN:
        return OPEN_DDEGC
    return _103AT.ddegc(220000 * code // (_XT_FULL - 32 * code))


def internal(ddegc_: int) -> int:
    """Code of the chip's own temperature: 0.2373 K each."""
    return (ddegc_ + 2732) * 42149 // 100000


class Words:
    """What the chip shall hold: `rows` of (address, word), and `applied`."""

    def __init__(self, config, fet_ntc: bool):
        if config.precharge_on:
            raise ValueError("precharge_on: 1, this chip precharges cells, not loads; allowed 0")
        self.applied = {}
        self._uohm = config.shunt_uohm
        otc = thermistor(config.otc_ddegc + _MARGIN)
        otd = thermistor(config.otd_ddegc + _MARGIN)
        self.rows = (
            (0x00, _PULSE | self._limit(config, "chip_cov_mv", False)),
            (0x02, voltage(config.cov_clear_mv, True)),
            (0x04, _PULSE | self._limit(config, "chip_cuv_mv", True)),
            (0x06, voltage(config.cuv_clear_mv, False)),
            (0x08, voltage(config.cov_lock_mv, False)),
            (0x0A, voltage(config.dead_mv, True)),
            (0x0C, voltage(config.cov_mv, False)),
            (0x0E, voltage(config.dead_mv, True)),
            (0x10, self._delay(config, "chip_cov_ms", 1000)),
            (0x12, self._delay(config, "chip_cuv_ms", 1000)),
            (0x16, self._current(config, "ocd2", _OCD_MV, "ocd2_ms", 1000)),
            (0x18, self._current(config, "occ2", _OCC_MV, "occ2_ms", 1000)),
            (0x1A, self._current(config, "scd", _SCD_MV, "scd_us", 1)),
            (0x30, otc),
            (0x32, thermistor(config.otc_clear_ddegc + _MARGIN)),
            (0x34, thermistor(config.utc_ddegc)),
            (0x36, thermistor(config.utc_clear_ddegc)),
            (0x38, otd),
            (0x3A, thermistor(config.otd_clear_ddegc + _MARGIN)),
            (0x3C, thermistor(config.utd_ddegc - _MARGIN)),
            (0x3E, thermistor(config.utd_clear_ddegc - _MARGIN)),
            (0x40, internal(config.otint_ddegc + _MARGIN)),
            (0x42, internal(config.otint_clear_ddegc + _MARGIN)),
            (0x46, min(config.host_watchdog_s, _WDT_MAX) << 11 | _SLT),
            (0x4A, (_XT2M if fet_ntc else 0) | _BODY_DIODES << 8),
        )

    def _limit(self, config, name: str, up: bool) -> int:
        code = voltage(getattr(config, name), up)
        self.applied[name] = code * 320 // 273
        return code

    def _delay(self, config, name: str, us: int) -> int:
        word, worth_us = delay(getattr(config, name) * us)
        self.applied[name] = worth_us // us
        return word

    def _current(self, config, name: str, steps, delay_name: str, us: int) -> int:
        """Threshold, the highest not above the limit, and its delay."""
        ma = getattr(config, name + "_ma")
        index = -1
        for i in range(len(steps)):
            if steps[i] * 1000000 <= ma * self._uohm:
                index = i
        if index < 0:
            least_ma = steps[0] * 1000000 // self._uohm
            raise ValueError(f"{name}_ma: {ma} does not fit the chip, allowed from {least_ma}")
        self.applied[name + "_ma"] = steps[index] * 1000000 // self._uohm
        return index << 12 | self._delay(config, delay_name, us)
