"""The BQ769x2 over SPI: golden frames, pipelining, retries, and the same driver through it."""

import json
from array import array

import pytest

from bq769x2 import BQ76952, BQ769x2
from bq769x2_spi import SpiBus
from host_tests.chip.bq769x2_rig import Rig
from host_tests.chip.driver_rig import config
from host_tests.shared import shared
from roles import BOTH, CHG, DSG
from sim.chips.bq769x2_spi import FakeSPI, SpiPort
from sim.pins import FakePin, Line


class Bench:
    """A chip with an SPI port, and the bus under test."""

    def __init__(self, crc=True, **more):
        self.rig = Rig(**more)
        self.cs = Line("CS", pull=1)
        self.port = SpiPort(self.rig.chip, self.cs, crc)
        self.spi = FakeSPI(self.port, self.rig.world)
        self.bus = SpiBus(
            self.spi, FakePin(self.cs, FakePin.OUT, value=1), self.sleep_us, crc, "bq769x2"
        )

    def sleep_us(self, us):
        self.rig.world.advance(us)

    def frame(self, text):
        """Raw bytes to the chip; what came back."""
        out = bytes.fromhex(text)
        into = bytearray(len(out))
        end = self.cs.end("raw")
        end.drive(0)
        self.spi.write_readinto(out, into)
        end.drive(1)
        self.sleep_us(60)
        return into.hex()

    def driver(self):
        chip = BQ769x2(self.bus, BQ76952, 16, self.sleep_us, ntc=("TS1", "TS2", "TS3"))
        chip.off_pins = False
        return chip


class Recorder:
    """`machine.SPI` that echoes each frame with the next, as the chip does, and records."""

    def __init__(self):
        self.frames = []
        self.last = b"\xff\xff\x00"

    def write_readinto(self, out, into):
        self.frames.append(bytes(out).hex())
        into[:] = self.last[: len(out)]
        self.last = bytes(out)


def golden():
    return json.loads(shared("reference/chips/vectors.json").read_text())["bq769x2_spi_frames"]


def test_golden_frames_are_what_the_bus_sends():
    for row in golden():
        spi = Recorder()
        bus = SpiBus(spi, lambda level: None, lambda us: None, True, "bq769x2")
        frames = [bytes.fromhex(frame) for frame in row["frames"]]
        if frames[0][0] & 0x80:
            for frame in frames:
                bus.write(frame[0] & 0x7F, frame[1:2], 1)
            sent = [frame for frame in spi.frames if int(frame[:2], 16) & 0x80]
            assert sent == row["frames"], row["name"]
        else:
            bus.read(frames[0][0], len(frames))
            assert spi.frames[: len(frames)] == row["frames"], row["name"]


def test_golden_frames_do_in_the_model_what_they_say():
    for row in golden():
        bench = Bench()
        if "Protections" in row["name"]:
            bench.bus.write(0x3E, b"\x90\x00", 2)
            bench.sleep_us(3000)
        for frame in row["frames"]:
            bench.frame(frame)
        assert bench.port.crc_errors == 0
        echo = bench.frame("1200" + "00")
        gone = row["name"] == "RESET"  # and starts anew
        assert echo[:2] == ("ff" if gone else row["frames"][-1][:2]), row["name"]
    assert bench.rig.chip.memory.u1(0x9261) == 0x8C, "the last one writes data memory"


def test_the_answer_to_a_frame_leaves_with_the_next():
    bench = Bench()
    bench.rig.chip.regs[0x14], bench.rig.chip.regs[0x15] = 0x68, 0x0B
    assert bench.frame("14fff0")[:4] == "ffff"
    assert bench.frame("15ffe5")[:4] == "1468"
    assert bench.frame("15ffe5")[:4] == "150b"


def test_a_frame_with_a_wrong_crc_is_not_executed_and_says_so():
    bench = Bench()
    bench.frame("e682bb")
    assert bench.frame("14fff0") == "ffffaa"
    assert bench.port.executed == []


@pytest.mark.parametrize("crc", [True, False])
def test_reading_is_pipelined(crc):
    bench = Bench(crc)
    for i in range(42):
        bench.rig.chip.regs[0x12 + i] = i
    before = bench.spi.frames
    bench.bus.read(0x12, 42)
    assert bytes(bench.bus.data[2:42]) == bytes(range(2, 42))
    assert bench.spi.frames - before == 43
    assert bench.spi.wire_bytes % (3 if crc else 2) == 0


@pytest.mark.parametrize("crc", [True, False])
def test_the_same_driver_arms_verifies_measures_and_switches(crc):
    bench = Bench(crc)
    chip = bench.driver()
    chip.load(config(shunt_uohm=1000, precharge_on=0))
    chip.probe()
    chip.arm()
    assert chip.verify_all() == 0
    chip.write_fets(BOTH)
    bench.rig.wait_s(1)
    assert chip.read_fets() == CHG | DSG
    bench.rig.plant.cell_v[7] = 3.401
    bench.rig.change(current_a=-12.0)
    bench.rig.wait_s(0.5)
    cells, temps = array("i", [0] * 16), array("i", [0] * 3)
    chip.read_cells(cells)
    assert cells[7] == 3401 and cells[0] == 3300
    assert abs(chip.read_current() + 12000) <= 10
    chip.read_temps(temps)
    assert all(abs(temp - 250) <= 1 for temp in temps)
    chip.write_bleed(0b101)
    bench.rig.wait_s(1.1)
    assert chip.read_bleed() == 0b101
    assert bench.rig.chip.illegal == []


def test_a_frame_that_came_too_soon_is_sent_again():
    bench = Bench()
    bench.bus._sleep_us = lambda us: None
    bench.rig.chip.regs[0x20] = 0x5A
    bench.bus.read(0x20, 1)
    assert bench.bus.data[0] == 0x5A


def test_a_write_that_the_chip_missed_is_an_error_and_not_sent_twice():
    """It may be a command that toggles: whoever sent it must look before another try."""
    bench = Bench()
    bench.bus.read(0x12, 1)
    bench.port._busy_us = bench.rig.world.now_us + 10
    with pytest.raises(OSError, match="0x3e: write not confirmed"):
        bench.bus.write(0x3E, b"\x22\x00", 2)
    assert bench.port.executed == []


class Spoiled:
    """Passes bytes on and spoils every so many of them, one way or the other."""

    def __init__(self, port, every, way):
        self.port, self.every, self.way, self.n = port, every, way, 0

    def exchange(self, byte):
        self.n += 1
        bad = self.n % self.every == 0
        got = self.port.exchange(byte ^ 0x04 if bad and self.way == "out" else byte)
        return got ^ 0x04 if bad and self.way == "in" else got


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize("every", [7, 11, 16, 31])
def test_with_crc_a_spoiled_byte_never_becomes_data_nor_a_command(way, every):
    bench = Bench()
    for i in range(32):
        bench.rig.chip.regs[0x40 + i] = 3 * i & 0xFF
    bench.spi.device = Spoiled(bench.port, every, way)
    good = 0
    for _ in range(20):
        try:
            bench.bus.read(0x40, 20)
        except OSError as error:
            assert "bq769x2 0x" in str(error)
            continue
        good += 1
        assert bytes(bench.bus.data[:20]) == bytes(3 * i & 0xFF for i in range(20))
    assert good
    for _ in range(10):
        try:
            bench.bus.write(0x66, b"\x00\xe0", 2)
        except OSError as error:
            assert "write not confirmed" in str(error)
    assert set(bench.port.executed) <= {(0x66, 0x00), (0x67, 0xE0)}


def test_nobody_on_the_bus_is_an_error_naming_the_register():
    bench = Bench()
    bench.rig.chip.supply(False)
    with pytest.raises(OSError, match="bq769x2 0x12: read refused"):
        bench.bus.read(0x12, 2)
    assert set(bench.bus.data) == {0xFF}
    with pytest.raises(OSError, match="bq769x2 0x66: write refused"):
        bench.bus.write(0x66, b"\x00", 1)


@pytest.mark.parametrize("crc", [True, False])
def test_the_wrong_crc_mode_is_an_error(crc):
    bench = Bench(crc)
    bus = SpiBus(bench.spi, bench.bus._cs, bench.sleep_us, not crc, "bq769x2")
    with pytest.raises(OSError, match="bq769x2 0x12"):
        bus.read(0x12, 2)


def test_frames_feed_the_host_watchdog():
    bench = Bench()
    before = bench.rig.chip.comm_us
    bench.rig.wait_s(1)
    bench.bus.read(0x12, 2)
    assert bench.rig.chip.comm_us > before + 1000000


class SpoilOnce:
    """Spoils the byte of this number, one way."""

    def __init__(self, port, number, way):
        self.port, self.number, self.way = port, number, way

    def exchange(self, byte):
        self.number -= 1
        bad = 0x04 if self.number == 0 else 0
        got = self.port.exchange(byte ^ bad if self.way == "out" else byte)
        return got ^ bad if self.way == "in" else got


def test_a_write_whose_crc_the_chip_refuses_is_sent_again():
    bench = Bench()
    bench.spi.device = SpoilOnce(bench.port, 2, "out")
    bench.bus.write(0x66, b"\x34\xe0", 2)
    assert bench.port.executed == [(0x66, 0x34), (0x67, 0xE0)] and bench.port.crc_errors == 1


def test_without_crc_the_answer_to_another_frame_is_not_taken():
    bench = Bench(crc=False)
    bench.rig.chip.regs[0x40] = 0x5A
    bench.bus.read(0x12, 1)
    bench.spi.device = SpoilOnce(bench.port, 3, "in")
    before = bench.spi.frames
    bench.bus.read(0x40, 1)
    assert bench.bus.data[0] == 0x5A and bench.spi.frames - before == 4


def test_without_crc_a_value_that_arrived_differently_is_an_error():
    bench = Bench(crc=False)
    bench.spi.device = SpoilOnce(bench.port, 2, "out")
    with pytest.raises(OSError, match="0x66: write not confirmed"):
        bench.bus.write(0x66, b"\x00", 1)
