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

    make_desk = once(lambda: desk(scan))

    def make_link(slave):
        return channel(pack, hardware.name, boxes, slave, make_desk())

    makers = [
        lambda: proven(scan),
        lambda: housekeeping(scan, boxes),
        lambda: first_lines(hardware.name, pack),
        lambda: usb(make_link),
        make_desk,
    ]
    if hardware.uart is not None:
        makers.append(lambda: uart(hardware.uart, pack, make_link))
    if hardware.ble_links and pack.config.ble_on:
        makers.append(lambda: bluetooth(pack, hardware))
    return [Later(pack, each) for each in makers]


def change_settings(pack, values) -> None:
    """Store these values; they count from the next start on."""
    from bms.settings import CHANGED, change

    now = pack.config.hash
    try:
        pack.journal.note(SETTINGS, CHANGED, -1, now, change(values), pack)
    finally:
        forget()


def acknowledge_settings(pack) -> None:
    """A person wants what is in force."""
    from bms.settings import acknowledge

    try:
        acknowledge(pack)
    finally:
        forget()


def proven(scan):
    """Ends the trial of a new version."""
    from bms.report.proven import Proven

    return Proven(scan)


def housekeeping(scan, boxes):
    """The black box, which others may read."""
    from bms.housekeeping import Housekeeping

    keeper = Housekeeping(scan)
    boxes.append(keeper.blackbox)
    return keeper


def first_lines(name, pack):
    """Some words on the console."""
    from bms.report.console import Console

    return Console(sys.stdout, name, pack)


def usb(make_link):
    """The cable's channel on the console."""
    from bms.report.usb import console

    return console(sys.stdin, sys.stdout, make_link)


def uart(line, pack, make_link):
    """JBD and the cable's channel on a serial line."""
    from bms.report.uart import UartReporter

    return UartReporter(line, pack, lambda values: change_settings(pack, values), make_link)


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


def channel(pack, name, boxes, slave, extra):
    """The channel of one cable."""
    from bms.report.link_board import BoardHost, make

    host = BoardHost(
        lambda values: change_settings(pack, values), lambda: acknowledge_settings(pack)
    )
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
