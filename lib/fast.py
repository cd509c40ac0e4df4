"""Inner loops of a scan, plain. `fast_native` has the same in machine code; import from here:

    from fast import copy_ints, extremes, first_beyond, pick_words, put_words, unpack_crc

Which one it is, is decided here once; where native code cannot be loaded, the plain ones serve.
"""


def unpack_crc(rx, data, n: int, crc: int, table) -> int:
    """rx[0::2] -> data[0:n] while the CRC behind each byte is right; how many were. `crc`: before the first."""
    for i in range(n):
        byte = rx[2 * i]
        if table[crc ^ byte] != rx[2 * i + 1]:
            return i
        data[i] = byte
        crc = 0
    return n


def pick_words(data, at, out, n: int) -> None:
    """Signed words, low byte first, at the byte offsets at[0:n] -> out[0:n], an array('i')."""
    for i in range(n):
        k = at[i]
        value = data[k] | data[k + 1] << 8
        out[i] = value - 0x10000 if value & 0x8000 else value


def put_words(values, data, at: int, n: int) -> None:
    """The low 16 bits of values[0:n], an array('i'), low byte first, -> data[at : at + 2 * n]."""
    for i in range(n):
        value = values[i]
        data[at] = value & 0xFF
        data[at + 1] = value >> 8 & 0xFF
        at += 2


def copy_ints(values, out, n: int) -> None:
    """values[0:n] -> out[0:n], both array('i')."""
    for i in range(n):
        out[i] = values[i]


def extremes(values, out, n: int) -> None:
    """Largest, smallest and sum of values[0:n], n > 0, -> out[0:3]; both array('i')."""
    out[0] = out[1] = values[0]
    out[2] = 0
    for i in range(n):
        value = values[i]
        if value > out[0]:
            out[0] = value
        if value < out[1]:
            out[1] = value
        out[2] += value


def first_beyond(q, which, sense, limit, marked, i: int, n: int) -> int:
    """First row from i on that is marked or whose q[which] * sense reaches its limit; n: none.

    `q`, `limit`: array('i'); `sense`: array('b') of 1 and -1; `which`, `marked`: bytearrays.
    """
    while i < n:
        value = q[which[i]]
        if sense[i] < 0:
            value = -value
        if marked[i] or value >= limit[i]:
            return i
        i += 1
    return n


try:
    from fast_native import (  # noqa: F401
        copy_ints,
        extremes,
        first_beyond,
        pick_words,
        put_words,
        unpack_crc,
    )
except (ImportError, NameError, SyntaxError, ValueError):
    pass  # not there, no emitter, another processor; on CPython no pointers
