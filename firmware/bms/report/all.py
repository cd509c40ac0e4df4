"""What talks and writes beside the scan: who it is made of, and what its commands reach on a board.

Loaded, as the code of each of them, when the pack is protected: a start should not wait for it.
"""

import asyncio
import gc
import os
import sys

from micropython import const

from bms.forget import forget
from bms.journal import SETTINGS

_LONG_MS = const(0x0FFFFFFF)


class Reports:
    """Adds one reporter after the other to the supervised tasks of `app`, and a scan may come between."""

    def __init__(self, app, scan):
        self._app = app
        self._makers = makers(scan)

    async def run(self) -> None:
        while self._makers:
            self._app.add(Made(self._makers.pop(0)))
            await asyncio.sleep_ms(0)
        while True:
            await asyncio.sleep_ms(_LONG_MS)


class Made:
    """Runs what `make()` makes, made anew when it died."""

    def __init__(self, make):
        self._make = make

    async def run(self) -> None:
        try:
            reporter = self._make()
        except ImportError:  # a Pico has no `bluetooth`, a Pico W has: nothing to report with
            while True:
                await asyncio.sleep_ms(_LONG_MS)
        await reporter.run()


def makers(scan) -> list:
    """A function each that makes a reporter."""
    pack = scan.pack
    hardware = scan.board
    boxes = []  # the black box, once it runs
    make_desk = once(lambda: desk(scan))

    def make_link(slave):
        return channel(pack, hardware.name, boxes, slave, make_desk())

    found = [
        lambda: proven(scan),
        lambda: housekeeping(scan, boxes),
        lambda: first_lines(hardware.name, pack),
        lambda: usb(make_link),
    ]
    if hardware.uart is not None:
        found.append(lambda: uart(hardware.uart, pack, make_link))
    if hardware.ble_links and pack.config.ble_on:
        found.append(lambda: bluetooth(pack, hardware))
    return found


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
    """Commissioning and calibration, for every cable; at work from the first one on."""
    from bms.commission_store import REPORT, CommissionStore
    from bms.report.ble_key import read_key
    from bms.report.commission import Desk

    store = CommissionStore(scan.pack.config, scan.board.name, None, REPORT)
    store.load()
    made = Desk(scan, store, read_key, scan.board.clock)
    asyncio.create_task(made.run())
    return made


def channel(pack, name, boxes, slave, extra):
    """The channel of one cable."""
    from bms.report.link_board import BoardHost, make

    host = BoardHost(
        lambda values: change_settings(pack, values), lambda: acknowledge_settings(pack), boxes
    )
    return make(pack, name, host, boxes, slave, extra)


def bluetooth(pack, hardware):
    """The reporter over Bluetooth; a port without it is an error that the supervisor keeps."""
    from bms.report.ble import BleReporter

    def key():
        from bms.report.ble_key import read_key

        return read_key()

    return BleReporter(
        pack,
        hardware.name,
        hardware.ble_links,
        hardware.clock,
        asyncio.ThreadSafeFlag(),
        gc.mem_free,
        os.urandom,
        key=key,
        button=hardware.button,
        on_config=lambda values: change_settings(pack, values),
    )
