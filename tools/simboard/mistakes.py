"""Wiring mistakes that a person can make on a simulated pack: `PLANT[name](bench)`.

`bench`: an object with `sim`, and with `wires`, its `sim.miswire.Miswired`.
"""

from sim.pins import Line


def wrong_balancing_wire(bench):
    bench.sim.plant.wires.tau_s = 1e9  # no bias that would show it at rest
    bench.sim.plant.wire_open[2] = True


def open_sense_wire(bench):
    bench.sim.plant.wire_open[2] = True


def set_wire(name, value):
    def plant_it(bench):
        setattr(bench.wires, name, value)

    return plant_it


def missing_ntc(bench):
    bench.sim.plant.ntc_open[1] = True


def deaf(bench):
    bench.sim.monitor.deaf(True)


def loose(name, high=False):
    """The off-pin's wire is not connected; `high`: its end at the monitor touches 3.3 V."""

    def plant_it(bench):
        line = getattr(bench.sim.monitor, name)
        setattr(bench.sim.monitor, name, Line("loose"))
        if high:
            line.end("3V3").drive(1)

    return plant_it


def no_watchdog(bench):
    bench.sim.chip.protect.hwd_due_us = lambda: 1 << 62


def dead_dsg(bench):
    bench.wires.no_dsg = True


def welded_chg(bench):
    bench.sim.plant.welded_chg = True


def charger_left_on(bench):
    bench.sim.plant.outside.attach(bench.sim.config.cell_n * 3.5, 0.0001)


def wrong_shunt(bench):
    bench.wires.shunt = 2.0


PLANT = {
    "sense wires swapped": set_wire("crossed_wire", 2),
    "two cells swapped": set_wire("crossed_cells", (1, 2)),
    "cell not there": set_wire("no_cell", 3),
    "one cell more": set_wire("extra_v", 3.3),
    "sense wire open": open_sense_wire,
    "balancing wire open": wrong_balancing_wire,
    "ntc missing": missing_ntc,
    "ntcs swapped": set_wire("crossed_ntcs", (0, 2)),
    "fets swapped": set_wire("crossed_fets", True),
    "dsg gate open": dead_dsg,
    "chg gate open": set_wire("no_chg", True),
    "chg welded": welded_chg,
    "charger left on": charger_left_on,
    "cfetoff not connected": loose("_cfetoff"),
    "dfetoff not connected": loose("_dfetoff"),
    "cfetoff at 3.3 V": loose("_cfetoff", True),
    "dfetoff at 3.3 V": loose("_dfetoff", True),
    "shunt reversed": set_wire("current_sign", -1),
    "shunt of another value": wrong_shunt,
    "alert not connected": deaf,
    "watchdog does not open": no_watchdog,
}
