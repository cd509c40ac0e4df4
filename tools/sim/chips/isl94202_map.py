"""EEPROM of an ISL94202 as it is shipped, cell selections, and codes of voltages and temperatures."""

import math

SHIPPED = {
    0x00: 0x1E2A, 0x02: 0x0DD4, 0x04: 0x18FF, 0x06: 0x09FF, 0x08: 0x0E7F, 0x0A: 0x0600, 0x0C: 0x0DFF,
    0x0E: 0x07AA, 0x10: 0x0801, 0x12: 0x0801, 0x14: 0x0214, 0x16: 0x44A0, 0x18: 0x44A0, 0x1A: 0x60C8,
    0x1C: 0x0A55, 0x1E: 0x0D70, 0x20: 0x0010, 0x22: 0x01AB, 0x24: 0x0802, 0x26: 0x0802, 0x28: 0x0BF2,
    0x2A: 0x0A93, 0x2C: 0x04B6, 0x2E: 0x053E, 0x30: 0x04B6, 0x32: 0x053E, 0x34: 0x0BF2, 0x36: 0x0A93,
    0x38: 0x04B6, 0x3A: 0x053E, 0x3C: 0x0BF2, 0x3E: 0x0A93, 0x40: 0x067C, 0x42: 0x0621, 0x44: 0x06AA,
    0x46: 0xFC0F, 0x48: 0x83FF, 0x4A: 0x0000,
}  # fmt: skip
# 0x48 is written "83FF" with the high byte at 0x49: cell select 0x83, three cells
SELECTS = {0x83: (0, 1, 7), 0xC3: (0, 1, 6, 7), 0xC7: (0, 1, 2, 6, 7), 0xE7: (0, 1, 2, 5, 6, 7),
            0xEF: (0, 1, 2, 3, 5, 6, 7), 0xFF: (0, 1, 2, 3, 4, 5, 6, 7)}  # fmt: skip
GAINS = (50, 5, 500, 500)
# Steinhart-Hart of a 103AT through -20, 25 and 70 degC
_A, _B, _C = 8.897696187704653e-4, 2.510420255481374e-4, 1.9462573423212633e-7


def code_of(value: float) -> int:
    return max(0, min(0xFFF, int(value + 0.5)))


def ntc_ohm(celsius: float) -> float:
    """Resistance of the thermistor; a broken wire is cold, a short hot."""
    if celsius < -45.0:
        return 1.0e9
    if celsius > 140.0:
        return 0.0
    x = (_A - 1.0 / (celsius + 273.15)) / _C
    y = ((_B / (3.0 * _C)) ** 3 + x * x / 4.0) ** 0.5
    return math.exp(_cube(y - x / 2.0) - _cube(y + x / 2.0))


def _cube(value: float) -> float:
    return math.copysign(abs(value) ** (1.0 / 3.0), value)


def xt_code(celsius: float) -> int:
    """Code of xT1 and xT2: 2.5 V through 22 kohm, the thermistor beside 10 kohm, gain two."""
    ohm = ntc_ohm(celsius)
    ohm = ohm * 10000.0 / (ohm + 10000.0)
    return code_of(2.5 * ohm / (22000.0 + ohm) * 2.0 * 4095.0 / 1.8)
