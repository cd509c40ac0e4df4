"""LiFePO4 cells in series: open-circuit voltage with hysteresis, R0 and one RC pair, charge by counting.

Every update is a rational function of the step length, exact or implicit in what is fast, so that any
step is stable and all machines compute the same bits (only + - * /). The circuit around the cells sees
each as a voltage behind a resistance, `prepare`; `move` then carries the current that flowed.

The open-circuit curve is our own: the shape every LFP cell shares (two plateaus with a step near 65 %
where graphite changes stage, knees at both ends), between our PyBaMM runs (Prada2013) and the rest
voltages that makers print. Outside 0 .. 100 % it says what happens to an abused cell.
"""

from sim.prng import Prng

# fmt: off
# charge in % of capacity, mV at rest, mean of the charge and discharge branches
KNOTS = (
    (-12.0, 0), (-9.0, 150), (-6.0, 600), (-4.0, 1050), (-2.0, 1700), (-1.0, 2100), (0.0, 2500),
    (0.5, 2605), (1.0, 2690), (2.0, 2800), (3.0, 2875), (4.0, 2930), (5.0, 2975), (7.0, 3040),
    (9.0, 3090), (11.0, 3130), (13.0, 3160), (15.0, 3183), (18.0, 3207), (21.0, 3222), (25.0, 3238),
    (30.0, 3258), (35.0, 3276), (38.0, 3284), (42.0, 3289), (50.0, 3293), (58.0, 3296), (62.0, 3299),
    (65.0, 3305), (67.0, 3313), (69.0, 3320), (72.0, 3325), (80.0, 3328), (90.0, 3331), (94.0, 3334),
    (96.0, 3339), (97.0, 3345), (98.0, 3356), (98.5, 3366), (99.0, 3384), (99.5, 3420), (100.0, 3500),
    (100.5, 3590), (101.0, 3680), (102.0, 3830), (103.0, 3960), (105.0, 4170), (108.0, 4420),
    (112.0, 4690), (120.0, 5100),
)
# degC, resistance over that at 25 degC; general knowledge of LFP: doubles near 0, four times at -20
R_KNOTS = (
    (-40.0, 9.0), (-30.0, 6.0), (-20.0, 4.1), (-10.0, 2.9), (0.0, 2.1), (10.0, 1.55), (20.0, 1.12),
    (25.0, 1.0), (35.0, 0.82), (45.0, 0.70), (60.0, 0.58), (90.0, 0.48),
)
# fmt: on

SOC_LOW = -0.12
SOC_HIGH = 1.19
_GRID = 400  # points per unit of charge: a quarter per cent
_CELL_MAX_V = 5.2
HYSTERESIS_V = 0.011  # half the gap between the branches
_HYSTERESIS_RATE = 40.0  # the branch changes within 1/40 of the capacity
TAU_S = 40.0
R0_OHM_AH = 0.050  # 0.5 mohm for 100 Ah
R1_OHM_AH = 0.040
MONTH_H = 730.0


def lookup(knots, x: float) -> float:
    """Straight lines between knots, level outside."""
    if x <= knots[0][0]:
        return knots[0][1]
    for k in range(1, len(knots)):
        right_x, right = knots[k]
        if x <= right_x:
            left_x, left = knots[k - 1]
            return left + (right - left) * (x - left_x) / (right_x - left_x)
    return knots[-1][1]


def decay(x: float) -> float:
    """Near exp(-x) for x >= 0: off by less than 0.011, between 0 and 1 for any x, + * / only."""
    return 1.0 / (1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x / 24.0))))


class Curve:
    """Open-circuit voltage on a uniform grid, so that a look-up is one index."""

    def __init__(self, knots=KNOTS):
        n = int((SOC_HIGH - SOC_LOW) * _GRID + 4)
        self.volts = [lookup(knots, (SOC_LOW + k / _GRID) * 100.0) / 1000.0 for k in range(n)]
        self.rises = [self.volts[k + 1] - self.volts[k] for k in range(n - 1)]

    def at(self, soc: float) -> float:
        """Rest voltage, mean of both branches."""
        x = (min(max(soc, SOC_LOW), SOC_HIGH) - SOC_LOW) * _GRID
        k = int(x)
        return self.volts[k] + self.rises[k] * (x - k)

    def soc_at(self, volts: float) -> float:
        """The charge at which this is the rest voltage; the curve rises everywhere but at its ends."""
        low, high = SOC_LOW, SOC_HIGH
        for _ in range(40):
            middle = (low + high) / 2
            if self.at(middle) < volts:
                low = middle
            else:
                high = middle
        return low


class Cells:
    """State of `n` cells as lists; index 0 is the most negative cell."""

    def __init__(self, n: int, capacity_ah: float, soc: float, seed: int, spread: float):
        scatter = Prng(seed)
        self.n = n
        self.curve = Curve()
        self.capacity_ah = [
            capacity_ah * (1.0 + 0.02 * spread * scatter.signed()) for _ in range(n)
        ]
        # a full pack was balanced at the top: nobody starts above it
        self.soc = [min(soc + 0.01 * spread * scatter.signed(), max(soc, 1.0)) for _ in range(n)]
        self.r0_25 = [
            R0_OHM_AH / capacity_ah * (1.0 + 0.1 * spread * scatter.signed()) for _ in range(n)
        ]
        self.r1_25 = [r0 * R1_OHM_AH / R0_OHM_AH for r0 in self.r0_25]
        # 2 % a month, scattered: what balancing has to make good
        self.leak_a = [
            0.02 * capacity_ah / MONTH_H * (1.0 + 0.6 * spread * scatter.signed())
            for _ in range(n)
        ]
        self.r0 = list(self.r0_25)
        self.r1 = list(self.r1_25)
        self.u1 = [0.0] * n  # voltage over the RC pair
        self.branch = [0.0] * n  # -1 discharge branch .. +1 charge branch
        self.extra_a = [0.0] * n  # current besides the string's: leak, bleed
        self.volts = [0.0] * n  # terminal voltages after `move`
        self.source_v = [0.0] * n  # what `prepare` finds: voltage at no string current ...
        self.source_ohm = [0.0] * n  # ... behind this
        self._per_ah = [1.0 / ah for ah in self.capacity_ah]
        self._keep = 1.0
        self._part = self._hours = 0.0

    def set_soc(self, soc: float) -> None:
        """Put every cell at a charge, keeping how they differ, and at rest."""
        by = soc - sum(self.soc) / self.n
        for i in range(self.n):
            self.soc[i] = min(max(self.soc[i] + by, SOC_LOW), SOC_HIGH)
            self.u1[i] = 0.0

    def set_temp(self, i: int, temp_c: float) -> None:
        """Resistances follow the temperature."""
        factor = lookup(R_KNOTS, temp_c)
        self.r0[i] = self.r0_25[i] * factor
        self.r1[i] = self.r1_25[i] * factor

    def prepare(self, dt_s: float, offset_v: float = 0.0) -> None:
        """Each cell as a source for a step of this length, its curve's slope taken as resistance."""
        self._keep = keep = decay(dt_s / TAU_S)
        self._part = part = 1.0 - keep
        self._hours = dt_s / 3600.0
        grid_hours = _GRID * self._hours
        volts = self.curve.volts
        rises = self.curve.rises
        soc = self.soc
        u1 = self.u1
        branch = self.branch
        extra = self.extra_a
        r0 = self.r0
        r1 = self.r1
        per_ah = self._per_ah
        source_v = self.source_v
        source_ohm = self.source_ohm
        for i in range(self.n):
            x = (soc[i] - SOC_LOW) * _GRID
            k = int(x)
            rise = rises[k]
            r = r0[i] + r1[i] * part + rise * grid_hours * per_ah[i]
            source_ohm[i] = r
            source_v[i] = (
                offset_v
                + volts[k]
                + rise * (x - k)
                + HYSTERESIS_V * branch[i]
                + keep * u1[i]
                + r * extra[i]
            )

    def move(self, amps: float) -> None:
        """Carry the string current for the prepared step."""
        keep = self._keep
        gain = self._part
        hours = self._hours
        r1 = self.r1
        per_ah = self._per_ah
        soc = self.soc
        u1 = self.u1
        branch = self.branch
        extra = self.extra_a
        volts = self.volts
        source_v = self.source_v
        source_ohm = self.source_ohm
        for i in range(self.n):
            own = amps + extra[i]
            part = own * hours * per_ah[i]
            u1[i] = keep * u1[i] + gain * r1[i] * own
            if part > 0.0:
                soc[i] = min(soc[i] + part, SOC_HIGH)
                part *= _HYSTERESIS_RATE
                branch[i] = (branch[i] + part) / (1.0 + part)
            elif part < 0.0:
                soc[i] = max(soc[i] + part, SOC_LOW)
                part *= _HYSTERESIS_RATE
                branch[i] = (branch[i] + part) / (1.0 - part)
            v = source_v[i] + source_ohm[i] * amps
            volts[i] = v if 0.0 <= v <= _CELL_MAX_V else 0.0 if v < 0.0 else _CELL_MAX_V
