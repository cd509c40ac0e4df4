"""The long run: one sample a minute and one an hour, each record a few of them, and counters once a day.

A sample is what the extremes and means were; in a record the first is whole and each later one only the
fields that have changed, as differences of one to five bytes. A record on the flash is its period, how
many, uptime and wall time of the last, and the samples.
"""

import struct
from array import array

from micropython import const

from bms import faults
from ringlog import HEAD_N

SAMPLES = const(1)
COUNTERS = const(2)
HEAD = "<HBII"  # period in s, samples, uptime and wall time of the last
_SAMPLES_AT = HEAD_N + 11
# uptime, wall, boots, discharged cycles, bus errors, records lost; then trips of each row
COUNTER_HEAD = "<IIIIII"

# fields of a sample
CELL_MIN = const(0)
CELL_MAX = const(1)
TEMP_MIN = const(2)
TEMP_MAX = const(3)
PACK_MA = const(4)
SOC_PM = const(5)
STACK_MV = const(6)
WHAT = const(7)  # mode, and FETs that conducted, * 16
FIELD_N = const(8)
_SAMPLE_LONGEST = const(1 + FIELD_N * 5)
_COUNT_MAX = const(1000)  # readings of a mean: 1000 * 900 A is below 2^30


class Series:
    """Samples of one period. `feed` them; when `full`, `fill` a log's buffer."""

    def __init__(self, period_s: int, samples_n: int):
        self.period_s = period_s
        self._samples_n = samples_n
        self._sum = array("i", [0] * FIELD_N)
        self._last = array("i", [0] * FIELD_N)
        self.sample = array("i", [0] * FIELD_N)  # the last whole one
        self._buf = bytearray(samples_n * _SAMPLE_LONGEST if samples_n < 20 else 900)
        self._end = 0
        self._count = 0  # readings so far
        self._since_ms = 0
        self.n = 0  # samples that wait to be written

    def feed(self, reading, dt_ms: int) -> bool:
        """One reading `dt_ms` after the last; True when it has completed a sample."""
        self._since_ms += dt_ms
        self._collect(reading)
        if self._since_ms < self.period_s * 1000:
            return False
        self._since_ms %= self.period_s * 1000
        for i in range(FIELD_N):
            self.sample[i] = self._sum[i]
        self.sample[PACK_MA] = self._sum[PACK_MA] // self._count
        self._count = 0
        self._encode()
        return True

    def full(self) -> bool:
        return self.n >= self._samples_n or self._end > len(self._buf) - _SAMPLE_LONGEST

    def fill(self, buf, uptime_s: int, wall_s: int) -> int:
        """Payload of a record -> its length. The samples are still there until `forget`."""
        struct.pack_into(HEAD, buf, HEAD_N, self.period_s, self.n, uptime_s, wall_s)
        for i in range(self._end):
            buf[_SAMPLES_AT + i] = self._buf[i]
        return _SAMPLES_AT - HEAD_N + self._end

    def forget(self) -> None:
        self.n = 0
        self._end = 0
        for i in range(FIELD_N):
            self._last[i] = 0

    def _collect(self, reading) -> None:
        if (
            self._count >= _COUNT_MAX
        ):  # scans faster than this needs: the mean so far counts as one
            self._sum[PACK_MA] //= self._count
            self._count = 1
        now = self._sum
        first = self._count == 0
        self._count += 1
        for i in (SOC_PM, STACK_MV, WHAT):
            now[i] = reading[i]
        for i in (CELL_MIN, TEMP_MIN):
            now[i] = reading[i] if first else min(now[i], reading[i])
        for i in (CELL_MAX, TEMP_MAX):
            now[i] = reading[i] if first else max(now[i], reading[i])
        now[PACK_MA] = reading[PACK_MA] + (0 if first else now[PACK_MA])

    def _encode(self) -> None:
        mark = self._end
        end = mark + 1
        mask = 0
        for i in range(FIELD_N):
            delta = self.sample[i] - self._last[i]
            self._last[i] = self.sample[i]
            if delta:
                mask |= 1 << i
                end = _varint(delta, self._buf, end)
        self._buf[mark] = mask
        self._end = end
        self.n += 1


def _varint(value: int, buf, at: int) -> int:
    """Zigzag, seven bits a byte, low ones first. |value| < 2^29."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    while value > 0x7F:
        buf[at] = value & 0x7F | 0x80
        value >>= 7
        at += 1
    buf[at] = value
    return at + 1


def take(snap, soc_pm: int, mode: int, reading) -> None:
    """A snapshot as a reading."""
    reading[CELL_MIN] = snap.cell_min_mv
    reading[CELL_MAX] = snap.cell_max_mv
    reading[TEMP_MIN] = snap.temp_min_ddegc
    reading[TEMP_MAX] = snap.temp_max_ddegc
    reading[PACK_MA] = snap.pack_ma
    reading[SOC_PM] = soc_pm
    reading[STACK_MV] = snap.stack_mv
    reading[WHAT] = mode | snap.fets << 4


class Counters:
    """Totals over the life of the device: what was stored, and what has come since."""

    def __init__(self):
        self.trips = array("i", [0] * faults.ROW_N)  # before this start
        self.uptime_s = 0
        self.boots = 0
        self.cycles = 0
        self.bus_errors = 0
        self.lost = 0

    def load(self, payload) -> None:
        head = struct.calcsize(COUNTER_HEAD)
        found = struct.unpack_from(COUNTER_HEAD, payload)
        self.uptime_s, _, self.boots, self.cycles, self.bus_errors, self.lost = found
        row_n = min(faults.ROW_N, (len(payload) - head) // 2)
        for i in range(row_n):
            self.trips[i] = payload[head + 2 * i] | payload[head + 2 * i + 1] << 8

    def fill(self, buf, pack, wall_s: int, lost: int) -> int:
        """Payload of a record -> its length."""
        struct.pack_into(
            COUNTER_HEAD,
            buf,
            HEAD_N,
            self.uptime_s + pack.journal.uptime_s,
            wall_s,
            self.boots,
            self.cycles + pack.soc.cycles,
            self.bus_errors + pack.snap.bus_errors,
            self.lost + lost,
        )
        at = HEAD_N + struct.calcsize(COUNTER_HEAD)
        for i in range(faults.ROW_N):
            trips = min(self.trips[i] + pack.protect.trips[i], 0xFFFF)
            buf[at] = trips & 0xFF
            buf[at + 1] = trips >> 8
            at += 2
        return at - HEAD_N
