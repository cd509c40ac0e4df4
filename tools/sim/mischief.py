"""Trouble by name, for demo buttons, scenarios and random walks.

`sim` is any object with `world`, `plant` and `hooks`, a dict name -> function(on) for what is not
physics: its owner knows how to hold the bus or freeze the interpreter. Several may be on at once;
`clear` takes back what `apply` connected or broke, but not what that did to the pack meanwhile.
"""

_COLD_C = -10.0
_ROGUE_CELL_V = 5.0  # a charger that does not stop


class Mischief:
    """One kind of trouble: `name`, `words` for people, `apply(sim)`, `clear(sim)`."""

    def __init__(self, name: str, words: str, act, hook: bool = False):
        self.name = name
        self.words = words
        self.hook = hook  # needs its owner's function in `sim.hooks`
        self._act = act

    def possible(self, sim) -> bool:
        """Can it be done to this simulator?"""
        return not self.hook or self.name in sim.hooks

    def apply(self, sim) -> None:
        """Make trouble now."""
        self._switch(sim, True)

    def clear(self, sim) -> None:
        """End it now."""
        self._switch(sim, False)

    def _switch(self, sim, on: bool) -> None:
        sim.world.sync()
        if self.hook:
            if self.name not in sim.hooks:
                raise LookupError(f"no hook for {self.name} in this simulator")
            sim.hooks[self.name](on)
        else:
            self._act(sim.plant, on)
        sim.world.sync()


def _short(plant, on: bool) -> None:
    plant.outside.short(0.05 if on else 0.0)


def _heavy_load(plant, on: bool) -> None:
    plant.outside.overload(1.3 * plant.capacity_ah if on else 0.0)


def _overdischarge(plant, on: bool) -> None:
    if on:
        plant.cells.set_soc(0.04)
    plant.outside.overload(0.4 * plant.capacity_ah if on else 0.0)


def _runaway_charger(plant, on: bool) -> None:
    if on:
        plant.cells.set_soc(0.97)
    limits = (_ROGUE_CELL_V * plant.cell_n, 0.4 * plant.capacity_ah)
    plant.outside.go_rogue(limits if on else None)


def _cold_charge(plant, on: bool) -> None:
    if on:
        plant.soak(_COLD_C)
        plant.outside.go_rogue((3.5 * plant.cell_n, 0.2 * plant.capacity_ah))
    else:
        plant.outside.go_rogue(None)
        plant.soak(25.0)


def _hot_cell(plant, on: bool) -> None:
    # half a degree a second at the node
    joule_per_k = plant.heat.joule_per_k(0)
    plant.heat.extra_w[0] = 0.5 * joule_per_k if on else 0.0


def _broken_wire(plant, on: bool) -> None:
    plant.wire_open[plant.cell_n // 2] = on


def _broken_end_wire(plant, on: bool) -> None:
    plant.wire_open[plant.cell_n] = on


def _ntc_open(plant, on: bool) -> None:
    plant.ntc_open[0] = on


def _ntc_short(plant, on: bool) -> None:
    plant.ntc_short[0] = on


def _welded_chg(plant, on: bool) -> None:
    plant.welded_chg = on


def _welded_dsg(plant, on: bool) -> None:
    plant.welded_dsg = on


def _interlock_open(plant, on: bool) -> None:
    plant.interlock_open = on


# fmt: off
MISCHIEF = (
    Mischief("short", "a spanner of 50 mohm falls across the terminals", _short),
    Mischief("heavy_load", "a load draws 1.3 C more than it should", _heavy_load),
    Mischief("overdischarge", "the pack is at 4 % and a load of 0.4 C does not stop", _overdischarge),
    Mischief("runaway_charger", "the pack is at 97 % and the charger has lost its voltage limit", _runaway_charger),
    Mischief("cold_charge", "the pack is soaked at -10 degC and a charger comes on", _cold_charge),
    Mischief("hot_cell", "a cell beside the first sensor heats itself, half a degree a second", _hot_cell),
    Mischief("broken_wire", "the sense wire in the middle of the stack breaks", _broken_wire),
    Mischief("broken_end_wire", "the topmost sense wire breaks", _broken_end_wire),
    Mischief("ntc_open", "the wire of the first temperature sensor breaks", _ntc_open),
    Mischief("ntc_short", "the first temperature sensor is shorted", _ntc_short),
    Mischief("welded_chg", "the charge FET is welded: it conducts whatever is commanded", _welded_chg),
    Mischief("welded_dsg", "the discharge FET is welded: it conducts whatever is commanded", _welded_dsg),
    Mischief("interlock_open", "somebody pulls the interlock plug", _interlock_open),
    Mischief("dead_bus", "the I2C bus is dead: nobody answers", None, hook=True),
    Mischief("brown_out", "the monitor chip loses its supply for a moment", None, hook=True),
    Mischief("broken_alert", "the wire from the monitor's ALERT pin breaks", None, hook=True),
    Mischief("frozen_interpreter", "the interpreter hangs: no scan any more", None, hook=True),
)
# fmt: on


def find(name: str):
    """The mischief of this name; `LookupError` lists them all when there is none."""
    for mischief in MISCHIEF:
        if mischief.name == name:
            return mischief
    raise LookupError(f"no mischief {name!r}; there are {', '.join(m.name for m in MISCHIEF)}")


def pick(prng, sim):
    """Some mischief that is possible here, by chance."""
    return prng.pick([mischief for mischief in MISCHIEF if mischief.possible(sim)])
