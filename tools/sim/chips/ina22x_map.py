"""Registers of the INA22x model, typed from the data sheets."""

NEVER = 1 << 62

_AVERAGE = (1, 4, 16, 64, 128, 256, 512, 1024)
_TIME_228 = (50, 84, 150, 280, 540, 1052, 2074, 4120)
_TIME_226 = (140, 204, 332, 588, 1100, 2116, 4156, 8244)

_INA228 = {
    "wide": True,
    # CONFIG ADC_CONFIG SHUNT_CAL TEMPCO ... MANUFACTURER_ID DEVICE_ID
    "reset": {
        0x00: 0x0000,
        0x01: 0xFB68,
        0x02: 0x1000,
        0x03: 0x0000,
        0x0B: 0x0001,
        0x0C: 0x7FFF,
        0x0D: 0x8000,
        0x0E: 0x7FFF,
        0x0F: 0x0000,
        0x10: 0x7FFF,
        0x11: 0xFFFF,
        0x3E: 0x5449,
        0x3F: 0x2281,
    },
    "sizes": {
        0x00: 2, 0x01: 2, 0x02: 2, 0x03: 2, 0x04: 3, 0x05: 3, 0x06: 2, 0x07: 3, 0x08: 3, 0x09: 5, 0x0A: 5,
        0x0B: 2, 0x0C: 2, 0x0D: 2, 0x0E: 2, 0x0F: 2, 0x10: 2, 0x11: 2, 0x3E: 2, 0x3F: 2,
    },
    "writable": (0x00, 0x01, 0x02, 0x03, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11),
    "pace": (0x01,),
    "shunt": 0x04,
    "bus": 0x05,
    "shunt_nv": 312.5,
    "limit_nv": 5000.0,
    "bus_mv": 0.1953125,
    "full": (1 << 19) - 1,
    "alert": 0x0B,
    "alert_writable": 0xF000,
    "latch": 0x8000,
    "over": 0x0040,
    "under": 0x0020,
    "ready": 0x0002,
}  # fmt: skip

_INA226 = {
    "wide": False,
    "reset": {0x00: 0x4127, 0x05: 0, 0x06: 0, 0x07: 0, 0xFE: 0x5449, 0xFF: 0x2260},
    "sizes": {0: 2, 1: 2, 2: 2, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2, 0xFE: 2, 0xFF: 2},
    "writable": (0x00, 0x05, 0x06, 0x07),
    "pace": (0x00,),
    "shunt": 0x01,
    "bus": 0x02,
    "shunt_nv": 2500.0,
    "limit_nv": 2500.0,
    "bus_mv": 1.25,
    "full": 32767,
    "alert": 0x06,
    "alert_writable": 0xFC03,
    "latch": 0x0001,
    "over": 0x0010,
    "under": 0x0010,
    "ready": 0x0008,
}

PARTS = {"INA228": _INA228, "INA226": _INA226}


def cycle_us(part, regs) -> int:
    """All conversions of one cycle."""
    if part["wide"]:
        adc = regs[0x01]
        once = _TIME_228[adc >> 9 & 7] + _TIME_228[adc >> 6 & 7] + _TIME_228[adc >> 3 & 7]
    else:
        config = regs[0x00]
        once = _TIME_226[config >> 6 & 7] + _TIME_226[config >> 3 & 7]
    return once * _AVERAGE[(regs[0x01] if part["wide"] else regs[0x00] >> 9) & 7]
