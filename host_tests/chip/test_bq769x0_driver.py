"""The BQ769x0 driver: published bytes, conversions, what it writes, and what it says when all goes wrong."""

import json
import time
from array import array

import machine
import pytest

import bq769x0
from bq769x0 import BQ76920, BQ76930, BQ76940, BQ769x0
from bq769x0_parts import inputs_of
from bq769x0_trips import Trips, code_mv, gain_uv, ov_code, ov_mv, uv_code, uv_mv
from host_tests.chip.bq769x0_rig import FakePin, Rig, crc8, make_config
from host_tests.shared import shared
from ntc import Beta
from regbus import RegBus
from roles import (
    CHG,
    DSG,
    FLAG_RESET,
    PDSG,
    STEP_BUSY,
    STEP_DIFFERS,
    STEP_PASS,
    TEMP_NONE,
    TRIP_COV,
    TRIP_CUV,
    TRIP_OCD2,
    TRIP_OVRD,
    TRIP_SCD,
)
from sim.mischief_bus import BitFlip, NackWrapper, StuckBus
from sim.pins import HIGH_Z
from sim.prng import Prng

BOTH = CHG | DSG


@pytest.fixture
def vectors():
    return json.loads(shared("reference/chips/vectors.json").read_text())


class Canned:
    """`machine.I2C` that records writes and answers reads with given bytes."""

    def __init__(self, answer=b""):
        self.answer = answer
        self.frames = []

    def writeto(self, addr, buf):
        self.frames.append(bytes([addr << 1]) + bytes(buf))
        return len(buf)

    def readfrom_mem_into(self, addr, reg, buf):
        buf[:] = self.answer


def canned(answer=b"", crc=True):
    i2c = Canned(answer)
    return i2c, RegBus(i2c, 0x08, crc, "bq769x0", 52, True)


# -- bytes on the wire -------------------------------------------------------------------------------


def test_golden_crcs_are_written_and_accepted(vectors):
    for row in vectors["bq769x0_i2c_crc"]:
        covered, crc = bytes.fromhex(row["input"]), int(row["crc"], 16)
        if covered[0] == 0x10 and len(covered) == 3:
            i2c, bus = canned()
            bus.write(covered[1], covered[2:], 1)
            assert i2c.frames == [covered + bytes([crc])], row["name"]
        elif covered[0] == 0x11:
            i2c, bus = canned(covered[1:] + bytes([crc]))
            bus.read(0x05, 1)
            assert bus.data[0] == covered[1], row["name"]


def test_published_frames_as_literals():
    i2c, bus = canned()
    bus.write(0x05, b"\x40", 1)
    bus.write(0x06, b"\x8b\x5a\x50", 3)
    assert [frame.hex() for frame in i2c.frames] == ["10054024", "10068b645a8150b7"]
    i2c, bus = canned(bytes.fromhex("1f1f1070"))
    bus.read(0x0C, 2)
    assert bytes(bus.data[:2]) == b"\x1f\x10"


def test_the_crc_of_a_read_that_includes_the_register_is_wrong_here():
    """What a BQ769x2 would send: 10 05 11 40."""
    _, bus = canned(bytes([0x40, crc8(b"\x10\x05\x11\x40")]))
    with pytest.raises(OSError, match="bq769x0 0x05: crc"):
        bus.read(0x05, 1)


# -- conversions -------------------------------------------------------------------------------------


def test_golden_conversions(vectors):
    conversions = vectors["conversions"]
    for row in conversions["bq769x0_cell_mV"]:
        assert code_mv(row["adc"], row["gain_uV"], row["offset_mV"]) == row["mV_datasheet"]
    for row in conversions["bq769x0_trip"]:
        code = int(row["reg"], 16)
        if row["type"] == "OV":
            assert ov_code(row["mV"], row["gain_uV"], row["offset_mV"]) == code
        else:  # the data sheet cuts off and trips 0.4 mV below what was asked; we round up
            assert uv_code(row["mV"], row["gain_uV"], row["offset_mV"]) == code + 1


def test_the_gain_is_put_together_from_two_registers():
    assert [gain_uv(*pair) for pair in ((0, 0), (0x0C, 0xE0), (0x04, 0xE0), (0xF3, 0x1F))] == [
        365,
        396,
        380,
        365,
    ]


@pytest.mark.parametrize("gain", (365, 377, 382, 396))
@pytest.mark.parametrize("offset_mv", (-50, 0, 47))
def test_voltage_trips_are_rounded_to_the_safe_side_by_less_than_a_step(gain, offset_mv):
    step_mv = 16 * gain / 1000
    for mv in range(3500, 3851, 7):
        code = ov_code(mv, gain, offset_mv)
        exact = (0x2008 | code << 4) * gain / 1000 + offset_mv
        assert 0 <= code <= 255 and mv - step_mv - 1 < exact <= mv
        assert 0 <= exact - ov_mv(code, gain, offset_mv) < 1
    for mv in range(2000, 2851, 7):
        code = uv_code(mv, gain, offset_mv)
        exact = (0x1000 | code << 4) * gain / 1000 + offset_mv
        assert 0 <= code <= 255 and mv <= exact < mv + step_mv + 1
        assert 0 <= uv_mv(code, gain, offset_mv) - exact < 1


def test_the_data_sheets_design_example_gives_its_register_values():
    """SLUSBK2I section 9.2: 1 mohm, OCD 72 A 320 ms, SCD 111 A 100 us... with PROTECT2 as computed, 0x5A."""
    config = make_config(shunt_uohm=1000, ocd2_ma=72000, ocd2_ms=320, scd_ma=111000, scd_us=100)
    trips = Trips(config)
    assert trips.codes[1] == 0x5B - 1
    assert trips.codes[0] == 0x8B and trips.codes[5] == 0x19
    assert trips.applied["ocd2_ma"] == 72000 and trips.applied["scd_ma"] == 111000


def test_applied_values_are_what_the_chip_holds():
    applied = Trips(make_config()).applied
    assert applied == {
        "scd_ma": 266000,  # 133 mV at 0.5 mohm
        "ocd2_ma": 200000,
        "scd_us": 100,
        "ocd2_ms": 320,
        "chip_cuv_ms": 1000,
        "chip_cov_ms": 2000,
        "chip_cov_mv": 3749,
        "chip_cuv_mv": 2506,
    }


def test_small_currents_use_the_finer_range():
    trips = Trips(make_config(shunt_uohm=1000, scd_ma=60000, ocd2_ma=20000))
    assert not trips.codes[0] & 0x80
    assert trips.applied["scd_ma"] == 56000 and trips.applied["ocd2_ma"] == 19000


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"chip_cov_mv": 3000}, "chip_cov_mv: 3000"),
        ({"chip_cov_mv": 4800}, "chip_cov_mv: 4800"),
        ({"chip_cuv_mv": 1500}, "chip_cuv_mv: 1500"),
        ({"chip_cuv_mv": 3200}, "chip_cuv_mv: 3200"),
        ({"chip_cov_ms": 900}, "chip_cov_ms: 900 .* least is 1000"),
        ({"scd_us": 60}, "scd_us: 60 .* least is 70"),
        ({"ocd2_ms": 7}, "ocd2_ms: 7 .* least is 8"),
        ({"ocd2_ma": 15000, "scd_ma": 50000}, "ocd2_ma: 15000 .* least is 16000"),
        (
            {"scd_ma": 205000, "ocd2_ma": 200000},
            "scd_ma: 205000 is 178000 in the monitor, must be above",
        ),
        ({"cell_n": 14}, "cell_n: 14, wired are 15"),
        ({"ntc_n": 2}, "ntc_n: 2, wired are 1"),
        ({"precharge_on": 1}, "precharge_on: 1, the board has no switch"),
    ],
)
def test_what_chip_or_board_cannot_hold_is_refused_by_name(changes, words):
    with pytest.raises(ValueError, match=words):
        Rig(up=False).driver().load(make_config(**changes))


# -- parts and wiring --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part, cell_n, shorted",
    [
        (BQ76920, 5, ""),
        (BQ76920, 4, "4"),
        (BQ76920, 3, "34"),
        (BQ76930, 10, ""),
        (BQ76930, 9, "9"),
        (BQ76930, 8, "49"),
        (BQ76930, 7, "489"),
        (BQ76930, 6, "3489"),
        (BQ76940, 15, ""),
        (BQ76940, 13, "9e"),
        (BQ76940, 9, "3489de"),
    ],
)
def test_cells_sit_where_the_tables_of_the_data_sheet_say(part, cell_n, shorted):
    inputs = inputs_of(part, cell_n)
    room = 5 * part[1]
    assert {i + 1 for i in range(room) if not inputs >> i & 1} == {
        int(digit, 16) for digit in shorted
    }


@pytest.mark.parametrize(
    "part, cell_n", [(BQ76920, 2), (BQ76920, 6), (BQ76930, 5), (BQ76940, 8), (BQ76940, 16)]
)
def test_a_wrong_number_of_cells_is_refused(part, cell_n):
    with pytest.raises(ValueError, match=f"cell_n: {cell_n}, a {part[0]} takes"):
        inputs_of(part, cell_n)


@pytest.mark.parametrize(
    "wiring", [{"ntc": ("TS4",)}, {"ntc": ("TS1", "TS1")}, {"ntc": ("TS1",), "fet_ntc": "TS1"}]
)
def test_a_thermistor_needs_a_pin_of_its_own(wiring):
    with pytest.raises(ValueError, match="thermistor"):
        Rig(up=False).driver(**wiring)


def test_the_constructor_touches_no_bus():
    rig = Rig(up=False)
    rig.driver()
    assert rig.i2c.transactions == 0


@pytest.mark.parametrize(
    "part, cell_n", [("BQ76920", 4), ("BQ76930", 7), ("BQ76940", 15), ("BQ76940", 11)]
)
@pytest.mark.parametrize("crc", [True, False])
def test_each_cell_is_read_from_its_input(part, cell_n, crc):
    rig = Rig(part, cell_n, crc=crc)
    for i in range(cell_n):
        rig.plant.cell_v[i] = 3.1 + 0.02 * i
    chip = rig.armed()
    cells = array("i", [0] * cell_n)
    rig.wait_us(300000)
    chip.read_cells(cells)
    assert max(abs(cells[i] - (3100 + 20 * i)) for i in range(cell_n)) <= 1
    assert abs(chip.stack_mv - sum(cells)) <= 15 + 30 * (5 * rig.chip.groups - cell_n)
    assert chip.flags == 0


# -- who is there ------------------------------------------------------------------------------------


def test_probe_accepts_the_right_part_and_reads_its_gain():
    rig = Rig(gain_uv=391, offset_mv=-17)
    chip = rig.driver()
    chip.probe()
    assert rig.chip.illegal == []
    cells = array("i", [0] * 15)
    chip.read_cells(cells)
    assert set(cells) == {3300} or max(abs(mv - 3300) for mv in cells) <= 1


def test_probe_tells_a_part_with_too_few_groups():
    rig = Rig("BQ76930")
    part_40 = BQ769x0(
        RegBus(rig.i2c, 8, True, "bq769x0", 52, True), BQ76940, 15, rig.world.sleep_us
    )
    with pytest.raises(OSError, match="expected BQ76940, found cells in 2 of 3 groups"):
        part_40.probe()


def test_probe_tells_a_part_that_sends_a_crc_when_none_is_expected():
    rig = Rig(crc=True)
    rig.crc = False
    with pytest.raises(OSError, match="expected BQ76940, found a part that sends a CRC"):
        rig.driver().probe()


def test_probe_tells_a_part_that_sends_no_crc_when_one_is_expected():
    rig = Rig(crc=False, strict=False)
    rig.crc = True
    with pytest.raises(OSError, match="0x00: crc"):
        rig.driver().probe()


def test_probe_tells_another_chip_at_the_address():
    i2c, bus = canned(bytes(range(52)), crc=False)
    with pytest.raises(OSError, match="expected BQ76940, found 0x"):
        BQ769x0(bus, BQ76940, 15, lambda us: None).probe()


def test_a_stuck_bus_is_an_error_that_names_register_and_cause():
    rig = Rig()
    stuck = StuckBus(rig.i2c)
    stuck.on = True
    bus = RegBus(stuck, 0x08, True, "bq769x0", 52, True)
    with pytest.raises(OSError, match="bq769x0 0x00: read refused") as error:
        BQ769x0(bus, BQ76940, 15, rig.world.sleep_us).probe()
    assert error.value.args[0] == 110


def test_probe_wakes_a_chip_in_ship_with_its_boot_pin():
    rig = Rig()
    rig.chip.brown_out()
    chip = rig.driver(boot=FakePin(rig.boot, FakePin.OUT, value=0))
    chip.probe()
    assert rig.read(0x05) == [0]


def test_without_a_boot_pin_probe_gives_up():
    rig = Rig()
    rig.chip.brown_out()
    with pytest.raises(OSError, match="read refused"):
        rig.driver().probe()


def test_a_chip_that_falls_silent_is_woken_but_not_one_that_was_sent_to_ship():
    rig = Rig()
    chip = rig.armed(boot=FakePin(rig.boot, FakePin.OUT, value=0))
    for shut in (False, True):
        if shut:
            chip.shutdown()
        else:
            rig.chip.brown_out()
        failed = 0
        for _ in range(12):
            try:
                chip.read_alarm()
                break
            except OSError:
                failed += 1
        assert failed == (12 if shut else 4)


@pytest.mark.parametrize("mv, woken", [(49600, False), (50000, True)])
def test_a_charger_at_the_terminals_wakes_it_from_ship(mv, woken):
    rig = Rig()
    terminals = Terminals()
    chip = rig.armed(terminals=terminals, boot=FakePin(rig.boot, FakePin.OUT, value=0))
    rig.wait_us(300000)
    chip.read_alarm()
    chip.read_cells(array("i", [0] * 15))
    chip.shutdown()
    terminals.mv = mv  # the stack has 49.5 V
    for _ in range(6):
        try:
            chip.read_alarm()
        except OSError:
            continue
    assert (rig.i2c.scan() == [8]) == woken


# -- arming and verification -------------------------------------------------------------------------


def test_arming_writes_the_configuration_with_the_fets_off():
    rig = Rig(gain_uv=370, offset_mv=-20)
    rig.measure()
    rig.write(0x05, 0x43)
    chip = rig.armed()
    assert rig.fets() == 0
    assert rig.read(0x04, 8)[:2] == [0x18 | 0x00, 0x40] or rig.read(0x04)[0] & 0x1F == 0x18
    ov = (0x2008 | rig.read(0x09)[0] << 4) * 0.370 - 20
    assert 3740 < ov <= 3750 and chip.applied["chip_cov_mv"] == int(ov)
    assert rig.read(0x0B) == [0x19]
    assert chip.verify_all() == 0 and chip.mismatch == 0


def test_what_the_limits_after_power_up_have_tripped_is_forgiven_once():
    rig = Rig()
    rig.change(current_a=-30.0)
    rig.wait_us(20000)
    rig.change(current_a=0.0)
    assert rig.read(0x00)[0] & 0x03
    rig.armed()
    assert rig.read(0x00)[0] & 0x3F == 0


def test_a_gain_that_cannot_hold_the_limit_is_an_error_naming_the_field():
    rig = Rig(gain_uv=365, offset_mv=-128)
    chip = rig.driver()
    chip.load(make_config(chip_cuv_mv=3090, cuv_mv=3150))
    with pytest.raises(OSError, match="chip_cuv_mv does not fit"):
        chip.arm()


def test_arming_without_a_configuration_is_refused():
    with pytest.raises(ValueError, match="no configuration"):
        Rig().driver().arm()


def test_an_internal_fault_is_cleared_only_at_the_third_attempt():
    rig = Rig()
    chip = rig.armed()
    rig.chip.upset()
    for _ in range(2):
        with pytest.raises(OSError, match="DEVICE_XREADY"):
            chip.arm()
    chip.arm()
    assert rig.read(0x00)[0] & 0x20 == 0


def scan(rig, chip, cells, temps):
    """What the firmware asks in a scan; its TRIP_* word."""
    rig.wait_us(250000)
    alarm = chip.read_alarm()
    trips = chip.read_status()
    chip.read_cells(cells)
    chip.read_current()
    chip.read_temps(temps)
    chip.read_fets()
    return alarm, trips


@pytest.mark.parametrize("reg", [0x01, 0x03, 0x04, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B])
def test_a_changed_register_is_found_in_the_next_scan_and_named(reg):
    rig = Rig()
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    scan(rig, chip, cells, temps)
    assert chip.verify_step() == STEP_BUSY
    rig.chip.regs[reg] ^= 0x10
    scan(rig, chip, cells, temps)
    assert chip.verify_step() == STEP_DIFFERS and chip.mismatch == reg
    rig.chip.regs[reg] ^= 0x10
    scan(rig, chip, cells, temps)
    assert chip.verify_step() == STEP_BUSY


def test_a_whole_pass_includes_gain_and_offset():
    rig = Rig()
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    said = []
    for _ in range(40):
        scan(rig, chip, cells, temps)
        said.append(chip.verify_step())
    assert said.count(STEP_PASS) >= 2 and STEP_DIFFERS not in said
    rig.chip.regs[0x51] ^= 1
    said = []
    for _ in range(17):
        scan(rig, chip, cells, temps)
        said.append(chip.verify_step())
    assert said.count(STEP_DIFFERS) == 1 and chip.mismatch == 0x50


def test_after_power_up_the_flags_say_reset():
    rig = Rig()
    chip = rig.armed()
    rig.chip.brown_out()
    rig.chip.wake_pin()
    rig.wait_us(900000)
    chip.read_cells(array("i", [0] * 15))
    assert chip.flags == FLAG_RESET


def test_before_anything_is_measured_cells_are_an_error_not_zero():
    rig = Rig(up=False)
    rig.wait_us(20000)
    with pytest.raises(OSError, match="0x2a: no cell measured yet"):
        rig.driver().read_cells(array("i", [0] * 15))


def test_without_a_gain_cells_are_an_error_too():
    chip = Rig().driver()
    with pytest.raises(OSError, match="no cell measured yet"):
        chip.read_cells(array("i", [0] * 15))
    chip.probe()
    chip.read_cells(array("i", [0] * 15))


# -- shunt and temperatures --------------------------------------------------------------------------


@pytest.mark.parametrize("amps", [-400.0, -1.0, 0.0, 0.05, 200.0])
def test_current_is_positive_when_charging(amps):
    rig = Rig(shunt_uohm=500)
    chip = rig.armed()
    rig.change(current_a=amps)
    for _ in range(3):
        rig.wait_us(250000)
        ma = chip.read_current()
    assert abs(ma - amps * 1000) <= 17


def test_a_coulomb_counter_that_stands_still_is_an_error():
    rig = Rig()
    chip = rig.armed()
    rig.chip.measure.start_current = lambda: None
    rig.chip.measure._current = lambda now_us: None
    with pytest.raises(OSError, match="0x32: the coulomb counter stands still"):
        for _ in range(10):
            rig.wait_us(250000)
            chip.read_current()


def test_a_lost_configuration_is_told_by_flags_and_not_hidden_by_an_error():
    rig = Rig()
    chip = rig.armed()
    rig.chip.brown_out()
    rig.chip.wake_pin()
    rig.wait_us(900000)
    cells, temps = array("i", [0] * 15), array("i", [0])
    for _ in range(20):
        scan(rig, chip, cells, temps)
        assert chip.flags == FLAG_RESET


def test_only_the_flag_that_was_read_is_cleared():
    rig = Rig()
    chip = rig.armed()
    rig.wait_us(250000)
    chip.read_current()
    frames = [buf.hex() for _, kind, _, buf in rig.i2c.log if kind == "w"]
    assert frames == ["0080" + f"{crc8(bytes.fromhex('100080')):02x}"]


@pytest.mark.parametrize("degc", [-30, -20, 0, 25, 50, 85])
def test_thermistors_are_right_within_half_a_kelvin(degc):
    rig = Rig()
    chip = rig.armed(ntc=("TS1", "TS2"), fet_ntc="TS3")
    rig.plant.temp_c[0] = float(degc)
    rig.plant.temp_c[1] = 25.0
    rig.plant.fet_c = 60.0
    temps, cells = array("i", [0, 0]), array("i", [0] * 15)
    for _ in range(9):
        scan(rig, chip, cells, temps)
    assert abs(temps[0] - 10 * degc) <= 3 and abs(temps[1] - 250) <= 3
    assert abs(chip.fet_ddegc - 600) <= 3


@pytest.mark.parametrize("degc, low", [(-100.0, True), (200.0, False)])
def test_a_broken_thermistor_reads_beyond_all_limits(degc, low):
    rig = Rig()
    chip = rig.armed()
    rig.plant.temp_c[0] = degc
    temps, cells = array("i", [0]), array("i", [0] * 15)
    for _ in range(9):
        scan(rig, chip, cells, temps)
    assert temps[0] <= -500 if low else temps[0] >= 1500


def test_another_thermistor_can_be_told():
    rig = Rig()
    chip = rig.armed()
    chip.temps.thermistor = Beta(3950)
    temps, cells = array("i", [0]), array("i", [0] * 15)
    rig.plant.temp_c[0] = 0.0
    for _ in range(9):
        scan(rig, chip, cells, temps)
    assert 15 < temps[0] < 45, "a 103AT at 0 degC is warmer for a steeper part"


def test_thermistors_are_an_error_until_the_chip_has_looked_at_them():
    """After power-up the registers hold the die's temperature: 40 degC as a thermistor."""
    rig = Rig()
    chip = rig.driver()
    chip.load(make_config())
    chip.probe()
    chip.arm()
    temps, cells = array("i", [0]), array("i", [0] * 15)
    refused = 0
    for _ in range(12):
        try:
            scan(rig, chip, cells, temps)
            break
        except OSError as error:
            assert "no thermistor measured yet" in str(error)
            refused += 1
    assert refused == 8 and abs(temps[0] - 250) <= 2


def test_the_die_is_looked_at_once_a_minute_while_thermistors_are_held():
    rig = Rig()
    chip = rig.armed()
    rig.plant.die_c = 55.0
    temps, cells = array("i", [0]), array("i", [0] * 15)
    looked = []
    for k in range(300):
        scan(rig, chip, cells, temps)
        chip.verify_step()
        assert abs(temps[0] - 250) <= 2, k
        if not rig.chip.regs[4] & 8:
            looked.append(k)
    assert abs(chip.die_ddegc - 550) <= 2
    assert 9 <= len(looked) <= 24 and looked[-1] - looked[0] > 230


# -- FETs and trips ----------------------------------------------------------------------------------


def test_permission_becomes_fets_and_nothing_else_changes():
    rig = Rig()
    chip = rig.armed()
    for want, control in ((BOTH, 0x43), (DSG, 0x42), (CHG, 0x41), (0, 0x40)):
        chip.write_fets(want)
        assert rig.read(0x05) == [control]
        rig.wait_us(250000)
        assert chip.read_fets() == want


CAUSES = [
    ("current_a", -300.0, TRIP_SCD, CHG),
    ("current_a", -210.0, TRIP_OCD2, CHG),
    ("high", 3.9, TRIP_COV, DSG),
    ("low", 2.3, TRIP_CUV, CHG),
]


@pytest.mark.parametrize("what, value, trip, left", CAUSES)
def test_a_trip_is_told_until_its_fet_is_withdrawn_and_its_cause_is_over(what, value, trip, left):
    rig = Rig(shunt_uohm=500)
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    chip.write_fets(BOTH)
    if what == "current_a":
        rig.dsg.watch(lambda level: setattr(rig.plant, "current_a", 0.0))
        rig.change(current_a=value)
    else:
        rig.plant.cell_v[4] = value
    for _ in range(14):
        alarm, trips = scan(rig, chip, cells, temps)
        if trips:
            break
    assert trips == trip and chip.read_fets() == left
    assert bool(alarm) == (left == CHG), "DSG fell: so did the interrupt line"
    rig.change(current_a=0.0)
    if what != "current_a":
        rig.plant.cell_v[4] = 3.3
    assert scan(rig, chip, cells, temps)[1] == trip, "nobody has withdrawn the FET"
    chip.write_fets(0)
    for _ in range(2):
        alarm, trips = scan(rig, chip, cells, temps)
    assert (alarm, trips) == (0, 0)
    chip.write_fets(BOTH)
    assert rig.fets() == 3 and rig.chip.illegal == []


@pytest.mark.parametrize("value, trip, back", [(3.9, TRIP_COV, 3.44), (2.3, TRIP_CUV, 3.11)])
def test_a_voltage_trip_lasts_as_long_as_the_cell_is_beyond_the_hosts_own_limit(value, trip, back):
    rig = Rig()
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    chip.write_fets(BOTH)
    rig.plant.cell_v[14] = value
    for _ in range(14):
        scan(rig, chip, cells, temps)
    chip.write_fets(0)
    for _ in range(4):
        assert scan(rig, chip, cells, temps)[1] == trip
    rig.plant.cell_v[14] = back
    for _ in range(2):
        trips = scan(rig, chip, cells, temps)[1]
    assert trips == 0


def test_a_trip_between_scan_and_command_keeps_its_fet_off_and_is_not_cleared():
    rig = Rig(shunt_uohm=500)
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    chip.write_fets(BOTH)
    scan(rig, chip, cells, temps)
    rig.change(current_a=-300.0)
    rig.wait_us(500)
    rig.change(current_a=0.0)
    chip.write_fets(BOTH)
    assert rig.fets() == 1 and rig.read(0x00)[0] & 0x02
    assert scan(rig, chip, cells, temps)[1] == TRIP_SCD


def test_an_override_is_told_while_it_lasts_and_both_fets_stay_off():
    rig = Rig()
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    scan(rig, chip, cells, temps)
    chip.write_fets(BOTH)
    end = rig.alert.end("outside")
    end.drive(1)
    assert rig.fets() == 0
    for _ in range(6):
        assert scan(rig, chip, cells, temps)[1] == TRIP_OVRD
        chip.write_fets(CHG)
        assert rig.fets() == 0
        chip.write_fets(0)
        chip.verify_step()
    end.drive(HIGH_Z)
    for _ in range(3):
        trips = scan(rig, chip, cells, temps)[1]
        chip.verify_step()
    assert trips == 0 and rig.fets() == 0


def test_an_internal_fault_is_a_reset():
    rig = Rig()
    chip = rig.armed()
    rig.chip.upset()
    chip.read_cells(array("i", [0] * 15))
    assert chip.flags == FLAG_RESET


class Terminals:
    can_precharge = True
    sees_stack = False

    def __init__(self):
        self.mv = 0
        self.on = False

    def read_mv(self):
        return self.mv

    def pdsg(self, on):
        self.on = on

    def lift(self, on):
        pass


def test_dsg_closes_only_when_the_terminals_have_come_up():
    rig = Rig()
    terminals = Terminals()
    chip = rig.armed(terminals=terminals, config={"precharge_on": 1})
    cells, temps = array("i", [0] * 15), array("i", [0])
    chip.write_fets(CHG | DSG | PDSG)
    for mv in (0, 20000, 48400):
        terminals.mv = mv
        scan(rig, chip, cells, temps)
        chip.verify_step()
        assert terminals.on and rig.fets() == 1 and chip.read_fets() == CHG | PDSG
    terminals.mv = 48600  # of 49500, precharge_mv is 1000
    scan(rig, chip, cells, temps)
    chip.verify_step()
    assert rig.fets() == 3
    chip.write_fets(BOTH)
    assert rig.fets() == 3 and not terminals.on
    assert (chip.pack_mv, chip.ld_mv) == (48600, 48600)


def test_without_eyes_on_the_terminals_a_load_is_told_or_assumed():
    rig = Rig()
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    for fets, pack_v, load in (
        (0, 0.0, True),
        (0, 49.0, False),
        (CHG, 49.0, True),
        (DSG, 49.0, False),
    ):
        rig.change(pack_v=pack_v)
        chip.write_fets(fets)
        scan(rig, chip, cells, temps)
        assert (chip.ld_mv == 0) == load and chip.pack_mv == chip.stack_mv


def test_it_says_what_it_covers():
    covers = Rig(up=False).driver().covers
    assert covers == TRIP_COV | TRIP_CUV | TRIP_OCD2 | TRIP_SCD | TRIP_OVRD


# -- bleeding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells, frame", [(0b10101, "15"), (1 << 7, "0004"), (1 << 14, "000010")])
def test_bleeding_reaches_the_right_inputs(cells, frame):
    rig = Rig()
    chip = rig.armed()
    chip.write_bleed(cells)
    assert bytes(rig.read(0x01, 3)) == bytes.fromhex(frame.ljust(6, "0"))
    assert sum(1 << i for i in range(15) if rig.plant.bleed[i]) == cells


@pytest.mark.parametrize(
    "part, n, mask", [("BQ76940", 15, 0b11), ("BQ76920", 4, 0b1100), ("BQ76930", 10, 3 << 8)]
)
def test_neighbours_never_bleed_together(part, n, mask):
    """Cells 3 and 4 of four sit on inputs 3 and 5, with a short between."""
    rig = Rig(part, n)
    chip = rig.armed()
    with pytest.raises(ValueError, match="neighbours"):
        chip.write_bleed(mask)
    assert not any(rig.plant.bleed)


def test_groups_do_not_mind_each_other():
    rig = Rig()
    rig.armed().write_bleed(1 << 4 | 1 << 5)
    assert rig.plant.bleed[4] and rig.plant.bleed[5]


def test_a_bleed_command_that_failed_changes_nothing_we_expect():
    rig = Rig()
    chip = rig.armed()
    rig.i2c.detach(8)
    rig.i2c.attach(NackWrapper(rig.chip, count=1, data=True))
    with pytest.raises(OSError, match="0x01: write refused"):
        chip.write_bleed(4)
    cells, temps = array("i", [0] * 15), array("i", [0])
    scan(rig, chip, cells, temps)
    assert chip.verify_step() == STEP_BUSY


def bled(rig, chip, scans):
    """Masks that the plant has seen bleeding over so many scans."""
    n = len(rig.plant.cell_v)
    cells, temps = array("i", [0] * n), array("i", [0])
    masks = []
    for _ in range(scans):
        scan(rig, chip, cells, temps)
        chip.verify_step()
        mask = sum(1 << i for i in range(n) if rig.plant.bleed[i])
        if not masks or masks[-1] != mask:
            masks.append(mask)
    return masks


@pytest.mark.parametrize("part, n", [("BQ76940", 15), ("BQ76940", 9), ("BQ76920", 4)])
def test_every_cell_is_tested_for_its_wires_soon_and_then_every_five_minutes(part, n):
    rig = Rig(part, n)
    chip = rig.armed()
    even = sum(1 << i for i in range(0, n, 2))
    odd = (1 << n) - 1 - even
    assert bled(rig, chip, 40) == [0, even, odd, 0]
    assert bled(rig, chip, 1150) == [0]
    assert bled(rig, chip, 80) == [0, even, odd, 0]
    assert chip.wires.broken == -1 and rig.chip.illegal == []


@pytest.mark.parametrize("cell, halves", [(6, [0x5555]), (7, [0x5555, 0x2AAA])])
def test_a_cell_that_falls_is_held_down_and_tested_again_soon(cell, halves):
    rig = Rig()
    chip = rig.armed()
    true_v = rig.plant.sense_v
    rig.plant.sense_v = lambda i: 0.1 if i == cell and rig.plant.bleed[cell] else true_v(i)
    masks = bled(rig, chip, 95)
    assert chip.wires.broken == cell
    assert masks[1 : len(halves) + 4] == [*halves, 1 << cell, 0, 0x5555]


def test_no_wire_is_tested_while_the_host_bleeds():
    rig = Rig()
    chip = rig.armed()
    chip.write_bleed(0b101)
    chip.wires._wait_n = 5
    assert bled(rig, chip, 60) == [0b101]


def test_bleeding_takes_the_place_of_a_test():
    rig = Rig()
    chip = rig.armed()
    while not any(rig.plant.bleed):
        bled(rig, chip, 1)
    chip.write_bleed(0b10)
    assert bled(rig, chip, 30) == [0b10]


# -- cost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part, reads, wire", [("BQ76940", 1, 107), ("BQ76930", 2, 90), ("BQ76920", 2, 70)]
)
def test_a_scan_is_one_burst_or_two_and_a_flag(part, reads, wire, record_property):
    rig = Rig(part)
    chip = rig.armed()
    cells, temps = array("i", [0] * 15), array("i", [0])
    chip.write_fets(BOTH)
    scan(rig, chip, cells, temps)
    rig.i2c.transactions = rig.i2c.wire_bytes = 0
    scan(rig, chip, cells, temps)
    assert rig.i2c.transactions == reads + 1
    assert rig.i2c.wire_bytes == wire + 4


def test_noise_ends_in_errors_and_never_in_wrong_cells():
    rig = Rig(strict=False)
    chip = rig.armed()
    rig.i2c.detach(8)
    noise = rig.i2c.attach(BitFlip(rig.chip, Prng(11), per_million=4000))
    cells, temps = array("i", [0] * 15), array("i", [0])
    errors = 0
    for _ in range(300):
        try:
            scan(rig, chip, cells, temps)
        except OSError:
            errors += 1
            continue
        assert max(abs(mv - 3300) for mv in cells) <= 1 and abs(temps[0] - 250) <= 2
    assert noise.flipped > 50 and errors > 50


def test_a_temperature_that_is_not_there_is_none():
    assert Rig(up=False).driver().die_ddegc == TEMP_NONE


def test_the_script_in_the_docstring_measures_a_current(monkeypatch, capsys):
    rig = Rig(shunt_uohm=1000)
    rig.change(current_a=-12.66)
    machine.use(world=rig.world, buses={0: rig.i2c})
    monkeypatch.setattr(time, "sleep_us", rig.world.sleep_us, raising=False)
    lines = [line[4:] for line in bq769x0.__doc__.splitlines() if line.startswith("    ")]
    exec("\n".join(lines), {})
    machine.use()
    assert len(lines) == 10 and capsys.readouterr().out == "-12660 mA\n"
