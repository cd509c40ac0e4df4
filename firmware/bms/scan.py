"""One ordered pass over the pack. Read `Scan.tick` first: it is the product.

Synchronous, bounded, no clock, no allocation. asyncio, the simulator and the tests call the same tick.
"""

from micropython import const

from bms import bits, faults, journal
from bms.act import FAIL_VERIFY, Act
from bms.quantities import fill_measured, fill_system
from bms.sense import Sense
from roles import BOTH, FLAG_CONFIG, FLAG_RESET, FLAG_SHUTDOWN, STEP_DIFFERS, STEP_PASS

_SELFTEST_MS = const(65)  # a loop of the monitor takes 63: each scan sees a new one
_UNVERIFIED_MAX = const(500)  # steps without a whole pass of some 50: as bad as a difference
_GOOD_N = const(3)  # fresh scans in a row before a FET may close
_ACKED = const(3)  # Protect.state of an acknowledged row
_NEWS = (0, journal.TRIP, journal.CLEAR, journal.LOCK, journal.ACK)  # Protect.news -> journal
_LOST = FLAG_RESET | FLAG_CONFIG | FLAG_SHUTDOWN  # arm it again
_QUIET = (bits.OFF, bits.SLEEP)  # the FETs are off, the monitor measures
_DEAD = faults.row_index("dead")


class Scan:
    """Runs a pack on a board, one tick at a time."""

    def __init__(self, pack, board):
        self.pack = pack
        self.board = board
        self.sense = Sense(board, pack.snap, pack.config)
        self.act = Act(board, pack.config)
        self.period_ms = _SELFTEST_MS
        self.again = False  # the next tick should come at once
        self.cfgbad = False  # verification found a difference and no whole pass since
        self.tape = None  # the black box puts one in
        self.mute_ms = 0  # commissioning: say nothing to the monitor for so long, or until ALERT
        self.muted_ms = 0  # how long it has been
        self._unverified_n = 0
        self._answers = False  # the monitor has answered long enough, and not been silent too long
        self._hits = 0  # cut-off edges when the last tick began
        self._alarm = 0  # alarm word of the last fresh scan
        self._hangs = False  # the last scan saw ALERT low without an alarm
        pack.trouble = self.trouble
        board.guard.load(pack.config)
        pack.journal.note(journal.BOOT, 0, -1, 0, 0, pack)

    def tick(self, dt_ms: int) -> None:
        """One scan: `dt_ms` since the last. Opens FETs at once, closes them only when all is known."""
        pack = self.pack
        pack.journal.advance(dt_ms)
        if self.mute_ms > 0 and self._mute(dt_ms):
            return
        cutoff = self.board.cutoff
        seen = cutoff.hits
        late_ms = max(0, dt_ms - self.period_ms)

        if pack.take_lock():
            pack.journal.note(journal.REQUEST, journal.LOCK_FETS, -1, pack.user_off, 0, pack)
        requests = pack.take_requests()
        self.sense.hush = self.act.hush(pack.snap, pack.intent, dt_ms)
        fresh = self.sense.step(dt_ms)
        snap = pack.snap
        soc = pack.soc
        soc.step(snap, dt_ms)
        pack.health.step(snap, soc, dt_ms, pack.balance.quiet)
        self._quantify(fresh, late_ms)
        blocks = pack.protect.step(
            pack.q,
            dt_ms,
            fresh,
            snap.charger,
            snap.load,
            bool(requests & bits.REQ_CLEAR),
        )
        self._decide(requests, blocks, dt_ms)
        self._act(seen, dt_ms)
        self._record(requests)

        if self.tape is not None:
            self.tape.note(self, dt_ms, requests, self._hits)
        self._hits = seen
        if fresh:
            self._alarm = snap.alarm
        cutoff.stroke()
        if self.board.watchdog is not None:
            self.board.watchdog.feed()

    def mute(self, ms: int) -> None:
        """Rehearse a dead host: not a word to the monitor for so long, or until ALERT falls."""
        self.mute_ms = ms
        self.muted_ms = 0

    def _mute(self, dt_ms: int) -> bool:
        """Pins and watchdogs go on as after a scan; False when the silence is over."""
        self.muted_ms += dt_ms
        if self.muted_ms >= self.mute_ms or self.board.cutoff.hits != self._hits:
            self.mute_ms = 0
            return False
        self.board.cutoff.stroke()
        if self.board.watchdog is not None:
            self.board.watchdog.feed()
        return True

    def stop(self) -> None:
        """Nobody will scan any more: nothing conducts, heats or sounds."""
        self.board.cutoff.block()
        self.act.stop()

    def ready(self) -> bool:
        """The monitor is armed and verified whole, and answers. One lost scan does not change that."""
        snap = self.pack.snap
        if self.pack.mode.mode == bits.SHUTDOWN:  # a restarted monitor is all that can be known
            return snap.fresh and snap.flags & FLAG_RESET != 0
        self._answers = snap.good_n >= _GOOD_N or (
            self._answers and snap.age_ms < self.pack.config.stale_ms
        )
        return self.act.armed and not self.cfgbad and self._answers and not snap.flags & _LOST

    def trouble(self) -> str:
        """Why the monitor is not armed, or silent: what failed last, in words. "": it is in order."""
        pack = self.pack
        if pack.mode.mode == bits.SHUTDOWN or (
            self.act.armed and pack.snap.age_ms < pack.config.stale_ms
        ):
            return ""
        told = self.act.armed and not self.sense.hush  # what it did not do is why it hears nothing
        error = self.sense.error if told else self.act.error
        return repr(error) if error.name else ""

    def _quantify(self, fresh: bool, late_ms: int) -> None:
        pack = self.pack
        q = pack.q
        if fresh:
            fill_measured(q, pack.snap, self.act.commanded, pack.mode.mode)
        fill_system(q, pack.snap, self.act.deaf_ms, late_ms, self.act.armed, self.cfgbad)
        q[faults.Q_PRECHARGE_FAIL] = 1 if pack.mode.precharge_failed else 0
        q[faults.Q_CUTOFF_DEAD] = 1 if self._cutoff_dead(fresh) else 0

    def _cutoff_dead(self, fresh: bool) -> bool:
        """ALERT hangs low: no edge can come. Or an alarm is new and the interrupt did not run for it."""
        if not fresh or not self.act.armed:
            return False
        alarm = self.pack.snap.alarm
        cutoff = self.board.cutoff
        silent = cutoff.hits == self._hits
        hung = self._hangs
        self._hangs = silent and not alarm and cutoff.asserted()
        if not alarm:
            return hung and self._hangs  # once may be an edge that is just coming
        if self._alarm or not silent:
            return False
        cutoff.arm()
        return True

    def _decide(self, requests: int, blocks: int, dt_ms: int) -> None:
        pack = self.pack
        snap = pack.snap
        idle = abs(snap.pack_ma) < pack.config.idle_ma
        act = self.act
        if act.armed and (self.cfgbad or (snap.fresh and snap.flags & _LOST)):
            act.disarm()
        pack.intent = pack.mode.step(
            requests,
            blocks | pack.user_off,
            self.ready(),
            snap.fets,
            snap.charger,
            idle,
            snap.cell_min_mv if snap.fresh and snap.plausible else 0,
            dt_ms,
        )
        if requests & bits.REQ_SELFTEST & ~pack.mode.refused and pack.mode.mode == bits.SELFTEST:
            act.disarm()  # not when this very scan ends a self-test: nothing is permitted unarmed
        pack.limits.step(
            snap, pack.soc.soc_pm, blocks | pack.user_off, pack.protect.state[_DEAD] == _ACKED
        )
        allowed = pack.intent & BOTH != 0 and (idle or snap.pack_ma > 0)
        pack.balance.step(snap, dt_ms, allowed)
        if snap.fresh and pack.balance.quiet:
            self.sense.keep_rest()
        pack.output_bits = pack.outputs.step(
            snap, pack.mode.mode, pack.intent, blocks, pack.protect.latched_n > 0
        )

    def _act(self, seen: int, dt_ms: int) -> None:
        pack = self.pack
        act = self.act
        mode = pack.mode.mode
        self.again = False
        # a contactor closes before the FETs, and opens after them
        act.outputs_on(pack.output_bits)
        if mode == bits.SELFTEST or (mode in _QUIET and not act.armed):
            act.selftest(pack, dt_ms)  # also where all is off: what is measured shall be true
            self.cfgbad = self.cfgbad and not act.armed
            if act.armed and mode == bits.SLEEP:
                act.sleep(pack, True)
        elif mode != bits.SHUTDOWN:
            cleared = act.alarm(pack)
            act.fets(pack, pack.intent, seen, cleared, dt_ms)
            act.bleed(pack, pack.balance.mask, dt_ms)
            act.find_load(pack, pack.protect.load_wanted)
            self.again = cleared and pack.intent != 0
            self._verify()
        elif not pack.mode.changed and self._ignores_shutdown():
            act.shutdown(pack)
        act.outputs(pack.output_bits)

    def _ignores_shutdown(self) -> bool:
        """The monitor still runs: a command that got lost would drain the cells to death."""
        snap = self.pack.snap
        return snap.fresh and not snap.flags & (FLAG_RESET | FLAG_SHUTDOWN)

    def _verify(self) -> None:
        """One slice of the endless re-verification, only when the bus has just been good."""
        snap = self.pack.snap
        if not snap.fresh or not self.act.armed:
            return
        self._unverified_n += 1
        try:
            snap.verify = self.board.guard.verify_step()
        except OSError as error:
            self.sense.failed(error)
            self.act.fails |= FAIL_VERIFY
        if snap.verify == STEP_PASS:
            self._unverified_n = 0
        elif snap.verify == STEP_DIFFERS or self._unverified_n >= _UNVERIFIED_MAX:
            self._unverified_n = 0
            self.cfgbad = True  # until it has been armed again

    def _record(self, requests: int) -> None:
        pack = self.pack
        log = pack.journal
        if requests:
            log.note(journal.REQUEST, 0, -1, requests, 0, pack)
        if pack.mode.refused:
            log.note(journal.REFUSED, 0, -1, pack.mode.refused, 0, pack)
        if pack.snap.fresh and pack.snap.alarm and not self._alarm:
            log.note(journal.ALERT, 0, -1, pack.snap.alarm, pack.snap.trips, pack)
        if pack.protect.news_n:
            self._record_rows()
        if pack.soc.anchor:
            log.note(journal.ANCHOR, pack.soc.anchor, -1, pack.soc.anchor_from_pm, 0, pack)
        if pack.mode.changed:
            self._enter(pack.mode.before, pack.mode.mode)

    def _record_rows(self) -> None:
        pack = self.pack
        news = pack.protect.news
        for i in range(faults.ROW_N):
            if news[i]:
                quantity = pack.protect.quantity(i)
                pack.journal.note(
                    _NEWS[news[i]],
                    i,
                    self._cell(quantity),
                    pack.q[quantity],
                    pack.protect.limit(i),
                    pack,
                )

    def _cell(self, quantity: int) -> int:
        """Which cell or sensor a quantity speaks of, -1 = none."""
        snap = self.pack.snap
        if quantity == faults.Q_CELL_MAX_MV or quantity == faults.Q_SPREAD_MV:
            return snap.cell_max_i
        if quantity == faults.Q_CELL_MIN_MV:
            return snap.cell_min_i
        if quantity == faults.Q_OPENWIRE_MV:
            return snap.openwire_i
        if quantity == faults.Q_TEMP_MAX_DDEGC:
            return snap.temp_max_i
        if quantity == faults.Q_TEMP_MIN_DDEGC:
            return snap.temp_min_i
        if quantity == faults.Q_NTC_BAD:
            return snap.ntc_bad_i
        return -1

    def _enter(self, before: int, mode: int) -> None:
        """A mode has just begun: note it, and set pace and monitor to it."""
        pack = self.pack
        pack.journal.note(journal.MODE, mode, -1, before, 0, pack)
        config = pack.config
        self.period_ms = config.scan_ms
        if mode == bits.SLEEP or mode == bits.SHUTDOWN:
            self.period_ms = config.sleep_scan_ms
        elif mode == bits.SELFTEST:  # nothing is on: look often, to be ready soon
            self.period_ms = min(config.scan_ms, _SELFTEST_MS)
        if mode == bits.SELFTEST and (before == bits.SLEEP or before == bits.SHUTDOWN):
            self.act.disarm()
        if mode == bits.SHUTDOWN:
            self.act.shutdown(pack)
        elif mode == bits.SLEEP or before == bits.SLEEP:
            self.act.sleep(pack, mode == bits.SLEEP)
