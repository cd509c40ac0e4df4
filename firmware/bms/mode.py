"""The mode machine: what the pack is doing, and which FETs may conduct because of it.

Its core is two pure functions over one small word of facts and wishes: `transition` walks a table,
`intent` reads another. Time, tries and requests are around them, so that a test can enumerate the core
whole: every mode times every word.

Off is the default: the machine starts in SELFTEST, and from OFF, SLEEP and SHUTDOWN the only way to a
FET leads through SELFTEST, which ends when the monitor is armed and verified. OFF is a standing wish: it
survives faults, resets, SLEEP and SHUTDOWN, and only REQ_ON ends it. No fault and no idle time leaves
OFF; cells that run flat do (SHUTDOWN, still off), or a pack stored switched off would be drained for good.
"""

from micropython import const

from bms.bits import (
    CHG_ONLY,
    DSG_ONLY,
    FAULT,
    OFF,
    PRECHARGE,
    REQ_CLEAR,
    REQ_OFF,
    REQ_ON,
    REQ_SELFTEST,
    REQ_SHUTDOWN,
    REQ_SLEEP,
    RUN,
    SELFTEST,
    SHUTDOWN,
    SLEEP,
)
from bms.held import NOT, held
from bms.precharge import Precharge
from roles import BOTH, CHG, DSG, PDSG

# The word that the core looks at. Facts:
F_READY = const(1 << 0)  # monitor armed, verified whole, answering
F_NO_CHG = const(1 << 1)  # a fault or a person forbids charging
F_NO_DSG = const(1 << 2)
F_CHARGER = const(1 << 3)
F_DSG_ON = const(1 << 4)  # the discharge FET conducts, as the chip reports
F_PRECHARGE = const(1 << 5)  # configured: never close DSG on an empty capacitor
F_REST = const(1 << 6)  # no precharge try now: the resistor cools, or the tries are used up
F_IDLE = const(1 << 7)  # for sleep_after_s
F_EMPTY = const(1 << 8)  # for empty_sleep_s
F_BACK = const(1 << 9)  # the monitor was gone during SHUTDOWN and answers again
# Wishes:
F_OFF = const(1 << 10)  # the pack shall be off: stands until REQ_ON
F_ON = const(1 << 11)
F_SLEEP = const(1 << 12)
F_SHUTDOWN = const(1 << 13)  # by request, or flat for shutdown_s
F_SELFTEST = const(1 << 14)
F_ALL = const((1 << 15) - 1)

_OFF = 1 << OFF
_SELFTEST = 1 << SELFTEST
_SLEEP = 1 << SLEEP
_SHUTDOWN = 1 << SHUTDOWN
_OPEN = (1 << FAULT) | (1 << CHG_ONLY)  # DSG does not conduct in these
_CLOSED = (1 << PRECHARGE) | (1 << RUN) | (1 << DSG_ONLY)
_AT_WORK = (1 << RUN) | (1 << CHG_ONLY) | (1 << DSG_ONLY)
_ACTIVE = _OPEN | _CLOSED

# The first row that fits decides; if none does, the mode stays.
# fmt: off
RULES = (
    # in any of these modes, with all of, without any of, go to
    (_ACTIVE | _OFF | _SELFTEST | _SLEEP, F_SHUTDOWN, F_CHARGER, SHUTDOWN),
    (_SLEEP | _SHUTDOWN, F_CHARGER, 0, SELFTEST),
    (_SHUTDOWN, F_BACK, 0, SELFTEST),
    (_SLEEP, F_ON, 0, SELFTEST),
    (_OFF, F_ON, F_OFF, SELFTEST),
    (_ACTIVE | _SELFTEST, F_OFF, 0, OFF),
    (_ACTIVE | _SELFTEST | _OFF, F_SLEEP, F_CHARGER, SLEEP),
    (_ACTIVE, F_SELFTEST, 0, SELFTEST),
    (_ACTIVE | _SELFTEST, 0, F_READY, SELFTEST),
    (_ACTIVE, F_EMPTY, F_CHARGER, SLEEP),
    (_AT_WORK, F_IDLE, F_CHARGER, SLEEP),
    # ready from here on: what the blocks leave
    (_ACTIVE | _SELFTEST, F_NO_CHG | F_NO_DSG, 0, FAULT),
    (_ACTIVE | _SELFTEST, F_NO_DSG, 0, CHG_ONLY),
    (_OPEN | _SELFTEST, F_PRECHARGE, 0, PRECHARGE),
    (_CLOSED, F_PRECHARGE, F_DSG_ON, PRECHARGE),  # not closed yet, or the chip has opened it
    (_ACTIVE | _SELFTEST, F_NO_CHG, 0, DSG_ONLY),
    (_ACTIVE | _SELFTEST, 0, 0, RUN),
)

# FETs of each mode, in the order of bms.bits. While precharging CHG conducts too: current to the load
# would otherwise heat its body diode, whose drop alone can exceed precharge_mv, and a charger that
# is there goes on charging. It is no way around the resistor: that one replaces DSG.
_FETS = (0, 0, CHG | DSG | PDSG, BOTH, CHG, DSG, 0, 0, 0)
# fmt: on

# Requests that a mode has no use for.
_REFUSED = (
    (OFF, REQ_SELFTEST),  # REQ_ON verifies anyway
    (SLEEP, REQ_SELFTEST),  # would be a second way to wake
    (SHUTDOWN, REQ_ON | REQ_SLEEP | REQ_SELFTEST),  # the monitor is without power
)
_DOWN = REQ_OFF | REQ_SLEEP | REQ_SHUTDOWN
_UP = REQ_ON | REQ_SELFTEST
_KNOWN = _DOWN | _UP | REQ_CLEAR

_NEVER = const(-1)
_DT_MAX_MS = const(60000000)  # with the longest clock, sleep_after_s = 1e9 ms, still below 2^30


def transition(mode: int, flags: int) -> int:
    """Next mode."""
    here = 1 << mode
    for i in range(len(RULES)):
        rule = RULES[i]
        if rule[0] & here and flags & rule[1] == rule[1] and not flags & rule[2]:
            return rule[3]
    return mode


def intent(mode: int, flags: int) -> int:
    """FETs that may conduct in a mode just entered or kept with these flags.

    DSG together with PDSG means: the chip carries current through PDSG and closes DSG by itself once
    the load is within precharge_mv.
    """
    if not flags & F_READY:
        return 0
    fets = _FETS[mode]
    if flags & F_NO_CHG:
        fets &= ~CHG
    if flags & F_NO_DSG or (mode == PRECHARGE and flags & F_REST):
        fets &= ~(DSG | PDSG)
    return fets


def refuse(mode: int, requests: int, charger: bool) -> int:
    """Requests that are not granted. Whoever asks for both ways at once gets the way down."""
    refused = requests & ~_KNOWN
    for i in range(len(_REFUSED)):
        if _REFUSED[i][0] == mode:
            refused |= requests & _REFUSED[i][1]
    if charger:  # would wake at once
        refused |= requests & (REQ_SLEEP | REQ_SHUTDOWN)
    if requests & ~refused & _DOWN:
        refused |= requests & _UP
    return refused


class Mode:
    """The machine with its clocks. `step` once a scan."""

    def __init__(self, config):
        self.mode = SELFTEST
        self.before = SELFTEST  # mode before the last step
        self.changed = False
        self.intent = 0  # FET bits of the last step
        self.refused = 0  # requests that the last step did not grant
        self.off = False  # a person wants the pack off
        self.tries = 0  # precharge tries that failed since one succeeded
        self.precharge_failed = False  # tries used up; ends when the fault row has taken it over
        self._resistor = Precharge(config)
        self._precharge_on = config.precharge_on != 0
        self._sleep_after_ms = config.sleep_after_s * 1000
        self._empty_sleep_ms = config.empty_sleep_s * 1000
        self._shutdown_ms = config.shutdown_s * 1000
        self._shutdown_mv = config.shutdown_mv
        self._empty_mv = max(config.cuv_mv, config.puv_cell_mv)
        self._filled_mv = max(config.cuv_clear_mv, config.puv_clear_mv)
        self._empty = False
        self._gone = False
        self._settled = _NEVER  # flags with which the mode stays as it is
        self._idle_ms = NOT
        self._empty_ms = NOT
        self._flat_ms = NOT

    def step(
        self,
        requests: int,
        blocks: int,
        ready: bool,
        actual: int,
        charger: bool,
        idle: bool,
        cell_min_mv: int,
        dt_ms: int,
    ) -> int:
        """One scan -> FETs that may conduct.

        `blocks`: FETs forbidden; `actual`: FETs that conduct; `cell_min_mv`: 0 = not known;
        `ready`: see F_READY, but during SHUTDOWN: the monitor answers after a restart.
        """
        dt_ms = max(0, min(dt_ms, _DT_MAX_MS))
        self.refused = refuse(self.mode, requests, charger) if requests else 0
        flags = self._wishes(requests & ~self.refused)
        flags |= self._facts(blocks, ready, actual, charger)
        flags |= self._clocks(blocks, charger, idle, cell_min_mv, dt_ms)
        flags |= self._precharge(requests, flags, dt_ms)
        self.before = self.mode
        if flags != self._settled:  # else the same question as last time, and the same answer
            self.mode = transition(self.before, flags)
            self.intent = intent(self.mode, flags)
            self._settled = flags if self.mode == self.before else _NEVER
        self.changed = self.mode != self.before
        return self.intent

    def _wishes(self, granted: int) -> int:
        if granted & REQ_OFF:
            self.off = True
        elif granted & REQ_ON:
            self.off = False
        flags = F_OFF if self.off else 0
        if granted & REQ_ON:
            flags |= F_ON
        if granted & REQ_SLEEP:
            flags |= F_SLEEP
        if granted & REQ_SHUTDOWN:
            flags |= F_SHUTDOWN
        if granted & REQ_SELFTEST:
            flags |= F_SELFTEST
        return flags

    def _facts(self, blocks: int, ready: bool, actual: int, charger: bool) -> int:
        flags = F_PRECHARGE if self._precharge_on else 0
        self._gone = self.mode == SHUTDOWN and (self._gone or not ready)
        if ready:
            flags |= F_READY
            if self._gone:
                flags |= F_BACK
        if blocks & CHG:
            flags |= F_NO_CHG
        if blocks & DSG:
            flags |= F_NO_DSG
        if charger:
            flags |= F_CHARGER
        if actual & DSG:
            flags |= F_DSG_ON
        return flags

    def _clocks(self, blocks: int, charger: bool, idle: bool, cell_min_mv: int, dt_ms: int) -> int:
        """The ways to sleep and shutdown that only time opens. A charger stops all three clocks."""
        here = 1 << self.mode
        flags = 0
        runs = idle and not charger and here & _AT_WORK
        self._idle_ms = held(self._idle_ms, runs, dt_ms, self._sleep_after_ms)
        if self._sleep_after_ms and self._idle_ms >= self._sleep_after_ms:
            flags |= F_IDLE
        if cell_min_mv:
            self._note_empty(blocks, cell_min_mv)
            runs = self._empty and not charger and here & _ACTIVE
            self._empty_ms = held(self._empty_ms, runs, dt_ms, self._empty_sleep_ms)
            runs = cell_min_mv <= self._shutdown_mv and not charger and not here & _SHUTDOWN
            self._flat_ms = held(self._flat_ms, runs, dt_ms, self._shutdown_ms)
        if self._empty_ms >= self._empty_sleep_ms:
            flags |= F_EMPTY
        if self._flat_ms >= self._shutdown_ms:
            flags |= F_SHUTDOWN
        return flags

    def _note_empty(self, blocks: int, cell_min_mv: int) -> None:
        """Discharging blocked by under-voltage. Cells rise when the load is gone and stay empty."""
        if not blocks & DSG or cell_min_mv >= self._filled_mv:
            self._empty = False
        elif cell_min_mv <= self._empty_mv:
            self._empty = True

    def _precharge(self, requests: int, flags: int, dt_ms: int) -> int:
        resistor = self._resistor
        rest = resistor.step(
            self.intent & PDSG != 0,
            flags & F_DSG_ON != 0,
            flags & F_NO_DSG != 0,
            requests & REQ_CLEAR != 0,
            dt_ms,
        )
        self.tries = resistor.tries
        self.precharge_failed = resistor.failed
        return F_REST if rest else 0
