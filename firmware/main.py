"""Device entry: wiring from board.py, settings from config.json, then scan for ever."""

import asyncio
import sys

import board
from bms.app import App
from bms.journal import SETTINGS
from bms.pack import HOLD_SETTINGS, Pack
from bms.report.later import Later
from bms.scan import Scan

_CHANGED = 6  # of bms.settings

# What only a start needs, a third of all code in memory.
_START_ONLY = (
    "bms.settings",
    "bms.config",
    "bms.chemistry",
    "bms.relations",
    "bms.fields",
    "abstore",
    "bq769x2_memory",
)


def forget():
    """Let go of modules that are not needed any more; who imports them again gets them again."""
    for name in _START_ONLY:
        if sys.modules.pop(name, None) is not None and "." in name:
            delattr(sys.modules["bms"], name.split(".")[1])


def main():
    from bms.settings import Settings

    settings = Settings()
    config = settings.load().bare()
    hardware = board.make(config)
    pack = Pack(config)
    if settings.held:
        pack.hold(HOLD_SETTINGS)
    scan = Scan(pack, hardware)
    pack.journal.note(SETTINGS, settings.source, -1, config.hash, config.hash, pack)
    del Settings, settings

    def on_config(values):
        from bms.settings import change

        pack.journal.note(SETTINGS, _CHANGED, -1, config.hash, change(values), pack)
        forget()

    def console():
        from bms.report.console import Console

        return Console(sys.stdout, hardware.name, pack)

    def uart():
        from bms.report.uart import UartReporter

        return UartReporter(hardware.uart, pack, on_config)

    def housekeeping():
        from bms.housekeeping import Housekeeping

        return Housekeeping(scan)

    reporters = [Later(pack, housekeeping), Later(pack, console)]
    if hardware.uart is not None:
        reporters.append(Later(pack, uart))
    forget()
    app = App(scan, hardware.clock, asyncio.ThreadSafeFlag(), reporters)
    try:
        asyncio.run(app.run())
    finally:  # Ctrl-C ends the loop without a word to its tasks
        hardware.cutoff.block()


main()
