"""`cellwarden flash` with the real mpremote, over TCP, against a real MicroPython on an emulated RP2040.

The first flash of a board, stopped with Ctrl-C and gone on with.
"""

import ast
import functools
import json

import pytest

from deploy.plan import with_list
from host_tests.target import rig
from host_tests.target.desk import at_the, error_of, flash, sent, stop_at

WALK = """\
import os, sys
def walk(folder):
    for name, kind, *_ in os.ilistdir(folder):
        if kind == 0x4000:
            yield from walk(folder + name + "/")
        else:
            yield folder + name
print((sys.implementation[0], tuple(sys.implementation[1])[:3], sorted(walk("/"))))
"""
BIG_N = 1500
WATCHDOG_MS = 9000  # 8.3 s while it is installed
STARTED_MS = 2000
STATUS = "cellwarden pico_bq76952 "
CONFIG = {"cell_n": 16, "precharge_on": 0}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(CONFIG))
    return path


@functools.cache
def wanted() -> list:
    """Path and bytes of what an installation of today leaves on the board, the list of it last."""
    return with_list(sorted(rig.content(rig.BOARD, CONFIG)))


def there_before() -> list:
    """Two thirds, by bytes: what takes a minute to send. `make emulate` starts with an empty board."""
    return [
        (path, data)
        for path, data in rig.content(rig.BOARD, {})
        if path.startswith("/lib/") or path.startswith("/bms/") and len(data) > BIG_N
    ]


@pytest.fixture(scope="module")
def bench():
    """A Pico on which an update was stopped early, and its pack."""
    bench = rig.Bench(flash=rig.flash_with(there_before()), service=False)
    bench.pico.boot()
    return bench


@pytest.fixture(scope="module")
def desk(bench, tmp_path_factory):
    with at_the(bench, tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture(scope="module")
def stopped(desk, bench, config):
    """The first try, and Ctrl-C in the middle of it; the board starts again by itself."""
    resets = bench.pico.resets
    said = flash(desk, "--config", config, code=130, act=stop_at("\n9/"))
    assert bench.pico.run_until(lambda: bench.pico.resets > resets, WATCHDOG_MS, 5)
    bench.pico.run_ms(STARTED_MS)
    return said


@pytest.fixture(scope="module")
def flashed(stopped, desk, config):
    """What was said when all the rest went onto the board."""
    return flash(desk, "--config", config)


def test_a_first_flash_that_was_stopped_goes_on_where_it_was(stopped, flashed):
    assert error_of(stopped) == "cellwarden: stopped"
    there = dict(there_before())
    missing = [path for path, data in wanted() if there.get(path) != data]
    whole = sent(stopped)[:-1]
    assert len(whole) == 8 and len(missing) > 20
    assert whole + sent(flashed) == missing
    assert f"{len(missing)} files replaced, 0 removed, verified" in flashed


def test_an_empty_board_starts_and_waits_for_commissioning(flashed, bench):
    assert flashed.splitlines()[-1].startswith(STATUS + "not commissioned")
    assert not bench.conducting()  # nobody has checked the wiring yet


def test_what_lies_on_the_board_is_compiled(flashed, desk, bench):
    code, said = desk.cable.mpremote("exec", WALK)
    assert code == 0, said
    name, version, paths = ast.literal_eval(said.strip().splitlines()[-1])
    assert name == "micropython" and version >= (1, 24)
    plain = [path for path in paths if path.endswith(".py")]
    assert plain == ["/boot.py", "/main.py"]  # MicroPython starts nothing else by name
    compiled = {path for path in paths if path.endswith(".mpy")}
    assert {"/board.mpy", "/bms/scan.mpy", "/lib/bq769x2.mpy"} <= compiled
    there = rig.read(bench.pico.flash())
    assert {path: there[path] for path in compiled} == {
        path: data for path, data in wanted() if path.endswith(".mpy")
    }


def test_again_nothing_is_copied_and_another_board_is_refused(flashed, desk, config):
    said = desk.give("flash", "--board", "esp32_bq76952", "--config", config, code=2)
    assert "this board is for MicroPython of esp32, the one there is of rp2" in error_of(said)
    code, said = desk.cable.flash(rig.BOARD, config)
    assert code == 0 and said.startswith("everything is there already\n")
    assert said.splitlines()[-1].startswith(STATUS + "not commissioned")
