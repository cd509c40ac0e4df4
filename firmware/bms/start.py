"""A device's life: wiring from board.py, settings from config.json, then scan for ever."""

import asyncio
import gc
import os
import sys

import board
from bms.app import App
from bms.journal import SETTINGS
from bms.pack import HOLD_COMMISSION, HOLD_SETTINGS, Pack
from bms.report.later import Later
from bms.scan import Scan

# What only a start needs, a third of all code in memory.
_START_ONLY = (
    "bms.settings",
    "bms.config",
    "bms.chemistry",
    "bms.relations",
    "bms.fields",
    "abstore",
    "bms.commission_store",
    "bms.commissioning",
    "bms.calibrator",
    "bq769x2_memory",
)
_CHANGED = 6  # of bms.settings


def forget():
    """Let go of modules that are not needed any more; who imports them again gets them again."""
    for name in _START_ONLY:
        if sys.modules.pop(name, None) is not None and "." in name:
            delattr(sys.modules["bms"], name.split(".")[1])


def build():
    """Settings, hardware, pack and scan, in that order; nothing is permitted yet."""
    from bms.settings import Settings

    settings = Settings()
    config = settings.load().bare()
    hardware = board.make(config)
    pack = Pack(config)
    if settings.held:
        pack.hold(HOLD_SETTINGS)
    if not commissioned(config, hardware.name):
        pack.hold(HOLD_COMMISSION)
    scan = Scan(pack, hardware)
    calibrate(scan, hardware.name)
    pack.journal.note(SETTINGS, settings.source, -1, config.hash, config.hash, pack)
    return scan


def commissioned(config, name: str) -> bool:
    """Somebody has checked the wiring of this pack, or waived that."""
    from bms.commission_store import CommissionStore

    store = CommissionStore(config, name)
    store.load()
    return not store.held()


def calibrate(scan, name: str) -> None:
    """Correct readings as somebody's meter has shown; without a calibration nothing is done in a scan."""
    from bms.calibrator import Calibrator

    calibrator = Calibrator(scan, name)
    calibrator.load()
    if not calibrator.calibration.hash():
        scan.sense.calibration = None


def reporters(scan):
    """What talks and writes; the code of each is loaded when the pack is protected."""
    pack = scan.pack
    hardware = scan.board

    boxes = []  # the black box, once it runs

    def on_config(values):
        from bms.settings import change

        now = pack.config.hash
        try:
            pack.journal.note(SETTINGS, _CHANGED, -1, now, change(values), pack)
        finally:
            forget()

    make_desk = once(lambda: desk(scan))

    def make_link(slave):
        return channel(pack, hardware.name, on_config, boxes, slave, make_desk())

    def housekeeping():
        from bms.housekeeping import Housekeeping

        keeper = Housekeeping(scan)
        boxes.append(keeper.blackbox)
        return keeper

    def usb():
        from bms.report.usb import console

        return console(sys.stdin, sys.stdout, make_link)

    def first_lines():
        from bms.report.console import Console

        return Console(sys.stdout, hardware.name, pack)

    def uart():
        from bms.report.uart import UartReporter

        return UartReporter(hardware.uart, pack, on_config, make_link)

    first = (housekeeping, first_lines, usb, make_desk)
    found = [Later(pack, make) for make in first]
    if hardware.uart is not None:
        found.append(Later(pack, uart))
    if hardware.ble_links and pack.config.ble_on:
        found.append(Later(pack, lambda: bluetooth(pack, hardware)))
    return found


def once(make):
    """`make`, whose one result all share."""
    made = []

    def get():
        if not made:
            made.append(make())
        return made[0]

    return get


def desk(scan):
    """Commissioning and calibration, for every cable."""
    from bms.commission_store import REPORT, CommissionStore
    from bms.report.ble_key import read_key
    from bms.report.commission import Desk

    store = CommissionStore(scan.pack.config, scan.board.name, None, REPORT)
    store.load()
    return Desk(scan, store, read_key, scan.board.clock)


def channel(pack, name, on_config, boxes, slave, extra):
    """The channel of one cable."""
    from bms.report.link_board import BoardHost, make

    def on_acknowledge():
        from bms.settings import acknowledge

        try:
            acknowledge(pack)
        finally:
            forget()

    host = BoardHost(on_config, on_acknowledge, boxes)
    return make(pack, name, host, boxes, slave, extra)


def bluetooth(pack, hardware):
    """The reporter over Bluetooth; a port without it is an error that the supervisor keeps."""
    from bms.report.ble import BleReporter
    from bms.report.ble_key import read_key

    return BleReporter(
        pack,
        hardware.name,
        hardware.ble_links,
        hardware.clock,
        asyncio.ThreadSafeFlag(),
        gc.mem_free,
        os.urandom,
        key=read_key(),
        button=hardware.button,
    )


def run(started):
    """`started()` is called when everything for the first scan has been imported."""
    scan = build()
    tasks = reporters(scan)
    forget()
    started()
    app = App(scan, scan.board.clock, asyncio.ThreadSafeFlag(), tasks)
    try:
        asyncio.run(app.run())
    finally:  # Ctrl-C ends the loop without a word to its tasks
        scan.stop()
