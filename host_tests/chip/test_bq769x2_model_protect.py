"""Comparators, firmware protections, recovery and host watchdog of the BQ769x2 model."""

import struct

import pytest

from host_tests.chip.bq769x2_rig import Rig

ALL_ON = 5  # CHG and DSG
GAIN = (0x91A8, struct.pack("<f", 7.5684))  # the coulomb counter reads true amperes at 1 mohm
SCD, OCD2, OCD1, OCC, COV, CUV = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04


def u2(value: int) -> bytes:
    return struct.pack("<H", value)


def i2(value: int) -> bytes:
    return struct.pack("<h", value)


def ready(*settings, **options) -> Rig:
    rig = Rig(**options)
    rig.ready(GAIN, *settings)
    assert rig.fet_bits == ALL_ON
    return rig


def alert(rig) -> int:
    return rig.chip.regs[2]


def status(rig) -> int:
    return rig.chip.regs[3]


# row, settings, how to bring it about, delay
ROWS_A = [
    ("cov", COV, [(0x9261, COV), (0x9278, 72), (0x9279, u2(100))], ("cell", 3.650), 336600),
    ("cuv", CUV, [(0x9261, CUV), (0x9275, 49), (0x9276, u2(2047))], ("cell", 2.470), 6761700),
    ("occ", OCC, [(0x9261, OCC), (0x9280, 25), (0x9281, 10)], ("amps", 50.1), 39600),
    ("ocd1", OCD1, [(0x9261, OCD1), (0x9282, 20), (0x9283, 1)], ("amps", -40.1), 9900),
    ("ocd2", OCD2, [(0x9261, OCD2), (0x9284, 60), (0x9285, 127)], ("amps", -120.1), 425700),
    ("scd", SCD, [(0x9261, SCD), (0x9286, 7), (0x9287, 14)], ("amps", -151.0), 195),
]


def provoke(rig, cause) -> None:
    kind, value = cause
    if kind == "cell":
        rig.cells(value, 5)
    else:
        rig.change(current_a=value)


@pytest.mark.parametrize(("name", "bit", "settings", "cause", "delay_us"), ROWS_A)
def test_a_comparator_alerts_at_once_and_trips_exactly_after_its_delay(
    name, bit, settings, cause, delay_us
):
    rig = ready(*settings)
    provoke(rig, cause)
    assert (alert(rig), status(rig)) == (bit, 0)
    rig.wait_us(delay_us - 1)
    assert (alert(rig), status(rig)) == (bit, 0)
    assert rig.fet_bits == ALL_ON
    rig.wait_us(1)
    assert (alert(rig), status(rig)) == (0, bit)


@pytest.mark.parametrize(("name", "bit", "settings", "cause", "delay_us"), ROWS_A)
def test_a_condition_that_ends_in_time_starts_over(name, bit, settings, cause, delay_us):
    rig = ready(*settings)
    for _ in range(3):
        provoke(rig, cause)
        rig.wait_us(delay_us - 1)
        provoke(rig, ("cell", 3.3) if cause[0] == "cell" else ("amps", 0.0))
        assert (alert(rig), status(rig)) == (0, 0)


@pytest.mark.parametrize(("name", "bit", "settings", "cause", "delay_us"), ROWS_A)
def test_a_protection_that_is_not_enabled_does_nothing(name, bit, settings, cause, delay_us):
    rig = ready((0x9261, 0xFC & ~bit & 0x0C if cause[0] == "cell" else 0x0C), *settings[1:])
    provoke(rig, cause)
    rig.wait_us(delay_us + 1000)
    assert (alert(rig), status(rig)) == (0, 0)


@pytest.mark.parametrize(
    ("delay", "bit", "cause"),
    [
        ((0x9279, u2(0)), COV, ("cell", 4.5)),
        ((0x9276, u2(0)), CUV, ("cell", 1.5)),
        ((0x9281, 0), OCC, ("amps", 20.0)),
        ((0x9283, 0), OCD1, ("amps", -20.0)),
    ],
)
def test_a_delay_of_zero_switches_the_comparator_off(delay, bit, cause):
    rig = ready((0x9261, bit), delay)
    provoke(rig, cause)
    rig.wait_s(1)
    assert (alert(rig), status(rig)) == (0, 0)


@pytest.mark.parametrize(("threshold", "below", "above"), [(25, 50.0, 50.001), (2, 4.0, 4.001)])
def test_occ_needs_more_than_its_threshold(threshold, below, above):
    rig = ready((0x9261, OCC), (0x9280, threshold))
    rig.change(current_a=below)
    assert alert(rig) == 0
    rig.change(current_a=above)
    assert alert(rig) == OCC


def test_thresholds_scale_with_the_shunt():
    rig = ready((0x9261, OCD1), (0x9282, 50), shunt_uohm=500)
    rig.change(current_a=-199.9)
    assert alert(rig) == 0
    rig.change(current_a=-200.1)
    assert alert(rig) == OCD1


def test_scd_with_delay_code_1_trips_in_no_time():
    rig = ready((0x9286, 0), (0x9287, 1))
    rig.change(current_a=-10.1)
    assert (alert(rig), status(rig), rig.fet_bits) == (0, SCD, 0)


def test_factory_defaults_protect_against_short_and_over_voltage_only():
    rig = ready()
    rig.cells(2.0)
    rig.change(current_a=9.9)
    rig.wait_s(1)
    assert status(rig) == 0
    rig.change(current_a=-10.1)  # the trap: 10 mV default
    rig.wait_us(15)
    assert status(rig) == SCD


def test_cells_that_are_not_configured_do_not_count():
    rig = ready((0x9261, 0x0C), (0x9304, u2(0x7FFF)))
    rig.cells(0.0, 15)
    rig.wait_s(1)
    assert (alert(rig), status(rig)) == (0, 0)


# -- recovery ----------------------------------------------------------------------------------------


def trip(rig, cause, us: int) -> None:
    provoke(rig, cause)
    rig.wait_us(us)
    assert status(rig)


def test_cov_recovers_below_the_hysteresis_for_the_recovery_time():
    rig = ready((0x9261, COV), (0x9278, 72), (0x927C, 4), (0x92AF, 3))
    trip(rig, ("cell", 3.7), 250800)
    assert rig.fet_bits == 4
    rig.cells(3.443, 5)  # 68 x 50.6 = 3440.8 mV
    rig.wait_s(5)
    assert status(rig) == COV
    rig.cells(3.440, 5)
    rig.wait_us(2999999)
    assert status(rig) == COV
    rig.wait_us(1)
    assert status(rig) == 0
    rig.wait_us(250000)
    assert rig.fet_bits == ALL_ON


def test_cuv_recovers_above_the_hysteresis():
    rig = ready((0x9261, CUV), (0x9275, 49), (0x927B, 10))
    trip(rig, ("cell", 2.4), 250800)
    assert rig.fet_bits == 1
    rig.cells(2.980, 5)
    rig.wait_s(5)
    assert status(rig) == CUV
    rig.cells(2.990, 5)  # 59 x 50.6 = 2985.4 mV
    rig.wait_s(3)
    assert status(rig) == 0


def test_ocd_recovers_only_while_charging_at_the_recovery_threshold():
    rig = ready((0x9261, OCD1), (0x928D, i2(200)))
    trip(rig, ("amps", -20.0), 9900)
    rig.change(current_a=0.0)
    rig.wait_s(60)
    assert status(rig) == OCD1
    rig.change(current_a=0.199)
    rig.wait_s(5)
    assert status(rig) == OCD1
    rig.change(current_a=0.21)
    rig.wait_us(2999999)
    assert status(rig) == OCD1
    rig.wait_us(1)
    assert status(rig) == 0


def test_ocd_recovers_by_time_with_a_small_negative_threshold():
    rig = ready((0x9261, OCD2), (0x928D, i2(-100)))
    trip(rig, ("amps", -20.0), 29700)
    rig.change(current_a=0.0)
    rig.wait_s(3)
    assert status(rig) == 0


@pytest.mark.parametrize("change", [{"current_a": -0.25}, {"current_a": 0.0, "pack_v": 50.0}])
def test_occ_recovers_by_discharge_or_when_the_charger_is_gone(change):
    rig = ready((0x9261, OCC), (0x9280, 5))
    rig.change(pack_v=53.0)
    trip(rig, ("amps", 12.0), 19800)
    rig.change(current_a=0.0)
    rig.wait_s(10)
    assert status(rig) == OCC
    rig.change(**change)
    rig.wait_s(2.9)
    assert status(rig) == OCC
    rig.wait_s(0.1)
    assert status(rig) == 0


def test_scd_recovers_by_time_alone_and_trips_again_on_a_standing_short():
    rig = ready((0x9294, 5), (0x9287, 2))
    trip(rig, ("amps", -200.0), 15)
    rig.change(current_a=0.0)
    tripped_us = rig.world.now_us
    rig.wait_us(4999999)
    assert status(rig) == SCD
    rig.wait_us(1)
    assert status(rig) == 0
    rig.wait_us(250000)
    assert rig.fet_bits == ALL_ON
    rig.change(current_a=-200.0)
    rig.wait_us(15)
    assert (status(rig), rig.fet_bits) == (SCD, 0)
    assert rig.world.now_us > tripped_us


# -- temperatures ------------------------------------------------------------------------------------

# bit, threshold address, where, beyond, clear, FETs left
ROWS_B = [
    (0x80, 0x92A0, "fet_c", 80.0, 65.0, 0),
    (0x40, 0x92A3, "die_c", 85.0, 80.0, 0),
    (0x20, 0x929D, "temp_c", 60.0, 55.0, 1),
    (0x10, 0x929A, "temp_c", 55.0, 50.0, 4),
    (0x04, 0x92AC, "die_c", -20.0, -15.0, 0),
    (0x02, 0x92A9, "temp_c", 0.0, 5.0, 1),
    (0x01, 0x92A6, "temp_c", 0.0, 5.0, 4),
]
NTCS = (0x92FD, b"\x07\x07\x07\x0f")


def set_temp(rig, where: str, celsius: float) -> None:
    if where == "temp_c":
        rig.plant.temp_c[1] = celsius
    else:
        setattr(rig.plant, where, celsius)


@pytest.mark.parametrize(("bit", "addr", "where", "beyond", "clear", "left"), ROWS_B)
def test_temperatures_trip_at_the_threshold_after_whole_seconds(
    bit, addr, where, beyond, clear, left
):
    inward = 0.2 if beyond < clear else -0.2
    rig = ready((0x9262, bit), NTCS, (addr + 1, 3), (0x9244, 120))
    set_temp(rig, where, beyond + inward)
    rig.wait_s(10)
    assert (rig.chip.regs[4], rig.chip.regs[5]) == (0, 0)
    set_temp(rig, where, beyond)
    rig.until(lambda: rig.chip.regs[4])
    rig.wait_us(2998000)
    assert (rig.chip.regs[4], rig.chip.regs[5]) == (bit, 0)
    rig.wait_us(2000)
    assert (rig.chip.regs[4], rig.chip.regs[5], rig.fet_bits) == (0, bit, left)
    set_temp(rig, where, clear - inward)
    rig.wait_s(10)
    assert rig.chip.regs[5] == bit
    set_temp(rig, where, clear)
    rig.wait_s(5.3)
    assert (rig.chip.regs[5], rig.fet_bits) == (0, ALL_ON)


def test_a_cold_reading_shorter_than_the_delay_does_nothing():
    rig = ready((0x9262, 0x01), NTCS)
    set_temp(rig, "temp_c", -5.0)
    rig.wait_s(1.5)
    set_temp(rig, "temp_c", 25.0)
    rig.wait_s(5)
    assert rig.chip.regs[5] == 0


def test_an_open_ntc_reads_cold_and_a_shorted_one_hot():
    rig = ready((0x9262, 0x11), NTCS)
    rig.chip.break_ntc("TS2", 1)
    rig.wait_s(5)
    assert rig.chip.regs[5] == 0x01
    assert rig.word(0x72) < 2000
    rig.chip.break_ntc("TS2", 2)
    rig.wait_s(8)
    assert rig.chip.regs[5] == 0x10
    assert rig.word(0x72) > 4000


def test_ocd3_is_slow_and_compares_userA():
    rig = ready((0x9263, 0x80), (0x928A, i2(-400)), (0x928C, 2), (0x9303, 6), (0x9286, 15))
    rig.change(current_a=-3.9)
    rig.wait_s(5)
    assert rig.chip.regs[7] == 0
    rig.change(current_a=-4.1)
    rig.wait_s(3.2)
    assert (rig.chip.regs[7], rig.fet_bits) == (0x80, 1)


def test_ocd3_compares_the_mean_of_a_quarter_second():
    rig = ready((0x9263, 0x80), (0x928A, i2(-400)), (0x928C, 2), (0x9303, 6), (0x9286, 15))
    for _ in range(700):
        rig.change(current_a=-7.0)
        rig.wait_us(4000)
        rig.change(current_a=-1.5)
        rig.wait_us(4000)
    assert rig.chip.regs[7] == 0x80


# -- host watchdog ------------------------------------------------------------------------------------

HWD = ((0x9263, 0x02), (0x92B2, u2(2)))


def test_the_host_watchdog_opens_the_fets_exactly_after_its_delay():
    rig = ready(*HWD)
    rig.fets()
    rig.wait_us(rig.chip.comm_us + 2000000 - rig.world.now_us - 1)
    assert (rig.chip.regs[7], rig.fet_bits) == (0, ALL_ON)
    rig.wait_us(1)
    assert (rig.chip.regs[6], rig.chip.regs[7], rig.fet_bits) == (0, 0x02, 0)


def test_any_valid_communication_feeds_the_host_watchdog_and_ends_its_fault():
    rig = ready(*HWD, crc=True)
    for _ in range(5):
        rig.wait_s(1.9)
        rig.fets()
    assert rig.fet_bits == ALL_ON
    rig.wait_s(3)
    assert rig.fet_bits == 0
    rig.fets()
    assert rig.chip.regs[7] == 0
    rig.wait_us(250000)
    assert rig.fet_bits == ALL_ON


def test_noise_with_a_bad_crc_does_not_feed_the_host_watchdog():
    rig = ready(*HWD, crc=True)
    rig.fets()
    for _ in range(4):
        rig.wait_us(480000)
        rig.bus.writeto(8, b"\x66\x00\x00")
        rig.bus.scan()
    rig.wait_us(100000)
    assert rig.fet_bits == 0


def test_the_host_watchdog_is_off_by_default():
    rig = ready()
    rig.wait_s(200)
    assert rig.fet_bits == ALL_ON


# -- balancing and the comparators ---------------------------------------------------------------------


def test_while_balancing_cov_is_looked_at_once_a_second():
    rig = ready((0x9261, COV), (0x9278, 72), (0x9279, u2(1)))
    rig.transfer(0x0083, b"\x01\x00")
    rig.wait_s(1)
    rig.wait_us(1000000 - (rig.world.now_us - rig.chip.ticked_us) + 1000)
    rig.cells(3.7)
    rig.wait_us(990000)
    assert (alert(rig), status(rig)) == (0, 0)
    rig.wait_us(9000 + 9900)
    assert status(rig) == COV


def test_permanent_fail_opens_everything():
    rig = ready()
    rig.chip.declare_pf(a=0x02)
    assert rig.fet_bits == 0
    assert rig.word(0x12) & 0x1000
    assert rig.read(0x0B, 1) == b"\x02"
    assert rig.word(0x62) & 0x2000


def test_config_update_forgets_what_was_being_qualified():
    rig = ready((0x9261, COV), (0x9279, u2(2047)))
    rig.cells(4.6)
    rig.wait_s(6)
    assert alert(rig) == COV
    rig.configure()
    assert alert(rig) == COV  # seen again, from the start
    rig.wait_s(6)
    assert status(rig) == 0
    rig.command(0x0090)
    rig.wait_us(2000)
    assert alert(rig) == 0


def test_the_chip_looks_again_a_microsecond_after_it_moved_a_fet():
    rig = ready()
    rig.command(0x0095)
    assert rig.plant.dsg_on is False
    rig.command(0x0096)
    rig.until(lambda: rig.plant.dsg_on)
    rig.command(0x0097)
    rig.chip.moved()
    assert rig.chip.next_us() == rig.world.now_us + 1
    rig.wait_us(1)
    assert rig.chip.next_us() > rig.world.now_us + 1
