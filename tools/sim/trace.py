"""Recorded currents and voltages of one cell, and how a pack is driven by them.

A trace is a CSV file with a header; `t_s`, `current_ma` (+ = charging), `voltage_mv` and `temp_c` must
be there in any order, `soc_ref_pct` may, other columns are ignored. A row holds until the next.
"""

from array import array

from sim.cell import Cells

_NEEDED = ("t_s", "current_ma", "voltage_mv", "temp_c")
_SOC = "soc_ref_pct"
_PEAK_C = 20.0  # more is a capacity guessed wrongly from a trace that moves little charge
# outside these a column is in another unit, or broken
_RANGE = {
    "t_s": (-1.0e9, 1.0e10),
    "current_ma": (-2.0e6, 2.0e6),
    "voltage_mv": (0.0, 6000.0),
    "temp_c": (-60.0, 150.0),
    "soc_ref_pct": (-20.0, 120.0),
}


class Trace:
    """The columns of a trace file, time starting at zero.

    A missing file is `OSError`; anything wrong inside is `ValueError` naming file and line.
    """

    def __init__(self, path):
        self.path = str(path)
        self.t_us = []
        self.current_ma = array("d")
        self.voltage_mv = array("d")
        self.temp_c = array("d")
        self.soc_ref_pct = array("d")
        with open(self.path, encoding="utf-8") as file:
            try:
                self._read(file)
            except UnicodeError:
                raise ValueError(f"{self.path}: not a text file") from None
        self.n = len(self.t_us)
        if self.n < 2:
            raise ValueError(f"{self.path}: a trace needs at least two rows, this has {self.n}")
        if max(self.voltage_mv) < 100.0:
            raise ValueError(f"{self.path}: voltage_mv never reaches 100 mV: is it in volts?")
        self.duration_us = self.t_us[-1]
        self.capacity_ah = self._capacity()

    def start_soc(self) -> float:
        """Charge at the first row, 0 .. 1: the file's reference, else taken as full."""
        if not self.soc_ref_pct:
            return 1.0
        return min(max(self.soc_ref_pct[0] / 100.0, 0.0), 1.0)

    def _read(self, file) -> None:
        columns = None
        line_n = 0
        start_s = last_us = 0
        for line in file:
            line_n += 1
            line = line.strip().lstrip("\ufeff")
            if not line or line[0] == "#":
                continue
            parts = line.split(",")
            if columns is None:
                columns = self._columns(parts, line_n)
                continue
            values = [self._value(parts, name, k, line_n) for name, k in columns]
            if not self.t_us:
                start_s = values[0]
            t_us = int((values[0] - start_s) * 1.0e6 + 0.5)
            if self.t_us and t_us <= last_us:
                raise self._error(
                    line_n, f"time {values[0]:g} s does not come after the row before"
                )
            last_us = t_us
            self.t_us.append(t_us)
            self.current_ma.append(values[1])
            self.voltage_mv.append(values[2])
            self.temp_c.append(values[3])
            if len(values) > 4:
                self.soc_ref_pct.append(values[4])
        if columns is None:
            raise ValueError(f"{self.path}: empty, expected a header {','.join(_NEEDED)}")

    def _columns(self, parts, line_n: int):
        names = [part.strip().strip('"').lower() for part in parts]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise self._error(line_n, f"header lacks {', '.join(missing)}")
        wanted = _NEEDED + ((_SOC,) if _SOC in names else ())
        return [(name, names.index(name)) for name in wanted]

    def _value(self, parts, name: str, k: int, line_n: int) -> float:
        if k >= len(parts):
            raise self._error(line_n, f"no {name}, the row has {len(parts)} columns")
        try:
            value = float(parts[k])
        except ValueError:
            raise self._error(line_n, f"{name} is not a number: {parts[k]!r}") from None
        low, high = _RANGE[name]
        if not low <= value <= high:
            raise self._error(line_n, f"{name} {value:g} is outside {low:g} .. {high:g}")
        return value

    def _error(self, line_n: int, words: str) -> ValueError:
        return ValueError(f"{self.path}:{line_n}: {words}")

    def _capacity(self) -> float:
        """Capacity of the traced cell: its own charge throughput over the reference SoC it covers."""
        at = low = high = 0.0
        low_k = high_k = 0
        for k in range(1, self.n):
            at += self.current_ma[k - 1] * (self.t_us[k] - self.t_us[k - 1]) / 3.6e12
            if at < low:
                low, low_k = at, k
            if at > high:
                high, high_k = at, k
        moved = high - low
        if moved <= 0.0:
            return 1.0  # no current anywhere: any number will do
        if self.soc_ref_pct:
            covered = (self.soc_ref_pct[high_k] - self.soc_ref_pct[low_k]) / 100.0
            if covered > 0.2:
                return moved / covered
        return moved


class Drive:
    """Plays a trace to a pack: its current as demand from outside, its voltage as the truth.

    A reference cell carries the recorded current; a pack cell shows the recorded voltage plus what a
    model of it differs from the reference by. So a nominal cell behind closed FETs shows the recording.
    """

    def __init__(self, trace, capacity_ah: float, cell_ah: float):
        peak_c = max(max(trace.current_ma), -min(trace.current_ma)) / 1000.0 / cell_ah
        if peak_c > _PEAK_C:
            words = (
                f"{peak_c:.0f}C for a cell of {cell_ah:g} Ah: give the capacity of the traced cell"
            )
            raise ValueError(f"{trace.path}: {words}")
        self.trace = trace
        self.scale = capacity_ah / cell_ah
        self.cell = Cells(1, capacity_ah, trace.start_soc(), 1, 0.0)
        self.k = 0
        self.done = False  # the last row is over: no demand any more
        self._take()

    def _take(self) -> None:
        trace = self.trace
        k = self.k
        self.demand_a = 0.0 if self.done else trace.current_ma[k] / 1000.0 * self.scale
        self.volts = trace.voltage_mv[k] / 1000.0
        self.temp_c = trace.temp_c[k]
        self.next_us = trace.t_us[k + 1] if k + 1 < trace.n else None

    def to(self, now_us: int) -> bool:
        """Take the row of this moment; True when it is another than before."""
        if self.next_us is None or now_us < self.next_us:
            return False
        while self.next_us is not None and now_us >= self.next_us:
            self.k += 1
            if self.k == self.trace.n - 1:
                self.done = True
            self._take()
        return True

    def prepare(self, dt_s: float) -> float:
        """Voltage by which the recording differs from the model in this step."""
        cell = self.cell
        cell.prepare(dt_s)
        return self.volts - (cell.source_v[0] + cell.source_ohm[0] * self.demand_a)

    def move(self) -> None:
        """The reference carries what was recorded, whatever the pack does."""
        self.cell.move(self.demand_a)
