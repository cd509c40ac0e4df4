"""What `health` learns from the recordings: asymmetry, capacity, resistance."""

import csv
from pathlib import Path

import numpy as np

from bench_soc.data import table_of
from bench_soc.ours import Device, config_for, curve_of, estimate
from bench_soc.sensors import SETS, seen

_CYCLES = 4  # from the second full anchor on there are three full cycles


def device_for(run, tables, name="B+"):
    """The firmware with the cell's own curve where there is one, told where it starts."""
    table = table_of(run, tables)
    device = Device(config_for(run.capacity_ah), None if table is None else curve_of(table))
    device.soc.set(int(round(run.soc_pct[0] * 10)), 5)
    return device, seen(run, SETS[name], name)


def asymmetry(runs, tables):
    """Runs that go full and come back, four times over, charge read 9 % too high."""
    found = {}
    for run in runs:
        closed = abs(run.soc_pct[0] - run.soc_pct[-1]) < 1.5
        if run.kind != "drive" or not closed or run.soc_pct.max() < 99.0:
            continue
        again = run.again(_CYCLES)
        device, readings = device_for(again, tables, "asymmetry")
        estimate(again.t_s, readings, device)
        wrong = (1 + device.soc.trim.gain_e4 / 1e4) * SETS["asymmetry"].charge_gain - 1
        found[run.name] = {
            "left_pct": round(float(100 * wrong), 2),
            "spans": device.soc.trim.gain_n,
        }
    return found


def capacity(runs, tables):
    """Runs between full and below 15 %: error of the capacity found, and its own sigma, in %."""
    found = {}
    for run in runs:
        if run.kind != "drive" or run.soc_pct.max() < 99.5 or run.soc_pct.min() > 16.0:
            continue
        for name in ("A", "B+", "B-"):
            device, readings = device_for(run, tables, name)
            estimate(run.t_s, readings, device)
            learned = device.health.capacity
            truth = run.own_ah / run.capacity_ah * 1e4
            found[f"{run.name} {name}"] = {
                "error_pct": round(float(100 * (learned.e4 / truth - 1)), 2),
                "sigma_pct": learned.sigma_e4 / 100,
                "n": learned.n,
            }
    return found


def resistance(runs, tables, folder):
    """Against the median of the steps in a band of SoC: error of the estimate while in that band, %."""
    path = Path(folder) / "ref_resistance.csv"
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as file:
        bands = [row for row in csv.DictReader(file)]
    found = {}
    for run in runs:
        own = [row for row in bands if row["file"] == run.name + ".csv"]
        if own:
            found[run.name] = _resistance(run, tables, own)
    return found


def _resistance(run, tables, bands):
    device, readings = device_for(run, tables)
    uohm = []
    estimate(run.t_s, readings, device, lambda it, k: uohm.append(it.health.resistance.uohm[0]))
    uohm = np.array(uohm)
    factor = _factor(float(np.median(run.temp_c)))
    errors = []
    for row in bands:
        low, high = max(float(row["soc_lo"]), 10.0), min(float(row["soc_hi"]), 95.0)
        use = (run.soc_pct >= low) & (run.soc_pct < high) & (uohm > 0)
        if use.any():
            errors.append(uohm[use] * factor / 1e3 / float(row["r1s_mohm"]) - 1)
    errors = 100 * abs(np.concatenate(errors))
    return {
        "r25_mohm": round(float(np.median(uohm[uohm > 0])) / 1e3, 2),
        "median_pct": round(float(np.median(errors)), 2),
        "p95_pct": round(float(np.percentile(errors, 95)), 2),
    }


def _factor(temp_c):
    from bms import resistance as firmware

    return np.interp(temp_c * 10, firmware._T_DDEGC, firmware._R_PM) / 1000
