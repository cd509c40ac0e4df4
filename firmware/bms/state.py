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
INT = const(0)
BOOL = const(1)
BYTES = const(2)
ARRAY = const(3)


class State:
    """Where everything is. `n`: bytes of a block."""

    def __init__(self, scan):
        self.plan = []  # (object, attribute, kind, bytes)
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
            row = (thing, name, BOOL, 1)
        elif kind is int:
            row = (thing, name, INT, 4)
        elif kind is bytearray:
            row = (value, name, BYTES, len(value))
        elif kind is array:
            row = (value, name, ARRAY, len(bytes(value)))
        else:
            if hasattr(value, "__dict__") and not hasattr(value, "__name__"):
                self._walk(value)
            return
        self.plan.append(row)
        self.n += row[3]

    def save(self, buf, at: int) -> None:
        """Write the block to buf[at:at + n]."""
        for thing, name, kind, n in self.plan:
            if kind == INT:
                struct.pack_into("<i", buf, at, getattr(thing, name))
            elif kind == BOOL:
                buf[at] = 1 if getattr(thing, name) else 0
            else:
                buf[at : at + n] = thing if kind == BYTES else bytes(thing)
            at += n
