"""All that a pack and its scan remember, as one block of bytes: where a replay begins.

Nobody lists the attributes: every integer, bool, array and nested object of the policy is found once, at
start, by name in alphabetical order; an attribute that is anything else then is not looked at again. What
follows from the configuration alone, what belongs to the hardware and what people ask for is left out below.
"""

import struct
from array import array

_SKIP = (
    # the configuration, other roots, hardware, the record itself
    "config",
    "_config",
    "pack",
    "board",
    "_board",
    "_cutoff",
    "sense",
    "act",
    "journal",
    "tape",
    "error",
    "name",
    "fails",
    "_hits",
    "_outputs",
    # requests: inputs of the scan that takes them
    "_requests",
    "_lock",
    "held",
    "_trial",
    "_trial_n",
    "mute_ms",
    "muted_ms",
    # made of the configuration
    "_quantity",
    "_system",
    "row_blocks",
    "_end",
    "_lock_n",
    "_sense",
    "_trip",
    "_clear",
    "_delay_ms",
    "_hold_ms",
    "_near",
)
_TYPES = (int, bool, bytearray, array)


class State:
    """Where everything is. `n`: bytes of a block."""

    def __init__(self, scan):
        self.parts = []  # (object, its attributes)
        self._walk(scan.pack)
        self._walk(scan)
        self._walk(scan.act)
        self.n = 0
        for thing, names in self.parts:
            for name in names:
                self.n += size(getattr(thing, name))

    def _walk(self, thing) -> None:
        names = []
        values = thing.__dict__
        for name in sorted(values):
            value = values[name]
            if name in _SKIP:
                continue
            if type(value) in _TYPES:
                names.append(name)
            elif hasattr(value, "__dict__") and not hasattr(value, "__name__"):
                self._walk(value)
        if names:
            self.parts.append((thing, tuple(names)))

    def save(self, buf, at: int) -> None:
        """Write the block to buf[at:at + n]."""
        for thing, names in self.parts:
            for name in names:
                value = getattr(thing, name)
                kind = type(value)
                if kind is int:
                    struct.pack_into("<i", buf, at, value)
                    at += 4
                elif kind is bool:
                    buf[at] = value
                    at += 1
                else:
                    data = value if kind is bytearray else bytes(value)
                    n = len(data)
                    buf[at : at + n] = data
                    at += n


def size(value) -> int:
    """Bytes that a value takes in a block."""
    kind = type(value)
    if kind is int:
        return 4
    return 1 if kind is bool else len(bytes(value))
