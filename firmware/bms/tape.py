"""The tape: what each scan read and what it decided, in a ring of fixed-size records in RAM.

Written at the end of every scan, without allocating; the black box reads behind it. What is recorded
suffices to run the same scans again through the same code: `tools/replay` does, and compares; what the
fields are called is told there, in `decode`.

A reading that failed is recorded as the snapshot holds it, with the scan marked as not fresh; a command
that failed by its bit of `Act.fails`. Whether the cut-off's edge had come when the scan looked for it is
EDGE; it matters only where an alarm was new, and there the scan's own verdict tells.
"""

import struct

from micropython import const

from bms import faults
from fast import put_words

# what came in: scan, dt, cut-off and flags, requests, user_off, failed commands, alarm, trips, flags
IN = "<IiBBBBHHIH"
IN_N = const(22)
# stack, pack, load side, current, FET and die temperature, FETs, verify step, mismatch
READ = "<iiiihhBBH"
READ_N = const(24)
# what came out: mode, intent, blocks, outputs, commanded, refused, news, latched, SoC, charge, bleed,
# limits, period
OUT = "<BBBBbBBBHIHiiiH"
OUT_N = const(30)

# bits
FRESH = const(1)
INTERLOCK = const(2)
EDGE = const(4)
ARMED = const(8)
CFGBAD = const(16)
AGAIN = const(32)

_SECONDS_MS = const(20000)
_MORE_N = const(24)
_DEPTH_MAX = const(160)


def depth(scan_ms: int) -> int:
    """Scans to keep: 20 s and some for the writer, within what memory allows."""
    return min(_SECONDS_MS // scan_ms + _MORE_N, _DEPTH_MAX)


def size(cell_n: int, ntc_n: int) -> int:
    """Bytes of one scan."""
    return IN_N + READ_N + 2 * (cell_n + ntc_n) + OUT_N


class Tape:
    """Ring of `depth` scans; `n` counts all since it was put in."""

    def __init__(self, config):
        self.size = size(config.cell_n, config.ntc_n)
        self.depth = depth(config.scan_ms)
        self.data = bytearray(self.depth * self.size)
        self.n = 0

    def first(self) -> int:
        """Number of the oldest scan still held."""
        return max(0, self.n - self.depth)

    def at(self, number: int) -> int:
        """Where scan `number` lies in `data`."""
        return number % self.depth * self.size

    def note(self, scan, dt_ms: int, requests: int, hits: int) -> None:
        """Record the scan that is just ending. `hits`: cut-off edges when the one before began."""
        pack = scan.pack
        snap = pack.snap
        act = scan.act
        at = self.n % self.depth * self.size
        missing = pack.q[faults.Q_CUTOFF_DEAD] or scan.board.cutoff.hits == hits
        bits = 0 if missing else EDGE
        if snap.fresh:
            bits |= FRESH
        if snap.interlock_open:
            bits |= INTERLOCK
        if act.armed:
            bits |= ARMED
        if scan.cfgbad:
            bits |= CFGBAD
        if scan.again:
            bits |= AGAIN
        struct.pack_into(
            IN,
            self.data,
            at,
            snap.seq,
            dt_ms,
            bits,
            requests & 0xFF,
            pack.user_off,
            snap.flags & 0xFF,
            act.fails,
            snap.trips & 0xFFFF,
            snap.alarm,
            scan.board.guard.mismatch & 0xFFFF,
        )
        act.fails = 0
        self._note_readings(snap, at + IN_N)
        self._note_decisions(scan, pack, at + self.size - OUT_N)
        self.n += 1

    def _note_readings(self, snap, at: int) -> None:
        data = self.data
        struct.pack_into(
            READ,
            data,
            at,
            snap.stack_mv,
            snap.pack_mv,
            snap.ld_mv,
            snap.pack_ma,
            snap.fet_ddegc,
            snap.die_ddegc,
            snap.fets,
            snap.verify,
            0,
        )
        at += READ_N
        put_words(snap.cell_mv, data, at, snap.cell_n)
        put_words(snap.temp_ddegc, data, at + 2 * snap.cell_n, snap.ntc_n)

    def _note_decisions(self, scan, pack, at: int) -> None:
        protect = pack.protect
        limits = pack.limits
        struct.pack_into(
            OUT,
            self.data,
            at,
            pack.mode.mode,
            pack.intent,
            protect.blocks,
            pack.output_bits,
            scan.act.commanded,
            pack.mode.refused & 0xFF,
            protect.news_n,
            protect.latched_n,
            pack.soc.soc_pm,
            pack.soc.charge_uah,
            pack.balance.mask,
            limits.cvl_mv,
            limits.ccl_ma,
            limits.dcl_ma,
            scan.period_ms,
        )
