"""Sense wires between the cells and the monitor: n + 1 of them, wire i is the minus side of cell i.

A broken wire leaves the monitor's input floating. Its bias drags it towards the wire below within
seconds, so the cell under it reads low and the one above reads high by the same amount; the sum stays.
The outermost wires have one neighbour only: wire 0 drifts up, wire n down. A cell that bleeds through a
broken wire collapses at once.
"""

from sim.cell import decay

_TAU_S = 2.0
_PULL_MOST = 0.9
_ALL_THE_WAY = 1.0 / _PULL_MOST


class Wires:
    """Which wires are broken, and how far their inputs have drifted (0 .. 1)."""

    def __init__(self, cell_n: int):
        self.open = [False] * (cell_n + 1)
        self.drift = [0.0] * (cell_n + 1)
        self.tau_s = _TAU_S

    def step(self, dt_s: float, bleed, volts) -> None:
        """Let the inputs of broken wires drift; a cell that bleeds drags them along."""
        keep = decay(dt_s / self.tau_s)
        for i in range(len(self.open)):
            self.drift[i] = 1.0 - (1.0 - self.drift[i]) * keep if self.open[i] else 0.0
        for i in range(len(bleed)):
            if bleed[i]:
                self._drag(i, volts)

    def _drag(self, i: int, volts) -> None:
        """Of the cell's two inputs the one whose wire is broken goes where the other is."""
        if self.open[i + 1]:
            self.drift[i + 1] = _ALL_THE_WAY
        elif self.open[i]:
            up = -volts[i] / max(volts[i - 1], 0.1) if i else 1.0
            self.drift[i] = _ALL_THE_WAY * up

    def reading(self, i: int, volts) -> float:
        """What the monitor finds between the inputs of wires i and i + 1."""
        true_v = 0.0
        below_v = 0.0
        last_v = volts[0] * _PULL_MOST * self.drift[0] if self.open[0] else 0.0
        for j in range(1, i + 2):
            true_v += volts[j - 1]
            below_v = last_v
            last_v = true_v
            if self.open[j]:
                last_v = below_v + (true_v - below_v) * (1.0 - _PULL_MOST * self.drift[j])
        return last_v - below_v
