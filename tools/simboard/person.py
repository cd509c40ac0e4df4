"""Who sits at a simulated pack and does what commissioning asks for, or too much. The ammeter shows 5 A, then 4 A."""


class Person:
    """Does what the prompt says, once, right."""

    load_ma = 5000
    charger_ma = 4000
    settle_s = 2  # before the meter is read; 0: whoever reads it waits

    def __init__(self, sim):
        self.sim = sim
        self.doing = ("", -1)
        self.asked = []
        self._base = list(sim.plant.cells.leak_a)

    def act(self, prompt, which):
        if (prompt, which) == self.doing:
            return None
        before = self.doing[0]
        self.doing = (prompt, which)
        if not prompt and not before.endswith("_ma"):
            return None
        if prompt:
            self.asked.append((prompt, which))
        self.sim.world.sync()
        try:
            return getattr(self, "do_" + prompt)(which)
        finally:
            self.sim.world.sync()

    def _leak(self, which, amps):
        plant = self.sim.plant
        plant.cells.leak_a[which] = self._base[which] + amps
        plant._set_extra()

    def do_load_cell(self, which):
        self._leak(which, 20.0)

    def do_unload_cell(self, which):
        self._leak(which, 0.0)

    def do_warm_ntc(self, which):
        self.sim.plant.heat.temp_c[which] += 4.0

    def do_(self, _which):
        """Nothing more is asked: load and charger come off."""
        self.sim.plant.outside.load()
        self.sim.plant.outside.detach()

    def do_load_ma(self, _which):
        self.sim.plant.outside.load(amps=self.load_ma / 1000)
        self.sim.run(self.settle_s)
        return {"ma": self.load_ma}

    def do_charger_ma(self, _which):
        plant = self.sim.plant
        plant.outside.load()
        plant.outside.attach(plant.stack_v + 2, self.charger_ma / 1000)
        self.sim.run(self.settle_s)
        return {"ma": self.charger_ma}


class Overload:
    """Once, some while after the start: half as much again as the pack may give, until it has been cut off."""

    _FROM_N, _TO_N = 80, 160  # scans

    def __init__(self):
        self._n = 0

    def act(self, sim) -> None:
        self._n += 1
        if self._n in (self._FROM_N, self._TO_N):
            amps = sim.config.ocd1_ma * 3 // 2000 if self._n == self._FROM_N else 0
            sim.plant.outside.overload(amps)
            sim.world.sync()
