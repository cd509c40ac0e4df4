"""A simulated pack with the real firmware on it, and what has been seen of both since the start."""

from collections import Counter, deque

from bms import fault_rows
from boards.sim.board import make_sim
from demo.around import Around, point
from demo.problem import Problem
from demo.readable import readable
from roles import TEMP_NONE

_RECORDS_MAX = 20000  # a demo may run for days
_BLOCKING = {row[fault_rows.NAME] for row in fault_rows.ROWS if row[fault_rows.BLOCKS]}


class Extremes:
    """Smallest and largest of what the firmware measured, over all fresh scans."""

    def __init__(self):
        self.cell_mv_min = self.temp_ddegc_min = None
        self.cell_mv_max = self.temp_ddegc_max = None
        self._low_mv = self._low_ddegc = 1 << 30
        self._high_mv = self._high_ddegc = -(1 << 30)

    def note(self, snap) -> None:
        """One fresh scan."""
        if snap.cell_min_mv < self._low_mv:
            self.cell_mv_min = self._low_mv = snap.cell_min_mv
        if snap.cell_max_mv > self._high_mv:
            self.cell_mv_max = self._high_mv = snap.cell_max_mv
        if snap.temp_min_ddegc == TEMP_NONE:
            return
        if snap.temp_min_ddegc < self._low_ddegc:
            self.temp_ddegc_min = self._low_ddegc = snap.temp_min_ddegc
        if snap.temp_max_ddegc > self._high_ddegc:
            self.temp_ddegc_max = self._high_ddegc = snap.temp_max_ddegc


class Session:
    """Steps the simulator scan by scan and reads the firmware's journal as it is written."""

    def __init__(self, values=None, trace=None, seed: int = 1, **plant):
        try:
            self.sim = make_sim(config=values, trace=trace, seed=seed, **plant)
        except ValueError as error:  # a trace that does not fit the pack, a limit no chip can hold
            of_trace = trace is not None and str(error).startswith(trace.path)
            raise Problem(f"{error}{' (--cell-ah N)' if of_trace else ''}") from None
        self.sim.watchdog_resets = True
        self.trace = trace
        self.seed = seed
        self.records = deque(maxlen=_RECORDS_MAX)
        self.record_n = 0
        self.trips = Counter()  # by fault, warnings too
        self.tripped = {}  # fault: its last record of a trip
        self.extremes = Extremes()
        self.around = Around()
        self.scans = 0
        self.resets = 0  # of the microcontroller
        self.soc_pm_start = None
        self._bus_errors = 0  # of firmware that was reset since
        self._adopt()

    @property
    def now_s(self) -> float:
        """Simulated time."""
        return self.sim.world.now_us / 1e6

    @property
    def bus_errors(self) -> int:
        """Scans and commands that the bus spoiled."""
        return self._bus_errors + self.pack.snap.bus_errors

    @property
    def trip_n(self) -> int:
        """Trips that took a FET away."""
        return sum(n for name, n in self.trips.items() if name in _BLOCKING)

    @property
    def warning_n(self) -> int:
        """Trips of rows that only warn."""
        return sum(self.trips.values()) - self.trip_n

    def peak_a(self):
        """Largest discharge and charge current that the trace wants of this pack."""
        scale = self.sim.plant.drive.scale / 1000
        currents = self.trace.current_ma
        return max(0.0, -min(currents)) * scale, max(0.0, max(currents)) * scale

    def warnings(self):
        """What a person should know before the run."""
        if self.trace is None:
            return
        config = self.pack.config
        discharge_a, charge_a = self.peak_a()
        if discharge_a * 1000 >= config.ocd1_ma or charge_a * 1000 >= config.occ1_ma:
            words = f"the trace peaks at -{discharge_a:.0f} / +{charge_a:.0f} A, this pack allows "
            words += f"-{config.ocd1_ma / 1000:.0f} / +{config.occ1_ma / 1000:.0f} A for longer: "
            yield words + "it may trip (--config FILE describes another pack)"

    def step(self) -> None:
        """One scan, or what else the next one brings."""
        sim = self.sim
        sim.step()
        if sim.pack is not self.pack:
            self.resets += 1
            self._bus_errors += self.pack.snap.bus_errors
            self._adopt()
        snap = self.pack.snap
        if snap.seq != self._seq:
            self._seq = snap.seq
            self.scans += 1
            if snap.fresh:
                self.extremes.note(snap)
                self.around.add(point(self))
                if self.soc_pm_start is None:
                    self.soc_pm_start = self.pack.soc.soc_pm
        if self.pack.journal.n != self._read_n:
            self._read()

    def _adopt(self) -> None:
        """The firmware has just started."""
        self.pack = self.sim.pack
        self._seq = 0
        self._read_n = 0
        self._read()

    def _read(self) -> None:
        """Take over what the journal has new; it never writes as much as it holds in one scan."""
        log = self.pack.journal
        t_s = round(self.now_s, 3)
        for number in range(max(self._read_n, log.first()), log.n):
            record = readable(log.record(number), t_s)
            if record["kind"] in ("trip", "lock"):
                self.around.keep(self.record_n)
                self.trips[record["item"]] += 1
                self.tripped[record["item"]] = record
            self.records.append(record)
            self.record_n += 1
        self._read_n = log.n
