"""Act: the only writer to the monitor and the pins. It decides nothing.

Order matters: permission is taken away by pin before any bus traffic, and given by pin after it.
A failed write ends with the pins at 0 and is tried again in the next scan.
"""

from micropython import const

from bms import faults, journal
from failure import Failure
from roles import BOTH, DSG

_DEAF_MAX_MS = const(0x1FFFFFFF)
_RETRY_MS = const(1000)  # between two attempts to arm a monitor that does not answer
_DEFIED_MS = const(3000)  # the monitor answers, takes no command, and conducts
_HUSH_MS = const(60000)  # then it hears nothing for so long, and its host watchdog opens the FETs

# what failed in a scan, for the tape
FAIL_ARM = const(1)
FAIL_DIFFERS = const(2)  # armed, but what was read back differs
FAIL_ALARM = const(4)
FAIL_FETS = const(8)
FAIL_BLEED = const(16)
FAIL_LOAD = const(32)
FAIL_SLEEP = const(64)
FAIL_SHUTDOWN = const(128)
FAIL_VERIFY = const(256)


class Act:
    """Applies intent, bleeding and outputs; arms the monitor when the mode machine is in self-test."""

    def __init__(self, board, config):
        self._board = board
        self._cutoff = board.cutoff
        self._refresh_ms = board.bleed.bleed_refresh_ms // 2
        self.armed = False  # configuration written and read back whole
        self.commanded = 0  # FETs that the last scan left permitted, -1 = the command failed
        self.deaf_ms = 0  # since when commands fail
        self.error = Failure("")  # the last of a write
        self.fails = 0  # FAIL_* bits since the tape last looked
        self.bleeding = 0  # mask last written
        self._bleed_age_ms = 0
        self._retry_ms = 0
        self._finding_load = False
        self._known_trips = 0  # that the monitor held when the last fresh scan looked
        self._outputs = -1
        self._pins = getattr(
            board.guard, "off_pins", True
        )  # what opens the FETs without a command
        self._defied_ms = 0
        self._hush_ms = 0
        self._room = None  # see Snapshot

    def disarm(self) -> None:
        """Forget that the monitor is armed: the next self-test writes and verifies it again."""
        self.armed = False
        self._retry_ms = 0

    def hush(self, snap, intent: int, dt_ms: int) -> bool:
        """Shall the monitor hear nothing in this scan? What it does not do when told, it does in silence."""
        if self._hush_ms > 0:
            self._hush_ms -= dt_ms
            return self._hush_ms > 0
        deaf = self.commanded < 0 or not self.armed
        if self._pins or intent or not (deaf and snap.fresh and snap.fets & BOTH):
            self._defied_ms = 0
            return False
        self._defied_ms += dt_ms
        if self._defied_ms < _DEFIED_MS:
            return False
        self._defied_ms = 0
        self._hush_ms = _HUSH_MS
        return True

    def selftest(self, pack, dt_ms: int) -> None:
        """FETs off by pin; write and verify the monitor's configuration once, retry every second."""
        self._cutoff.block()
        self.commanded = 0
        self.deaf_ms = 0
        if self.armed:
            self.fets(pack, 0, 0, True, dt_ms)  # and by command, should a pin's wire be broken
            self.bleed(pack, 0, dt_ms)  # a monitor that was silent goes on with what it was told
            return
        self._retry_ms -= dt_ms
        if self._retry_ms > 0 or self._hush_ms > 0:
            return
        self._retry_ms = _RETRY_MS
        guard = self._board.guard
        try:
            guard.probe()
            guard.arm()
            differ_n = guard.verify_all()
            self._board.switch.write_fets(0)
            self._board.switch.detect_load(False)
        except OSError as error:
            self._failed(pack, error, FAIL_ARM)
            return
        self._finding_load = False
        self.bleeding = 0  # arming has ended it
        self._cutoff.arm()
        self.armed = differ_n == 0
        if differ_n:
            self.fails |= FAIL_DIFFERS
            self.error.say("monitor", guard.mismatch, "not what was written, {} in all", differ_n)
        pack.journal.note(journal.ARMED, 0, -1, int(self.armed), guard.mismatch, pack)

    def alarm(self, pack) -> bool:
        """Clear the latched alarm; True when this scan did.

        Also while the monitor holds a trip, or ALERT would stay low and the interrupt dead as long: a pack
        too cold to charge holds one all winter. The fault rows know the trip. Once for each, should the alarm
        come back at once. A scan that clears does not release: the next one looks again.
        """
        snap = pack.snap
        if not snap.fresh:
            return False
        known = self._known_trips
        self._known_trips = snap.trips
        if not snap.alarm or (snap.trips and snap.trips == known):
            return False
        try:
            self._board.alert.clear_alarm(snap.alarm)
        except OSError as error:
            self._known_trips = -1  # once more
            self._failed(pack, error, FAIL_ALARM)
        return True

    def fets(self, pack, want: int, seen: int, hold: bool, dt_ms: int) -> None:
        """Make the FETs what mode wants. `hold`: keep the pins off although mode would permit."""
        if not want:
            self._cutoff.block()
        if self._hush_ms > 0:
            return
        try:
            if want != self.commanded or self._disobeyed(pack, want):
                self._board.switch.write_fets(want)
                self.commanded = want
            self.deaf_ms = 0
        except OSError as error:
            self.deaf_ms = min(self.deaf_ms + dt_ms, _DEAF_MAX_MS) if self.commanded < 0 else 0
            self.commanded = -1
            self._failed(pack, error, FAIL_FETS)
            self._cutoff.block()
            return
        snap = pack.snap
        if want and not hold and snap.fresh:
            if not self._cutoff.permits or self._cutoff.tripped:
                self._cutoff.release(seen, snap.alarm != 0)

    def _disobeyed(self, pack, want: int) -> bool:
        """A FET conducts that should not, for no reason of the monitor's own.

        A series FET that it closes for current the other way stays: a command in every scan would keep the
        transfer buffer from the verification.
        """
        snap = pack.snap
        return bool(snap.fresh and snap.fets & BOTH & ~want and pack.q[faults.Q_FET_STUCK])

    def bleed(self, pack, mask: int, dt_ms: int) -> None:
        """Write the bleed mask when it changes and before the monitor would forget it."""
        self._bleed_age_ms = min(self._bleed_age_ms + dt_ms, self._refresh_ms)
        if mask == self.bleeding and (not mask or self._bleed_age_ms < self._refresh_ms):
            return
        try:
            self._board.bleed.write_bleed(mask)
        except OSError as error:
            self._failed(pack, error, FAIL_BLEED)
            return
        self.bleeding = mask
        self._bleed_age_ms = 0

    def find_load(self, pack, wanted: bool) -> None:
        """Let the monitor look for a load while a row waits for it to go."""
        wanted = wanted and not self.commanded & DSG
        if wanted == self._finding_load:
            return
        try:
            self._board.switch.detect_load(wanted)
        except OSError as error:
            self._failed(pack, error, FAIL_LOAD)
            return
        self._finding_load = wanted

    def outputs_on(self, bits: int) -> None:
        """Drive only what comes on; what goes off waits for `outputs`."""
        self.outputs(bits if self._outputs < 0 else bits | self._outputs)

    def outputs(self, bits: int) -> None:
        """Drive heater, fan, contactors, buzzer and LEDs when they change."""
        if bits != self._outputs and self._board.outputs is not None:
            self._board.outputs.write(bits)
            self._outputs = bits

    def stop(self) -> None:
        """All outputs off, whatever was known of them; FETs by command too: a board may have no off-pins."""
        if self._board.outputs is not None:
            self._board.outputs.write(0)
            self._outputs = 0
        try:
            self._board.switch.write_fets(0)
            self.commanded = 0
        except OSError as error:
            self.error.keep(error)

    def sleep(self, pack, on: bool) -> None:
        """Let the monitor sleep, or keep it awake."""
        try:
            self._board.switch.sleep(on)
        except OSError as error:
            self._failed(pack, error, FAIL_SLEEP)

    def shutdown(self, pack) -> None:
        """Power the monitor down. FETs are off by pin whether or not it obeys."""
        self._cutoff.block()
        self.commanded = 0
        try:
            self._board.switch.shutdown()
        except OSError as error:
            self._failed(pack, error, FAIL_SHUTDOWN)

    def _failed(self, pack, error, what: int) -> None:
        self.error.keep(error)
        self.fails |= what
        pack.snap.bus_errors += 1
        pack.journal.note(journal.WRITE, 0, -1, pack.snap.bus_errors, 0, pack)
