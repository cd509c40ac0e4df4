"""The same code on CPython and on MicroPython's own virtual machine: it must say the same, byte for byte."""

import contextlib
import io
import runpy
import sys

import pytest

import vm
from boards.sim.board import FAMILY
from boards.sim.families import FAMILIES
from boards.sim.scenarios import SCENARIOS

NAMES = [row[0] for row in SCENARIOS]
# what another family is asked to play here: every kind of bus traffic and error that it has
STORIES = (
    "quiet",
    "lock_out",
    "overdischarge",
    "broken_end_wire",
    "dead_bus",
    "brown_out",
    "precharge",
    "sleep",
    "noise",
)
# over SPI a BQ769x2 differs by its bus alone
SPI_STORIES = ("quiet", "dead_bus", "noise")


@pytest.fixture(scope="module", params=["py", "mpy"])
def tree(request, laid):
    """A folder like a device's, as sources or compiled."""
    return laid(mpy=request.param == "mpy")


def here(script, *args):
    """What the same script prints on CPython."""
    out = io.StringIO()
    argv, sys.argv = sys.argv, [script, *args]
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(str(vm.ROOT / script), run_name="__main__")
    finally:
        sys.argv = argv
    return out.getvalue()


@pytest.mark.parametrize("half", [0, 1])
def test_every_scenario_writes_the_same_journal_and_its_scans_allocate_nothing(tree, half):
    names = NAMES[half::2]
    ours = [line.split() for line in here("tools/vm/play.py", *names).splitlines()]
    theirs = [line.split() for line in vm.run(tree, "tools/vm/play.py", *names).splitlines()]
    assert [line[0] for line in theirs] == names
    for (name, _, journal), (_, locked_scans, same) in zip(ours, theirs):
        assert same == journal, f"{name}: the two interpreters decided differently"
        assert int(locked_scans) > 20, name


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != FAMILY])
def test_other_families_of_monitors_say_the_same_and_allocate_nothing(tree, family):
    stories = SPI_STORIES if family.endswith("_spi") else STORIES
    names = [f"{family}/{name}" for name in stories]
    ours = [line.split() for line in here("tools/vm/play.py", *names).splitlines()]
    theirs = [line.split() for line in vm.run(tree, "tools/vm/play.py", *names).splitlines()]
    for (name, _, journal), (_, locked_scans, same) in zip(ours, theirs, strict=True):
        assert same == journal, f"{name}: the two interpreters decided differently"
        assert int(locked_scans) > 20, name


@pytest.mark.parametrize(("port", "inside"), [("hard", "0"), ("soft", "1")])
def test_a_scan_that_needs_the_heap_or_too_much_stack_opens_and_the_next_has_it(
    tree, port, inside
):
    """And the heap is free again, whatever it raised; nothing of the scheduler's ran in it on a `hard` port."""
    said = vm.run(tree, "host_tests/common/say_app.py", port).splitlines()
    assert said == [
        "needs_heap goes on 1 1 1 MemoryError",
        "needs_heap goes on 2 1 1 MemoryError",
        "goes_too_deep goes on 1 1 1 RuntimeError",
        "is_wrong TypeError 1 0 0 NoneType",
        "is_wrong TypeError 2 0 0 NoneType",
        "is_called_in_between goes on 1 0 0 NoneType",
        f"inside {inside} after 1",
        "is_fine goes on 1 0 0 NoneType",
        "locked True",
        "stuck 1 " + str(port == "soft"),
        f"full 1 {port == 'soft'} True",
    ]


@pytest.mark.parametrize("part", ["walks", "configs", "sums"])
def test_policy_configuration_and_arithmetic_say_the_same(tree, part):
    assert vm.run(tree, "host_tests/common/say.py", part) == here("host_tests/common/say.py", part)


def test_the_channel_over_a_cable_says_the_same(tree):
    script = "host_tests/common/say_link.py"
    said = here(script)
    assert vm.run(tree, script) == said and said.count("\n") > 30


def test_bluetooth_says_the_same(tree):
    assert vm.run(tree, "host_tests/common/say_ble.py", "talk") == here(
        "host_tests/common/say_ble.py", "talk"
    )


def test_noise_over_bluetooth_leaves_nothing_on_the_heap_and_an_interrupt_takes_nothing(tree):
    said = vm.run(tree, "host_tests/common/say_ble.py*9", "weigh")
    kept = [int(line.split()[1]) for line in said.splitlines() if line.startswith("kept")]
    assert len(kept) == 8 and abs(kept[-1] - kept[4]) <= 64, kept
    put, answer = next(line.split()[1:4:2] for line in said.splitlines() if line.startswith("put"))
    assert int(put) == 0 and int(answer) <= 64


def test_who_answers_over_bluetooth_is_in_memory_only_while_somebody_asks(tree):
    said = vm.run(tree, "host_tests/common/say_ble.py*12", "guests")
    kept = [int(line.split()[1]) for line in said.splitlines() if line.startswith("kept")]
    idle, busy = kept[0::2], kept[1::2]
    assert len(kept) == 11
    assert busy[2] - idle[2] > 15_000, "it is loaded, and it goes"
    assert abs(idle[-1] - idle[2]) <= 64 and abs(busy[-1] - busy[2]) <= 64, (
        "and nothing of it stays"
    )


def test_a_scan_that_allocates_is_found(tree):
    """The lock itself must be able to fail."""
    text = (tree / "tools/vm/play.py").read_text()
    spoiled = text.replace(
        "            tick(self, dt_ms)", "            tick(self, dt_ms); [dt_ms]"
    )
    assert spoiled != text
    (tree / "tools/vm/spoiled.py").write_text(spoiled)
    with pytest.raises(RuntimeError, match="MemoryError"):
        vm.run(tree, "tools/vm/spoiled.py", "quiet")
