"""A scan on roles that answer whatever the test wants: no chip, no bus, no plant."""

from bms.config import Config
from bms.cutoff import Cutoff, PinGate
from bms.pack import Pack
from bms.scan import Scan
from roles import BOTH, STEP_BUSY


class Roles:
    """Fills every role; `fail` holds names of calls that raise, `calls` what was asked."""

    bleed_refresh_ms = 10000

    def __init__(self, config):
        self.cell_n = config.cell_n
        self.ntc_n = config.ntc_n
        self.fets = self.mask = 0
        self.calls = []
        self.calm()

    def calm(self) -> None:
        """Answers of a healthy pack at rest."""
        self.cell_mv = [3300] * self.cell_n
        self.temps = [250] * self.ntc_n
        self.pack_ma = 0
        self.stack_error_mv = 0
        self.terminal_mv = None  # None: what the FETs make of it
        self.ld_mv = self.pack_mv = self.stack_mv = 0
        self.fet_ddegc = self.die_ddegc = 250
        self.stuck = None
        self.trips = self.flags = self.alarm = 0
        self.mismatch = 0
        self.differ_n = 0
        self.verify = STEP_BUSY
        self.fail = set()

    def _call(self, name: str, value=None) -> None:
        self.calls.append((name, value))
        if name in self.fail or "all" in self.fail:
            raise OSError(5, name)

    def read_cells(self, cell_mv) -> None:
        self._call("read_cells")
        for i in range(self.cell_n):
            cell_mv[i] = self.cell_mv[i]
        self.stack_mv = sum(self.cell_mv) + self.stack_error_mv
        shown = self.stack_mv if self.terminal_mv is None else self.terminal_mv
        self.pack_mv = self.ld_mv = shown

    def read_current(self) -> int:
        self._call("read_current")
        return self.pack_ma

    def read_temps(self, temp_ddegc) -> None:
        self._call("read_temps")
        for i in range(self.ntc_n):
            temp_ddegc[i] = self.temps[i]

    def read_fets(self) -> int:
        self._call("read_fets")
        return self.fets if self.stuck is None else self.stuck

    def write_fets(self, bits: int) -> None:
        self._call("write_fets", bits)
        self.fets = bits & BOTH

    def detect_load(self, on: bool) -> None:
        self._call("detect_load", on)

    def sleep(self, on: bool) -> None:
        self._call("sleep", on)

    def shutdown(self) -> None:
        self._call("shutdown")

    def write_bleed(self, mask: int) -> None:
        self._call("write_bleed", mask)
        self.mask = mask

    def probe(self) -> None:
        self._call("probe")

    def load(self, config) -> None:
        self._call("load")

    def arm(self) -> None:
        self._call("arm")
        self.fets = 0
        self.flags = 0

    def verify_all(self) -> int:
        self._call("verify_all")
        return self.differ_n

    def verify_step(self) -> int:
        self._call("verify_step")
        return self.verify

    def read_status(self) -> int:
        self._call("read_status")
        return self.trips

    def read_alarm(self) -> int:
        self._call("read_alarm")
        return self.alarm

    def clear_alarm(self, bits: int) -> None:
        self._call("clear_alarm", bits)
        self.alarm &= ~bits


class Pin:
    """A pin that is called like `machine.Pin`; `hook` sees every write before it acts."""

    def __init__(self, level: int = 0):
        self.level = level
        self.hook = None
        self.handler = None

    def __call__(self, level=None):
        if level is None:
            return self.level
        if self.hook is not None:
            self.hook(level)
        self.level = level
        return None

    def irq(self, handler=None, trigger=0, hard=False) -> None:
        self.handler = handler


class Outputs:
    bits = 0

    def write(self, bits: int) -> None:
        self.bits = bits


class Board:
    def __init__(self, config):
        roles = Roles(config)
        self.roles = roles
        self.cells = self.shunt = self.temps = self.switch = roles
        self.bleed = self.guard = self.alert = roles
        self.off_pins = (Pin(), Pin())
        self.alert_pin = Pin(1)
        self.cutoff = Cutoff(PinGate(self.off_pins), self.alert_pin, 4)
        self.outputs = Outputs()
        self.open = False
        self.interlock = lambda: self.open
        self.watchdog = None


class Rig:
    """A pack brought as far as `ticks` scans of `dt_ms` bring it."""

    def __init__(self, ticks: int = 12, **values):
        values.setdefault("cell_n", 4)
        values.setdefault("precharge_on", 0)
        self.config = Config(values)
        self.board = Board(self.config)
        self.roles = self.board.roles
        self.pack = Pack(self.config)
        self.scan = Scan(self.pack, self.board)
        self.run(ticks)

    def run(self, ticks: int = 1, dt_ms: int = 250):
        for _ in range(ticks):
            self.scan.tick(dt_ms)
        return self

    def asked(self, name: str) -> list:
        """Arguments of all calls of that name."""
        return [value for called, value in self.roles.calls if called == name]

    def permits(self) -> bool:
        return self.board.off_pins[0].level == 1 and self.board.off_pins[1].level == 1
