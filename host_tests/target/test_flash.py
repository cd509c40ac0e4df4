"""`make flash` with the real mpremote, over TCP, against a real MicroPython on an emulated RP2040."""

import ast

import pytest

from host_tests.target import rig

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
STATUS = "cellwarden pico_bq76952 "


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text('{"cell_n": 16, "precharge_on": 0}')
    return path


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
def cable(bench):
    cable = rig.Cable(bench.pico)
    yield cable
    cable.close()


@pytest.fixture(scope="module")
def flashed(cable, config):
    """What was said when all the rest went onto the board."""
    code, said = cable.flash(rig.BOARD, config)
    assert code == 0, said
    return said.splitlines()


def test_an_empty_board_gets_everything_starts_and_waits_for_commissioning(flashed, bench):
    n = len(rig.content(rig.BOARD, {})) - len(there_before()) + 1  # and the list of all
    assert f"{n} files replaced, 0 removed, verified" in flashed
    assert flashed[-1].startswith(STATUS + "not commissioned")
    assert not bench.conducting()  # nobody has checked the wiring yet


def test_what_lies_on_the_board_is_compiled(flashed, cable, bench):
    code, said = cable.mpremote("exec", WALK)
    assert code == 0, said
    name, version, paths = ast.literal_eval(said.strip().splitlines()[-1])
    assert name == "micropython" and version >= (1, 24)
    plain = [path for path in paths if path.endswith(".py")]
    assert plain == ["/boot.py", "/main.py"]  # MicroPython starts nothing else by name
    compiled = {path for path in paths if path.endswith(".mpy")}
    assert {"/board.mpy", "/bms/scan.mpy", "/lib/bq769x2.mpy"} <= compiled
    wanted = dict(rig.content(rig.BOARD, {}))
    there = rig.read(bench.pico.flash())
    assert {path: there[path] for path in compiled} == {
        path: data for path, data in wanted.items() if path.endswith(".mpy")
    }


def test_again_nothing_is_copied_and_another_board_is_refused(flashed, cable, config):
    code, said = cable.flash("esp32_bq76952", config)
    assert code == 2
    assert "this board is for MicroPython of esp32, the one there is of rp2" in said
    code, said = cable.flash(rig.BOARD, config)
    assert code == 0 and said.startswith("everything is there already\n")
    assert said.splitlines()[-1].startswith(STATUS + "not commissioned")
