"""Recordings of single cells with a reference SoC, and open-circuit tables, from a folder of CSV files.

A run has `t_s`, `current_ma` (negative = discharge), `voltage_mv`, `temp_c`, `soc_ref_pct`. A table has
`soc_pct` and `ocv_*` columns or the two branches `v_dis_*`, `v_chg_*`. What is neither is left alone.
"""

import csv
from pathlib import Path

import numpy as np

_RUN = ("t_s", "current_ma", "voltage_mv", "temp_c", "soc_ref_pct")
_NO_CELL = {"dev", "dyn", "ocv", "25C", "P25"}  # words of a name that tell no cell
_WEEK_H = 48.0
_SLOW_C = 0.06  # a test at C/30 is no drive
_ROWS_MIN = 100
_COVERED_PCT = 5  # less tells no capacity


class Run:
    """One recording. Times in s, `ma` as on the device: + = charging."""

    def __init__(self, name, t_s, ma, mv, temp_c, soc_pct):
        self.name = name
        self.t_s, self.ma, self.mv = t_s, ma, mv
        self.temp_c, self.soc_pct = temp_c, soc_pct
        self.capacity_ah = self.own_ah = _capacity_ah(t_s, ma, soc_pct)
        hours = (t_s[-1] - t_s[0]) / 3600
        mean_c = np.average(abs(ma[1:]), weights=np.diff(t_s)) / 1000 / self.capacity_ah
        self.kind = "week" if hours > _WEEK_H else "slow" if mean_c < _SLOW_C else "drive"
        if hours > _WEEK_H and mean_c < _SLOW_C and np.ptp(ma) < 0.15e3 * self.capacity_ah:
            self.kind = "slow"

    def part(self, first, last=None):
        """Rows from `first` to `last` as a run of their own, of the same capacity."""
        rows = slice(first, last)
        columns = (self.t_s, self.ma, self.mv, self.temp_c, self.soc_pct)
        part = Run.__new__(Run)
        part.name, part.kind, part.capacity_ah = self.name, self.kind, self.capacity_ah
        part.own_ah = self.own_ah
        part.t_s, part.ma, part.mv, part.temp_c, part.soc_pct = (c[rows] for c in columns)
        return part

    def again(self, times):
        """The same `times` over, one after the other."""
        step_s = self.t_s[-1] - self.t_s[0] + 1.0
        out = self.part(0)
        out.t_s = np.concatenate([self.t_s + k * step_s for k in range(times)])
        for column in ("ma", "mv", "temp_c", "soc_pct"):
            setattr(out, column, np.tile(getattr(self, column), times))
        return out


def _capacity_ah(t_s, ma, soc_pct):
    """Charge moved between the lowest and the highest SoC of the run, over what it covers."""
    counted = np.concatenate([[0.0], np.cumsum(ma[1:] * np.diff(t_s))]) / 3.6e6
    low, high = int(np.argmin(soc_pct)), int(np.argmax(soc_pct))
    covered = (soc_pct[high] - soc_pct[low]) / 100
    moved = abs(counted[high] - counted[low])
    return moved / covered if covered > 0.05 and moved > 0 else 1.0


class DataError(ValueError):
    """A file that cannot be used, in one line that names it."""


def _columns(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [name.strip() for name in file.readline().split(",")]
    except UnicodeDecodeError:
        raise DataError(f"{path.name}: not text: left out") from None


def load_runs(folder, problems=None):
    """Every run in the folder, by name. The same cell at the same temperature has one capacity.

    A file that should be a run and is none adds a line to `problems`, or is a `DataError` without it.
    """
    runs = []
    for path in sorted(Path(folder).glob("*.csv")):
        try:
            run = _run(path)
        except DataError as error:
            if problems is None:
                raise
            problems.append(str(error))
            continue
        if run is not None:
            runs.append(run)
    for run in runs:
        same = [other.capacity_ah for other in runs if _cell(other) == _cell(run)]
        run.known_ah = float(np.median(same))  # a cell has one capacity, as its user knows it
    for run in runs:
        run.own_ah, run.capacity_ah = run.capacity_ah, run.known_ah
    return runs


def _run(path):
    """The run in a file, None where it is something else."""
    names = _columns(path)
    if names == [""]:
        raise DataError(f"{path.name}: empty: left out")
    missing = [name for name in _RUN if name not in names]
    if missing:
        if len(missing) > 2 or "t_s" in missing:
            return None  # a table, a list, something else
        raise DataError(f"{path.name}: no column {', '.join(missing)}: left out")
    rows = _numbers(path, names)
    if len(rows) <= _ROWS_MIN:
        raise DataError(
            f"{path.name}: {len(rows)} rows, more than {_ROWS_MIN} make a run: left out"
        )
    steps = np.diff(rows[:, 0])
    if steps.min() < 0:
        line = int(np.argmin(steps)) + 3
        raise DataError(f"{path.name}: line {line}: t_s goes back: left out")
    soc_pct = rows[:, 4]
    if soc_pct.min() < -5 or soc_pct.max() > 105 or np.ptp(soc_pct) < _COVERED_PCT:
        found = f"{soc_pct.min():g}..{soc_pct.max():g}"
        raise DataError(
            f"{path.name}: soc_ref_pct is {found}: 0..100 and {_COVERED_PCT} of it make a capacity: left out"
        )
    return Run(path.stem, *rows.T)


def _numbers(path, names):
    """The columns of a run; what is no number is told with its line."""
    use = [names.index(name) for name in _RUN]
    try:
        rows = np.loadtxt(path, delimiter=",", skiprows=1, usecols=use, ndmin=2)
        if np.isfinite(rows).all():
            return rows
    except (ValueError, IndexError):  # some line; which one is told below
        pass
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if number > 1 and line.strip():
                _check_line(path, number, line.split(","), use)
    raise DataError(f"{path.name}: not a table of numbers: left out")


def _check_line(path, number, parts, use):
    for at, name in zip(use, _RUN):
        text = parts[at].strip() if at < len(parts) else ""
        try:
            good = np.isfinite(float(text))
        except ValueError:
            good = False
        if not good:
            shown = repr(text[:20]) if text else "nothing"
            raise DataError(
                f"{path.name}: line {number}: {shown} in {name} is no number: left out"
            )


def _cell(run):
    """Runs of one cell differ in the last word of their names only."""
    return run.name.rsplit("_", 1)[0]


class Table:
    """Open-circuit voltage against SoC: mean of the branches, and half the gap between them."""

    def __init__(self, name, soc_pct, mean_mv, half_mv):
        self.name, self.soc_pct, self.mean_mv, self.half_mv = name, soc_pct, mean_mv, half_mv

    def at(self, soc_pct):
        return np.interp(soc_pct, self.soc_pct, self.mean_mv)


def load_tables(folder):
    """Every open-circuit table in the folder."""
    tables = []
    for path in sorted(Path(folder).glob("*ocv*.csv")):
        with open(path, encoding="utf-8", errors="replace") as file:
            rows = list(csv.DictReader(file))
        if rows and "soc_pct" in rows[0] and "current_ma" not in rows[0]:
            try:
                tables.append(_table(path.stem, rows))
            except (ValueError, TypeError):
                raise DataError(f"{path.name}: not a table of soc_pct and ocv_* or v_*") from None
    return tables


def _table(name, rows):
    def column(*starts):
        for key in rows[0]:
            if key.startswith(starts):
                return np.array([float(row[key]) if row[key] else np.nan for row in rows])
        return None

    soc_pct = column("soc_pct")
    down, up = column("v_dis"), column("v_chg")
    mean = column("ocv_")
    gap = column("hyst_gap")
    half = gap / 2 if gap is not None else np.full(len(soc_pct), 5.0)
    if down is not None and up is not None:
        half = (up - down) / 2
        middle = (soc_pct > 15) & (soc_pct < 90)
        half = np.clip(np.where(np.isnan(half), np.nanmedian(half[middle]), half), 3.0, 30.0)
        both = ~np.isnan(up + down) & middle
        mean = np.where(both, (up + down) / 2, mean)
    return Table(name, soc_pct, np.maximum.accumulate(mean), half)


def table_of(run, tables):
    """The table of this cell: whose name shares most words with the run's."""
    best, most = None, 0.5
    for table in tables:
        words = set(table.name.split("_")) & set(run.name.split("_"))
        shared = len(words - _NO_CELL) + 0.1 * len(words)
        if shared > most:
            best, most = table, shared
    return best


def wrong_table_of(run, tables):
    """Somebody else's table: the one whose plateau is farthest from this run's own."""
    own = table_of(run, tables)
    level = own.at(50.0) if own else float(np.median(run.mv))
    others = [table for table in tables if table is not own]
    return max(others, key=lambda table: abs(table.at(50.0) - level), default=None)
