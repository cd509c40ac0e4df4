"""Pictures of a log: what the pack did around a trip, and how it lived."""

import io
import math
from datetime import UTC, datetime

from bms import fault_rows, faults
from bms.words import FAULT_WORDS
from cellwarden.problem import Problem
from cellwarden.rows import cause, written
from cellwarden.settings import unpack
from roles import CHG, DSG, TEMP_NONE

# quantity of a fault row: which axis shows it, its numbers by that
_LIMITS = {
    faults.Q_CELL_MAX_MV: (0, 1000),
    faults.Q_CELL_MIN_MV: (0, 1000),
    faults.Q_CHG_MA: (1, 1000),
    faults.Q_DSG_MA: (1, -1000),
    faults.Q_TEMP_MAX_DDEGC: (3, 10),
    faults.Q_TEMP_MIN_DDEGC: (3, 10),
}

# of the long run: what, lowest and highest field, its numbers by that, colour
_LONG = (
    ("cells, V", "cell_min_mv", "cell_max_mv", 1000, "tab:blue"),
    ("current, A", "pack_ma", "pack_ma", 1000, "tab:red"),
    ("charge, %", "soc_pm", "soc_pm", 10, "tab:green"),
    ("sensors, °C", "temp_min_ddegc", "temp_max_ddegc", 10, "tab:orange"),
)
_LINES_DAYS = 21  # more, and a line that goes up and down each day is a block of colour


def _figure(n: int, title: str):
    """Axes below each other, with one time."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise Problem("pictures need matplotlib: pip install '.[plot]' (in the clone)") from None
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
    if recorded.wall_s:
        title += f", {written(recorded.wall_s)} UTC"
    times = _times(recorded)
    figure, axes = _figure(4, title)
    cells, current, fets, temps = axes
    _draw_cells(cells, times, recorded)
    current.plot(times, [now["pack_ma"] / 1000 for now in recorded.scans], color="tab:red")
    current.set_ylabel("current, A")
    _draw_fets(fets, times, recorded.scans)
    for i in range(recorded.ntc_n):
        values = [_celsius(now["temp_ddegc"][i]) for now in recorded.scans]
        temps.plot(times, values, label=f"{i + 1}")
    temps.legend(loc="upper left", ncols=4, fontsize="x-small")
    temps.set_ylabel("sensors, °C")
    temps.set_xlabel("seconds, 0 is the trip")
    _draw_limit(axes, recorded)
    for axis in axes:
        axis.axvline(0, color="black", lw=0.6, ls="--")
        axis.grid(alpha=0.3)
    return _saved(figure, form)


def _draw_cells(axis, times, recorded) -> None:
    """All in grey, but for the two that were farthest apart."""
    spread = [max(now["cell_mv"]) - min(now["cell_mv"]) for now in recorded.scans]
    at = list(recorded.scans[spread.index(max(spread))]["cell_mv"])
    named = {
        at.index(max(at)): ("tab:orange", "highest"),
        at.index(min(at)): ("tab:blue", "lowest"),
    }
    for i in range(recorded.cell_n):
        colour, words = named.get(i, ("0.75", ""))
        label = f"cell {i + 1}, {words}" if words else None
        values = [now["cell_mv"][i] / 1000 for now in recorded.scans]
        axis.plot(
            times,
            values,
            color=colour,
            lw=1.2 if words else 0.7,
            label=label,
            zorder=2 + bool(words),
        )
    axis.set_ylabel(f"{recorded.cell_n} cells, V")
    axis.legend(loc="upper left", fontsize="x-small")


def _draw_fets(axis, times, scans) -> None:
    """A lane each: filled while it conducts, a line where it was wanted."""
    for lane, (bit, colour) in enumerate(((DSG, "tab:blue"), (CHG, "tab:green"))):
        on = [lane + (0.7 if now["fets"] & bit else 0) for now in scans]
        wanted = [lane + (0.7 if now["decided"]["intent"] & bit else 0) for now in scans]
        axis.fill_between(times, lane, on, step="post", color=colour, alpha=0.35, lw=0)
        axis.step(times, wanted, where="post", color=colour, lw=1.2)
    axis.set_ylim(-0.2, 1.9)
    axis.set_yticks([0.35, 1.35], ["discharge", "charge"])
    axis.set_ylabel("FETs (line: wanted)")


def _draw_limit(axes, recorded) -> None:
    """The limit that was passed, where it is one of what is drawn."""
    row = fault_rows.ROWS[recorded.row] if recorded.row < faults.ROW_N else None
    if row is None or row[fault_rows.QUANTITY] not in _LIMITS or not recorded.packed:
        return
    axis, per = _LIMITS[row[fault_rows.QUANTITY]]
    limit = unpack(recorded.packed).get(row[fault_rows.TRIP])
    if limit is not None:
        axes[axis].axhline(limit / per, color="black", lw=1, ls=":", label=row[fault_rows.TRIP])
        axes[axis].legend(loc="upper left", fontsize="x-small")


def _times(recorded) -> list[float]:
    """Seconds of each scan from the first that blocks for the window's cause."""
    times = []
    t_ms = 0
    trip_ms = None
    blocks = fault_rows.ROWS[recorded.row][fault_rows.BLOCKS] if recorded.row < faults.ROW_N else 0
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
    days = days_of(found)
    known = all(row["wall_s"] for row in found)
    one_each = {"minutes": "minute", "hours": "hour"}[name]
    title = f"{len(found)} samples, one each {one_each}"
    parts = by_day(days, found)
    many = len(parts) > _LINES_DAYS
    figure, axes = _figure(4, title + (": lowest, mean and highest of each day" if many else ""))
    if many:
        days, found = [part[0] for part in parts], [part[1] for part in parts]
    for axis, (what, low, high, per, colour) in zip(axes, _LONG):
        _draw_long(axis, days, found, (low, high, per, colour), many)
        axis.set_ylabel(what)
    temps = axes[3]
    temps.set_xlabel("UTC" if known else "days; what a restart took is not known")
    for axis in axes:
        axis.grid(alpha=0.3)
    return _saved(figure, form)


def _draw_long(axis, days, found, what, many: bool) -> None:
    """Every sample; or of each day the two ends, filled, and the mean between them."""
    low, high, per, colour = what
    if not many:
        for field in dict.fromkeys((low, high)):
            values = [row[field] / per if _is_there(field, row) else None for row in found]
            axis.plot(days, values, color=colour, alpha=1 if field == high else 0.5)
        return
    lows, means, highs = [], [], []
    for rows in found:
        below = [row[low] / per for row in rows if _is_there(low, row)] or [math.nan]
        above = [row[high] / per for row in rows if _is_there(high, row)] or [math.nan]
        lows.append(min(below))
        highs.append(max(above))
        means.append((sum(below) / len(below) + sum(above) / len(above)) / 2)
    axis.fill_between(days, lows, highs, color=colour, alpha=0.3, lw=0)
    axis.plot(days, means, color=colour, lw=1.2)


def _is_there(field: str, row: dict) -> bool:
    return not field.startswith("temp") or row[field] != TEMP_NONE


def by_day(days, found) -> list:
    """(when it began, its samples) of each day."""
    parts = {}
    for when, row in zip(days, found):
        day = when.date() if isinstance(when, datetime) else int(when)
        parts.setdefault(day, (when, []))[1].append(row)
    return list(parts.values())


def days_of(found: list[dict]) -> list:
    """When each sample was taken: dates, or days one start after the other where one has none."""
    if all(row["wall_s"] for row in found):
        return [datetime.fromtimestamp(row["wall_s"], UTC) for row in found]
    days, before_s, last_s = [], 0, 0
    for row in found:
        if row["uptime_s"] < last_s:  # the board has started again
            before_s += last_s
        last_s = row["uptime_s"]
        days.append((before_s + last_s) / 86400)
    return days
