"""Every run against every sensor set, by every method."""

import numpy as np

from bench_soc import baseline
from bench_soc.data import table_of, wrong_table_of
from bench_soc.ours import Device, config_for, curve_of, estimate, settings_of
from bench_soc.score import score
from bench_soc.sensors import COLD, SETS, cold_start, seen

_GUESS_SIGMA_PCT = 25.0


def play(run, name, sensors, tables, methods=("counting", "ekf", "cellwarden"), from_s=0.0):
    """{method: score} and {method: curves} of one run with one sensor set."""
    readings = seen(run, sensors, name)
    start_pct = float(np.clip(run.soc_pct[0] + sensors.start_off_pct, 0, 100))
    if sensors.start_off_pct and abs(start_pct - run.soc_pct[0]) < abs(sensors.start_off_pct) / 2:
        start_pct = float(np.clip(run.soc_pct[0] - sensors.start_off_pct, 0, 100))
    scores, curves = {}, {}
    for method in methods:
        found = _METHODS[method](run, readings, sensors, start_pct, tables)
        if found is not None:
            curves[method] = found
            scores[method] = score(run.t_s, run.soc_pct, *found, from_s=from_s)
    return scores, curves


def _counting(run, readings, sensors, start_pct, tables):
    return (baseline.count(run.t_s, readings[0], start_pct, run.capacity_ah * sensors.capacity),)


def _ekf(run, readings, sensors, start_pct, tables):
    table = _table(run, sensors, tables) or table_of(run, tables)
    if table is None:
        return None
    sigma_pct = sensors.start_sigma_pct or _GUESS_SIGMA_PCT
    ah = run.capacity_ah * sensors.capacity
    soc, sigma = baseline.filter_run(
        run.t_s, readings[0], readings[1], table, ah, start_pct, sigma_pct
    )
    return soc, soc - 1.96 * sigma, soc + 1.96 * sigma


def _cellwarden(run, readings, sensors, start_pct, tables, how="table"):
    """With the cell's own curve: the whole table of its test, or as `settings`; or the firmware's `default`."""
    table = None if how == "default" else _table(run, sensors, tables) or table_of(run, tables)
    given = settings_of(table) if how == "settings" and table is not None else {}
    curve = curve_of(table) if how == "table" and table is not None else None
    device = Device(config_for(run.capacity_ah * sensors.capacity, **given), curve)
    start_pm = int(round(start_pct * 10))
    if sensors.start_sigma_pct is None:
        device.soc.guess(start_pm)
    else:
        device.soc.set(start_pm, int(sensors.start_sigma_pct * 10))
    return tuple(estimate(run.t_s, readings, device))


def _settings(run, readings, sensors, start_pct, tables):
    return _cellwarden(run, readings, sensors, start_pct, tables, "settings")


def _default(run, readings, sensors, start_pct, tables):
    return _cellwarden(run, readings, sensors, start_pct, tables, "default")


_METHODS = {
    "counting": _counting,
    "ekf": _ekf,
    "cellwarden": _cellwarden,
    "own_settings": _settings,
    "default_curve": _default,
}


def _table(run, sensors, tables):
    return wrong_table_of(run, tables) if sensors.table == "wrong" else None


def full_at_s(run):
    """When the run has been charged full from below 60 %, in s since its start; None if never."""
    top = int(np.argmax(run.soc_pct))
    if run.soc_pct[top] < 99.0 or run.soc_pct[: top + 1].min() > 60.0:
        lowest = int(np.argmin(run.soc_pct))  # discharged first, full at the end
        top = lowest + int(np.argmax(run.soc_pct[lowest:]))
        if run.soc_pct[top] < 99.0 or run.soc_pct[lowest] > 60.0:
            return None
    return float(run.t_s[top] - run.t_s[0])


def jobs(runs):
    """(case, run, set name, sensors, judged from second) of everything that applies."""
    for run in runs:
        if run.kind == "slow":
            continue
        for name in ("A", "B+", "B-", "D", "wrong_ocv"):
            yield f"{run.kind}_{name}", run, name, SETS[name], 0.0
        full_s = full_at_s(run) if run.kind == "drive" else None
        if full_s is not None:
            yield "full_F", run, "F", SETS["F"], full_s
        for name, (soc_pct, sensors) in COLD.items():
            part = cold_start(run, soc_pct)
            if part is not None:
                yield "cold_C", part, name, sensors, 0.0
