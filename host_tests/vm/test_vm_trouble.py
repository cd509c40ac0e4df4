"""What a driver says of a monitor that lies is said with the heap locked, and in words that a person can read."""

import pytest

import vm
from host_tests.vm.test_vm import here

SCRIPT = "host_tests/common/say_trouble.py"
# some of what each family must have been brought to say; the buses' own errors are in the scenarios
SAID = {
    "bq769x2": (
        "0x0090: CONFIG_UPDATE does not follow",
        ": checksum",
        ": busy",
        "0x0001: expected BQ76942, found 0x7695 BQ76952",
    ),
    "bq769x2_spi": ("0x0090: CONFIG_UPDATE does not follow", ": checksum"),
    "bq769x0": (
        "0x2a: no cell measured yet",
        "0x0c: expected BQ76930, found cells in 0 of 2 groups",
        "0x32: the coulomb counter stands still",
        ": expected BQ76930, found 0x",
        "0x00: DEVICE_XREADY",
    ),
    "ltc681x": (
        ": self-test found 0x",
        ": VREF2 is ",
        "ina228 0x04: stands still",
        ": expected INA228, found 0x",
        "0x002: 1 devices expected, there are more",
        ": device 1 of 1: cell 1 was not converted",
        "0x009: expected LTC6813, found 12 cell inputs",
    ),
    "isl94202": (
        "0x49: no ISL94202: cell select 0x",
        "0x49: set to 4 cells, not 8: see isl94202_eeprom",
    ),
}


@pytest.mark.parametrize("family", SAID)
def test_a_monitor_that_lies_is_told_of_without_the_heap(tree, family):
    said = here(SCRIPT, family)
    assert said.startswith("True True "), "and it is believed again once it tells the truth"
    for part in SAID[family]:
        assert part in said
    assert "{" not in said
    assert vm.run(tree, SCRIPT, family) == said


@pytest.mark.parametrize(
    ("family", "shunt"), [("bq769x0", "shunt_uohm=100"), ("ltc681x", "shunt_uohm=50")]
)
def test_what_a_small_shunt_shows_at_worst_needs_no_large_numbers(tree, family, shunt):
    assert vm.run(tree, SCRIPT, family, shunt).startswith("True True ")


def test_words_made_too_early_are_found(tree):
    path = tree / "lib/bq769x2_sub.py"
    text = path.read_text()
    spoiled = text.replace('_fail(command, "CONFIG', '_fail(command, str(want) + "CONFIG')
    assert spoiled != text
    path.write_text(spoiled)
    with pytest.raises(RuntimeError, match="MemoryError"):
        vm.run(tree, SCRIPT, "bq769x2")
