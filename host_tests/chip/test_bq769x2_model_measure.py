"""Measurement and balancing of the BQ769x2 model."""

import struct

import pytest

from host_tests.chip.bq769x2_rig import CONFIG_UPDATE, NO_SLEEP, Rig
from sim.chips.bq769x2_bits import SLEEP
from sim.errors import SimError
from sim.prng import Prng

GAIN = (0x91A8, struct.pack("<f", 7.5684))


def ready(*settings, **options) -> Rig:
    rig = Rig(**options)
    rig.ready(GAIN, *settings)
    return rig


def sleeper(*settings) -> Rig:
    rig = Rig()
    rig.configure(GAIN, *settings)
    rig.wait_s(2)
    return rig


# -- measurement -----------------------------------------------------------------------------------------


def test_registers_move_only_at_loop_boundaries_and_the_stack_every_third():
    rig = ready((0x92FE, b"\x07\x07"))
    assert rig.chip.measure.loop_us == 63000
    rig.chip.measure.stop_each_loop = True
    rig.until(lambda: rig.chip.measure.loops % 3 == 0)
    before = rig.word(0x34)
    rig.plant.cell_v[0] = 3.401
    rig.plant.stack_v += 1.0
    rig.wait_us(rig.chip.measure.next_us - rig.world.now_us - 1)
    assert rig.chip.regs[0x14:0x16] == struct.pack("<h", 3300)
    rig.wait_us(1)
    assert rig.chip.regs[0x14:0x16] == struct.pack("<h", 3401)
    assert rig.word(0x34) == before
    rig.wait_us(126000)
    assert rig.word(0x34) == before + 100


@pytest.mark.parametrize(
    ("thermistors", "us"),
    [(b"\x00\x00\x00", 54000), (b"\x07\x00\x00", 57000), (b"\x07\x07\x07", 63000)],
)
def test_the_loop_takes_three_milliseconds_a_slot(thermistors, us):
    assert ready((0x92FD, thermistors)).chip.measure.loop_us == us


def test_slow_loops_and_fast_adc():
    assert ready((0x9234, b"\x8a\x28")).chip.measure.loop_us == 4 * 57000
    assert ready((0x9234, b"\xc2\x28")).chip.measure.loop_us == 28500


def test_values_are_rounded_to_a_millivolt_and_saturate():
    rig = ready((0x9303, 0x01))
    rig.plant.cell_v[:3] = [3.30049, 3.30051, -0.2]
    rig.change(stack_v=52.8, pack_v=31.2344)
    rig.wait_us(200000)
    assert struct.unpack("<hhh", rig.read(0x14, 6)) == (3300, 3301, -200)
    assert struct.unpack("<hh", rig.read(0x34, 4)) == (32767, 31234)


@pytest.mark.parametrize(("config", "code"), [(4, -32768), (5, -12340), (6, -1234), (7, -123)])
def test_current_comes_in_user_amperes(config, code):
    rig = ready((0x9303, config), (0x9261, 0))
    rig.change(current_a=-12.34)
    rig.wait_us(100000)
    assert rig.word(0x3A, signed=True) == code


def test_cc_gain_scales_the_current_with_the_shunt():
    rig = Rig(shunt_uohm=500)
    rig.ready((0x91A8, struct.pack("<f", 7.5684 / 0.5)), (0x9261, 0))
    rig.change(current_a=10.0)
    rig.wait_us(100000)
    assert rig.word(0x3A) == 10000


def test_temperatures_are_tenths_of_a_kelvin_on_configured_pins_only():
    rig = ready((0x92FD, b"\x07\x07\x00\x0f"))
    rig.plant.temp_c[:] = [25.0, -10.0, 40.0]
    rig.change(fet_c=60.0, die_c=31.0)
    rig.wait_us(200000)
    assert struct.unpack("<hhh", rig.read(0x70, 6)) == (2982, 2632, 0)
    assert (rig.word(0x76), rig.word(0x68)) == (3332, 3042)


def test_calibration_errors_and_noise_are_repeatable():
    def readings():
        rig = ready()
        measure = rig.chip.measure
        measure.gain_ppm[0] = 1000
        measure.offset_mv[1] = -4.0
        measure.noise_mv = 2.0
        measure.prng = Prng(5)
        rig.wait_s(2)
        return struct.unpack("<16h", rig.read(0x14, 32))

    first = readings()
    assert first == readings()
    assert 3301 <= first[0] <= 3306
    assert 3294 <= first[1] <= 3298
    assert len(set(first[2:])) > 1


def test_passed_charge_is_integrated_and_preset_to_a_half():
    rig = ready((0x9261, 0))
    rig.command(0x0082)
    rig.change(current_a=36.0)
    rig.wait_s(100)
    rig.change(current_a=0.002)
    rig.wait_s(10)
    whole, fraction, seconds = struct.unpack("<iII", rig.ask(0x0076)[:12])
    assert whole + fraction / 2**32 == pytest.approx(1000.5, abs=0.02)
    assert 109 <= seconds <= 111


def test_a_14_cell_part_leaves_holes():
    rig = Rig(cell_n=14, part="BQ769142")
    values = struct.unpack("<16h", rig.read(0x14, 32))
    assert [i for i in range(16) if not values[i]] == [12, 14]


def test_fewer_cells_need_their_wiring_told():
    with pytest.raises(ValueError, match="cell_mask"):
        Rig(cell_n=13)
    rig = Rig(cell_n=13, cell_mask=0x8FFF)
    rig.configure((0x9304, b"\xff\x8f"), (0x9261, 0x0C))
    assert rig.word(0x14 + 30) == 3300
    assert rig.word(0x14 + 26) == 0
    rig.wait_s(1)
    assert rig.read(0x03, 1) == b"\x00"


# -- balancing -------------------------------------------------------------------------------------------


def test_bleeding_starts_within_a_second_and_ends_after_the_interval():
    rig = ready((0x9339, 20))
    rig.transfer(0x0083, b"\x21\x00")
    commanded_us = rig.world.now_us
    assert not any(rig.plant.bleed)
    rig.wait_s(1)
    assert [i for i in range(16) if rig.plant.bleed[i]] == [0, 5]
    assert rig.ask(0x0083) == b"\x21\x00"
    assert rig.word(0x64) & 4
    rig.wait_us(commanded_us + 19990000 - rig.world.now_us)
    assert any(rig.plant.bleed)
    rig.wait_us(20000)
    assert not any(rig.plant.bleed)


def test_repeating_the_command_keeps_it_going_and_zero_stops_it():
    rig = ready()
    for _ in range(4):
        rig.transfer(0x0083, b"\x01\x00")
        rig.wait_s(15)
        assert rig.plant.bleed[0]
    rig.transfer(0x0083, b"\x00\x00")
    rig.wait_s(1)
    assert not any(rig.plant.bleed)
    assert struct.unpack("<H", rig.ask(0x0085))[0] in (59, 60, 61)
    assert struct.unpack("<8I", rig.ask(0x0086))[:2] in ((59, 0), (60, 0), (61, 0))


def test_adjacent_cells_are_not_refused_but_inputs_without_a_cell_are():
    rig = ready()
    rig.transfer(0x0083, b"\xff\xff")
    rig.wait_s(1)
    assert all(rig.plant.bleed)
    rig = ready((0x9304, b"\xff\x7f"))
    with pytest.raises(SimError, match="no cells"):
        rig.transfer(0x0083, b"\x00\x80")


def test_bleeding_disturbs_the_reading_of_a_cell_and_its_neighbours():
    rig = ready()
    rig.chip.measure.bleed_drop_mv = 40.0
    rig.transfer(0x0083, b"\x08\x00")
    rig.wait_us(1100000)
    assert struct.unpack("<6h", rig.read(0x14, 12)) == (3300, 3300, 3320, 3260, 3320, 3300)


def test_a_level_bleeds_every_cell_above_it():
    rig = ready()
    rig.plant.cell_v[3] = rig.plant.cell_v[7] = 3.5
    rig.wait_us(100000)
    rig.transfer(0x0084, struct.pack("<H", 3400))
    rig.wait_s(1)
    assert [i for i in range(16) if rig.plant.bleed[i]] == [3, 7]


def test_commands_can_be_configured_away_and_sleep_pauses():
    rig = ready((0x9335, 0x10))
    rig.transfer(0x0083, b"\x01\x00")
    rig.wait_s(2)
    assert not any(rig.plant.bleed)
    for options, expected in ((0x00, False), (0x04, True)):
        rig = sleeper((0x9335, options))
        rig.transfer(0x0083, b"\x01\x00")
        rig.wait_s(2)
        assert rig.chip.state == SLEEP
        assert rig.plant.bleed[0] == expected


def test_config_update_and_brown_out_stop_bleeding():
    for stop in ("config", "brown_out"):
        rig = ready()
        rig.transfer(0x0083, b"\x01\x00")
        rig.wait_s(1)
        assert rig.plant.bleed[0]
        if stop == "config":
            rig.command(CONFIG_UPDATE)
            rig.wait_us(2000)
        else:
            rig.chip.brown_out()
        assert not rig.plant.bleed[0]


def test_dastatus5_sums_up():
    rig = ready(NO_SLEEP, (0x92FD, b"\x07\x07\x07\x0f"))
    rig.plant.cell_v[2] = 3.4
    rig.plant.cell_v[4] = 3.2
    rig.plant.temp_c[1] = 35.0
    rig.wait_us(200000)
    data = struct.unpack("<10h", rig.ask(0x0075)[:20])
    assert data[2:5] == (3400, 3200, 5280)
    assert data[8] == 2982
