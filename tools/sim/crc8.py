"""CRC-8 of the BQ769x2 and SMBus PEC: x^8+x^2+x+1, start 0, not reflected, by table.

Typed for the simulator alone, so that one mistake cannot hide in driver and model.
"""

_POLY = 0x07


def _make_table() -> bytes:
    table = bytearray(256)
    for i in range(256):
        crc = i
        for _ in range(8):
            crc = (crc << 1) ^ _POLY if crc & 0x80 else crc << 1
        table[i] = crc & 0xFF
    return bytes(table)


TABLE = _make_table()


def crc8(data, crc: int = 0) -> int:
    """CRC of a whole buffer, continuing from `crc`."""
    for byte in data:
        crc = TABLE[crc ^ byte]
    return crc
