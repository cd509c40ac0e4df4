"""Plays a recording of one cell to the estimators, with the errors of a sensor on top."""

from bms.config import Config
from bms.health import Health
from bms.snapshot import Snapshot
from bms.soc import Soc
from roles import BOTH
from sim.prng import Prng
from sim.trace import Trace

PLUS = {"gain_pm": 10, "offset_e5": 5, "offset_mv": 5}  # 1 %, 5e-5 C, 5 mV
MINUS = {"gain_pm": -10, "offset_e5": -5, "offset_mv": -5}


class Play:
    """Errors in points of SoC, and how much of the time the limits held the truth."""

    def __init__(self, path, capacity_ah=None, first_pct=None, curve=None, charge_gain=1.0):
        self.trace = trace = Trace(path)
        ah = capacity_ah or trace.capacity_ah
        mah = int(ah * 1000)
        fields = {"cell_n": 4, "ntc_n": 1, "capacity_mah": mah, "idle_ma": max(10, mah // 200)}
        self.config = Config({"board_ma": 100000, **fields})
        self.snap = Snapshot(4, 1)
        self.snap.fresh = self.snap.plausible = True
        self.snap.fets = BOTH
        self.soc = Soc(self.config, curve)
        self.health = Health(self.config)
        self.charge_gain = charge_gain
        self.first = 0
        if first_pct is not None:  # where it last falls through this
            refs = trace.soc_ref_pct
            self.first = max(k for k in range(1, trace.n) if refs[k - 1] > first_pct >= refs[k])

    def truth(self, k):
        return self.trace.soc_ref_pct[k]

    def run(self, gain_pm=0, offset_e5=0, offset_mv=0, noise_mv=0, until=None):
        trace, soc = self.trace, self.soc
        noise = Prng(7)
        self.errors, self.inside = [], 0
        offset_ma = offset_e5 * self.config.capacity_mah / 100000
        before_us = trace.t_us[self.first]
        for k in range(self.first, until or trace.n):
            ma = trace.current_ma[k] * (1 + gain_pm / 1000) + offset_ma
            ma *= self.charge_gain if ma > 0 else 1.0
            mv = round(trace.voltage_mv[k] + offset_mv + noise_mv * noise.signed())
            self._row(round(ma), mv, round(trace.temp_c[k] * 10), before_us, trace.t_us[k])
            before_us = trace.t_us[k]
            self.errors.append(soc.charge_uah / soc.capacity_uah * 100 - self.truth(k))
            self.inside += soc.soc_lo_pm <= self.truth(k) * 10 <= soc.soc_hi_pm
        return self

    def _row(self, ma, mv, ddegc, before_us, now_us):
        snap = self.snap
        snap.pack_ma = ma
        for i in range(4):
            snap.cell_mv[i] = mv
        snap.cell_min_mv = snap.cell_max_mv = mv
        snap.cell_sum_mv = snap.stack_mv = 4 * mv
        snap.temp_ddegc[0] = snap.temp_min_ddegc = snap.temp_max_ddegc = ddegc
        left_ms = (now_us - before_us) // 1000
        while left_ms > 10000:
            self._step(10000)
            left_ms -= 10000
        self._step(left_ms)

    def _step(self, dt_ms):
        self.soc.step(self.snap, dt_ms)
        self.health.step(self.snap, self.soc, dt_ms, True)

    def rmse(self, start=0):
        part = self.errors[start:]
        return (sum(e * e for e in part) / len(part)) ** 0.5

    def coverage(self):
        return self.inside / len(self.errors)

    def at(self, pct):
        """Error when the truth first reaches this."""
        for k in range(len(self.errors)):
            if self.truth(self.first + k) <= pct:
                return abs(self.errors[k])
        return None
