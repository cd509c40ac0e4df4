"""Records that resemble each other, made small: only the bytes that differ from another record are kept.

Eight bytes become one byte that says which of them differ, and those. Allocates nothing.
"""


def squeeze(data, at: int, other: int, n: int, out, to: int) -> int:
    """data[at:at+n] against data[other:other+n] (-1: against zeros) -> out[to:]; where it ends."""
    i = 0
    while i < n:
        mask = 0
        mark = to
        to += 1
        for k in range(min(8, n - i)):
            byte = data[at + i + k]
            if other >= 0:
                byte ^= data[other + i + k]
            if byte:
                mask |= 1 << k
                out[to] = byte
                to += 1
        out[mark] = mask
        i += 8
    return to


def longest(n: int) -> int:
    """Bytes that `n` bytes can become at worst."""
    return n + (n + 7) // 8


def unsqueeze(data, at: int, out, to: int, other: int, n: int) -> int:
    """The way back: data[at:] -> out[to:to+n]; where in `data` it ended. `IndexError`: it is too short."""
    i = 0
    while i < n:
        mask = data[at]
        at += 1
        for k in range(min(8, n - i)):
            byte = out[other + i + k] if other >= 0 else 0
            if mask & (1 << k):
                byte ^= data[at]
                at += 1
            out[to + i + k] = byte
        i += 8
    return at
