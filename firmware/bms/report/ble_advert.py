"""What a board says to everybody: one packet by which JBD clients find it, and values if wanted.

The packet: flags, service FF00, complete name `JBD-...`, so also a passive scanner finds and identifies
it. The scan response is free for BTHome v2 (bthome.io, format of October 2022): Home Assistant then shows
the pack with no connection and no settings.
"""

import struct

from micropython import const

_FLAGS = const(0x01)
_SERVICES_16 = const(0x03)
_NAME = const(0x09)
_SERVICE_DATA = const(0x16)
_GENERAL_NO_CLASSIC = const(0x06)
NAME_MAX = const(22)  # 31 less flags, the service and the name's own two

_BTHOME_UUID = const(0xFCD2)
_BTHOME_V2 = const(0x40)  # version 2, not encrypted, at regular times
# objects, ascending as the format wants them
_BATTERY = const(0x01)  # u8 %
_TEMPERATURE = const(0x02)  # s16 0.01 degC
_VOLTAGE = const(0x0C)  # u16 mV
_PROBLEM = const(0x26)  # u8
_TENTH_VOLTAGE = const(0x4A)  # u16 100 mV
_POWER = const(0x5C)  # s32 10 mW


def name_of(pack_name: str, address) -> str:
    """`JBD-` so that clients know it, and two bytes of the address so that two packs differ."""
    tail = f"-{address[4]:02X}{address[5]:02X}"
    letters = [letter if 32 < ord(letter) < 127 else "_" for letter in pack_name]
    return "JBD-" + "".join(letters)[: NAME_MAX - 4 - len(tail)] + tail


def advert(name: str) -> bytes:
    """The packet that is always sent."""
    text = name.encode()[:NAME_MAX]
    head = bytes((2, _FLAGS, _GENERAL_NO_CLASSIC, 3, _SERVICES_16, 0x00, 0xFF))
    return head + bytes((1 + len(text), _NAME)) + text


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
