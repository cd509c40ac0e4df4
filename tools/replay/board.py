"""A board that says what was recorded. The firmware on it is the real one, from `Scan` down."""

from bms import act, tape
from bms.cutoff import Cutoff, PinGate


def _no_pin(level=None):
    return 1


class _AlertPin:
    def __call__(self, level=None):
        return 1

    def irq(self, handler=None, trigger=0, hard=False):
        pass


class ReplayBoard:
    """Fills every role from `now`, the record of the scan that is being run."""

    def __init__(self, bleed_refresh_ms: int):
        self.name = "replay"
        self.cells = self.shunt = self.temps = self.switch = self
        self.bleed = self.guard = self.alert = self
        self.cutoff = Cutoff(PinGate((_no_pin, _no_pin)), _AlertPin(), 0)
        self.bleed_refresh_ms = bleed_refresh_ms
        self.outputs = self.watchdog = self.clock = self.uart = None
        self.now = {}
        self.edge = 0  # cut-off edges when the scan looks for one
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self.fet_ddegc = self.die_ddegc = 0
        self.flags = self.mismatch = 0

    def load_scan(self, now: dict, hits: int) -> None:
        """Take the next record. `hits`: edges that the scan before knew of."""
        self.now = now
        self.cutoff.hits = hits
        self.edge = hits + 1 if now["bits"] & tape.EDGE else hits
        for name in (
            "stack_mv",
            "pack_mv",
            "ld_mv",
            "fet_ddegc",
            "die_ddegc",
            "flags",
            "mismatch",
        ):
            setattr(self, name, now[name])

    def interlock(self) -> bool:
        return bool(self.now["bits"] & tape.INTERLOCK)

    def _fail(self, what: int) -> None:
        if self.now["fails"] & what:
            raise OSError("recorded")

    # sense ----------------------------------------------------------------------------------------

    def read_alarm(self) -> int:
        self.cutoff.hits = self.edge
        return self.now["alarm"]

    def read_status(self) -> int:
        return self.now["trips"]

    def read_cells(self, cell_mv) -> None:
        for i in range(len(cell_mv)):
            cell_mv[i] = self.now["cell_mv"][i]

    def read_current(self) -> int:
        return self.now["pack_ma"]

    def read_temps(self, temp_ddegc) -> None:
        for i in range(len(temp_ddegc)):
            temp_ddegc[i] = self.now["temp_ddegc"][i]

    def read_fets(self) -> int:
        """The last to be read: a scan that was lost at any reading is lost here."""
        if not self.now["bits"] & tape.FRESH:
            raise OSError("recorded")
        return self.now["fets"]

    # act ------------------------------------------------------------------------------------------

    def load(self, config) -> None:
        pass

    def probe(self) -> None:
        self._fail(act.FAIL_ARM)

    def arm(self) -> None:
        pass

    def verify_all(self) -> int:
        return 1 if self.now["fails"] & act.FAIL_DIFFERS else 0

    def verify_step(self) -> int:
        self._fail(act.FAIL_VERIFY)
        return self.now["verify"]

    def clear_alarm(self, bits: int) -> None:
        self._fail(act.FAIL_ALARM)

    def write_fets(self, bits: int) -> None:
        self._fail(act.FAIL_FETS)

    def write_bleed(self, mask: int) -> None:
        self._fail(act.FAIL_BLEED)

    def detect_load(self, on: bool) -> None:
        self._fail(act.FAIL_LOAD)

    def sleep(self, on: bool) -> None:
        self._fail(act.FAIL_SLEEP)

    def shutdown(self) -> None:
        self._fail(act.FAIL_SHUTDOWN)
