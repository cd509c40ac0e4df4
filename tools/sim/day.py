"""A day of our own making, lived by a cell of the plant: drive, work, sun, drive, night.

Writes a trace in the format of `trace.py` without anybody's recording; the same seed gives the same
bytes on every machine.
"""

from sim.cell import lookup
from sim.plant import Plant
from sim.prng import Prng

CELL_AH = 100.0
_START_SOC = 0.72
# hour, ambient degC
_AMBIENT = ((0.0, 9.0), (6.0, 7.0), (10.0, 14.0), (15.0, 22.0), (20.0, 15.0), (24.0, 10.0))
# hour, part of capacity an hour from the sun without clouds
_SUN = ((8.0, 0.0), (10.0, 0.08), (13.0, 0.12), (15.0, 0.10), (17.5, 0.0))
# from hour, to hour, what
_PLAN = (
    (7.0, 7.75, "drive"),
    (17.75, 18.5, "drive"),
    (19.0, 19.25, "stove"),
    (20.0, 21.0, "evening"),
)
_STOVE = -0.35
_EVENING = -0.06
_STANDBY = -0.004


class Day:
    """Demand over time, as part of capacity an hour; + = charging."""

    def __init__(self, seed: int):
        self._prng = Prng(seed)
        self._cloud = 1.0
        self._phases = []  # rest of the present stop-and-go: (rows, part of capacity an hour)

    def demand(self, hour: float) -> float:
        """What the next row wants."""
        for start, end, what in _PLAN:
            if start <= hour < end:
                if what == "drive":
                    return self._drive()
                return _STOVE if what == "stove" else _EVENING
        self._cloud = min(max(self._cloud + self._prng.spread(0.2), 0.1), 1.0)
        return lookup(_SUN, hour) * self._cloud + _STANDBY

    def _drive(self) -> float:
        if not self._phases:
            between = self._prng.between
            self._phases = [
                (1, -between(50, 95) / 100.0),
                (between(1, 8), -between(12, 35) / 100.0),
                (1, between(10, 40) / 100.0),
                (between(1, 3), -0.01),
            ]
        rows, part = self._phases[0]
        if rows > 1:
            self._phases[0] = (rows - 1, part)
        else:
            self._phases.pop(0)
        return part


def driving(hour: float) -> bool:
    """Is this one of the lively hours, which get a row every ten seconds instead of every minute?"""
    for start, end, what in _PLAN:
        if what == "drive" and start <= hour < end:
            return True
    return False


def write_day(path, seed: int = 1) -> int:
    """Write the trace; returns the number of rows."""
    plant = Plant(1, CELL_AH, soc=_START_SOC, seed=seed, ntc_n=1, temp_c=8.0, spread=0.0)
    plant.own_ma = 0.0
    plant.chg_on = plant.dsg_on = True
    plant.outside.drive_top_v = 5.0
    day = Day(seed)
    rows = t_s = 0
    with open(str(path), "w") as file:
        file.write("t_s,current_ma,voltage_mv,temp_c,soc_ref_pct\n")
        while t_s <= 86400:
            hour = t_s / 3600.0
            plant.heat.ambient_c = lookup(_AMBIENT, hour)
            plant.outside.demand(day.demand(hour) * CELL_AH)
            plant.settle()
            soc_pct = plant.soc() * 100.0
            temp_c = plant.heat.temp_c[0]
            file.write(f"{t_s},{plant.current_a * 1000:.1f},{plant.cell_v[0] * 1000:.2f},")
            file.write(f"{temp_c:.2f},{soc_pct:.3f}\n")
            rows += 1
            row_s = 10 if driving(hour) else 60
            for _ in range(row_s):
                plant.step(1000000)
            t_s += row_s
    return rows
