"""The BQ769x2 model on its bus: golden bytes, registers, subcommands, data memory, refusals, speed."""

import json
import re
import struct
import time

import pytest

from host_tests.chip.bq769x2_rig import CONFIG_UPDATE, FET_ENABLE, BenchPlant, BenchWorld, Rig
from host_tests.shared import shared
from sim.bus import FakeI2C
from sim.chips.bq769x2 import BQ769x2Model
from sim.chips.bq769x2_memory import Memory
from sim.chips.bq769x2_table import ROWS
from sim.crc8 import crc8
from sim.errors import SimError


@pytest.fixture(params=[False, True], ids=["plain", "crc"])
def rig(request):
    return Rig(crc=request.param)


@pytest.fixture
def vectors():
    return json.loads(shared("reference/chips/vectors.json").read_text())


# -- golden bytes ----------------------------------------------------------------------------------


def test_crc_vectors(vectors):
    assert crc8(b"123456789") == int(vectors["algorithms"]["crc8"]["check_123456789"], 16)
    for row in vectors["bq769x2_i2c_crc"]:
        assert crc8(bytes.fromhex(row["input"])) == int(row["crc"], 16), row["name"]


def test_golden_write_frames_are_acknowledged_and_do_what_they_say(vectors):
    seen = {}
    for row in vectors["bq769x2_i2c_write_frames"]:
        frame = bytes.fromhex(row["bytes"])
        crc = row["crc_mode"]
        rig = Rig(crc=crc)
        if "Enabled" in row["name"]:
            rig.command(CONFIG_UPDATE)
            rig.wait_us(2000)
            seen[crc] = frame, rig
        if "checksum" in row["name"]:
            rig = seen[crc][1]
        assert frame[0] == 0x10
        assert rig.bus.writeto(0x08, frame[1:]) == len(frame) - 1, row["name"]
        rig.wait_us(2000)
        if row["name"] == "SET_CFGUPDATE":
            assert rig.word(0x12) & 1
        elif row["name"] == "FET_ENABLE":
            assert rig.ask(0x0057)[0] & 0x10
        elif row["name"].startswith("Alarm"):
            assert rig.read(0x66, 2) == b"\x82\xf0"
        elif "checksum" in row["name"]:
            assert rig.ask(0x9261)[0] == 0x8C


def test_one_wrong_bit_in_a_golden_crc_frame_is_not_acknowledged(vectors):
    for row in vectors["bq769x2_i2c_write_frames"]:
        if not row["crc_mode"] or "Alarm" not in row["name"]:
            continue
        frame = bytes.fromhex(row["bytes"])[1:]
        for at in (2, 4):
            rig = Rig(crc=True)
            spoilt = bytearray(frame)
            spoilt[at] ^= 0x10
            assert rig.bus.writeto(0x08, spoilt) == at
            assert rig.read(0x66, 2) == (b"\x00\xf8" if at == 2 else b"\x82\xf8")


def test_golden_read_of_cell_1_with_repeated_start():
    rig = Rig(crc=True, volts=2.920)
    assert rig.bus.readfrom_mem(0x08, 0x14, 4) == bytes.fromhex("68330b31")


def test_golden_read_of_cell_1_after_a_stop():
    rig = Rig(crc=True, volts=2.920)
    rig.bus.writeto(0x08, b"\x14")
    assert rig.bus.readfrom(0x08, 4) == bytes.fromhex("685d0b31")


def test_golden_checksums_execute_and_a_wrong_one_does_not(vectors):
    for row in vectors["bq769x2_checksum"]:
        code, data = int(row["address"], 16), bytes.fromhex(row["data"])
        total, length = int(row["checksum"], 16), int(row["length"], 16)
        assert Rig.checksum(code, data) == total, row["name"]
        if row["name"].startswith(("BQ76905", "DEVICE_NUMBER")):
            continue
        for spoil in (0, 1):
            rig = Rig()
            rig.command(CONFIG_UPDATE)
            rig.wait_us(2000)
            before = bytes(rig.chip.memory.image)
            rig.write(0x3E, code.to_bytes(2, "little") + data)
            rig.write(0x60, [total ^ spoil, length])
            rig.wait_us(200)
            assert rig.chip.mailbox.refused == spoil, row["name"]
            if spoil:
                assert rig.chip.memory.image == before, row["name"]
            elif code >= 0x9180:
                assert rig.ask(code)[: len(data)] == data, row["name"]


def test_golden_device_number_reply(rig):
    assert rig.ask(0x0001) == b"\x95\x76"
    assert rig.read(0x60, 2) == b"\xf3\x06"


def test_golden_conversions(vectors):
    rows = vectors["conversions"]
    for row in rows["bq769x2_delay_ms"]:
        rig = Rig()
        rig.configure((0x9279, struct.pack("<H", row["code"])))
        assert rig.chip.protect.delay_us[4] == round(row["ms"] * 1000)
    for row in rows["bq769x2_cov_code"]:
        rig = Rig()
        rig.configure((0x9278, row["code"]))
        assert rig.chip.protect.cov_v == pytest.approx(row["effective_mV"] / 1000)


def test_every_default_of_the_reference_is_in_data_memory():
    text = shared("reference/chips/bq769x2.md").read_text()
    kinds = {"I1": "b", "U1": "B", "H1": "B", "I2": "h", "U2": "H", "H2": "H", "F4": "f"}
    memory = Memory()
    row = r"^\| (0x9\w{3}) \| ([^|]*:[^|]*) \| (\w\d) \| ([^|]+) \|"
    found = re.findall(row, text, re.MULTILINE)
    assert len(found) == 272
    assert sum(len(row[3]) if isinstance(row[3], tuple) else 1 for row in ROWS) == 272
    for addr, name, kind, default in found:
        value = memory.get(kinds[kind], int(addr, 16))
        expected = float(default) if kind == "F4" else int(default, 0)
        assert value == pytest.approx(expected, rel=2e-6), name


# -- registers and subcommands ----------------------------------------------------------------------


def test_registers_auto_increment_on_read_and_write(rig):
    rig.write(0x66, b"\x34\x12")
    assert rig.read(0x62, 6)[4:] == b"\x34\x12"


def test_a_slow_subcommand_reads_ff_and_a_stale_buffer_until_done(rig):
    rig.ask(0x0001)
    rig.command(0x0075)
    assert rig.read(0x3E, 2) == b"\xff\xff"
    assert rig.read(0x40, 2) == b"\x95\x76"
    rig.wait_us(660)
    assert rig.read(0x3E, 2) == b"\x75\x00"
    assert rig.read(0x61, 1) == b"\x24"


def test_a_subcommand_is_ready_exactly_after_its_time():
    rig = Rig()
    rig.command(0x0004)
    ready_us = rig.chip.mailbox.ready_us
    rig.wait_us(ready_us - rig.world.now_us - 1)
    assert rig.bus.readfrom_mem(8, 0x3E, 2) == b"\xff\xff"
    assert rig.bus.readfrom_mem(8, 0x3E, 2) == b"\x04\x00"


def test_fw_version_is_big_endian(rig):
    assert rig.ask(0x0002)[:2] == b"\x76\x95"


def test_fet_enable_toggles(rig):
    for expected in (0x10, 0, 0x10):
        rig.command(FET_ENABLE)
        assert rig.ask(0x0057)[0] & 0x10 == expected


def test_legacy_command_register_answers_ffa5_once(rig):
    rig.write(0x00, b"\x22\x00")
    assert rig.word(0x00) == 0xFFA5
    assert rig.word(0x00) == 0
    assert rig.ask(0x0057)[0] & 0x10


def test_previous_command(rig):
    rig.ask(0x0001)
    assert rig.ask(0x0007) == b"\x01\x00"


def test_data_memory_reads_32_bytes_from_any_address(rig):
    data = rig.ask(0x9275)
    assert len(data) == 32
    assert data[:6] == bytes([50, 74, 0, 86, 74, 0])
    assert rig.ask(0x9343)[:2] == b"\x40\x00"


def test_data_memory_is_written_only_in_config_update(rig):
    with pytest.raises(SimError, match="outside CONFIG_UPDATE"):
        rig.transfer(0x9275, b"\x32")
    assert rig.ask(0x9275)[0] == 50


def test_a_block_of_32_bytes_can_be_written(rig):
    block = bytearray(rig.ask(0x9275))
    block[0] = 55
    rig.configure((0x9275, bytes(block)))
    assert rig.ask(0x9275) == bytes(block)


def test_checksum_of_a_written_block_covers_only_what_was_sent(rig):
    rig.configure((0x9261, 0x8C))
    assert rig.ask(0x9261)[:3] == b"\x8c\x00\x00"
    assert not rig.chip.mailbox.refused


def test_length_and_checksum_must_come_together(rig):
    rig.command(CONFIG_UPDATE)
    rig.wait_us(2000)
    rig.write(0x3E, b"\x61\x92\x8c")
    rig.write(0x60, b"\x80")
    with pytest.raises(SimError, match="0x61"):
        rig.write(0x61, b"\x05")


@pytest.mark.parametrize(
    ("addr", "value"),
    [(0x9275, 19), (0x9278, 111), (0x9279, b"\x00\x08"), (0x9280, 63), (0x9287, 32), (0x9306, 1)],
)
def test_values_out_of_range_and_addresses_without_a_parameter_are_refused(addr, value):
    rig = Rig()
    with pytest.raises(SimError):
        rig.configure((addr, value))


def test_a_lenient_model_only_lists_misuse():
    rig = Rig(strict=False)
    rig.configure((0x9275, 19))
    assert rig.ask(0x9275)[0] == 50
    assert len(rig.chip.illegal) == 1
    assert "CUV" in rig.chip.illegal[0]


@pytest.mark.parametrize("reg", [0x08, 0x3C, 0x7C, 0x80])
def test_unknown_registers_are_refused(rig, reg):
    with pytest.raises(SimError, match="read of register"):
        rig.read(reg, 1)


@pytest.mark.parametrize("reg", [0x02, 0x12, 0x14, 0x64, 0x7F])
def test_read_only_registers_are_refused(rig, reg):
    with pytest.raises(SimError, match="write"):
        rig.write(reg, b"\x00")


@pytest.mark.parametrize("code", [0x0006, 0x00A1, 0x1234, 0x9000])
def test_unknown_subcommands_are_refused(rig, code):
    with pytest.raises(SimError, match="subcommand"):
        rig.command(code)


def test_a_command_during_config_update_entry_is_refused(rig):
    rig.command(CONFIG_UPDATE)
    with pytest.raises(SimError, match="still executes"):
        rig.command(0x0001)


def test_what_the_model_does_not_have_is_refused():
    for setting in (
        (0x9263, 0x20),
        (0x92C0, 0x01),
        (0x9335, 0x01),
        (0x92FD, 0x47),
        (0x9238, 0x25),
    ):
        with pytest.raises(SimError, match="not modelled"):
            Rig().configure(setting)


def test_a_sealed_chip_opens_with_its_keys_only(rig):
    rig.command(0x0030)
    assert rig.word(0x12) >> 8 & 3 == 3
    with pytest.raises(SimError, match="sealed"):
        rig.command(CONFIG_UPDATE)
    rig.command(0x0414)
    rig.wait_s(5.1)
    with pytest.raises(SimError):
        rig.command(0x3672)
    for key, sec in ((0x0414, 3), (0x3672, 2), (0xFFFF, 2), (0xFFFF, 1)):
        rig.command(key)
        assert rig.word(0x12) >> 8 & 3 == sec


def test_comm_type_changes_with_the_swap_command():
    rig = Rig()
    rig.configure((0x9239, 0x12))
    rig.command(0x29BC)
    rig.crc = True
    assert rig.ask(0x0001) == b"\x95\x76"


def test_static_signature_notices_a_change(rig):
    before = rig.ask(0x0005)
    rig.configure((0x9275, 51))
    assert rig.ask(0x0005) != before


def test_another_part_says_who_it_is():
    world, plant = BenchWorld(), BenchPlant(10)
    chip = BQ769x2Model(world, plant, part="BQ76942")
    world.chip = chip
    bus = FakeI2C(world)
    bus.attach(chip)
    world.advance(6000)
    bus.writeto(8, b"\x3e\x01\x00")
    world.advance(400)
    assert bus.readfrom_mem(8, 0x40, 2) == b"\x94\x76"


def test_speed_of_a_scan_is_printed(capsys):
    rig = Rig(crc=True)
    rig.ready((0x9261, 0xFC), (0x9262, 0xF7), (0x9263, 2), (0x92FD, b"\x07\x07\x07\x0f"))
    bufs = [(3, bytearray(10)), (0x12, bytearray(84)), (0x62, bytearray(4)), (0x70, bytearray(12))]
    bufs.append((0x7F, bytearray(2)))
    count = 200
    wire, start = rig.bus.wire_bytes, time.perf_counter()
    for _ in range(count):
        for reg, buf in bufs:
            rig.bus.readfrom_mem_into(8, reg, buf)
        rig.command(0x0001)
        rig.wait_us(250000 - rig.world.now_us % 250000)
    scan_us = (time.perf_counter() - start) / count * 1e6
    with capsys.disabled():
        print(f"\n[bq769x2 model] {scan_us:.0f} us a 250 ms scan of 6 transactions,", end=" ")
        print(f"{(rig.bus.wire_bytes - wire) // count} bytes on the wire")
