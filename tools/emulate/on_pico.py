"""main.py with three test points: GP15 is high during a scan, GP16 during a garbage collection, GP17 while the
black box has its turn.

For measuring with an emulator or a logic analyser; otherwise the same as firmware/main.py.
"""

import asyncio
import gc
import sys

from machine import Pin

import board
from bms import app
from bms.pack import Pack
from bms.scan import Scan

gc.threshold(40000)
scan_pin = Pin(15, Pin.OUT, value=0)
gc_pin = Pin(16, Pin.OUT, value=0)
slack_pin = Pin(17, Pin.OUT, value=0)


class Collector:
    """Stands in for the module `gc` inside `bms.app`."""

    def collect(self):
        gc_pin(1)
        gc.collect()
        gc_pin(0)


class Timed:
    """A scan that shows when it runs."""

    def __init__(self, scan):
        self.inner = scan
        self.board = scan.board

    def tick(self, dt_ms):
        scan_pin(1)
        self.inner.tick(dt_ms)
        scan_pin(0)

    @property
    def pack(self):
        return self.inner.pack

    @property
    def period_ms(self):
        return self.inner.period_ms

    @property
    def again(self):
        return self.inner.again


def timed(slack):
    """The black box's turn, seen from outside."""

    def turn():
        slack_pin(1)
        slack()
        slack_pin(0)

    return turn


def main():
    from bms.config import read_config

    config = read_config("config.json").bare()
    hardware = board.make(config)
    pack = Pack(config)
    scan = Scan(pack, hardware)
    for name in ("bms.config", "bms.chemistry", "bms.relations", "bms.fields", "bq769x2_memory"):
        sys.modules.pop(name, None)
        if "." in name:
            delattr(sys.modules["bms"], name.split(".")[1])
    from bms.housekeeping import Housekeeping
    from bms.report.uart import UartReporter

    keeper = Housekeeping(scan)
    keeper.blackbox.slack = timed(keeper.blackbox.slack)
    reporters = [UartReporter(hardware.uart, pack), keeper]
    app.gc = Collector()
    asyncio.run(app.App(Timed(scan), hardware.clock, asyncio.ThreadSafeFlag(), reporters).run())


main()
