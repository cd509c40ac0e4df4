"""Device entry: wiring from board.py, settings from config.json, then scan for ever."""

import asyncio

import board
from bms.app import App
from bms.config import read_config
from bms.pack import Pack
from bms.report.uart import UartReporter
from bms.scan import Scan


def main():
    config = read_config("config.json")
    hardware = board.make(config)
    pack = Pack(config)
    scan = Scan(pack, hardware)
    reporters = [UartReporter(hardware.uart, pack)] if hardware.uart is not None else []
    app = App(scan, hardware.clock, asyncio.ThreadSafeFlag(), reporters)
    asyncio.run(app.run())


main()
