"""`make size`: what has grown is named, and what is measured is what a board would keep."""

import pytest

import size
import vm
from size.__main__ import main

SMALL = {"bms.scan": (3507, 9000), "all": (70000, 90000), "start": (0, 100000)}


def test_what_fits_its_budget_is_silent():
    assert size.grown(SMALL, {name: list(pair) for name, pair in SMALL.items()}) == []


@pytest.mark.parametrize(
    "name, place, words",
    [
        ("bms.scan", 0, "bms.scan: 3507 B of .mpy, budget 3506"),
        ("bms.scan", 1, "bms.scan: 9000 B of heap, budget 8999"),
        ("start", 1, "start: 100000 B of heap, budget 99999"),
    ],
)
def test_a_growth_is_one_line_with_the_module(name, place, words):
    budget = {key: list(pair) for key, pair in SMALL.items()}
    budget[name][place] -= 1
    assert size.grown(SMALL, budget) == [words]


def test_a_module_without_a_budget_is_a_growth():
    budget = {key: list(pair) for key, pair in SMALL.items() if key != "bms.scan"}
    (line,) = size.grown(SMALL, budget)
    assert line.startswith("bms.scan: 3507 B") and line.endswith("and no budget")


def test_a_new_budget_leaves_a_little_room(tmp_path):
    path = tmp_path / "budget.toml"
    path.write_text(size.budget_text(SMALL))
    budget = size.read_budget(path)
    assert budget["bms.scan"] == [3712, 9600] and budget["start"] == [0, 105152]
    assert size.grown(SMALL, budget) == []


def test_modules_come_after_what_they_import():
    names = size.modules(size.files(size.BOARD))
    order = size.in_order(names)
    assert sorted(order) == sorted(names)
    assert order.index("roles") < order.index("bms.scan")
    assert order.index("bms.act") < order.index("bms.scan")
    assert order.index("bq769x2_window") < order.index("bq769x2") < order.index("board")


@pytest.fixture(scope="module")
def found():
    try:
        vm.command()
    except vm.Missing as missing:
        pytest.skip(str(missing))
    return size.measured()


def test_every_module_is_weighed_on_the_machine(found):
    assert set(found) - {"all", "start", "radio"} == set(size.modules(size.files(size.BOARD)))
    assert all(heap > 0 for name, (_, heap) in found.items())
    assert found["bms.fields"][1] > 5 * found["coulomb"][1]


def test_the_running_firmware_leaves_a_pico_48_kib(found):
    """With the black box: its code takes some 20 KiB, its tape and the states it keeps as much again."""
    assert size.HEAP - found["start"][1] >= 48 * 1024


def test_with_bluetooth_a_pico_w_keeps_32_kib(found):
    """Without windows around trips: for those a Pico W has memory when the firmware is frozen."""
    assert size.HEAP_W - found["radio"][1] >= 32 * 1024


def test_the_table_fails_with_the_line_of_what_has_grown(found, monkeypatch, capsys):
    monkeypatch.setattr(size, "measured", lambda: found)
    monkeypatch.setattr(size, "read_budget", lambda: {name: [0, 0] for name in found})
    assert main([]) == 1
    out, err = capsys.readouterr()
    assert "bms.scan" in out and len(err.splitlines()) >= len(found)
    monkeypatch.setattr(size, "read_budget", lambda: {name: list(found[name]) for name in found})
    assert main([]) == 0
