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
        parts = []
        self._walk(scan.pack, parts)
        self._walk(scan, parts)
        self._walk(scan.act, parts)
        self.parts = tuple(parts)  # an object, names of its attributes, the next object ...
        self.n = 0
        thing = None
        for part in parts:
            if type(part) is str:
                self.n += size(getattr(thing, part))
            else:
                thing = part

    def _walk(self, thing, parts) -> None:
        names = []
        values = thing.__dict__
        for name in sorted(values):
            value = values[name]
            if name in _SKIP:
                continue
            if type(value) in _TYPES:
                names.append(name)
            elif hasattr(value, "__dict__") and not hasattr(value, "__name__"):
                self._walk(value, parts)
        if names:
            parts.append(thing)
            parts.extend(names)

    def save(self, buf, at: int) -> None:
        """Write the block to buf[at:at + n]."""
        thing = None
        for part in self.parts:
            if type(part) is not str:
                thing = part
                continue
            value = getattr(thing, part)
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
