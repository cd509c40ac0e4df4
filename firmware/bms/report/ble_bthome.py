"""BTHome v2 in the scan response (bthome.io, format of October 2022): Home Assistant then shows the pack
with no connection and no settings.
"""

import struct

from micropython import const

_SERVICE_DATA = const(0x16)
_BTHOME_UUID = const(0xFCD2)
_BTHOME_V2 = const(0x40)  # version 2, not encrypted, at regular times
# objects, ascending as the format wants them
_BATTERY = const(0x01)  # u8 %
_TEMPERATURE = const(0x02)  # s16 0.01 degC
_VOLTAGE = const(0x0C)  # u16 mV
_PROBLEM = const(0x26)  # u8
_TENTH_VOLTAGE = const(0x4A)  # u16 100 mV
_POWER = const(0x5C)  # s32 10 mW


def bthome(pack, problem: bool) -> bytes:
    """Service data for the scan response; empty before the first reading."""
    snap = pack.snap
    if not snap.stack_mv:
        return b""
    soc = min((pack.soc.soc_pm + 5) // 10, 100)
    values = bytes((_BTHOME_V2, _BATTERY, soc))
    if -1000 < snap.temp_max_ddegc < 2000:
        values += struct.pack("<Bh", _TEMPERATURE, snap.temp_max_ddegc * 10)
    tenths = snap.stack_mv > 0xFFFF
    if not tenths:
        values += struct.pack("<BH", _VOLTAGE, snap.stack_mv)
    values += bytes((_PROBLEM, 1 if problem else 0))
    if tenths:
        values += struct.pack("<BH", _TENTH_VOLTAGE, snap.stack_mv // 100)
    values += struct.pack("<Bi", _POWER, power_10mw(snap.stack_mv, snap.pack_ma))
    return struct.pack("<BBH", 3 + len(values), _SERVICE_DATA, _BTHOME_UUID) + values


def power_10mw(mv: int, ma: int) -> int:
    """10 mW, towards zero. Bound of the product: 7000 * 90000 for 70 V and 900 A."""
    power = (mv // 10) * (abs(ma) // 10) // 100
    return power if ma >= 0 else -power
