"""Terminals: scale, switches, and what a board may leave out."""

import pytest

from terminals import Terminals


class Adc:
    def __init__(self, u16):
        self.u16 = u16

    def read_u16(self):
        return self.u16


class Pin:
    level = None

    def __call__(self, level):
        self.level = level


@pytest.mark.parametrize("u16, mv", [(0, 0), (32768, 41250), (65535, 82479)])
def test_a_reading_is_scaled_to_the_terminal(u16, mv):
    assert Terminals(Adc(u16), 82500).read_mv() == mv


def test_the_largest_reading_stays_within_small_integers():
    assert Terminals(Adc(65535), 250000).read_mv() == 249938
    assert 4095 * 250000 < 1 << 30


@pytest.mark.parametrize("full_mv", [0, -1, 250001])
def test_an_impossible_scale_is_refused(full_mv):
    with pytest.raises(ValueError, match=f"full_mv: {full_mv}"):
        Terminals(Adc(0), full_mv)


def test_switches_are_driven_and_may_be_missing():
    pdsg, lift = Pin(), Pin()
    made = Terminals(Adc(0), 1000, pdsg, lift)
    made.pdsg(True)
    made.lift(True)
    assert (pdsg.level, lift.level) == (1, 1) and made.can_precharge
    made.pdsg(False)
    assert pdsg.level == 0
    bare = Terminals(Adc(0), 1000)
    bare.pdsg(True)
    bare.lift(True)
    assert not bare.can_precharge and not bare.sees_stack


def test_the_stack_has_an_adc_of_its_own():
    made = Terminals(Adc(0), 80000, stack=Adc(32768))
    assert made.sees_stack and made.read_stack_mv() == 40000 and made.read_mv() == 0
