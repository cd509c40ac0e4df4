"""What a board says to everybody: one packet by which JBD clients find it.

Flags, service FF00, complete name `JBD-...`, so also a passive scanner finds and identifies it. Made once
at the start; the scan response is free for `bms.report.ble_bthome`.
"""

from micropython import const

_FLAGS = const(0x01)
_SERVICES_16 = const(0x03)
_NAME = const(0x09)
_GENERAL_NO_CLASSIC = const(0x06)
_NAME_MAX = const(22)  # 31 less flags, the service and the name's own two


def name_of(pack_name: str, address) -> str:
    """`JBD-` so that clients know it, and two bytes of the address so that two packs differ."""
    tail = f"-{address[4]:02X}{address[5]:02X}"
    letters = [letter if 32 < ord(letter) < 127 else "_" for letter in pack_name]
    return "JBD-" + "".join(letters)[: _NAME_MAX - 4 - len(tail)] + tail


def advert(name: str) -> bytes:
    """The packet that is always sent."""
    text = name.encode()[:_NAME_MAX]
    head = bytes((2, _FLAGS, _GENERAL_NO_CLASSIC, 3, _SERVICES_16, 0x00, 0xFF))
    return head + bytes((1 + len(text), _NAME)) + text
