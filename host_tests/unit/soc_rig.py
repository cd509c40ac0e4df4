"""A cell that knows its charge, and the estimators that do not."""

from bms.config import Config
from bms.health import Health
from bms.keep import Keep
from bms.snapshot import Snapshot
from bms.soc import Soc
from bms.soc_curve import Curve
from roles import BOTH
from sim.cell import Curve as PlantCurve


class Cell:
    """Pack of `n` equal cells with an honest sensor, unless told otherwise."""

    def __init__(self, soc_pct=100.0, curve=None, cell_n=4, **fields):
        given = {"cell_n": cell_n, "leak_pm": 0, **fields}
        self.config = Config(given)
        self.snap = Snapshot(cell_n, 1)
        self.snap.fresh = self.snap.plausible = True
        self.snap.fets = BOTH
        self.soc = Soc(self.config, curve)
        self.health = Health(self.config)
        self.keep = Keep(self.soc, self.health, self.config)
        self.truth = soc_pct  # of the real capacity
        self.capacity_mah = self.config.capacity_mah
        self.curve = PlantCurve()
        self.mohm = [0.4] * cell_n
        self.more_pct = [0.0] * cell_n  # SoC of a cell above the average
        self.offset_mv = 0.0
        self.temp_ddegc = 250
        self.charge_gain = 1.0
        self.anchors = []

    def step(self, ma, dt_ms=1000):
        snap = self.snap
        self.truth += ma * dt_ms / 36000.0 / self.capacity_mah
        for i in range(snap.cell_n):
            soc = (self.truth + self.more_pct[i]) / 100
            volts = self.curve.at(soc) + ma * self.mohm[i] / 1e6
            snap.cell_mv[i] = int(volts * 1000 + self.offset_mv)
        snap.pack_ma = int(ma * (self.charge_gain if ma > 0 else 1.0))
        snap.cell_sum_mv = snap.stack_mv = sum(snap.cell_mv)
        snap.cell_min_mv, snap.cell_max_mv = min(snap.cell_mv), max(snap.cell_mv)
        snap.temp_ddegc[0] = snap.temp_min_ddegc = snap.temp_max_ddegc = self.temp_ddegc
        self.soc.step(snap, dt_ms)
        self.health.step(snap, self.soc, dt_ms, True)
        if self.soc.anchor:
            self.anchors.append(self.soc.anchor)
        return self.soc

    def run(self, ma, seconds, dt_ms=1000):
        for _ in range(seconds * 1000 // dt_ms):
            self.step(ma, dt_ms)
        return self.soc

    def drive(self, ma, seconds):
        """Stop and go around a mean current, a minute each."""
        for k in range(seconds):
            self.step(2 * ma if k % 60 < 30 else 0)
        return self.soc

    def fill(self):
        """Charge to full: 0.5C, then a falling tail."""
        while self.truth < 99.3:
            self.step(self.capacity_mah // 2, 10000)
        ma = self.capacity_mah // 2
        while self.soc.anchor != 1 and ma:
            ma = ma * 95 // 100
            self.truth = min(self.truth, 99.9)
            self.step(ma, 10000)
        self.truth = 100.0
        return self.soc


OWN = Curve(own=True)
