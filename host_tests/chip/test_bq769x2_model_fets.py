"""Who may turn on which FET in the BQ769x2 model: commands, masks, off-pins, body diodes, predischarge."""

import struct

import pytest

from host_tests.chip.bq769x2_rig import (
    ALL_FETS_ON,
    CONFIG_UPDATE,
    EXIT_CONFIG,
    FET_ENABLE,
    NO_SLEEP,
    Rig,
)
from sim.pins import FakePin

CHG, PCHG, DSG, PDSG = 1, 2, 4, 8
GAIN = (0x91A8, struct.pack("<f", 7.5684))
OFF_PINS = (0x92FA, b"\x86\x86")


def ready(*settings, **options) -> Rig:
    rig = Rig(**options)
    rig.ready(GAIN, *settings)
    return rig


def test_a_chip_fresh_from_power_up_is_in_test_mode_and_keeps_its_fets_off():
    rig = Rig()
    rig.command(0x009A)
    rig.wait_s(5)
    assert rig.fets() == 0
    rig.command(0x001F)
    rig.command(0x0020)
    rig.wait_us(250000)
    assert rig.fets() == CHG | DSG
    rig.command(0x0020)
    assert rig.fet_bits == CHG


def test_fets_go_on_at_the_next_evaluation_and_off_at_once():
    rig = ready()
    rig.command(0x0095)
    assert rig.fet_bits == 0
    rig.command(ALL_FETS_ON)
    assert rig.fet_bits == 0
    assert rig.until(lambda: rig.fet_bits) <= 250000
    assert rig.fet_bits == CHG | DSG


def test_test_commands_are_ignored_once_fets_are_enabled():
    rig = ready()
    rig.command(0x0020)
    rig.wait_us(300000)
    assert rig.fets() == CHG | DSG


@pytest.mark.parametrize(
    ("control", "left"),
    [
        (0x00, CHG | DSG),
        (0x0C, DSG),
        (0x03, CHG),
        (0x04, DSG),
        (0x01, CHG),
        (0x0F, 0),
        (0x0A, CHG | DSG),
    ],
)
def test_fet_control_forces_off_and_its_bits_are_not_those_of_fet_status(control, left):
    rig = ready()
    rig.transfer(0x0097, [control])
    assert rig.fets() == left
    rig.command(ALL_FETS_ON)
    rig.wait_us(250000)
    assert rig.fets() == CHG | DSG


def test_single_off_commands_add_up_and_all_on_ends_them():
    rig = ready()
    rig.command(0x0093)
    assert rig.fets() == CHG
    rig.command(0x0094)
    assert rig.fets() == 0
    rig.command(ALL_FETS_ON)
    rig.wait_us(250000)
    assert rig.fets() == CHG | DSG


def test_host_control_can_be_configured_away():
    rig = ready((0x9308, 0x09))
    rig.command(0x0095)
    rig.transfer(0x0097, [0x0F])
    assert rig.fets() == CHG | DSG


def test_fet_init_off_waits_for_all_fets_on():
    rig = ready((0x9308, 0x2D))
    assert rig.fets() == 0
    rig.transfer(0x0097, [0x00])
    rig.wait_us(500000)
    assert rig.fets() == 0
    rig.transfer(0x0097, [0x0C])
    rig.command(ALL_FETS_ON)
    rig.transfer(0x0097, [0x0C])
    rig.wait_us(250000)
    assert rig.fets() == DSG


@pytest.mark.parametrize(("addr", "value"), [(0x9308, 0x05), (0x9309, 0x00)])
def test_without_fet_control_or_charge_pump_nothing_goes_on(addr, value):
    assert ready((addr, value)).fets() == 0


def test_config_update_opens_the_fets_and_stops_protection():
    rig = ready((0x9261, 0xFC))
    rig.command(CONFIG_UPDATE)
    rig.wait_us(1500)
    assert rig.fet_bits == CHG | DSG
    rig.wait_us(500)
    assert rig.fet_bits == 0
    rig.cells(4.9)
    rig.change(current_a=-500.0)
    before = rig.read(0x14, 2)
    rig.wait_s(2)
    assert rig.read(0x02, 4) == bytes(4)
    assert rig.read(0x14, 2) == before
    rig.change(current_a=0.0)
    rig.cells(3.3)
    rig.command(EXIT_CONFIG)
    assert rig.word(0x12) & 1
    rig.wait_us(1000)
    assert not rig.word(0x12) & 1
    rig.wait_us(250000)
    assert rig.fets() == CHG | DSG


@pytest.mark.parametrize(
    ("chg_mask", "dsg_mask", "left"),
    [(0x98, 0xE4, 0), (0x18, 0xE4, CHG), (0x98, 0x80, 0), (0x18, 0x80, CHG)],
)
def test_masks_decide_what_a_short_opens_at_once(chg_mask, dsg_mask, left):
    rig = ready((0x9265, chg_mask), (0x9269, dsg_mask), (0x9287, 2))
    rig.change(current_a=-20.0)
    rig.wait_us(15)
    assert rig.fet_bits == left


def test_other_masks_act_only_at_the_next_evaluation():
    rig = ready((0x9269, 0x84), (0x9287, 2))
    rig.change(current_a=-20.0)
    rig.wait_us(15)
    assert rig.chip.regs[3] == 0x80
    assert rig.fet_bits & DSG
    rig.wait_us(250000)
    assert rig.fet_bits == 0


def test_a_mask_without_the_protection_leaves_the_fet_on():
    rig = ready((0x9261, 0x04), (0x9269, 0x80))
    rig.cells(2.0)
    rig.wait_s(2)
    assert rig.chip.regs[3] == 0x04
    assert rig.fet_bits == CHG | DSG


# -- off-pins ----------------------------------------------------------------------------------------


def permit(rig, chg: int, dsg: int) -> None:
    for pin, level in zip(rig.off_pins, (chg, dsg), strict=True):
        pin.init(FakePin.OUT, value=level)


def test_active_low_off_pins_open_at_once_in_no_time():
    rig = ready(OFF_PINS)
    assert rig.fet_bits == 0
    permit(rig, 1, 1)
    rig.wait_us(250000)
    assert rig.fet_bits == CHG | DSG
    rig.off_pins[0](0)
    assert rig.fet_bits == DSG
    rig.off_pins[1](0)
    assert rig.fet_bits == 0
    assert rig.read(0x64, 1)[0] & 0x60 == 0x60


def test_a_dead_host_lets_the_weak_pull_down_open_the_fets():
    rig = ready(OFF_PINS)
    permit(rig, 1, 1)
    rig.wait_us(250000)
    for pin in rig.off_pins:
        pin.release()
    assert rig.fet_bits == 0


def test_off_pins_do_nothing_until_configured():
    rig = ready()
    permit(rig, 0, 0)
    permit(rig, 1, 1)
    assert rig.fet_bits == CHG | DSG


def test_active_high_and_bothoff():
    rig = Rig()
    permit(rig, 0, 0)
    rig.ready((0x92FB, 0x42))
    assert rig.fet_bits == CHG | DSG
    rig.off_pins[1](1)
    assert rig.fet_bits == 0


def test_release_waits_for_the_next_evaluation():
    rig = ready(OFF_PINS)
    permit(rig, 1, 1)
    rig.wait_us(250000)
    rig.off_pins[1](0)
    rig.off_pins[1](1)
    assert rig.fet_bits == CHG
    rig.wait_us(250000)
    assert rig.fet_bits == CHG | DSG


# -- body diodes --------------------------------------------------------------------------------------


def test_discharge_through_the_charge_fets_body_diode_turns_it_on():
    rig = ready()
    rig.transfer(0x0097, [0x0C])
    rig.change(current_a=-0.049)
    assert rig.fet_bits == DSG
    rig.change(current_a=-0.06)
    assert rig.fet_bits == CHG | DSG
    rig.change(current_a=0.0)
    assert rig.fet_bits == DSG


def test_charge_through_the_discharge_fets_body_diode_turns_it_on():
    rig = ready((0x9261, 0x04))
    rig.cells(2.0)
    rig.wait_s(1)
    assert rig.fet_bits == CHG
    rig.change(current_a=1.0)
    assert rig.fet_bits == CHG | DSG
    rig.change(current_a=0.04)
    assert rig.fet_bits == CHG


def test_body_diode_protection_yields_to_an_off_pin():
    rig = ready(OFF_PINS)
    permit(rig, 1, 1)
    rig.wait_us(250000)
    rig.off_pins[0](0)
    rig.change(current_a=-5.0)
    assert rig.fet_bits == DSG
    permit(rig, 1, 1)
    rig.transfer(0x0097, [0x0C])
    rig.wait_us(1)
    assert rig.fet_bits == CHG | DSG
    rig.off_pins[0](0)
    assert rig.fet_bits == DSG


def test_parallel_fets_have_no_body_diode_protection():
    rig = ready((0x9308, 0x0C))
    rig.transfer(0x0097, [0x0C])
    rig.change(current_a=-5.0)
    assert rig.fet_bits == DSG


# -- predischarge and precharge ------------------------------------------------------------------------

PRE = ((0x9308, 0x1D), (0x930E, 0), (0x930F, 100))


def start_predischarge(*settings) -> Rig:
    rig = Rig()
    rig.configure(NO_SLEEP, *settings)
    rig.command(FET_ENABLE)
    rig.until(lambda: rig.fet_bits)
    return rig


def test_pdsg_goes_first_and_dsg_follows_when_ld_has_come_up():
    rig = start_predischarge(*PRE)
    assert rig.fets() == CHG | PDSG
    rig.wait_s(10)
    assert rig.fets() == CHG | PDSG
    rig.change(ld_v=rig.plant.stack_v - 1.01)
    rig.wait_s(1)
    assert rig.fets() == CHG | PDSG
    rig.change(ld_v=rig.plant.stack_v - 0.99)
    rig.wait_us(251000)
    assert rig.fets() == CHG | DSG


def test_ld_is_only_looked_at_every_250_ms():
    rig = start_predischarge(*PRE)
    rig.change(ld_v=rig.plant.stack_v)
    rig.wait_us(240000)
    assert rig.fet_bits == CHG | PDSG
    rig.wait_us(11000)
    assert rig.fet_bits == CHG | DSG


def test_predischarge_ends_by_time_too():
    rig = start_predischarge((0x9308, 0x1D), (0x930E, 10), (0x930F, 100))
    rig.wait_us(97000)
    assert rig.fet_bits == CHG | PDSG
    rig.wait_us(4000)
    assert rig.fet_bits == CHG | DSG


def test_predischarge_starts_over_after_every_turn_off():
    rig = start_predischarge(*PRE)
    rig.change(ld_v=rig.plant.stack_v)
    rig.wait_us(300000)
    rig.command(0x0093)
    assert rig.fet_bits == CHG
    rig.change(ld_v=0.0)
    rig.command(ALL_FETS_ON)
    rig.wait_us(600000)
    assert rig.fet_bits == CHG | PDSG


@pytest.mark.parametrize(("control", "left"), [(0x02, CHG), (0x01, CHG)])
def test_blocking_one_of_the_pair_never_closes_dsg_without_predischarge(control, left):
    rig = start_predischarge(*PRE)
    rig.transfer(0x0097, [control])
    rig.wait_s(2)
    assert rig.fets() == left


def test_precharge_uses_pchg_below_its_start_voltage():
    rig = ready((0x930A, struct.pack("<h", 2500)), (0x930C, struct.pack("<h", 2800)))
    rig.cells(2.4)
    rig.wait_s(1)
    assert rig.fets() == PCHG | DSG
    assert rig.word(0x12) & 2
    rig.cells(2.81)
    rig.wait_s(1)
    assert rig.fets() == CHG | DSG


def test_load_detect_pulls_ld_up_only_with_dsg_off():
    rig = ready()
    rig.command(0x009E)
    assert not rig.plant.load_detect
    rig.command(0x0093)
    assert rig.plant.load_detect
    rig.wait_us(250000)
    assert rig.word(0x00) == 1
    rig.command(ALL_FETS_ON)
    rig.wait_us(250000)
    assert not rig.plant.load_detect
    rig.command(0x0093)
    rig.command(0x009F)
    assert not rig.plant.load_detect
