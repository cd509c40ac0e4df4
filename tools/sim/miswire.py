"""Wiring mistakes: what stands between a monitor and its pack when a person connected it wrongly.

`Miswired` has the whole face of a plant that a chip model knows, and hands it on, crossed. It is put in
the monitor's place of the plant (`sim.chip.plant`); truth stays in the plant.
"""


class Miswired:
    """A plant behind wrong wires. Every attribute is a mistake that may be made at any time."""

    def __init__(self, plant):
        self.plant = plant
        self.current_sign = 1  # -1: sense lines of the shunt are crossed
        self.shunt = 1.0  # the shunt is so many times the configured one
        self.crossed_wire = -1  # this sense wire and the next are crossed
        self.crossed_cells = None  # two cells whose connections are exchanged, both wires
        self.no_cell = -1  # configured but not there: its input is tied to the one below
        self.extra_v = 0.0  # a cell of the stack that is not configured
        self.crossed_fets = False  # the gate wires of CHG and DSG are exchanged
        self.crossed_ntcs = None  # two sensors that are exchanged
        self.no_dsg = False  # gate wire of the discharge FET is not connected
        self.no_chg = False
        self.chg_on_cmd = self.dsg_on_cmd = False
        self.crossed = False
        self.pchg_on = False
        self.bleed = _Bleed(self)

    def sense_v(self, i: int) -> float:
        """What the monitor finds between its inputs of cell i."""
        if i == self.no_cell:
            return 0.0
        if self.crossed_cells is not None and i in self.crossed_cells:
            i = self.crossed_cells[0] + self.crossed_cells[1] - i
        wire = self.crossed_wire
        sense = self.plant.sense_v
        if wire < 0 or not wire - 1 <= i <= wire + 1:
            return sense(i)
        if i == wire:
            return -sense(i)
        return sense(i) + sense(wire)

    @property
    def stack_v(self) -> float:
        gone = self.plant.cell_v[self.no_cell] if self.no_cell >= 0 else 0.0
        return self.plant.stack_v + self.extra_v - gone

    @property
    def current_a(self) -> float:
        return self.plant.current_a * self.current_sign * self.shunt

    @property
    def cell_v(self):
        return self.plant.cell_v

    @property
    def pack_v(self) -> float:
        return self.plant.pack_v

    @property
    def ld_v(self) -> float:
        return self.plant.ld_v

    @property
    def temp_c(self):
        temps = list(self.plant.temp_c)
        if self.crossed_ntcs is not None:
            a, b = self.crossed_ntcs
            temps[a], temps[b] = temps[b], temps[a]
        return temps

    @property
    def fet_c(self) -> float:
        return self.plant.fet_c

    @property
    def die_c(self) -> float:
        return self.plant.die_c

    # what the monitor drives

    def _gates(self) -> None:
        chg, dsg = self.chg_on_cmd, self.dsg_on_cmd
        if self.crossed_fets:
            chg, dsg = dsg, chg
        self.plant.chg_on = chg and not self.no_chg
        self.plant.dsg_on = dsg and not self.no_dsg

    @property
    def chg_on(self) -> bool:
        return self.chg_on_cmd

    @chg_on.setter
    def chg_on(self, on: bool) -> None:
        self.chg_on_cmd = on
        self._gates()

    @property
    def dsg_on(self) -> bool:
        return self.dsg_on_cmd

    @dsg_on.setter
    def dsg_on(self, on: bool) -> None:
        self.dsg_on_cmd = on
        self._gates()

    @property
    def pdsg_on(self) -> bool:
        return self.plant.pdsg_on

    @pdsg_on.setter
    def pdsg_on(self, on: bool) -> None:
        self.plant.pdsg_on = on

    @property
    def load_detect(self) -> bool:
        return self.plant.load_detect

    @load_detect.setter
    def load_detect(self, on: bool) -> None:
        self.plant.load_detect = on


class _Bleed:
    """The bleed switches: of the inputs, so a crossed cell is bled in the other's place."""

    def __init__(self, wires):
        self._wires = wires

    def __len__(self) -> int:
        return len(self._wires.plant.bleed)

    def __setitem__(self, i: int, on: bool) -> None:
        crossed = self._wires.crossed_cells
        if crossed is not None and i in crossed:
            i = crossed[0] + crossed[1] - i
        self._wires.plant.bleed[i] = on

    def __getitem__(self, i: int) -> bool:
        return self._wires.plant.bleed[i]


def miswire(sim) -> Miswired:
    """Put wires that can be wrong between the monitor and the pack of a simulator."""
    wires = Miswired(sim.plant)
    sim.chip.plant = wires
    return wires
