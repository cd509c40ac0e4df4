"""The black box: drains the journal, the tape and the long run onto flash, one record in each pause.

Never part of a scan. `slack` is called between two scans and writes at most one record; while the load is
precharged or a fault row counts towards its trip it does so only every three seconds.
Four logs, each with its own place, retention and chain: EVENTS, WINDOWS, MINUTES, HOURS.

Wear is bounded whatever happens: events and windows are paid for with tokens that come back with time;
what finds none is counted and noted as LOST. docs/blackbox.md has formats, arithmetic and guarantees.
"""

import struct
from array import array

from micropython import const

from bms import journal
from bms.bits import PRECHARGE
from bms.ration import Burst, Ration
from bms.series import COUNTERS, FIELD_N, SAMPLES, Counters, Series, take
from bms.version import VERSION
from ringlog import HEAD_N, PAYLOAD_MAX, RingLog, padded

# logs
EVENTS = const(1)
WINDOWS = const(2)
MINUTES = const(3)
HOURS = const(4)
LOG_N = const(4)
SEGMENTS = (17, 32, 28, 28)  # 4 KiB each; events: 16 full ones hold 1008
SEGMENTS_SMALL = (17, 32, 8, 14)  # where old and new firmware need the room

EVENT = const(1)  # kind in EVENTS
EXTRA = (
    "<IiI"  # wall time, delay in ms, whole hash of the configuration; behind the journal's record
)
_EVENT_N = const(42)

_KIND_AT = const(10)  # in a journal record
_ITEM_AT = const(11)
_LASTING = (
    journal.TRIP,
    journal.CLEAR,
    journal.LOCK,
    journal.ACK,
    journal.SETTINGS,
    journal.RESET,
    journal.CALIBRATION,
    journal.CLOCK,
    journal.LAPSE,
)
_TOKENS_START = const(100)
_TOKENS_MAX = const(200)
_TOKENS_LEFT = const(16)  # for what lasts
_TOKENS_SHORT = const(8)  # for what lasts, after a short life: a loop shall not wipe out why
_SHORT_LIFE_S = const(120)
_UPTIME_AT = const(4)  # in a journal record
_TOKEN_MS = const(60000)
_WINDOW_TOKENS_MAX = const(8)
_WINDOW_TOKEN_MS = const(3600000)
_SICK_MS = const(60000)  # rest after flash has refused
_LOST_MS = const(3600000)  # between two notes of it, which cost no token
_PATIENCE_MS = const(3000)  # longest wait for a better moment
_SAVE_FIRST_MS = const(30000)  # so that a start counts though its life is short
_SAVE_NEXT_MS = const(600000)
_SAVE_MS = const(86400000)
_MINUTES_N = const(30)  # samples of a record
_HOURS_N = const(12)


def _nothing() -> bool:
    return False


class BlackBox:
    """`places`: four segment stores; `store()`: makes an ABStore for the counters when it is needed.
    `windows`: is there memory for them, some 28 KiB?
    """

    def __init__(self, scan, places, chain, store=None, cause: int = 0, windows: bool = True):
        self.pack = scan.pack
        self.places = places
        self._buf = bytearray(padded(PAYLOAD_MAX))
        note = VERSION.encode()
        self.logs = [RingLog(places[i], chain, i + 1, note, self._buf) for i in range(len(places))]
        self.counters = Counters()
        self._store = store
        self._cause = cause
        self._ready_n = 0  # logs that have been looked through
        self._looked = False
        self._read_n = 0  # next journal record to store
        self._seen_n = 0  # next journal record to look at
        self._uptime_s = 0
        self._uptime_ms = 0
        self._events = Ration(_TOKENS_START, _TOKENS_MAX, _TOKEN_MS)
        self._windows = Ration(_WINDOW_TOKENS_MAX, _WINDOW_TOKENS_MAX, _WINDOW_TOKEN_MS)
        self._burst = Burst(scan.pack.snap.bus_errors)
        self._save_ms = _SAVE_FIRST_MS
        self._save_next_ms = _SAVE_NEXT_MS
        self._sick_ms = 0
        self._waited_ms = 0
        self._reading = array("i", [0] * FIELD_N)
        self.minutes = Series(60, _MINUTES_N)
        self.hours = Series(3600, _HOURS_N)
        self.lost = 0  # events that were not stored
        self._lost_noted = 0
        self._lost_ms = 0  # time until it may be noted
        self.error = None  # last OSError of the flash
        self.errors = 0
        self._also = _nothing
        self.window = None  # what keeps scans around trips
        if windows:
            from bms.state import State
            from bms.window import Window

            self.window = Window(scan, State(scan), self.logs[WINDOWS - 1])
        self._load_counters()
        self.pack.journal.note(
            journal.RESET, cause, -1, self.counters.boots, self.counters.uptime_s, self.pack
        )

    def also(self, step) -> None:
        """What else is kept: `step()` in each pause, True when it has written."""
        self._also = step

    def slack(self) -> bool:
        """Between two scans: look, and write at most one record; True when it has written."""
        dt_ms = self._elapsed()
        self._observe(dt_ms)
        self._sick_ms = max(0, self._sick_ms - dt_ms)
        if self._sick_ms or not self._may_write(dt_ms):
            return False
        try:
            if self._also():
                return True
            if self._ready_n < len(self.logs):
                self._look_through(self._ready_n)
                self._ready_n += 1
                return False
            return self._write_one()
        except OSError as error:
            self.error = error
            self.errors += 1
            self._ready_n = 0
            self._sick_ms = _SICK_MS
            return False

    # looking --------------------------------------------------------------------------------------

    def _elapsed(self) -> int:
        log = self.pack.journal
        dt_ms = (log.uptime_s - self._uptime_s) * 1000 + log.uptime_ms - self._uptime_ms
        self._uptime_s = log.uptime_s
        self._uptime_ms = log.uptime_ms
        return dt_ms

    def _observe(self, dt_ms: int) -> None:
        pack = self.pack
        self._events.earn(dt_ms)
        self._windows.earn(dt_ms)
        self._watch_bus(dt_ms)
        if self.window is not None:
            self.window.keep(dt_ms)
        log = pack.journal
        for number in range(max(self._seen_n, log.first()), log.n):
            at = number % log.depth * journal.SIZE
            kind = log.data[at + _KIND_AT]
            if kind == journal.TRIP or kind == journal.LOCK:
                self._see_trip(log.data[at + _ITEM_AT])
        self._seen_n = log.n
        if pack.snap.fresh:
            take(pack.snap, pack.soc.soc_pm, pack.mode.mode, self._reading)
            if self.minutes.feed(self._reading, dt_ms):
                self.hours.feed(self.minutes.sample, 60000)
        self._save_ms -= dt_ms
        self._lost_ms = max(0, self._lost_ms - dt_ms)

    def _see_trip(self, row: int) -> None:
        """A warning blocks nothing and gets no window."""
        if self.pack.protect.row_blocks[row] and self.window is not None:
            if self.window.busy():
                self.window.trip(row)
            elif self._windows.left:
                self._windows.spend()
                self.window.wall_s = self.pack.journal.wall_s()
                self.window.trip(row)

    def _look_through(self, which: int) -> None:
        """Find the end of one log; the last event tells how long the device lived before this start."""
        part = self.logs[which]
        part.recover()
        if which == EVENTS - 1 and not self._looked and len(part.last) == _EVENT_N:
            if struct.unpack_from("<I", part.last, _UPTIME_AT)[0] < _SHORT_LIFE_S:
                self._events.left = min(self._events.left, _TOKENS_SHORT)
        self._looked = True
        part.last = b""

    def _watch_bus(self, dt_ms: int) -> None:
        """The beginning and the end of a burst are noted, and nothing in between."""
        errors = self.pack.snap.bus_errors
        news = self._burst.step(errors, dt_ms)
        if news:
            over = 1 if news < 0 else 0
            self.pack.journal.note(journal.BUS, over, -1, errors, self._burst.n, self.pack)

    def _may_write(self, dt_ms: int) -> bool:
        """An erase stops the processor for 45 ms, at worst 400: not while software is the first line."""
        pack = self.pack
        if pack.mode.mode == PRECHARGE or pack.protect.waiting:
            self._waited_ms += dt_ms
        else:
            self._waited_ms = 0
        if self._waited_ms > _PATIENCE_MS:
            self._waited_ms = 0
        return not self._waited_ms

    # writing --------------------------------------------------------------------------------------

    def _write_one(self) -> bool:
        if self._write_event() or (self.window is not None and self.window.step()):
            return True
        if self.minutes.full():
            return self._write_series(self.minutes, MINUTES)
        if self.hours.full():
            return self._write_series(self.hours, HOURS)
        if self._save_ms <= 0:
            return self._write_counters()
        return False

    def _write_event(self) -> bool:
        """The next journal record that is worth its token."""
        log = self.pack.journal
        if self._read_n < log.first():
            self.lost += log.first() - self._read_n
            self._read_n = log.first()
        while self._read_n < log.n:
            at = self._read_n % log.depth * journal.SIZE
            kind = log.data[at + _KIND_AT]
            need = -1 if kind == journal.LOST else 0 if kind in _LASTING else _TOKENS_LEFT
            if self._events.left > need:
                self._fill_event(log.data, at, kind)
                self.logs[EVENTS - 1].append_filled(EVENT, _EVENT_N)
                if kind != journal.LOST:
                    self._events.spend()
                self._read_n += 1
                return True
            self.lost += 1
            self._read_n += 1
        if self.lost != self._lost_noted and not self._lost_ms:
            log.note(journal.LOST, 0, -1, self.lost, self.lost - self._lost_noted, self.pack)
            self._lost_noted = self.lost
            self._lost_ms = _LOST_MS
        return False

    def _fill_event(self, data, at: int, kind: int) -> None:
        buf = self._buf
        for i in range(journal.SIZE):
            buf[HEAD_N + i] = data[at + i]
        delay_ms = 0
        if kind == journal.TRIP or kind == journal.LOCK:
            delay_ms = self.pack.protect.delay_ms(data[at + _ITEM_AT])
        started_s = self.pack.journal.started_s
        if started_s:
            started_s += struct.unpack_from("<I", data, at + _UPTIME_AT)[0]
        place = HEAD_N + journal.SIZE
        struct.pack_into(EXTRA, buf, place, started_s, delay_ms, self.pack.config.hash)

    def _write_series(self, series, which: int) -> bool:
        log = self.pack.journal
        n = series.fill(self._buf, log.uptime_s, log.wall_s())
        self.logs[which - 1].append_filled(SAMPLES, n)
        series.forget()
        return True

    def _write_counters(self) -> bool:
        n = self.counters.fill(self._buf, self.pack, self.pack.journal.wall_s(), self.lost)
        payload = bytes(memoryview(self._buf)[HEAD_N : HEAD_N + n])
        if self._save_next_ms == _SAVE_MS:  # lives that are over soon would fill the log
            self.logs[HOURS - 1].append_filled(COUNTERS, n)
        self._save_ms = self._save_next_ms
        self._save_next_ms = _SAVE_MS
        if self._store is not None:
            store = self._store()
            store.load()
            store.save(payload)
        return True

    def _load_counters(self) -> None:
        payload = self._store().load() if self._store is not None else None
        if payload is not None:
            self.counters.load(payload)
        self.counters.boots += 1
