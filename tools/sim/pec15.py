"""PEC-15 bit by bit, as the data sheet's flow chart has it: remainder 16, polynomial 0x4599, times two."""


def _shifted(rest: int, byte: int) -> int:
    for bit in range(7, -1, -1):
        feedback = (byte >> bit & 1) ^ (rest >> 14 & 1)
        rest = rest << 1 & 0x7FFF
        if feedback:
            rest ^= 0x4599
    return rest


_ROW = [_shifted(0, byte) for byte in range(256)]


def pec15(data) -> int:
    """The two bytes behind `data` on the wire, high byte first."""
    rest = 0x0010
    for byte in data:
        rest = rest << 8 & 0x7FFF ^ _ROW[rest >> 7 ^ byte]
    return rest << 1
