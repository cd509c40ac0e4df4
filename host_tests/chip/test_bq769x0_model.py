"""The BQ769x0 model against the data sheet and published frames, without any driver."""

import json

import pytest

from host_tests.chip.bq769x0_rig import Rig
from host_tests.shared import shared
from sim.errors import SimError
from sim.mischief_bus import BitFlip
from sim.pins import HIGH_Z

CC_READY, XREADY, OVRD, UV, OV, SCD, OCD = 0x80, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01
LIMITS = (
    0x8B,
    0x5A,
    0x50,
)  # 89 mV 100 us; 72 mV 320 ms; UV 4 s... of the data sheet's design example


@pytest.fixture
def rig():
    made = Rig()
    made.measure()
    return made


@pytest.fixture
def vectors():
    return json.loads(shared("reference/chips/vectors.json").read_text())


def test_golden_crcs_are_the_bytes_on_the_wire(vectors):
    """Each vector is the bytes that the CRC covers: a write begins 0x10, a read 0x11."""
    rig = Rig()
    done = 0
    for row in vectors["bq769x0_i2c_crc"]:
        covered, crc = bytes.fromhex(row["input"]), int(row["crc"], 16)
        if covered[0] == 0x10 and len(covered) == 3:
            if covered[1] == 0x05 and covered[2] & 3:
                rig.clear()
            rig.read(0x00)
            assert rig.i2c.writeto(0x08, covered[1:] + bytes([crc])) == 3, row["name"]
            done += 1
            assert rig.i2c.writeto(0x08, covered[1:] + bytes([crc ^ 0x10])) == 2, row["name"]
    assert done == 6


def test_a_published_read_leaves_the_register_out_of_its_crc():
    rig = Rig()
    rig.write(0x05, 0x40)
    assert rig.i2c.readfrom_mem(0x08, 0x05, 2) == b"\x40\x85"


def test_a_block_read_and_a_block_write_carry_a_crc_behind_every_byte():
    rig = Rig(volts=(0x1F10 * 380 / 1000 + 30) / 1000)
    assert rig.i2c.readfrom_mem(0x08, 0x0C, 4) == bytes.fromhex("1f1f1070")
    assert rig.i2c.writeto(0x08, bytes.fromhex("068b645a8150b7")) == 7
    assert rig.read(0x06, 3) == [0x8B, 0x5A, 0x50]


def test_a_read_after_a_stop_has_the_same_crc():
    rig = Rig()
    rig.write(0x05, 0x40)
    rig.i2c.writeto(0x08, b"\x05")
    assert rig.i2c.readfrom(0x08, 2) == b"\x40\x85"


def test_a_byte_with_a_wrong_crc_is_not_stored_nor_any_after_it():
    rig = Rig()
    frame = bytearray(bytes.fromhex("068b645a8150b7"))
    frame[4] ^= 1
    assert rig.i2c.writeto(0x08, frame) == 4
    assert rig.read(0x06, 3) == [0x8B, 0, 0]


def test_without_crc_the_frames_are_bare():
    rig = Rig(crc=False)
    assert rig.i2c.writeto(0x08, b"\x0b\x19") == 2
    assert rig.i2c.readfrom_mem(0x08, 0x0B, 1) == b"\x19"


def test_golden_conversions(vectors):
    conversions = vectors["conversions"]
    for row in conversions["bq769x0_cell_mV"]:
        rig = Rig(volts=row["mV_exact"] / 1000, gain_uv=row["gain_uV"], offset_mv=row["offset_mV"])
        high, low = rig.read(0x0C, 2)
        assert high << 8 | low == row["adc"]
        assert rig.read(0x51) == [row["offset_mV"]]
        gain = (rig.read(0x50)[0] & 0x0C) << 1 | rig.read(0x59)[0] >> 5
        assert 365 + gain == row["gain_uV"]
    for row in conversions["bq769x0_cc_uV"]:
        rig = Rig()
        rig.measure()
        rig.change(current_a=row["uV"] / 1000)
        rig.whole_cycles()
        high, low = rig.read(0x32, 2)
        assert f"{high << 8 | low:04x}" == row["raw"]


def test_golden_trip_codes_are_what_the_comparison_uses(vectors):
    for row in vectors["conversions"]["bq769x0_trip"]:
        rig = Rig(gain_uv=row["gain_uV"], offset_mv=row["offset_mV"])
        rig.write(0x09 if row["type"] == "OV" else 0x0A, int(row["reg"], 16))
        guard = rig.chip.protect
        code = guard.ov_code if row["type"] == "OV" else guard.uv_code
        assert abs(code - row["full"]) < 16


def test_the_sum_is_a_quarter_of_all_codes(rig):
    codes = rig.read(0x0C, 30)
    total = sum(codes[i] << 8 | codes[i + 1] for i in range(0, 30, 2))
    high, low = rig.read(0x2A, 2)
    assert high << 8 | low == total // 4


@pytest.mark.parametrize(
    "part, n, shorted", [("BQ76920", 4, {3}), ("BQ76930", 8, {8, 3}), ("BQ76940", 12, {13, 8, 3})]
)
def test_shorted_inputs_read_nothing(part, n, shorted):
    rig = Rig(part, n)
    inputs = 5 * rig.chip.groups
    codes = rig.read(0x0C, 2 * inputs)
    assert {i for i in range(inputs) if not codes[2 * i]} == shorted


def test_the_chip_sleeps_after_power_up_and_wakes_with_a_pulse_at_ts1():
    rig = Rig()
    rig.chip.brown_out()
    assert rig.i2c.scan() == []
    end = rig.boot.end("host")
    end.drive(1)
    rig.wait_us(5)
    end.drive(0)
    rig.wait_us(20000)
    assert rig.i2c.scan() == [], "too short"
    end.drive(1)
    rig.wait_us(1000)
    end.drive(0)
    rig.wait_us(20000)
    assert rig.i2c.scan() == [0x08]
    assert rig.read(0x04) == [0x90] or rig.read(0x04) == [0x10], "ADC_EN sets itself"
    assert rig.read(0x09, 3) == [0xAC, 0x97, 0x00]


@pytest.mark.parametrize("part, ms", [("BQ76920", 250), ("BQ76930", 400), ("BQ76940", 800)])
def test_cells_are_measured_only_after_a_while(part, ms):
    rig = Rig(part, up=False)
    rig.wait_us(10000 + ms * 1000 - 1000)
    assert rig.read(0x2A, 2) == [0, 0]
    rig.wait_us(1000)
    assert rig.read(0x2A, 2) != [0, 0]


def test_ship_wants_its_two_writes_in_order(rig):
    for writes in ((0x1A, 0x19), (0x19, 0x18, 0x1A), (0x19, 0x1B)):
        for value in (0x18, *writes):
            rig.write(0x04, value)
        assert rig.i2c.scan() == [0x08]
    for value in (0x18, 0x19, 0x1A):
        rig.write(0x04, value)
    assert rig.i2c.scan() == []


def test_a_current_is_the_mean_of_250_ms_and_says_when_it_is_new(rig):
    rig.change(current_a=-4.22)
    rig.whole_cycles()
    assert rig.read(0x00)[0] == CC_READY and rig.alert.level == 1
    rig.write(0x00, CC_READY)
    assert rig.alert.level == 0
    high, low = rig.read(0x32, 2)
    assert (high << 8 | low) - 0x10000 == -500
    rig.wait_us(250000)
    assert rig.alert.level == 1


def test_one_shot_needs_the_counter_off_and_its_flag_cleared(rig):
    with pytest.raises(SimError, match="ONESHOT"):
        rig.write(0x05, 0x60)
    rig.write(0x05, 0x00)
    rig.clear()
    rig.write(0x05, 0x20)
    rig.wait_us(600000)
    assert rig.read(0x00) == [CC_READY] and rig.read(0x05) == [0]


TRIPS = [
    # registers 06..0A, how the plant offends, bit, delay, FET that opens
    ((0x8B, 0x7F, 0x50, 0xFF, 0), {"current_a": -115.0}, SCD, 100, 2),
    ((0x93, 0x7F, 0x50, 0xFF, 0), {"current_a": -115.0}, SCD, 200, 2),
    ((0x9F, 0x5A, 0x50, 0xFF, 0), {"current_a": -75.0}, OCD, 320000, 2),
    ((0x1F, 0x5A, 0x50, 0xFF, 0), {"current_a": -38.0}, OCD, 320000, 2),
]


@pytest.mark.parametrize("limits, cause, bit, delay_us, fet", TRIPS)
def test_a_comparator_opens_dsg_after_its_delay(rig, limits, cause, bit, delay_us, fet):
    rig.measure(limits)
    rig.write(0x05, 0x43)
    rig.change(**cause)
    began_us = rig.world.now_us
    rig.wait_us(delay_us - 1)
    assert rig.fets() == 3
    rig.wait_us(33)
    assert rig.fets() == 3 & ~fet, f"after {rig.world.now_us - began_us} us"
    assert rig.read(0x00)[0] & 0x3F == bit
    assert rig.alert.level == 1


@pytest.mark.parametrize("limits, cause, bit, delay_us, fet", TRIPS)
def test_less_than_the_limit_or_the_delay_does_nothing(rig, limits, cause, bit, delay_us, fet):
    rig.measure(limits)
    rig.write(0x05, 0x43)
    rig.change(current_a=0.94 * cause["current_a"])
    rig.wait_us(delay_us * 2)
    rig.change(**cause)
    rig.wait_us(delay_us - 10)
    rig.change(current_a=0.0)
    rig.wait_us(delay_us * 2)
    assert rig.fets() == 3


@pytest.mark.parametrize("delay, seconds", [(0x50, (2, 4)), (0x00, (1, 1)), (0xB0, (8, 8))])
@pytest.mark.parametrize("over", [True, False])
def test_a_cell_beyond_its_limit_opens_the_right_fet_after_its_delay(rig, delay, seconds, over):
    rig.measure((0x9F, 0x7F, delay, 0x40, 0x80))
    rig.write(0x05, 0x43)
    ov_v, uv_v = ((0x2008 | 0x40 << 4) * 380e-6 + 0.03, (0x1000 | 0x80 << 4) * 380e-6 + 0.03)
    rig.plant.cell_v[7] = ov_v - 0.001 if over else uv_v + 0.001
    rig.wait_s(20)
    assert rig.fets() == 3
    rig.plant.cell_v[7] = ov_v + 0.001 if over else uv_v - 0.001
    expected_s = seconds[0] if over else seconds[1]
    rig.wait_s(expected_s - 0.01)
    assert rig.fets() == 3
    rig.wait_s(0.52)
    assert rig.fets() == (2 if over else 1)
    assert rig.read(0x00)[0] & 0x3F == (OV if over else UV)


def test_shorted_inputs_are_no_under_voltage(rig):
    rig.measure((0x9F, 0x7F, 0x00, 0xFF, 0xFF))
    rig.write(0x05, 0x43)
    rig.plant.cell_v[3] = 0.5
    rig.wait_s(3)
    assert rig.fets() == 3
    rig.plant.cell_v[3] = 0.55
    rig.wait_s(3)
    assert rig.fets() == 1


def test_with_the_adc_off_voltages_are_not_protected(rig):
    rig.measure((0x9F, 0x7F, 0x00, 0x00, 0x00))
    rig.write(0x04, 0x08)
    rig.write(0x05, 0x43)
    rig.plant.cell_v[3] = 5.0
    rig.wait_s(5)
    assert rig.fets() == 3


def test_after_power_up_the_least_current_trips():
    """Trap 12: SCD 22 mV and 70 us, OCD 8 mV and 8 ms."""
    rig = Rig()
    rig.write(0x05, 0x43)
    rig.change(current_a=-9.0)
    rig.wait_us(8033)
    assert rig.fets() == 1 and rig.read(0x00)[0] & 0x3F == OCD


def test_a_latched_trip_stays_until_it_is_cleared_and_its_fet_until_the_host_says_so(rig):
    rig.measure(TRIPS[0][0])
    rig.write(0x05, 0x43)
    rig.change(current_a=-120.0)
    rig.wait_us(200)
    rig.change(current_a=0.0)
    rig.wait_s(10)
    assert rig.fets() == 1 and rig.read(0x00)[0] & SCD
    with pytest.raises(SimError, match="DSG_ON with SYS_STAT"):
        rig.write(0x05, 0x43)
    rig.write(0x00, SCD)
    assert rig.fets() == 1
    rig.write(0x05, 0x43)
    assert rig.fets() == 3


def test_clearing_what_nobody_has_read_is_refused(rig):
    rig.measure(TRIPS[0][0])
    rig.write(0x05, 0x43)
    rig.read(0x00)
    rig.change(current_a=-120.0)
    rig.wait_us(200)
    with pytest.raises(SimError, match="nobody has read"):
        rig.write(0x00, 0x3F)


def test_somebody_who_holds_alert_high_opens_both(rig):
    rig.write(0x05, 0x43)
    end = rig.alert.end("outside")
    end.drive(1)
    assert rig.fets() == 0 and rig.read(0x00)[0] & OVRD
    rig.write(0x00, rig.read(0x00)[0])
    assert rig.read(0x00)[0] & OVRD, "still held"
    end.drive(HIGH_Z)
    rig.clear()
    assert rig.alert.level == 0


def test_the_override_is_deaf_while_the_chip_itself_drives_alert(rig):
    rig.write(0x05, 0x43)
    rig.wait_us(300000)
    assert rig.alert.level == 1
    rig.alert.end("outside").drive(1)
    assert rig.fets() == 3


def test_an_internal_fault_opens_both_and_ends_balancing(rig):
    rig.write(0x05, 0x43)
    rig.write(0x01, 0x05)
    rig.chip.upset()
    assert rig.fets() == 0 and rig.read(0x01) == [0] and not any(rig.plant.bleed)
    assert rig.read(0x00)[0] & XREADY


def test_balancing_bends_readings_and_reaches_the_plant(rig):
    before = rig.read(0x0C, 30)
    rig.write(0x02, 0x0A)
    rig.wait_us(300000)
    assert [i for i in range(15) if rig.plant.bleed[i]] == [6, 8]
    after = rig.read(0x0C, 30)
    steps = [after[2 * i + 1] - before[2 * i + 1] for i in range(15)]
    assert steps[6] < -15 and steps[8] < -15 and steps[5] > 5 and steps[7] > 15
    assert steps[:5] == [0] * 5


@pytest.mark.parametrize(
    "reg, value, words",
    [
        (0x01, 0x03, "neighbours"),
        (0x02, 0x18, "neighbours"),
        (0x01, 0x20, "reserved"),
        (0x00, 0x40, "reserved"),
        (0x05, 0x44, "reserved"),
        (0x05, 0xC0, "reserved"),
        (0x08, 0x51, "reserved"),
        (0x0B, 0x00, "CC_CFG must be 0x19"),
        (0x0C, 0x00, "write of 0x00 to register 0x0C"),
        (0x50, 0x00, "write of 0x00 to register 0x50"),
    ],
)
def test_misuse_fails_loudly(rig, reg, value, words):
    with pytest.raises(SimError, match=words):
        rig.write(reg, value)


@pytest.mark.parametrize(
    "reg, n, words",
    [
        (0x34, 1, "0x34"),
        (0x0D, 1, "without its high"),
        (0x0C, 1, "without its low"),
        (0x52, 1, "0x52"),
    ],
)
def test_reading_what_is_not_there_or_half_of_a_result_fails_loudly(rig, reg, n, words):
    with pytest.raises(SimError, match=words):
        rig.read(reg, n)
        rig.read(0x00)


def test_groups_that_a_part_lacks_cannot_be_balanced():
    with pytest.raises(SimError, match="0x02"):
        Rig("BQ76920").write(0x02, 0x01)


def test_a_lenient_model_only_lists_misuse():
    rig = Rig(strict=False)
    rig.write(0x01, 0x03)
    assert len(rig.chip.illegal) == 1


def test_load_shows_only_with_chg_off(rig):
    rig.change(pack_v=0.0)
    assert rig.read(0x04)[0] & 0x80
    rig.write(0x05, 0x41)
    assert not rig.read(0x04)[0] & 0x80


@pytest.mark.parametrize(
    "degc, code", [(-40, 8204), (0, 6321), (25, 4319), (60, 2004), (100, 766)]
)
def test_thermistor_codes_are_those_of_the_103at(rig, degc, code):
    rig.plant.temp_c[1] = float(degc)
    rig.wait_s(2.3)
    high, low = rig.read(0x2E, 2)
    assert abs((high << 8 | low) - code) <= 4, "a tenth of a kelvin"


def test_a_changed_temp_sel_shows_two_seconds_later(rig):
    rig.wait_s(3)
    before = rig.read(0x2C, 2)
    rig.write(0x04, 0x10)
    rig.wait_s(1.5)
    assert rig.read(0x2C, 2) == before
    rig.wait_s(1)
    high, low = rig.read(0x2C, 2)
    assert abs((high << 8 | low) - 3141) <= 1, "1.2 V at 25 degC"


def test_flipped_bits_are_caught_by_the_crc(rig):
    from sim.prng import Prng

    rig.i2c.detach(0x08)
    rig.i2c.attach(BitFlip(rig.chip, Prng(3), per_million=200000, written=True))
    acked = [rig.i2c.writeto(0x08, bytes.fromhex("0b197a")) for _ in range(50)]
    assert acked.count(2) > 5 and rig.chip.port.crc_errors > 5
