"""A device's life: wiring from board.py, settings from config.json, then scan for ever."""

import asyncio
import gc
import os

from micropython import const

import board
from bms.app import App
from bms.forget import forget
from bms.journal import SETTINGS
from bms.pack import HOLD_COMMISSION, HOLD_SETTINGS, Pack
from bms.scan import Scan
from bms.unknown import unknown

_LOOK_MS = const(100)
_LOOK_N = const(30)  # not longer: why nothing is permitted is worth a report, too
_THRESHOLD_N = 40000  # bytes between two collections: large pieces must find room


def build(files=None):
    """A scan with the settings as they are, or held off with others; nothing is permitted yet.

    `files`: paths of what lies where settings do, when somebody has listed them already.
    """
    from bms import unchanged

    if files is None:
        files = ["/" + name for name in os.listdir()]

    def assembled(config):
        return assemble(config, files)

    scan, why = None, ""
    if "/wanted.json" in files:  # as in `wanted.PATH`
        from bms.wanted import first

        scan, why = first(assembled)
    try:
        scan = scan or assembled(unchanged.load() or checked())
    except ValueError as error:  # settings that are none, or that the monitor cannot hold
        from bms.fallback import fallback

        scan = fallback(error, assembled)
    if why:  # first, and then what it should have mended
        config = scan.pack.config
        config.why = why + ("; " + config.why if config.why else "")
    return scan


def assemble(config, files):
    """Hardware, pack and scan, in that order."""
    hardware = board.make(config)
    pack = Pack(config, estimating=unknown)
    if config.held:
        pack.hold(HOLD_SETTINGS)
    if config.checked and not commissioned(config, hardware.name):
        pack.hold(HOLD_COMMISSION)
    if pack.held:
        config.keep = False
    wishes(pack, files)
    scan = Scan(pack, hardware)
    config.image = config.rows = b""  # are in use; of other settings than these they are made anew
    calibrate(scan, hardware.name, files)
    pack.journal.note(SETTINGS, config.source, -1, config.hash, config.hash, pack)
    return scan


def checked():
    """Settings as they are stored and given, every one looked at."""
    from bms.fault_rows import resolved  # first: quicker while there is room
    from bms.settings import STORED, Settings

    gc.threshold(_THRESHOLD_N)  # so much code comes, and goes again
    settings = Settings()
    config = settings.load().bare()
    config.checked = True
    config.keep = settings.source == STORED
    config.held = settings.held
    config.source = settings.source
    config.rows = resolved(config)
    return config


def wishes(pack, files):
    """What waited for a person when the power went still does."""
    if "/wishes.a" in files or "/wishes.b" in files:  # as in `wishes.PATHS`
        from bms.recall import recall

        recall(pack)


def commissioned(config, name: str) -> bool:
    """Somebody has checked the wiring of this pack, or waived that."""
    from bms.commission_store import CommissionStore

    store = CommissionStore(config, name)
    store.load()
    return not store.held()


def calibrate(scan, name: str, files) -> None:
    """Correct readings as somebody's meter has shown; without a calibration nothing is done in a scan."""
    if "/calibration.a" not in files and "/calibration.b" not in files:  # as in `calibrator.PATHS`
        return
    from bms.calibrator import Calibrator

    calibrator = Calibrator(scan, name)
    calibrator.load()
    if not calibrator.calibration.hash():
        scan.sense.calibration = None


class Later:
    """Runs what `make()` makes, once the first FET is permitted or three seconds are over."""

    def __init__(self, pack, make):
        self._pack = pack
        self._make = make

    async def run(self) -> None:
        for _ in range(_LOOK_N):
            if self._pack.intent:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        await self._make().run()


def run(started, files=None):
    """`started()` is called when everything for the first scan has been imported. `files`: see `build`."""
    scan = build(files)
    forget()
    started()
    tasks = []
    app = App(scan, scan.board.clock, asyncio.ThreadSafeFlag(), tasks, collect)
    tasks.append(Later(scan.pack, lambda: reports(app, scan)))
    try:
        asyncio.run(app.run())
    finally:  # Ctrl-C ends the loop without a word to its tasks
        scan.stop()


def collect():
    """Garbage goes. MicroPython's collector begins with the names of the module that asks, and can put off 64 objects:
    from here it meets the code of most modules before the tasks. From `bms.app` it goes through the tasks first,
    deep inside which it then meets all code at once; where 64 are too few it begins again: 26 ms instead of 14.
    """
    gc.collect()


def reports(app, scan):
    """All that talks and writes, see there."""
    from bms.report.all import Reports

    return Reports(app, scan)
