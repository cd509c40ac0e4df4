"""Feeds the firmware's own estimator with a run, row by row, as a scan would."""

import numpy as np

from bms.config import Config
from bms.fields import FIELDS
from bms.health import Health
from bms.snapshot import Snapshot
from bms.soc import Soc
from roles import BOTH

_STEP_MS = (
    10000  # longest time between two scans; gaps in a recording are filled with its last row
)
_TAIL_PM = 50


def config_for(capacity_ah, **fields):
    """A pack of this one cell, as a person would configure it."""
    capacity_mah = int(round(capacity_ah * 1000))
    return Config(
        {
            "cell_n": 4,
            "ntc_n": 1,
            "capacity_mah": capacity_mah,
            "board_ma": 100000,
            "idle_ma": max(10, capacity_mah // 200),
            **fields,
        }
    )


class Device:
    """Snapshot, estimator and what they said at every row."""

    def __init__(self, config, curve=None):
        self.snap = Snapshot(config.cell_n, config.ntc_n)
        self.snap.fresh = self.snap.plausible = True
        self.snap.fets = BOTH  # so that no rest of a recording passes for a calibration
        self.health = Health(config)
        self.soc = Soc(config) if curve is None else Soc(config, curve)
        self._cells = range(config.cell_n)

    def row(self, ma, mv, ddegc, dt_ms):
        """Account for one row that came `dt_ms` after the one before."""
        snap = self.snap
        snap.pack_ma = ma
        for i in self._cells:
            snap.cell_mv[i] = mv
        snap.cell_min_mv = snap.cell_max_mv = mv
        snap.cell_sum_mv = snap.stack_mv = mv * snap.cell_n
        snap.temp_ddegc[0] = snap.temp_min_ddegc = snap.temp_max_ddegc = ddegc
        while dt_ms > _STEP_MS:
            self._step(_STEP_MS)
            dt_ms -= _STEP_MS
        self._step(dt_ms)

    def _step(self, dt_ms):
        self.soc.step(self.snap, dt_ms)
        self.health.step(self.snap, self.soc, dt_ms, True)


def estimate(t_s, readings, device, each=None):
    """SoC, lower and upper limit in %, at every row. `each(device, k)` looks in after each."""
    ma, mv, ddegc = (column.tolist() for column in readings)
    dt_ms = np.rint(np.diff(t_s, prepend=t_s[0]) * 1000).astype(int).tolist()
    soc = device.soc
    full = soc.capacity_uah / 100
    out = np.empty((3, len(ma)))
    for k in range(len(ma)):
        device.row(ma[k], mv[k], ddegc[k], dt_ms[k])
        out[:, k] = soc.charge_uah / full, soc.soc_lo_pm / 10, soc.soc_hi_pm / 10
        if each is not None:
            each(device, k)
    return out


def settings_of(table):
    """The same as a person would set it: 18 whole millivolts, inside what the settings allow."""
    found = {"ocv_own": 1}
    least = 0
    for name, _, low, high, _ in FIELDS:
        if name.startswith("ocv_") and name != "ocv_own":
            mv = int(round(float(table.at(float(name.split("_")[1])))))
            least = found[name] = max(least, low, min(mv, high))
    return found


def curve_of(table):
    """The firmware's curve object from somebody's table."""
    from bms.soc_curve import Curve

    pm = [k * 5 for k in range(201)]
    mean = np.interp(np.array(pm) / 10, table.soc_pct, table.mean_mv)
    half = np.interp(np.array(pm) / 10, table.soc_pct, table.half_mv)
    return Curve(pm, [int(v * 10) for v in mean], pm, [int(v * 10) for v in half], True)
