"""What talks and writes beside the scan: who it is made of, and what its commands reach on a board.

Loaded, as the code of each of them, when the pack is protected: a start should not wait for it.
"""

import asyncio
import gc
import os
import sys

from micropython import const

from bms.forget import forget
from bms.pack import HOLD_COMMISSION
from bms.report.pieces import Made, fetch

_LONG_MS = const(0x0FFFFFFF)
# free heap that windows around trips need, with room left for Bluetooth, an app and a cable at once: a Pico has it,
# a Pico W with nothing frozen has not
_WINDOWS_N = const(90000)


class Reports:
    """Loads the estimators, then adds every reporter to the supervised tasks of `app`."""

    def __init__(self, app, scan):
        self._app = app
        self._scan = scan

    async def run(self) -> None:
        scan = self._scan
        await fetch(estimators(scan.pack), scan.pack.snap)
        for make in makers(scan):
            self._app.add(Made(scan.pack.snap, make))
        while True:
            await asyncio.sleep_ms(_LONG_MS)


def estimators(pack):
    """What `Pack.estimate` imports, and that. In pieces."""
    import bms.soc_curve

    yield
    import bms.soc_belief

    yield
    import bms.soc_voltage

    yield
    import bms.soc

    yield
    import bms.capacity
    import bms.resistance

    yield
    import bms.health  # noqa: F401

    yield
    pack.estimate()
    forget()
    yield


def makers(scan) -> list:
    """A function each that makes a reporter."""
    pack = scan.pack
    hardware = scan.board
    boxes = []  # the black box, once it runs
    locks = []  # of every line: one key for all
    make_desk = once(lambda: desk(scan))

    def on_config(values):
        change_settings(scan, values)

    def make_link(slave):
        return channel(pack, hardware.name, on_config, boxes, locks, slave, make_desk())

    found = [
        lambda: proven(scan),
        lambda: housekeeping(scan, boxes),
        lambda: first_lines(hardware.name, pack),
        lambda: usb(make_link, pack.snap),
    ]
    if hardware.uart is not None:
        found.append(lambda: uart(hardware.uart, pack, on_config, make_link))
    if hardware.ble_links and pack.config.ble_on:
        found.append(lambda: bluetooth(pack, hardware, on_config, locks))
    return found


def change_settings(scan, values) -> None:
    """Store these values, see there."""
    from bms.changes import change_settings

    change_settings(scan, values)


def acknowledge_settings(pack) -> None:
    """A person wants what is in force, see there."""
    from bms.changes import acknowledge_settings

    acknowledge_settings(pack)


def proven(scan):
    """Ends the trial of a new version."""
    from bms.report.proven import Proven

    return Proven(scan)


def housekeeping(scan, boxes):
    """The black box, which others may read. In pieces: most of a second in all."""
    gc.collect()
    # a pack that is held trips nothing but what is rehearsed, and rehearsing takes what windows would
    windows = gc.mem_free() >= _WINDOWS_N and not scan.pack.held & HOLD_COMMISSION
    import ringlog  # noqa: F401 pieces of what comes then

    yield
    if windows:
        import bms.window

        yield
    import bms.blackbox  # noqa: F401

    yield
    from bms import housekeeping as keeping

    for name in ("",) + keeping.FOLDERS:
        keeping.make_folder(keeping.FOLDER, name)
        yield
    key = keeping.device_key(keeping.KEY)
    yield
    keeper = keeping.make_keeper(scan)
    yield
    made = keeping.Housekeeping(scan, key, keeper, windows=windows)
    boxes.append(made.blackbox)
    yield made


def first_lines(name, pack):
    """Some words on the console."""
    from bms.report.console import Console

    return Console(sys.stdout, name, pack)


def usb(make_link, snap):
    """The cable's channel on the console."""
    from bms.report.usb import console

    return console(sys.stdin, sys.stdout, make_link, snap)


def uart(line, pack, on_config, make_link):
    """JBD and the cable's channel on a serial line."""
    from bms.report.uart import UartReporter

    return UartReporter(line, pack, on_config, make_link)


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


def channel(pack, name, on_config, boxes, locks, slave, extra):
    """The channel of one cable."""
    from bms.report.link_board import BoardHost, make

    host = BoardHost(
        on_config,
        lambda: acknowledge_settings(pack),
        locks=locks,
    )
    return make(pack, name, host, boxes, slave, extra)


def bluetooth(pack, hardware, on_config, locks):
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
        on_config=on_config,
        locks=locks,
    )
