"""A pack that answers as a JBD BMS: true numbers, no half writes, nothing unasked."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms import fault_rows, faults
from bms.config import Config
from bms.report import jbd_map
from bms.report.jbd_slave import JbdSlave
from host_tests.common.scan_rig import Rig
from jbd import checksum
from roles import BOTH, CHG, DSG, TEMP_NONE

ENTER, LEAVE, COMMIT = "dd5a00025678ff3077", "dd5a01020000fffd77", "dd5a01022828ffad77"


def request(register, data=b"", write=False):
    body = bytes([register, len(data)]) + data
    return (
        bytes([0xDD, 0x5A if write else 0xA5])
        + body
        + struct.pack(">H", checksum(body, 0, len(body)))
        + b"\x77"
    )


class Wire:
    """A slave, and what it says."""

    def __init__(self, on_config=None, ticks=12, **values):
        self.rig = Rig(ticks, **values)
        self.pack = self.rig.pack
        self.slave = JbdSlave(self.pack, on_config)

    def send(self, frame):
        out = b""
        for byte in bytes.fromhex(frame) if isinstance(frame, str) else frame:
            self.slave.put(byte)
            n = self.slave.answer()
            while n:
                out += bytes(self.slave.view[:n])
                n = self.slave.answer()
        return out

    def read(self, register, data=b""):
        """(status, data) of a reply."""
        frame = self.send(request(register, data))
        assert frame[0] == 0xDD and frame[1] == register and frame[-1] == 0x77
        assert len(frame) == 7 + frame[3]
        return frame[2], frame[4:-3]

    def write(self, register, data):
        return self.send(request(register, data, write=True))[2]

    def basic(self):
        names = (
            "mv10 ma10 left full cycles made bleed bleed2 protection version soc fets cells ntcs"
        )
        status, data = self.read(3)
        assert status == 0
        values = dict(zip(names.split(), struct.unpack(">HhHHHHHHHBBBBB", data[:23])))
        values["temps"] = struct.unpack(f">{values['ntcs']}H", data[23:])
        return values


def test_basic_information_is_the_packs():
    wire = Wire()
    wire.rig.roles.pack_ma = -12345
    wire.rig.roles.temps[0] = -123
    wire.rig.run()
    basic = wire.basic()
    assert basic["mv10"] == 1320 and basic["ma10"] == -1234
    assert basic["full"] == 10000 and 4900 < basic["left"] < 5100 and basic["soc"] == 50
    assert basic["cells"] == 4 and basic["fets"] == 3 and basic["protection"] == 0
    assert basic["temps"] == (2731 - 123, 2731 + 250, 2731 + 250, 2731 + 250)


def test_cells_are_in_order():
    wire = Wire()
    wire.rig.roles.cell_mv[:] = [3301, 3302, 3303, 3304]
    wire.rig.run()
    assert wire.read(4) == (0, struct.pack(">4H", 3301, 3302, 3303, 3304))


def test_before_the_first_reading_there_is_nothing_to_say():
    wire = Wire(ticks=0)
    assert wire.send(request(3)) == wire.send(request(4)) == b""
    assert wire.read(5) == (0, b"Cellwarden")


@pytest.mark.parametrize(
    "ma, shown", [(400000, 32767), (-400000, -32768), (9, 0), (-9, 0), (-10, -1), (327670, 32767)]
)
def test_currents_saturate_and_a_small_one_is_none(ma, shown):
    wire = Wire()
    wire.pack.snap.pack_ma = ma
    assert wire.basic()["ma10"] == shown


def test_a_large_pack_saturates_and_an_empty_one_is_not_nothing():
    wire = Wire(capacity_mah=1000000)
    assert wire.basic()["full"] == 65535
    wire.pack.soc.set(0)
    assert wire.basic()["left"] == 1 and wire.basic()["soc"] == 0


def test_without_a_fet_sensor_there_is_one_temperature_less():
    wire = Wire()
    wire.rig.roles.fet_ddegc = TEMP_NONE
    wire.rig.run()
    assert wire.basic()["ntcs"] == 3


@pytest.mark.parametrize("bit", range(len(jbd_map.BITS)))
def test_every_row_shows_in_its_bit(bit):
    for name in jbd_map.BITS[bit]:
        wire = Wire()
        wire.pack.protect.state[faults.row_index(name)] = 1
        assert wire.basic()["protection"] & 1 << bit, name


def test_every_row_that_blocks_has_a_bit_but_what_the_chip_only_repeats():
    named = {name for names in jbd_map.BITS for name in names}
    silent = {row[fault_rows.NAME] for row in fault_rows.ROWS} - named
    assert silent == {"cov_warn", "cuv_warn", "imbal_warn", "chip_temp"}


def test_an_over_voltage_shows_as_such_with_the_charge_fet_off():
    wire = Wire()
    wire.rig.roles.cell_mv[1] = 3700
    wire.rig.run(12)
    basic = wire.basic()
    assert basic["protection"] & 1 and basic["fets"] == 2
    assert wire.read(0xAA)[1][6:8] == b"\0\1"


def test_a_silent_monitor_shows_its_last_cells_and_the_error_bit():
    wire = Wire()
    wire.rig.roles.fail.add("all")
    wire.rig.run()
    assert wire.basic()["protection"] == 1 << 11
    wire.rig.run(20)
    basic = wire.basic()
    assert basic["protection"] & 1 << 11 and basic["mv10"] == 1320


def test_an_unknown_register_is_80():
    wire = Wire()
    for register in (0x02, 0x48, 0xFA, 0xFF):
        assert wire.read(register) == (0x80, b"")
    assert wire.write(0xFC, b"\0") == 0x80


def test_the_fet_lock_acts_without_factory_mode_and_releases_only_itself():
    wire = Wire()
    assert wire.send("dd5ae1020001ff1c77").hex() == "dde10000000077"
    wire.rig.run(3)
    assert wire.rig.roles.fets == DSG and wire.basic()["protection"] == 1 << 12
    wire.rig.roles.cell_mv[0] = 2700
    wire.rig.run(12)
    assert not wire.rig.permits()
    wire.send("dd5ae1020000ff1d77")
    wire.rig.run(3)
    assert wire.rig.roles.fets == CHG, "the under-voltage stays"


def test_the_newer_lock_is_the_same_lock():
    wire = Wire()
    assert wire.write(0xFB, b"\x0a\x01") == 0
    wire.rig.run(3)
    assert not wire.rig.permits()
    assert wire.write(0xFB, b"\x00\x00") == 0
    wire.rig.run(3)
    assert wire.rig.roles.fets == DSG
    assert wire.write(0xFB, b"\x03\x01") == 0x80


@pytest.mark.parametrize("data", [b"", b"\1", b"\0\4", b"\0\0\0"])
def test_a_lock_that_makes_no_sense_changes_nothing(data):
    wire = Wire()
    assert wire.write(0xE1, data) == 0x81
    wire.rig.run(3)
    assert wire.rig.roles.fets == BOTH


def test_clearing_goes_through_the_scan():
    wire = Wire()
    wire.rig.roles.cell_mv[0] = 1900
    wire.rig.run(40)
    wire.rig.roles.cell_mv[0] = 3300
    wire.rig.run(60)
    assert not wire.rig.permits()
    assert wire.write(0x0A, b"\x04\x00") == 0
    wire.rig.run(12)
    assert wire.rig.permits()


@pytest.mark.parametrize("command", [0x0100, 0x0300, 0x0500, 0x0600, 0x0B00])
def test_nobody_can_reset_sleep_or_force_the_pack_over_the_wire(command):
    wire = Wire()
    assert wire.write(0x0A, struct.pack(">H", command)) == 0x81
    assert wire.write(0xE0, b"\x10\x00") == wire.write(0xE3, b"") == 0x81


def test_settings_are_read_in_factory_mode_only_and_it_ends_by_itself():
    wire = Wire()
    assert wire.read(0x24) == (0x81, b"")
    assert wire.send(ENTER).hex() == "dd000000000077"
    assert wire.read(0x24) == (0, struct.pack(">H", 3650))
    wire.slave.advance(59000)
    assert wire.read(0x24)[0] == 0
    wire.slave.advance(60000)
    assert wire.read(0x24)[0] == 0x81
    wire.send(ENTER)
    assert wire.send(LEAVE).hex() == "dd010000000077"
    assert wire.read(0x24)[0] == 0x81


def test_a_wrong_factory_key_opens_nothing():
    wire = Wire()
    assert wire.write(0x00, b"\x56\x79") == 0x81
    assert wire.read(0x24)[0] == 0x81


SHOWN = {
    0x10: 10000,
    0x12: 3450,
    0x13: 2800,
    0x18: 2731 + 500,
    0x1A: 2731,
    0x1E: 2731 - 200,
    0x20: 3620 * 4 // 10,
    0x23: 3050 * 4 // 10,
    0x26: 2800,
    0x28: 5000,
    0x29: 0x10000 - 11000,
    0x2C: 5,
    0x2D: 6,
    0x2E: 7,
    0x2F: 4,
    0x3A: 0x0202,
    0x3D: 0x0202,
    0x3E: 0x0A3C,
}


@pytest.mark.parametrize("register", sorted(SHOWN))
def test_settings_are_shown_in_their_units(register):
    wire = Wire()
    wire.send(ENTER)
    assert wire.read(register) == (0, struct.pack(">H", SHOWN[register]))


def test_names_carry_their_length():
    wire = Wire()
    wire.send(ENTER)
    assert wire.read(0xA0)[1] == wire.read(0xA1)[1] == b"\x0aCellwarden"
    assert wire.read(0xA2)[1] == b"\0"


def test_a_fine_shunt_is_shown_in_finer_units():
    wire = Wire(shunt_uohm=250)
    wire.send(ENTER)
    assert wire.read(0x2C)[1] == struct.pack(">H", 0x8000 | 25)


def stored():
    """Settings as they were stored; like a board it refuses what does not fit together."""
    kept = []
    return kept, lambda values: kept.append(values) if Config(values) else None


def test_a_setting_is_not_written_unless_somebody_at_the_pack_unlocked_it():
    kept, keep = stored()
    wire = Wire(keep)
    wire.send(ENTER)
    assert wire.write(0x18, struct.pack(">H", 2731 + 480)) == 0x81
    wire.slave.unlock(10000)
    assert wire.write(0x18, struct.pack(">H", 2731 + 480)) == 0
    assert not kept, "not before the commit"
    assert wire.send(COMMIT)[2] == 0
    assert [values["otc_ddegc"] for values in kept] == [480]
    assert Config(kept[0]).otc_ddegc == 480
    assert wire.pack.config.otc_ddegc == 500, "takes effect when it is loaded"


def test_without_a_store_nothing_can_be_written():
    wire = Wire()
    wire.slave.unlock(10000)
    wire.send(ENTER)
    assert wire.write(0x24, struct.pack(">H", 3600)) == 0x81


@pytest.mark.parametrize("error", [OSError(28), ValueError("not for this monitor")])
def test_settings_that_could_not_be_stored_are_refused_and_nobody_dies(error):
    def full(values):
        raise error

    wire = Wire(full)
    wire.slave.unlock(10000)
    wire.send(ENTER)
    assert wire.write(0x18, struct.pack(">H", 2731 + 480)) == 0
    assert wire.send(COMMIT)[2] == 0x81
    wire.send(ENTER)
    assert wire.send(COMMIT)[2] == 0, "nothing is left of it"


def test_settings_that_do_not_fit_together_are_refused_as_a_whole():
    kept, keep = stored()
    wire = Wire(keep)
    wire.slave.unlock(10000)
    wire.send(ENTER)
    assert wire.write(0x26, struct.pack(">H", 2900)) == 0
    assert wire.write(0x24, struct.pack(">H", 4200)) == 0
    assert wire.send(COMMIT)[2] == 0x81 and not kept
    wire.send(ENTER)
    assert wire.send(COMMIT)[2] == 0 and not kept, "nothing is left of it"


def test_leaving_without_commit_and_the_end_of_unlocking_forget_the_changes():
    kept, keep = stored()
    wire = Wire(keep)
    wire.slave.unlock(10000)
    wire.send(ENTER)
    wire.write(0x24, struct.pack(">H", 3600))
    wire.send(LEAVE)
    wire.send(ENTER)
    wire.send(COMMIT)
    assert not kept
    wire.slave.advance(10000)
    wire.send(ENTER)
    assert wire.write(0x24, struct.pack(">H", 3600)) == 0x81


@pytest.mark.parametrize("register", [0x2C, 0x2D, 0x2F, 0x38, 0x3A, 0x20, 0xA1, 0xAD, 0xB0, 0xD0])
def test_wiring_calibration_and_what_does_not_go_both_ways_cannot_be_written(register):
    kept, keep = stored()
    wire = Wire(keep)
    wire.slave.unlock(10000)
    wire.send(ENTER)
    assert wire.write(register, b"\0\5") == 0x81


def test_a_commit_starts_the_counters_over():
    wire = Wire()
    wire.rig.roles.cell_mv[1] = 3700
    wire.rig.run(12)
    assert sum(wire.read(0xAA)[1]) == 1
    wire.send(ENTER)
    wire.send(COMMIT)
    assert wire.read(0xAA) == (0, bytes(24))


def test_passwords_are_acknowledged_and_never_repeated():
    wire = Wire()
    assert wire.send("dd5a060706070605080208ffc977").hex() == "dd060000000077"
    assert wire.send("dd5a0907064a3142324434fe8377").hex() == "dd090000000077"


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 255), st.booleans(), st.binary(max_size=16)), max_size=8))
def test_whatever_is_asked_is_answered_once_in_good_form_and_settings_stay(frames):
    wire = Wire()
    hash_before = wire.pack.config.hash
    for register, write, data in frames:
        reply = wire.send(request(register, data, write))
        assert len(reply) == 7 + reply[3] and reply[1] == register
        assert int.from_bytes(reply[-3:-1]) == checksum(reply, 2, len(reply) - 3)
    wire.rig.run(2)
    assert wire.pack.config.hash == hash_before


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_noise_is_not_answered(noise):
    wire = Wire()
    if b"\xdd\xa5" not in noise and b"\xdd\x5a" not in noise:
        assert wire.send(noise) == b""
    else:
        wire.send(noise)
