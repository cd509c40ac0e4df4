"""Pictures of a log: what the pack did around a trip, and how it lived."""

import io

from bms import faults
from bms.words import FAULT_WORDS
from cellwarden.problem import Problem
from cellwarden.rows import cause
from roles import CHG, DSG, TEMP_NONE


def _figure(n: int, title: str):
    """Axes below each other, with one time."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise Problem("pictures need matplotlib: pip install 'cellwarden[plot]'") from None
    figure, axes = pyplot.subplots(n, 1, sharex=True, figsize=(10, 2.6 * n), layout="constrained")
    figure.suptitle(title)
    return figure, axes


def _saved(figure, form: str) -> bytes:
    from matplotlib import pyplot

    out = io.BytesIO()
    figure.savefig(out, format=form, dpi=120)
    pyplot.close(figure)
    return out.getvalue()


def window(recorded, form: str) -> bytes:
    """Cells, current, FETs and temperatures of one window; 0 s is the trip."""
    name = cause(recorded)
    title = f"{FAULT_WORDS.get(name, name)}, record {recorded.number}, firmware {recorded.version}"
    times = _times(recorded)
    figure, (cells, current, fets, temps) = _figure(4, title)
    scans = recorded.scans
    for i in range(recorded.cell_n):
        cells.plot(times, [now["cell_mv"][i] / 1000 for now in scans], lw=0.9, label=f"{i + 1}")
    cells.set_ylabel("cells, V")
    cells.legend(ncols=8, fontsize="x-small")
    current.plot(times, [now["pack_ma"] / 1000 for now in scans], color="tab:red")
    current.set_ylabel("current, A")
    for bit, label, colour in ((CHG, "charge", "tab:green"), (DSG, "discharge", "tab:blue")):
        for field, style in (("fets", "-"), ("intent", ":")):
            source = [now["decided"][field] if field == "intent" else now[field] for now in scans]
            levels = [(1 if value & bit else 0) + (0 if bit == CHG else 1.5) for value in source]
            fets.step(times, levels, style, where="post", color=colour, label=f"{label} {field}")
    fets.set_ylabel("FETs (dotted: wanted)")
    fets.set_yticks([])
    fets.legend(ncols=4, fontsize="x-small")
    for i in range(recorded.ntc_n):
        temps.plot(times, [_celsius(now["temp_ddegc"][i]) for now in scans], label=f"{i + 1}")
    temps.set_ylabel("sensors, °C")
    temps.set_xlabel("seconds, 0 is the trip")
    for axis in (cells, current, fets, temps):
        axis.axvline(0, color="black", lw=0.6, ls="--")
        axis.grid(alpha=0.3)
    return _saved(figure, form)


def _times(recorded) -> list[float]:
    """Seconds of each scan from the first that blocks for the window's cause."""
    times = []
    t_ms = 0
    trip_ms = None
    blocks = faults.ROWS[recorded.row][faults.BLOCKS] if recorded.row < faults.ROW_N else 0
    for i, now in enumerate(recorded.scans):
        t_ms += now["dt_ms"] if i else 0
        if trip_ms is None and blocks and now["decided"]["blocks"] & blocks == blocks:
            trip_ms = t_ms
        times.append(t_ms)
    return [(t - (trip_ms or 0)) / 1000 for t in times]


def _celsius(ddegc: int):
    return None if ddegc == TEMP_NONE else ddegc / 10


def long_run(found: list[dict], name: str, form: str) -> bytes:
    """Cells, current, charge and temperatures over days or a year."""
    found = [row for row in found if "problem" not in row]
    if not found:
        raise Problem(f"no samples in the log of {name} yet: it writes every half hour at most")
    days = [row["uptime_s"] / 86400 for row in found]
    figure, (cells, current, charge, temps) = _figure(
        4, f"{len(found)} samples, one of the {name}"
    )
    for field, colour in (("cell_min_mv", "tab:blue"), ("cell_max_mv", "tab:orange")):
        cells.plot(days, [row[field] / 1000 for row in found], color=colour, label=field[:8])
    cells.set_ylabel("cells, V")
    cells.legend(fontsize="x-small")
    current.plot(days, [row["pack_ma"] / 1000 for row in found], color="tab:red")
    current.set_ylabel("current, A")
    charge.plot(days, [row["soc_pm"] / 10 for row in found], color="tab:green")
    charge.set_ylabel("charge, %")
    for field in ("temp_min_ddegc", "temp_max_ddegc"):
        temps.plot(days, [_celsius(row[field]) for row in found])
    temps.set_ylabel("sensors, °C")
    temps.set_xlabel("days since the start")
    for axis in (cells, current, charge, temps):
        axis.grid(alpha=0.3)
    return _saved(figure, form)
