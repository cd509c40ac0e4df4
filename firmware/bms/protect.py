"""Protection: runs the fault table over one scan's quantities. Pure, integer, allocation-free.

Trip: at or beyond `trip` in every reading since one `delay` ago or longer. Clear: at or inside `clear`
(and not at `trip`) in every reading since one `CLEAR_MS` ago or longer, and the row's end allows it:

| end          | clears by itself when the reading is inside and ...                               |
| ------------ | --------------------------------------------------------------------------------- |
| AUTO         | `hold` is over (most rows have none)                                              |
| LOAD_GONE    | `hold` is over, or no load has been seen for CLEAR_MS                             |
| CHARGER_GONE | `hold` is over, or no charger has been seen for CLEAR_MS                          |
| NO_LOAD      | `hold` is over, and no load has been seen for CLEAR_MS                            |
| OC_LOCK      | as above; the oc_lock_n-th trip locks: never by itself                            |
| SC_LOCK      | as above; the sc_lock_n-th trip locks: never by itself                            |
| LATCH        | never by itself                                                                   |
| LATCH, ACK   | never by itself; a request while it holds makes it block DSG only and clear alone |

A clear request counts in the step that brings it and is refused where the row would not clear by itself
but for the lock or latch. One trip towards a lock is forgiven per lock_window_ms spent clear; a person's
clearing forgives all. Without a fresh scan only `fault_rows.SYSTEM_QUANTITIES` are judged; the time that passes counts
for the others at the next fresh reading.

Off is the default: `blocks` begins as BOTH, a step without fresh readings releases nothing, and neither
does one in which a row that blocks the FET waits out its delay. So a delay keeps a closed FET closed; it
never closes an open one (a pack that wakes at -10 degC is not charged for the first two seconds).
"""

from array import array

from micropython import const

from bms.faults import (
    ACK,
    CHARGER_GONE,
    CLEAR_MS,
    LATCH,
    LOAD_GONE,
    NO_LOAD,
    ROW_N,
    ROWS_BYTES,
)
from fast import first_beyond
from roles import BOTH, CHG

# state of a row
S_CLEAR = const(0)
S_TRIPPED = const(1)
S_LOCKED = const(2)
S_ACKED = const(3)

# news of a row in this step
N_TRIPPED = const(1)
N_CLEARED = const(2)
N_LOCKED = const(3)
N_ACKED = const(4)

_LONG_MS = const(500000000)  # clocks stop here: two of them still add up to a small integer
_NOT = const(-1)  # a clock that does not run
_COUNT_MAX = const(0x3FFFFFFF)


def _later(clock_ms: int, dt_ms: int) -> int:
    """A clock after `dt_ms`; one that did not run has its first reading now."""
    return 0 if clock_ms < 0 else min(clock_ms + dt_ms, _LONG_MS)


class Protect:
    """State of every fault row. Values are kept signed so that more is always worse."""

    def __init__(self, config):
        self.state = bytearray(ROW_N)  # S_*
        self.news = bytearray(ROW_N)  # N_* of the last step
        self.news_n = 0
        self.blocks = BOTH  # FETs that may not conduct
        self.waiting = 0  # FETs that a row blocks if its reading stays until its delay is over
        self.tripped_n = 0  # rows not clear, and of these:
        self.latched_n = 0  # wait for a person
        self.warn_n = 0  # block nothing
        self.acked_n = 0  # acknowledged, condition still there
        self.load_wanted = False  # a row waits for the load to go
        self.trips = array("i", [0] * ROW_N)  # since start
        self.trip_value = array("i", [0] * ROW_N)  # quantity when the row last tripped
        self.held_ms = array("i", [_NOT] * ROW_N)  # readings have spoken for a change so long
        self._since_ms = array(
            "i", [0] * ROW_N
        )  # since the trip; while clear: since last forgiven
        self._owed = bytearray(ROW_N)  # trips towards the lock
        self._busy = bytearray(ROW_N)  # has a clock or a debt: look closer
        self._tripped_blocks = 0
        self._wait_ms = 0  # since the last fresh step
        self._load_gone_ms = _NOT
        self._charger_gone_ms = _NOT
        self._resolve(config)

    def _resolve(self, config) -> None:
        """The table with the numbers of this configuration: what an earlier start kept, or made now."""
        rows = getattr(config, "rows", b"")
        if len(rows) != ROWS_BYTES:
            from bms.fault_rows import resolved

            rows = resolved(config)
        bytes_at = [bytearray(rows[at : at + ROW_N]) for at in range(0, 5 * ROW_N, ROW_N)]
        self._quantity, self._system, self.row_blocks, self._end, self._lock_n = bytes_at
        self._sense = array("b", rows[5 * ROW_N : 6 * ROW_N])
        numbers = array("i", rows[6 * ROW_N :])
        self._trip = numbers[:ROW_N]
        self._clear = numbers[ROW_N : 2 * ROW_N]
        self._delay_ms = numbers[2 * ROW_N : 3 * ROW_N]
        self._hold_ms = numbers[3 * ROW_N :]
        self._window_ms = config.lock_window_ms

    def latched(self, row: int) -> bool:
        """It waits for a person, who has not acknowledged it."""
        state = self.state[row]
        return state == S_LOCKED or (state == S_TRIPPED and bool(self._end[row] & LATCH))

    def quantity(self, row: int) -> int:
        """Which quantity a row judges."""
        return self._quantity[row]

    def limit(self, row: int) -> int:
        """The number at which a row trips."""
        return self._trip[row] * self._sense[row]

    def delay_ms(self, row: int) -> int:
        """How long it must have been there."""
        return self._delay_ms[row]

    def owed(self, row: int) -> int:
        """Its trips towards the lock."""
        return self._owed[row]

    def recall(self, row: int, owed: int, latched: bool) -> None:
        """Before the first step: so it was when the power went."""
        self._owed[row] = min(owed, self._lock_n[row])
        self._busy[row] = 1
        if latched:
            self.state[row] = S_LOCKED if self._lock_n[row] else S_TRIPPED
            self._recount()

    def step(self, q, dt_ms: int, fresh: bool, charger: bool, load: bool, clear: bool) -> int:
        """Judge one scan. `q`: array of quantities; `clear`: a person asks; -> FETs blocked."""
        dt_ms = max(0, min(dt_ms, _LONG_MS))
        self._forget_news()
        read_ms = min(self._wait_ms + dt_ms, _LONG_MS)
        self._wait_ms = 0 if fresh else read_ms
        if fresh:
            self._load_gone_ms = _NOT if load else _later(self._load_gone_ms, read_ms)
            self._charger_gone_ms = _NOT if charger else _later(self._charger_gone_ms, read_ms)
        quantity = self._quantity
        sense = self._sense
        system = self._system
        trip = self._trip
        busy = self._busy
        waiting = 0
        i = first_beyond(q, quantity, sense, trip, busy, 0, ROW_N)
        while i < ROW_N:
            if fresh or system[i]:
                value = q[quantity[i]] * sense[i]
                waiting |= self._judge(i, value, dt_ms if system[i] else read_ms, clear)
            i = first_beyond(q, quantity, sense, trip, busy, i + 1, ROW_N)
        if self.news_n:
            self._recount()
        if fresh:
            self.waiting = waiting
            self.blocks = self._tripped_blocks | (waiting & self.blocks)
        else:
            self.blocks |= self._tripped_blocks
        return self.blocks

    def _judge(self, i: int, value: int, dt_ms: int, clear: bool) -> int:
        """One row that is beyond its limit or remembers something -> FETs it would soon block."""
        if self.state[i] != S_CLEAR:
            self._try_clear(i, value, dt_ms, clear)
            return 0
        if self._owed[i]:
            self._forgive(i, dt_ms)
        if value < self._trip[i]:
            self.held_ms[i] = _NOT
            self._busy[i] = self._owed[i]
            return 0
        self._busy[i] = 1
        self.held_ms[i] = _later(self.held_ms[i], dt_ms)
        if self.held_ms[i] < self._delay_ms[i]:
            return self.row_blocks[i]
        self._enter_trip(i, value)
        return 0

    def _enter_trip(self, i: int, value: int) -> None:
        self.trips[i] = min(self.trips[i] + 1, _COUNT_MAX)
        self.trip_value[i] = value * self._sense[i]
        self.held_ms[i] = _NOT
        self._since_ms[i] = 0
        self.state[i] = S_TRIPPED
        self._note(i, N_TRIPPED)
        if self._lock_n[i]:
            self._owed[i] += 1
            if self._owed[i] >= self._lock_n[i]:
                self.state[i] = S_LOCKED
                self.news[i] = N_LOCKED

    def _forgive(self, i: int, dt_ms: int) -> None:
        """One earlier trip is forgotten for each window spent clear, at most one a step."""
        quiet_ms = min(self._since_ms[i] + dt_ms, _LONG_MS)
        if quiet_ms >= self._window_ms:
            quiet_ms -= self._window_ms
            self._owed[i] -= 1
        self._since_ms[i] = quiet_ms

    def _try_clear(self, i: int, value: int, dt_ms: int, clear: bool) -> None:
        self._since_ms[i] = min(self._since_ms[i] + dt_ms, _LONG_MS)
        state = self.state[i]
        if value > self._clear[i] or value >= self._trip[i]:
            self.held_ms[i] = _NOT
        else:
            self.held_ms[i] = _later(self.held_ms[i], dt_ms)
        over = self.held_ms[i] >= CLEAR_MS and self._end_allows(i)
        if over and (clear or not self.latched(i)):
            self._enter_clear(i)
        elif clear and state == S_TRIPPED and self._end[i] & ACK:
            self.state[i] = S_ACKED
            self._note(i, N_ACKED)

    def _end_allows(self, i: int) -> bool:
        """The part of the table above that does not depend on the reading."""
        end = self._end[i]
        load_gone = self._load_gone_ms >= CLEAR_MS
        if end & NO_LOAD and not load_gone:
            return False
        if self._since_ms[i] >= self._hold_ms[i]:
            return True
        if end & LOAD_GONE:
            return load_gone
        return bool(end & CHARGER_GONE) and self._charger_gone_ms >= CLEAR_MS

    def _enter_clear(self, i: int) -> None:
        if self.state[i] == S_LOCKED:
            self._owed[i] = 0
        self.state[i] = S_CLEAR
        self.held_ms[i] = _NOT
        self._since_ms[i] = 0
        self._busy[i] = self._owed[i]
        self._note(i, N_CLEARED)

    def _note(self, i: int, what: int) -> None:
        self.news[i] = what
        self.news_n += 1

    def _forget_news(self) -> None:
        if self.news_n:
            self.news_n = 0
            for i in range(ROW_N):
                self.news[i] = 0

    def _recount(self) -> None:
        """Totals over all rows, only after a change."""
        blocks = 0
        self.tripped_n = 0
        self.latched_n = 0
        self.warn_n = 0
        self.acked_n = 0
        self.load_wanted = False
        for i in range(ROW_N):
            state = self.state[i]
            if state == S_CLEAR:
                continue
            end = self._end[i]
            self.tripped_n += 1
            self.load_wanted = self.load_wanted or end & (NO_LOAD | LOAD_GONE) != 0
            if state == S_ACKED:
                self.acked_n += 1
                blocks |= self.row_blocks[i] & ~CHG
                continue
            blocks |= self.row_blocks[i]
            if not self.row_blocks[i]:
                self.warn_n += 1
            if state == S_LOCKED or end & LATCH:
                self.latched_n += 1
        self._tripped_blocks = blocks
