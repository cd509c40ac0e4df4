"""What a driver made of a configuration, kept for the next start: the same content of the chip, or made anew."""

import random

import pytest

from bms.fields import FIELDS
from bq769x2 import BQ76942
from host_tests.chip.driver_rig import Rig

ROWS = {row[0]: row for row in FIELDS}
NAMES = (
    "chip_cov_mv",
    "chip_cuv_ms",
    "occ2_ma",
    "ocd2_ms",
    "temp_ms",
    "precharge_mv",
    "shunt_uohm",
)


def configurations(n):
    """Random ones that a chip can hold."""
    rng = random.Random(20)
    while n:
        name = rng.choice(NAMES)
        changes = {name: rng.randint(ROWS[name][2], ROWS[name][3])}
        try:
            made = Rig().armed(**changes)
        except ValueError:  # not every one fits
            continue
        n -= 1
        yield changes, made


def armed_with(image, rig=None, **changes):
    rig = rig or Rig()
    return rig.armed(image=image, **changes)


def same(one, other):
    assert one.i2c.memory == other.i2c.memory and len(one.i2c.memory) > 100
    one.i2c.put16(0x3A, 321)
    other.i2c.put16(0x3A, 321)
    assert one.chip.read_current() == other.chip.read_current()
    assert one.chip.verify_all() == other.chip.verify_all() == 0


def test_a_chip_armed_from_the_image_holds_what_the_configuration_says():
    for changes, made in configurations(25):
        image = made.chip.image()
        again = armed_with(image, **changes)
        same(made, again)
        assert again.chip.image() == image and not again.chip.applied


def test_it_is_the_image_that_was_taken():
    """Else the test above would say nothing."""
    image = Rig().armed(chip_cov_mv=3700).chip.image()
    assert armed_with(image, chip_cov_mv=3600).memory(0x9278) == 73  # of 50.6 mV


def test_one_bit_of_the_chip_that_differs_from_the_image_is_found():
    rig = armed_with(Rig().armed().chip.image())
    rig.i2c.memory[0x9278] ^= 1
    assert rig.chip.verify_all() == 1 and rig.chip.mismatch == 0x9278


@pytest.mark.parametrize(
    "wiring",
    [
        {"ntc": ("TS1", "TS2", "DCHG")},
        {"fet_ntc": "HDQ"},
        {"part": BQ76942, "cell_n": 10},
        {"cell_n": 15},
    ],
)
def test_an_image_of_another_wiring_is_made_anew(wiring):
    changes = {"cell_n": wiring.get("cell_n", 16)}
    other = Rig(**wiring).armed(**changes)
    same(armed_with(Rig().armed().chip.image(), Rig(**wiring), **changes), other)


def test_so_is_one_with_off_pins_on_a_board_without():
    bare = Rig()
    bare.chip.off_pins = False
    armed_with(Rig().armed().chip.image(), bare)
    assert bare.memory(0x92FA) == bare.memory(0x92FB) == 0
