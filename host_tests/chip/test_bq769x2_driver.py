"""The BQ769x2 driver's roles, byte by byte on a scripted chip."""

import ast
import errno
import json
from array import array

import pytest

from bq769x2 import BQ76942, BQ76952, BQ769142
from bq769x2_sub import Subcommands
from host_tests.chip.driver_rig import Rig
from host_tests.shared import ROOT, shared
from roles import (
    BOTH,
    CHG,
    DSG,
    FLAG_CONFIG,
    FLAG_RESET,
    FLAG_SEALED,
    FLAG_SHUTDOWN,
    FLAG_SLEEP,
    PCHG,
    PDSG,
    TEMP_NONE,
    TRIP_COV,
    TRIP_CUV,
    TRIP_HWD,
    TRIP_OCC,
    TRIP_OCD1,
    TRIP_OCD2,
    TRIP_OTC,
    TRIP_OTD,
    TRIP_OTF,
    TRIP_OTINT,
    TRIP_PF,
    TRIP_SCD,
    TRIP_UTC,
    TRIP_UTD,
)


def vectors(name):
    return json.loads(shared("reference/chips/vectors.json").read_text())[name]


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_the_package_lists_every_file_the_driver_needs():
    lib = ROOT / "lib"
    wanted, listed = {"bq769x2", "regbus"}, set()
    while wanted:
        name = wanted.pop()
        listed.add(f"{name}.py")
        found = {n for n in imports_of(lib / f"{name}.py") if (lib / f"{n}.py").exists()}
        wanted |= {n for n in found if f"{n}.py" not in listed}
    urls = json.loads((lib / "bq769x2.json").read_text())["urls"]
    assert sorted(urls) == sorted([name, name] for name in listed)


# the transfer buffer


def test_every_published_checksum_is_written_by_a_data_write():
    for vector in vectors("bq769x2_checksum"):
        rig = Rig(crc=False)
        data = bytes.fromhex(vector["data"])
        sub = Subcommands(rig.bus, rig.sleep_us)
        sub.write(int(vector["address"], 16), data, 0, len(data))
        tail = bytes.fromhex("1060" + vector["checksum"] + vector["length"])
        assert rig.i2c.frames[-1] == tail, vector["name"]


def test_enabled_protections_a_is_written_as_the_application_note_shows():
    rig = Rig(crc=True)
    Subcommands(rig.bus, rig.sleep_us).write(0x9261, b"\x8c", 0, 1)
    assert [f.hex() for f in rig.i2c.frames] == ["103e61ad92f78cad", "106080de051b"]


def test_fet_enable_goes_out_as_published():
    rig = Rig(crc=True)
    Subcommands(rig.bus, rig.sleep_us).command(0x0022)
    assert rig.i2c.frames == [bytes.fromhex("103e22630000")]


def test_a_busy_subcommand_is_waited_for():
    rig = Rig()
    rig.i2c.busy = 20
    rig.chip.probe()
    assert rig.slept_us >= 2000


def test_a_subcommand_that_never_ends_fails_in_bounded_time():
    rig = Rig()
    rig.i2c.busy = 10**9
    with pytest.raises(OSError, match="bq769x2 0x0083: busy"):
        rig.chip.read_bleed()
    assert rig.slept_us <= 20000


@pytest.mark.parametrize("trouble", ["spoil_checksum", "spoil_length"])
def test_a_wrong_checksum_or_length_is_an_error_naming_the_subcommand(trouble):
    rig = Rig()
    rig.i2c.replies[0x0083] = b"\x05\x00"
    rig.i2c.registers[0x42] = 0x77  # left there by somebody
    setattr(rig.i2c, trouble, 1)
    with pytest.raises(OSError, match="bq769x2 0x0083: checksum"):
        rig.chip.read_bleed()


@pytest.mark.parametrize("length", [-1, 31])
def test_an_impossible_length_is_an_error(length):
    rig = Rig()
    rig.i2c.replies[0x0083] = b"\x05\x00"
    rig.i2c.spoil_length = length
    with pytest.raises(OSError, match="bq769x2 0x0083: length"):
        rig.chip.read_bleed()


# who is there


def test_the_constructor_touches_no_bus():
    assert Rig().i2c.transactions == 0


@pytest.mark.parametrize("crc", [False, True])
def test_probe_finds_the_right_part(crc):
    rig = Rig(crc=crc)
    rig.chip.probe()
    assert rig.i2c.commands == [(0x0001, b"")]


def test_probe_names_the_part_it_found():
    rig = Rig()
    rig.i2c.replies[0x0001] = b"\x94\x76"
    expected = "0x0001: expected BQ76952, found 0x7694 BQ76942"
    with pytest.raises(OSError, match=expected) as caught:
        rig.chip.probe()
    assert caught.value.errno == errno.ENODEV


def test_probe_names_the_number_of_a_part_nobody_knows():
    rig = Rig()
    rig.i2c.replies[0x0001] = b"\x05\x76"
    with pytest.raises(OSError, match="found 0x7605 unknown part"):
        rig.chip.probe()


@pytest.mark.parametrize("number, right", [(0x7691, True), (0x7695, False), (0x7605, False)])
def test_a_part_without_a_published_number_may_be_any_other_of_the_family(number, right):
    rig = Rig(part=BQ769142, cell_n=14)
    rig.i2c.replies[0x0001] = number.to_bytes(2, "little")
    if right:
        rig.chip.probe()
    else:
        with pytest.raises(OSError, match="expected BQ769142, found"):
            rig.chip.probe()


def test_a_board_may_state_the_device_number():
    rig = Rig(part=BQ769142, cell_n=14, number=0x7699)
    with pytest.raises(OSError, match="expected BQ769142, found 0x7691 unknown part"):
        rig.chip.probe()


def test_probe_waits_for_a_chip_that_is_still_starting():
    rig = Rig()
    rig.i2c.refuse.add(0x3E)
    slept = []

    def sleep_us(us):
        slept.append(us)
        if len(slept) == 5:
            rig.i2c.refuse.clear()

    rig.chip._sleep_us = sleep_us
    rig.chip.probe()
    assert sum(slept) >= 5000


def test_probe_gives_up_on_a_bus_without_a_chip():
    rig = Rig()
    rig.i2c.refuse.add(0x3E)
    with pytest.raises(OSError, match="bq769x2 0x3e: write refused"):
        rig.chip.probe()
    assert rig.slept_us <= 20000


# cells


def place_cells(rig):
    """Input i (1-based) reads 3000 + i mV, unused or not."""
    for i in range(16):
        rig.i2c.put16(0x14 + 2 * i, 3001 + i)


@pytest.mark.parametrize(
    "part, cell_n, mask, inputs",
    [
        (BQ76952, 16, None, list(range(1, 17))),
        (BQ76952, 13, None, [*range(1, 13), 16]),  # E2E 1474660
        (BQ76952, 9, 0x03BF, [1, 2, 3, 4, 5, 6, 8, 9, 10]),
        (BQ769142, 14, None, [*range(1, 13), 14, 16]),
        (BQ769142, 12, None, [*range(1, 12), 16]),
        (BQ76942, 10, None, list(range(1, 11))),
        (BQ76942, 9, None, [*range(1, 9), 10]),
        (BQ76942, 9, 0x037F, [1, 2, 3, 4, 5, 6, 7, 9, 10]),  # SLUAA11B section 3.4
        (BQ76942, 3, None, [1, 2, 10]),
    ],
)
def test_cells_are_read_from_the_inputs_they_sit_on(part, cell_n, mask, inputs):
    rig = Rig(part=part, cell_n=cell_n, cell_mask=mask)
    place_cells(rig)
    cell_mv = array("i", [0] * cell_n)
    rig.chip.read_cells(cell_mv)
    assert list(cell_mv) == [3000 + i for i in inputs]
    assert rig.i2c.reads == [(0x12, 42)]


@pytest.mark.parametrize(
    "part, cell_n, mask",
    [
        (BQ76952, 17, None),
        (BQ76952, 0, None),
        (BQ769142, 15, None),
        (BQ76942, 10, 0x01FF),
        (BQ769142, 3, 0x1003),  # input 13 does not exist there
    ],
)
def test_an_impossible_cell_map_is_refused(part, cell_n, mask):
    with pytest.raises(ValueError, match="cell_"):
        Rig(part=part, cell_n=cell_n, cell_mask=mask)


@pytest.mark.parametrize("crc", [False, True])
def test_one_burst_brings_cells_voltages_current_and_flags(crc):
    rig = Rig(crc=crc)
    rig.i2c.put16(0x12, 0x0104)
    rig.i2c.put16(0x14, 2920)
    rig.i2c.put16(0x16, -200)
    rig.i2c.put16(0x34, 5234)
    rig.i2c.put16(0x36, -3)
    rig.i2c.put16(0x38, 17)
    rig.i2c.put16(0x3A, -12345)
    cell_mv = array("i", [0] * 16)
    rig.chip.read_cells(cell_mv)
    assert cell_mv[0] == 2920
    assert cell_mv[1] == -200
    assert (rig.chip.stack_mv, rig.chip.pack_mv, rig.chip.ld_mv) == (52340, -30, 170)
    assert rig.chip.read_current() == -12345
    assert rig.chip.flags == 0
    assert rig.i2c.transactions == 1


def test_a_failed_burst_leaves_nothing_of_the_last_one():
    rig = Rig()
    rig.i2c.put16(0x12, 0x0100)
    rig.i2c.put16(0x34, 5234)
    rig.i2c.put16(0x3A, 1000)
    cell_mv = array("i", [0] * 16)
    rig.chip.read_cells(cell_mv)
    rig.i2c.flip[0x12] = 83
    with pytest.raises(OSError, match="bq769x2 0x3b: crc"):
        rig.chip.read_cells(cell_mv)
    assert (rig.chip.stack_mv, rig.chip.pack_mv, rig.chip.ld_mv) == (0, 0, 0)
    assert rig.chip.flags & FLAG_RESET
    rig.i2c.put16(0x3A, 77)
    assert rig.chip.read_current() == 77  # asked anew


def test_a_current_is_handed_out_once():
    rig = Rig()
    rig.i2c.put16(0x3A, 500)
    rig.chip.read_cells(array("i", [0] * 16))
    assert rig.chip.read_current() == 500
    rig.i2c.put16(0x3A, 600)
    assert rig.chip.read_current() == 600
    assert rig.i2c.reads == [(0x12, 42), (0x3A, 2)]


@pytest.mark.parametrize(
    "status, flags",
    [
        (0x0100, 0),
        (0x0108, FLAG_RESET),
        (0x0110, FLAG_RESET),
        (0x0101, FLAG_CONFIG),
        (0x8100, FLAG_SLEEP),
        (0x0200, 0),
        (0x0300, FLAG_SEALED),
        (0x2100, FLAG_SHUTDOWN),
        (0xA319, FLAG_RESET | FLAG_CONFIG | FLAG_SLEEP | FLAG_SEALED | FLAG_SHUTDOWN),
    ],
)
def test_battery_status_becomes_flags(status, flags):
    rig = Rig()
    rig.i2c.put16(0x12, status)
    rig.chip.read_cells(array("i", [0] * 16))
    assert rig.chip.flags == flags


# status


TRIPS = [
    (0x03, 0x80, TRIP_SCD),
    (0x03, 0x40, TRIP_OCD2),
    (0x03, 0x20, TRIP_OCD1),
    (0x03, 0x10, TRIP_OCC),
    (0x03, 0x08, TRIP_COV),
    (0x03, 0x04, TRIP_CUV),
    (0x05, 0x80, TRIP_OTF),
    (0x05, 0x40, TRIP_OTINT),
    (0x05, 0x20, TRIP_OTD),
    (0x05, 0x10, TRIP_OTC),
    (0x05, 0x02, TRIP_UTD),
    (0x05, 0x01, TRIP_UTC),
    (0x07, 0x02, TRIP_HWD),
    (0x07, 0x80, TRIP_OCD2),
    (0x07, 0x40, TRIP_SCD),
    (0x07, 0x20, TRIP_OCD1),
    (0x07, 0x10, TRIP_COV),
]


@pytest.mark.parametrize("reg, bit, trip", TRIPS)
def test_a_safety_status_bit_becomes_its_trip(reg, bit, trip):
    rig = Rig()
    rig.i2c.registers[reg] = bit
    assert rig.chip.read_status() == trip
    assert rig.i2c.reads == [(0x03, 5)]


def test_an_alert_that_is_not_yet_a_fault_is_no_trip():
    rig = Rig()
    rig.i2c.registers[0x04] = rig.i2c.registers[0x06] = 0xFF
    assert rig.chip.read_status() == 0


def test_a_permanent_failure_is_a_trip_from_its_alarm_on_and_as_long_as_the_chip_says_so():
    rig = Rig()
    cell_mv = array("i", [0] * 16)
    rig.i2c.put16(0x62, 0x2000)
    rig.i2c.put16(0x12, 0x1100)
    assert rig.chip.read_alarm() == 0x2000
    assert rig.chip.read_status() == TRIP_PF
    rig.chip.read_cells(cell_mv)
    rig.i2c.put16(0x62, 0)
    rig.chip.read_alarm()
    assert rig.chip.read_status() == TRIP_PF
    rig.i2c.put16(0x12, 0x0100)
    rig.chip.read_cells(cell_mv)
    assert rig.chip.read_status() == 0


def test_an_old_latched_alarm_alone_keeps_no_trip():
    rig = Rig()
    rig.i2c.put16(0x62, 0x2000)
    rig.chip.read_alarm()
    rig.chip.read_cells(array("i", [0] * 16))  # Battery Status: no permanent failure
    rig.chip.read_alarm()
    assert rig.chip.read_status() == 0


# temperatures


def test_temperatures_come_from_the_configured_pins_in_one_burst():
    rig = Rig(ntc=("TS3", "TS1"), fet_ntc="HDQ")
    for i, raw in enumerate((2982, 1, 2532, 3732)):  # TS1, TS2, TS3, HDQ
        rig.i2c.put16(0x70 + 2 * i, raw)
    temps = array("i", [0, 0])
    rig.chip.read_temps(temps)
    assert list(temps) == [-200, 250]
    assert rig.chip.fet_ddegc == 1000
    assert rig.i2c.reads == [(0x70, 8)]


def test_only_the_registers_needed_are_read():
    rig = Rig(ntc=("TS3",))
    rig.chip.read_temps(array("i", [0]))
    assert rig.i2c.reads == [(0x74, 2)]
    assert rig.chip.fet_ddegc == TEMP_NONE


@pytest.mark.parametrize("raw, ddegc", [(2731, -1), (2732, 0), (2733, 1), (0, TEMP_NONE)])
def test_half_a_tenth_is_given_to_the_cold_side(raw, ddegc):
    rig = Rig(ntc=("TS1",))
    rig.i2c.put16(0x70, raw)
    temps = array("i", [0])
    rig.chip.read_temps(temps)
    assert temps[0] == ddegc


def test_a_failed_reading_leaves_no_fet_temperature():
    rig = Rig(ntc=("TS1",), fet_ntc="TS3")
    rig.i2c.put16(0x74, 2982)
    rig.chip.read_temps(array("i", [0]))
    assert rig.chip.fet_ddegc == 250
    rig.i2c.refuse.add(0x70)
    with pytest.raises(OSError, match="0x70"):
        rig.chip.read_temps(array("i", [0]))
    assert rig.chip.fet_ddegc == TEMP_NONE


@pytest.mark.parametrize("wiring", [{"ntc": ("CFETOFF",)}, {"ntc": ("TS1",), "fet_ntc": "TS1"}])
def test_a_thermistor_needs_a_pin_of_its_own(wiring):
    with pytest.raises(ValueError, match="thermistor"):
        Rig(**wiring)


# FETs

FET_CONTROL_OF = [
    (0, 0x0F),
    (CHG, 0x0B),
    (PCHG, 0x07),
    (DSG, 0x0E),
    (PDSG, 0x0D),
    (BOTH, 0x0A),
    (DSG | PDSG, 0x0C),  # "block CHG, PCHG" of the reference's examples
    (CHG | PCHG | DSG | PDSG, 0x00),
]


@pytest.mark.parametrize("bits, nibble", FET_CONTROL_OF)
def test_permission_becomes_the_opposite_nibble_in_the_chips_own_order(bits, nibble):
    rig = Rig().armed()
    rig.chip.write_fets(bits)
    assert rig.i2c.commands[-1] == (0x0097, bytes([nibble]))
    assert rig.chip.permitted == bits


def test_all_off_goes_out_as_the_reference_shows():
    rig = Rig(crc=False).armed()
    rig.chip.write_fets(0)
    assert [f.hex() for f in rig.i2c.frames] == ["103e97000f", "10605905"]


def test_the_first_permission_takes_control_with_everything_blocked():
    rig = Rig().armed()
    rig.chip.write_fets(CHG)
    codes = [c for c in rig.i2c.commands if c[0] != 0x0057]
    assert codes == [(0x0097, b"\x0f"), (0x0022, b""), (0x0096, b""), (0x0097, b"\x0b")]
    assert rig.slept_us < 2000  # between opening and blocking again, and all before


def test_later_permissions_only_move_the_blocks():
    rig = Rig().armed()
    rig.chip.write_fets(CHG)
    rig.i2c.forget()
    rig.chip.write_fets(BOTH)
    assert rig.i2c.commands == [(0x0097, b"\x0a")]
    assert rig.i2c.transactions == 2


def test_fet_enable_is_never_toggled_off():
    rig = Rig().armed()
    rig.i2c.replies[0x0057] = b"\x50\x00"  # an earlier run has set it
    rig.chip.write_fets(CHG)
    assert (0x0022, b"") not in rig.i2c.commands


def test_nothing_is_opened_to_block_everything():
    rig = Rig().armed()
    rig.chip.write_fets(0)
    assert rig.i2c.commands == [(0x0097, b"\x0f")]


def test_a_fet_enable_that_does_not_follow_is_an_error_and_everything_stays_blocked():
    rig = Rig().armed()
    del rig.i2c.on[0x0022]
    with pytest.raises(OSError, match="bq769x2 0x0057: FET_EN does not follow"):
        rig.chip.write_fets(BOTH)
    assert (0x0096, b"") not in rig.i2c.commands
    assert [c for c in rig.i2c.commands if c[0] == 0x0097] == [(0x0097, b"\x0f")]


def test_arming_again_takes_the_control_back():
    rig = Rig().armed()
    rig.chip.write_fets(BOTH)
    rig.armed()
    assert rig.chip.permitted == 0
    rig.chip.write_fets(CHG)
    assert (0x0096, b"") in rig.i2c.commands


def test_reads_the_fets_that_conduct():
    rig = Rig()
    rig.i2c.registers[0x7F] = 0x7D
    assert rig.chip.read_fets() == CHG | DSG | PDSG
    assert rig.i2c.reads == [(0x7F, 1)]


@pytest.mark.parametrize(
    "call, code",
    [
        (lambda chip: chip.detect_load(True), 0x009E),
        (lambda chip: chip.detect_load(False), 0x009F),
        (lambda chip: chip.shutdown(), 0x0010),
    ],
)
def test_a_plain_command_is_one_write(call, code):
    rig = Rig()
    call(rig.chip)
    assert rig.i2c.commands == [(code, b"")]
    assert rig.i2c.transactions == 1


@pytest.mark.parametrize("on, mask, code", [(True, 0x6000, 0x0099), (False, 0xE000, 0x009A)])
def test_asleep_the_alarm_leaves_out_the_host_watchdog(on, mask, code):
    rig = Rig()
    rig.chip.sleep(on)
    assert int.from_bytes(rig.i2c.registers[0x66:0x68], "little") == mask
    assert rig.i2c.commands == [(code, b"")]
    assert rig.i2c.transactions == 2


def test_a_sealed_chip_is_told_twice_to_shut_down():
    rig = Rig()
    rig.i2c.put16(0x12, 0x0300)
    rig.chip.read_cells(array("i", [0] * 16))
    rig.chip.shutdown()
    assert rig.i2c.commands == [(0x0010, b"")] * 2


# bleeding


def test_bleeding_goes_out_as_the_reference_shows():
    rig = Rig(crc=False)
    rig.chip.write_bleed(0b101)
    assert [f.hex() for f in rig.i2c.frames] == ["103e83000500", "10607706"]
    rig.i2c.forget()
    rig.chip.write_bleed(0)
    assert [f.hex() for f in rig.i2c.frames] == ["103e83000000", "10607c06"]


def test_cells_bleed_and_are_read_back_through_the_cell_map():
    rig = Rig(part=BQ769142, cell_n=14)
    rig.chip.write_bleed(0b11_1000_0000_0001)
    assert rig.i2c.commands == [(0x0083, b"\x01\xa8")]  # inputs 16, 14, 12, 1
    rig.i2c.replies[0x0083] = b"\x01\xa8"
    assert rig.chip.read_bleed() == 0b11_1000_0000_0001


def test_bleeding_must_be_refreshed_before_the_chip_forgets():
    rig = Rig().armed()
    assert rig.chip.bleed_refresh_ms == rig.memory(0x9339) * 1000


# alarm


def test_the_alarm_is_cleared_by_writing_back_what_was_read():
    rig = Rig(crc=False)
    rig.i2c.put16(0x62, 0xC000)
    alarm = rig.chip.read_alarm()
    assert alarm == 0xC000
    rig.chip.clear_alarm(alarm)
    assert rig.i2c.frames == [bytes.fromhex("106200c0")]
