"""The loops of `fast` as machine code: some ten times as fast. Same names, same results, no checks.

Native code has no bounds: callers pass whole buffers of the sizes that `fast` tells. Not imported where
the port cannot load it (another processor, no native emitter), see `fast`.
"""

import micropython


@micropython.viper
def unpack_crc(rx: ptr8, data: ptr8, n: int, crc: int, table: ptr8) -> int:  # noqa: F821
    i = 0
    while i < n:
        byte = rx[2 * i]
        if table[crc ^ byte] != rx[2 * i + 1]:
            return i
        data[i] = byte
        crc = 0
        i += 1
    return n


@micropython.viper
def pick_words(data: ptr8, at: ptr8, out: ptr32, n: int):  # noqa: F821
    i = 0
    while i < n:
        k = at[i]
        value = data[k] | data[k + 1] << 8
        if value & 0x8000:
            value -= 0x10000
        out[i] = value
        i += 1


@micropython.viper
def put_words(values: ptr32, data: ptr8, at: int, n: int):  # noqa: F821
    i = 0
    while i < n:
        value = values[i]
        data[at] = value & 0xFF
        data[at + 1] = value >> 8 & 0xFF
        at += 2
        i += 1


@micropython.viper
def copy_ints(values: ptr32, out: ptr32, n: int):  # noqa: F821
    i = 0
    while i < n:
        out[i] = values[i]
        i += 1


@micropython.viper
def extremes(values: ptr32, out: ptr32, n: int):  # noqa: F821
    high = low = int(values[0])
    total = i = 0
    while i < n:
        value = int(values[i])
        if value > high:
            high = value
        if value < low:
            low = value
        total += value
        i += 1
    out[0] = high
    out[1] = low
    out[2] = total


@micropython.viper
def first_beyond(
    q: ptr32,  # noqa: F821
    which: ptr8,  # noqa: F821
    sense: ptr8,  # noqa: F821
    limit: ptr32,  # noqa: F821
    marked: ptr8,  # noqa: F821
    i: int,
    n: int,
) -> int:
    while i < n:
        value = q[which[i]]
        if sense[i] != 1:
            value = 0 - value
        if marked[i]:
            return i
        if value >= limit[i]:
            return i
        i += 1
    return n
