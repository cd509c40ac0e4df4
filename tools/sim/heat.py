"""Temperatures: cells lumped around their NTCs in a row, the FETs, the monitor's die, one ambient.

Semi-implicit: each node moves towards the mean of what it touches, so any step is stable.
"""

_CELL_J_PER_K_AH = 20.0  # about 1 kJ/(kg K) and 2 kg for 100 Ah
_CELL_W_PER_K_AH = 0.004  # to the ambient: half warm in an hour
_NEXT_W_PER_K_AH = 0.012  # to the neighbour node, per cell of a node
_FAN = 3.0  # times better cooling
_FET_J_PER_K = 40.0
_FET_W_PER_K = 0.5
_DIE_J_PER_K = 1.5
_DIE_W_PER_K = 0.04
_DIE_IDLE_W = 0.02
_NTC_OPEN_C = -100.0  # what a thermometer finds on a broken NTC wire
_NTC_SHORT_C = 200.0


class Heat:
    """Thermal nodes of a pack."""

    def __init__(self, cell_n: int, ntc_n: int, capacity_ah: float, temp_c: float):
        self.ambient_c = temp_c
        self.temp_c = [temp_c] * ntc_n
        self.fet_c = temp_c
        self.die_c = temp_c
        self.extra_w = [0.0] * ntc_n  # a failing cell, a stove
        self.node = [i * ntc_n // cell_n for i in range(cell_n)]  # which NTC a cell sits at
        self.count = [self.node.count(k) for k in range(ntc_n)]
        self._ah = capacity_ah

    def joule_per_k(self, k: int) -> float:
        """Heat capacity of a node."""
        return _CELL_J_PER_K_AH * self._ah * max(self.count[k], 1)

    def soak(self, temp_c: float) -> None:
        """Everything has been at this temperature for hours."""
        self.ambient_c = temp_c
        for k in range(len(self.temp_c)):
            self.temp_c[k] = temp_c
        self.fet_c = self.die_c = temp_c

    def show(self, into, ntc_open, ntc_short) -> None:
        """What the NTCs show, the broken ones too."""
        for k in range(len(into)):
            shown_c = _NTC_SHORT_C if ntc_short[k] else self.temp_c[k]
            into[k] = _NTC_OPEN_C if ntc_open[k] else shown_c

    def step(self, dt_s: float, node_w, heater_w: float, fet_w: float, die_w: float, fan: bool):
        """Warm by the powers given, cool to the ambient."""
        temps = self.temp_c
        n = len(temps)
        cool = _CELL_W_PER_K_AH * self._ah * (_FAN if fan else 1.0)
        ambient = self.ambient_c
        before = list(temps)
        for k in range(n):
            cells = max(self.count[k], 1)
            watts = node_w[k] + self.extra_w[k] + heater_w / n
            beside = _NEXT_W_PER_K_AH * self._ah * cells
            joule = self.joule_per_k(k)
            pull = cool * cells
            flow = watts + pull * ambient
            for j in (k - 1, k + 1):
                if 0 <= j < n:
                    pull += beside
                    flow += beside * before[j]
            temps[k] = (joule * before[k] + dt_s * flow) / (joule + dt_s * pull)
        cool = _FET_W_PER_K * (_FAN if fan else 1.0)
        self.fet_c = _toward(self.fet_c, ambient, fet_w, cool, _FET_J_PER_K, dt_s)
        die_w += _DIE_IDLE_W
        self.die_c = _toward(self.die_c, ambient, die_w, _DIE_W_PER_K, _DIE_J_PER_K, dt_s)


def _toward(temp: float, ambient: float, watts: float, pull: float, joule: float, dt_s: float):
    return (joule * temp + dt_s * (watts + pull * ambient)) / (joule + dt_s * pull)
