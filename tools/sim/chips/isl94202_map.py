"""EEPROM of an ISL94202 as it is shipped, cell selections, and codes of voltages and temperatures."""

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
# xT1 by temperature, every 5 degC from -50 on: a 103AT (Steinhart-Hart through -20, 25 and 70 degC) beside
# 10 kohm, under 22 kohm at 2.5 V, gain two, 1.8 V / 4095 a code
_XT = (
    3482.6, 3459.4, 3430.0, 3393.3, 3348.2, 3293.2, 3227.3, 3149.4, 3058.9, 2955.2, 2838.7, 2709.9,
    2570.2, 2421.4, 2266.0, 2106.5, 1945.7, 1786.4, 1631.1, 1481.9, 1340.5, 1208.0, 1085.3, 972.6,
    870.0, 777.2, 693.7, 618.9, 552.1, 492.7, 440.0, 393.2, 351.7, 315.0, 282.4, 253.6, 228.1,
    205.4, 185.3, 167.4,
)  # fmt: skip


def code_of(value: float) -> int:
    return max(0, min(0xFFF, int(value + 0.5)))


def xt_code(celsius: float) -> int:
    """Code of xT1 and xT2 at a temperature; a broken wire is cold, a short hot."""
    if celsius < -45.0:
        return code_of(2.5 * 10.0 / 32.0 * 2.0 * 4095.0 / 1.8)
    if celsius > 140.0:
        return 0
    place = (celsius + 50.0) / 5.0
    k = max(1, min(len(_XT) - 2, int(place + 0.5)))
    part = place - k
    low, middle, high = _XT[k - 1 : k + 2]
    return code_of(middle + part * (high - low + part * (high - 2.0 * middle + low)) / 2.0)
