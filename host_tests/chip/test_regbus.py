"""The register bus: bytes on the wire against published vectors, and what errors leave behind."""

import errno
import json

import pytest

from crc8 import TABLE, crc8
from host_tests.chip.scripted import ScriptedI2C, crc8_bitwise
from host_tests.shared import shared
from regbus import RegBus


def vectors(name):
    return json.loads(shared("reference/chips/vectors.json").read_text())[name]


def make(crc):
    i2c = ScriptedI2C(crc=crc)
    return i2c, RegBus(i2c, 0x08, crc=crc, name="bq769x2")


def test_crc8_has_the_published_check_value():
    assert crc8(b"123456789", 9) == 0xF4


def test_crc8_continues_from_a_crc():
    assert crc8(b"789", 3, crc8(b"123456", 6)) == 0xF4


def test_every_table_entry_is_the_crc_of_its_index():
    assert bytes(TABLE) == bytes(crc8_bitwise([i]) for i in range(256))


def test_crc8_matches_every_vector_of_the_family():
    for vector in vectors("bq769x2_i2c_crc"):
        data = bytes.fromhex(vector["input"])
        assert crc8(data, len(data)) == int(vector["crc"], 16), vector["name"]


def test_write_frames_are_the_golden_ones():
    for vector in vectors("bq769x2_i2c_write_frames"):
        frame = bytes.fromhex(vector["bytes"])
        crc = vector["crc_mode"]
        data = frame[2::2] if crc else frame[2:]
        i2c, bus = make(crc)
        i2c.cut[frame[1]] = len(frame) - 1
        bus.write(frame[1], data, len(data))
        assert i2c.frames == [frame], vector["name"]


def test_reads_cell_1_with_the_published_crc_bytes():
    i2c, bus = make(True)
    i2c.raw[0x14] = bytes.fromhex("68330b31")
    bus.read(0x14, 2)
    assert bus.data[:2] == b"\x68\x0b"
    assert i2c.reads == [(0x14, 2)]


@pytest.mark.parametrize("at", range(8))
def test_any_flipped_byte_is_a_crc_error_naming_its_register(at):
    i2c, bus = make(True)
    i2c.flip[0x14] = at
    with pytest.raises(OSError, match=f"bq769x2 0x{0x14 + at // 2:02x}: crc") as caught:
        bus.read(0x14, 4)
    assert caught.value.errno == errno.EIO


@pytest.mark.parametrize("crc", [False, True])
def test_a_refused_read_keeps_the_errno_and_names_the_register(crc):
    i2c, bus = make(crc)
    i2c.refuse.add(0x62)
    with pytest.raises(OSError, match="bq769x2 0x62: read refused") as caught:
        bus.read(0x62, 2)
    assert caught.value.errno == errno.ETIMEDOUT


@pytest.mark.parametrize("crc", [False, True])
def test_a_refused_write_keeps_the_errno_and_names_the_register(crc):
    i2c, bus = make(crc)
    i2c.refuse.add(0x62)
    with pytest.raises(OSError, match="bq769x2 0x62: write refused") as caught:
        bus.write(0x62, b"\x00\xe0", 2)
    assert caught.value.errno == errno.EIO


@pytest.mark.parametrize("crc", [False, True])
@pytest.mark.parametrize("acks", [0, 1, 2])
def test_a_data_byte_nobody_acknowledged_is_an_error(crc, acks):
    i2c, bus = make(crc)
    i2c.cut[0x66] = acks
    with pytest.raises(OSError, match="bq769x2 0x66: write refused"):
        bus.write(0x66, b"\x82\xf0", 2)


def test_no_old_value_is_readable_after_an_error():
    for trouble in ("refuse", "flip"):
        i2c, bus = make(True)
        i2c.registers[0x14:0x18] = b"\x11\x22\x33\x44"
        bus.read(0x14, 4)
        if trouble == "refuse":
            i2c.refuse.add(0x14)
        else:
            i2c.flip[0x14] = 7  # the last of all: three bytes were right
        with pytest.raises(OSError):
            bus.read(0x14, 4)
        assert set(bus.data) == {0xFF}


@pytest.mark.parametrize("crc", [False, True])
def test_every_length_up_to_its_size_can_be_read_and_written(crc):
    i2c = ScriptedI2C(crc=crc)
    bus = RegBus(i2c, 0x08, crc=crc, size=8)
    for n in range(1, 9):
        block = bytes(range(n))
        bus.write(0x20, block, n)
        bus.read(0x20, n)
        assert bytes(bus.data[:n]) == block
    with pytest.raises(IndexError):
        bus.read(0x20, 9)
