"""A device's life: wiring from board.py, settings from config.json, then scan for ever."""

import asyncio
import sys

import board
from bms.app import App
from bms.pack import Pack
from bms.report.later import Later
from bms.scan import Scan

# What only a start needs, a third of all code in memory.
_START_ONLY = ("bms.config", "bms.chemistry", "bms.relations", "bms.fields", "bq769x2_memory")


def forget():
    """Let go of modules that are not needed any more; who imports them again gets them again."""
    for name in _START_ONLY:
        if sys.modules.pop(name, None) is not None and "." in name:
            delattr(sys.modules["bms"], name.split(".")[1])


def run(started):
    """`started()` is called when everything for the first scan has been imported."""
    from bms.config import read_config

    config = read_config("config.json").bare()
    del read_config
    hardware = board.make(config)
    pack = Pack(config)
    scan = Scan(pack, hardware)

    def console():
        from bms.report.console import Console

        return Console(sys.stdout, hardware.name, pack)

    def uart():
        from bms.report.uart import UartReporter

        return UartReporter(hardware.uart, pack)

    reporters = [Later(pack, console)]
    if hardware.uart is not None:
        reporters.append(Later(pack, uart))
    forget()
    started()
    app = App(scan, hardware.clock, asyncio.ThreadSafeFlag(), reporters)
    try:
        asyncio.run(app.run())
    finally:  # Ctrl-C ends the loop without a word to its tasks
        hardware.cutoff.block()
