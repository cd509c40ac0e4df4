"""Can a board hold a configuration? Asked of its own wiring and drivers, on wires that lead nowhere."""

import importlib
import time

from deploy.files import boards


def refusal(config, board: str) -> str:
    """What keeps a board from starting with this `Config`, in the driver's words; empty: nothing does.

    Of a board that is not ours nothing is known.
    """
    make = _simulated if board == "sim" else _wired if board in boards() else None
    if make is None:
        return ""
    try:
        make(config, board)
    except ValueError as error:
        return str(error)
    return ""


def _simulated(config, _) -> None:
    from boards.sim.board import Sim
    from sim.plant import Plant

    Sim(config, Plant(cell_n=config.cell_n, ntc_n=config.ntc_n))


def _wired(config, board: str) -> None:
    """As a start does it: a driver says nothing to its chip before it has translated everything."""
    import machine

    if not hasattr(time, "sleep_us"):  # MicroPython's
        time.sleep_us = lambda us: time.sleep(us / 1e6)
    machine.use()
    importlib.import_module(f"boards.{board}.board").make(config).guard.load(config)
