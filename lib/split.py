"""Several chips in the place of one: the roles cells, guard and alert of `roles.py`, put together.

from split import Alerts, Cells, Guards

cells = Cells(chain, meter)  # LTC681x and INA228
guard = Guards((chain, meter), (latch,))
alert = Alerts((meter, latch))
"""

from roles import STEP_BUSY, STEP_DIFFERS, STEP_PASS


class Guards:
    """All of them as one.

    `fixed`: hardware that nobody configures; it has `load`, `applied`, `arm` and `read_status` only.
    `told`: anything else that wants to know the configuration, by `load`.
    """

    def __init__(self, parts, fixed=(), told=()):
        self._parts = parts
        self._fixed = fixed
        self._told = told
        self._passed = 0
        self.applied = {}
        self.mismatch = 0

    @property
    def flags(self) -> int:
        """FLAG_* that any of them has."""
        flags = 0
        for i in range(len(self._parts)):
            flags |= self._parts[i].flags
        return flags

    def probe(self) -> None:
        for part in self._parts:
            part.probe()

    def load(self, config) -> None:
        self.applied = {}
        for group in (self._parts, self._fixed):
            for part in group:
                part.load(config)
                self.applied.update(part.applied)
        for part in self._told:
            part.load(config)

    def arm(self) -> None:
        for i in range(len(self._parts)):
            self._parts[i].arm()
        for i in range(len(self._fixed)):
            self._fixed[i].arm()

    def verify_all(self) -> int:
        """How many registers differ, of all."""
        differ_n = 0
        self.mismatch = 0
        for i in range(len(self._parts)):
            differ_n += self._parts[i].verify_all()
            if self._parts[i].mismatch:
                self.mismatch = self._parts[i].mismatch
        return differ_n

    def verify_step(self) -> int:
        """A slice of each; a pass is over when each has ended one since the last."""
        found = STEP_BUSY
        for i in range(len(self._parts)):
            step = self._parts[i].verify_step()
            if step == STEP_DIFFERS:
                self.mismatch = self._parts[i].mismatch
                found = STEP_DIFFERS
            elif step == STEP_PASS:
                self._passed |= 1 << i
        if found == STEP_BUSY and self._passed == (1 << len(self._parts)) - 1:
            self._passed = 0
            found = STEP_PASS
        return found

    def read_status(self) -> int:
        """TRIP_* bits that any of them holds."""
        trips = 0
        for i in range(len(self._parts)):
            trips |= self._parts[i].read_status()
        for i in range(len(self._fixed)):
            trips |= self._fixed[i].read_status()
        return trips


class Alerts:
    """Several open-drain outputs on one wire. Their alarm bits must not overlap."""

    def __init__(self, parts):
        self._parts = parts

    def read_alarm(self) -> int:
        alarm = 0
        for i in range(len(self._parts)):
            alarm |= self._parts[i].read_alarm()
        return alarm

    def clear_alarm(self, bits: int) -> None:
        for i in range(len(self._parts)):
            self._parts[i].clear_alarm(bits)


class Cells:
    """Cells of a monitor that does not know the terminals, which are at the meter's bus input."""

    def __init__(self, monitor, meter):
        self._monitor = monitor
        self._meter = meter
        self.stack_mv = 0
        self.pack_mv = 0
        self.ld_mv = 0

    def read_cells(self, cell_mv) -> None:
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self._monitor.read_cells(cell_mv)
        self.stack_mv = self._monitor.stack_mv
        self.pack_mv = self.ld_mv = self._meter.read_bus()
