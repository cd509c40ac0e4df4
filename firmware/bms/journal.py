"""What happened, in order: a ring of fixed-size records in RAM.

A record is 30 bytes, little endian (`FORMAT`), so that two interpreters that decide the same write the
same bytes. Old records are overwritten; `n` counts all ever written. Storage on flash reads from here.
"""

import struct

from micropython import const

FORMAT = "<IIHBBbBHiiBBHH"
SIZE = const(30)

# kinds
BOOT = const(0)
TRIP = const(1)
CLEAR = const(2)
LOCK = const(3)
ACK = const(4)
MODE = const(5)  # item = new mode, value = old mode
REQUEST = const(6)  # value = request bits; with item LOCK_FETS: FETs locked off by a person
REFUSED = const(7)
ALERT = const(8)  # value = alarm word, limit = the chip's trips
ARMED = const(9)  # value = 1 when the whole verification passed
BUS = const(10)  # value = bus errors so far
ANCHOR = const(11)  # item = 1 full, 2 empty; value = SoC before
WRITE = const(12)  # a command to the monitor failed
SETTINGS = const(13)  # item = source of settings.py; value, limit = hash now and at the next start
RESET = const(14)  # item = cause of the start
LOST = const(15)  # value = notes that came faster than they could be stored
CALIBRATION = const(16)  # item, cell: what; value, limit = new and old
CLOCK = const(17)  # the time was told; item 1: and differed, by value seconds
LAPSE = const(18)  # permission went without an alarm; item 0 scans too late, 1 one needed the heap
LOCK_FETS = const(1)
_CLOCK_S = const(5)  # less is not worth a record
_FAR_S = const(0x3FFFFFFF)
NAMES = (
    "boot",
    "trip",
    "clear",
    "lock",
    "ack",
    "mode",
    "request",
    "refused",
    "alert",
    "armed",
    "bus",
    "anchor",
    "write",
    "settings",
    "reset",
    "lost",
    "calibration",
    "clock",
    "lapse",
)


class Journal:
    """Ring of `depth` records; `note` allocates nothing."""

    def __init__(self, depth: int = 64):
        self.depth = depth
        self.data = bytearray(depth * SIZE)
        self.n = 0
        self.uptime_s = 0
        self.uptime_ms = 0  # below 1000
        self.config_hash = 0
        self.settings = 0  # item of the last SETTINGS record: where the configuration came from
        self.started_s = 0  # seconds since 1970 when uptime was 0; 0 = nobody has told the time

    def advance(self, dt_ms: int) -> None:
        """Count uptime in seconds and milliseconds, each small for ever."""
        ms = self.uptime_ms + dt_ms
        self.uptime_s += ms // 1000
        self.uptime_ms = ms % 1000

    def wall_s(self) -> int:
        """Seconds since 1970, 0 = not known."""
        return self.started_s + self.uptime_s if self.started_s else 0

    def set_wall(self, now_s: int, pack) -> None:
        """Somebody knows the time. The record dates all others of this start."""
        before_s = self.started_s
        self.started_s = now_s - self.uptime_s
        moved_s = self.started_s - before_s if before_s else 0
        if not before_s or abs(moved_s) > _CLOCK_S:
            moved_s = max(-_FAR_S, min(moved_s, _FAR_S))
            self.note(CLOCK, 1 if before_s else 0, -1, moved_s, 0, pack)

    def note(self, kind: int, item: int, cell: int, value: int, limit: int, pack) -> None:
        """Write one record with the pack's state beside it. `cell` -1 = none."""
        n = self.n
        if kind == SETTINGS:
            self.settings = item
        struct.pack_into(
            FORMAT,
            self.data,
            (n % self.depth) * SIZE,
            n & 0x3FFFFFFF,
            self.uptime_s,
            self.uptime_ms,
            kind,
            item,
            cell,
            pack.mode.mode,
            pack.soc.soc_pm,
            value,
            limit,
            pack.intent,
            pack.snap.fets,
            pack.snap.seq & 0xFFFF,
            self.config_hash & 0xFFFF,
        )
        self.n = n + 1

    def first(self) -> int:
        """Number of the oldest record still held."""
        return max(0, self.n - self.depth)

    def raw(self, number: int) -> bytes:
        """The bytes of record `number`; `IndexError` when it is gone or not yet written."""
        if not self.first() <= number < self.n:
            raise IndexError(number)
        start = (number % self.depth) * SIZE
        return bytes(self.data[start : start + SIZE])

    def record(self, number: int) -> dict:
        """Record `number` as a dict, for reporters and tools."""
        fields = struct.unpack(FORMAT, self.raw(number))
        names = (
            "seq",
            "uptime_s",
            "uptime_ms",
            "kind",
            "item",
            "cell",
            "mode",
            "soc_pm",
            "value",
            "limit",
            "intent",
            "actual",
            "scan",
            "config",
        )
        return dict(zip(names, fields))
