"""The monitors that the simulator can build a pack with: family name -> builder.

A builder is called once, with the `Sim` when that has a world and a plant. It makes models, buses and
wires, appends to `sim.world.chips` what needs time, and returns the family's hardware:

fill(board, config)   roles, off-pins, alert pin and cut-off, as after a reset of the microcontroller
chip                  what `brown_out()` and `wake_pin()` happen to; `strict = False`: it bears noise
bus                   counts `transactions` and `wire_bytes`
dead(on)              the bus is dead: every access uses up its time-out
deaf(on)              the wire from the monitor's alert output is broken
disturb(noise)        `noise(device)` wraps what speaks bytes on the bus; None: it is well again
"""


def _bq769x2(sim):
    from boards.sim.bq769x2 import Hardware

    return Hardware(sim)


def _bq769x2_spi(sim):
    from boards.sim.bq769x2 import SpiHardware

    return SpiHardware(sim)


def _bq769x0(sim):
    from boards.sim.bq769x0 import Hardware

    return Hardware(sim)


def _ltc681x(sim):
    from boards.sim.ltc681x import Hardware

    return Hardware(sim)


def _isl94202(sim):
    from boards.sim.isl94202 import Hardware

    return Hardware(sim)


def _fit_bq769x0(values) -> None:
    from boards.sim.bq769x0 import fit

    fit(values)


def _fit_isl94202(values) -> None:
    from boards.sim.isl94202 import fit

    fit(values)


# imported when asked for: a small interpreter need not hold them all
FAMILIES = {
    "bq769x2": _bq769x2,
    "bq769x2_spi": _bq769x2_spi,
    "bq769x0": _bq769x0,
    "ltc681x": _ltc681x,
    "isl94202": _isl94202,
}

# For families that cannot hold every pack: bends a configuration (dict, with `cell_n`) to one they can.
FITS = {
    "bq769x0": _fit_bq769x0,
    "isl94202": _fit_isl94202,
}
