"""All that a pack and its scan remember, as one block of bytes: where a replay begins.

Nobody lists the attributes: every integer, bool, array and nested object of the policy is found once, at
start, by name in alphabetical order. What follows from the configuration alone, what belongs to the
hardware and what people ask for is left out below.
"""

import struct
from array import array

from micropython import const

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
    # made of the configuration
    "_quantity",
    "_system",
    "_blocks",
    "_end",
    "_lock_n",
    "_sense",
    "_trip",
    "_clear",
    "_delay_ms",
    "_hold_ms",
    "_near",
)
_INT = const(0)
_BOOL = const(1)
_BYTES = const(2)
_ARRAY = const(3)


class State:
    """Where everything is. `n`: bytes of a block."""

    def __init__(self, scan):
        self._plan = []  # (object, attribute, kind, bytes)
        self.n = 0
        self._walk(scan.pack)
        self._walk(scan)
        self._walk(scan.act)

    def _walk(self, thing) -> None:
        values = thing.__dict__
        for name in sorted(values):
            if name not in _SKIP:
                self._add(thing, name, values[name])

    def _add(self, thing, name: str, value) -> None:
        kind = type(value)
        if kind is bool:
            row = (thing, name, _BOOL, 1)
        elif kind is int:
            row = (thing, name, _INT, 4)
        elif kind is bytearray:
            row = (value, name, _BYTES, len(value))
        elif kind is array:
            row = (value, name, _ARRAY, len(bytes(value)))
        else:
            if hasattr(value, "__dict__") and not hasattr(value, "__name__"):
                self._walk(value)
            return
        self._plan.append(row)
        self.n += row[3]

    def save(self, buf, at: int) -> None:
        """Write the block to buf[at:at + n]."""
        for thing, name, kind, n in self._plan:
            if kind == _INT:
                struct.pack_into("<i", buf, at, getattr(thing, name))
            elif kind == _BOOL:
                buf[at] = 1 if getattr(thing, name) else 0
            else:
                buf[at : at + n] = thing if kind == _BYTES else bytes(thing)
            at += n

    def restore(self, data, at: int = 0) -> None:
        """Make everything as it was when the block was saved."""
        for thing, name, kind, n in self._plan:
            if kind == _INT:
                setattr(thing, name, struct.unpack_from("<i", data, at)[0])
            elif kind == _BOOL:
                setattr(thing, name, data[at] != 0)
            elif kind == _BYTES:
                for i in range(n):
                    thing[i] = data[at + i]
            else:
                size = n // len(thing)
                form = "<" + ("b", "h", "", "i")[size - 1]
                for i in range(len(thing)):
                    thing[i] = struct.unpack_from(form, data, at + i * size)[0]
            at += n

    def differs(self, one, other) -> list:
        """Names of what is not the same in two blocks; for tools."""
        names = []
        at = 0
        for _, name, _, n in self._plan:
            if one[at : at + n] != other[at : at + n]:
                names.append(name)
            at += n
        return names
