"""The fake wires and buses: what they promise to drivers, and the faults that can be put into them."""

import pytest

from sim.bus import FakeI2C
from sim.errors import SimError
from sim.mischief_bus import BitFlip, FrozenWire, Garbage, NackWrapper, StuckBus, TornReads
from sim.pins import FakePin, Line, PinBank
from sim.prng import Prng


class Clock:
    """Time and nothing else."""

    def __init__(self):
        self.now_us = 0
        self.call = None

    def advance(self, us: int) -> None:
        self.now_us += us
        if self.call is not None:
            self.call()


class Echo:
    """256 registers, plain protocol, remembers what happened on the wire."""

    addr = 0x20

    def __init__(self):
        self.regs = bytearray(range(256))
        self.pointer = 0
        self.seen = []
        self.fresh = False

    def start(self, read):
        self.seen.append("R" if read else "W")
        self.fresh = not read
        return True

    def write(self, byte):
        if self.fresh:
            self.pointer = byte
            self.fresh = False
        else:
            self.regs[self.pointer] = byte
            self.pointer += 1
        return True

    def read(self):
        self.pointer = (self.pointer + 1) & 0xFF
        return self.regs[self.pointer - 1]

    def stop(self):
        self.seen.append("P")


@pytest.fixture
def bus():
    bus = FakeI2C(Clock(), log=True)
    bus.attach(Echo())
    return bus


def echo(bus) -> Echo:
    return bus._devices[0x20]


def test_a_register_read_uses_a_repeated_start(bus):
    assert bus.readfrom_mem(0x20, 5, 3) == bytes([5, 6, 7])
    assert echo(bus).seen == ["W", "R", "P"]


def test_a_write_without_stop_keeps_the_transaction_open(bus):
    bus.writeto(0x20, b"\x09", False)
    assert bus.readfrom(0x20, 1) == b"\x09"
    assert echo(bus).seen == ["W", "R", "P"]


def test_a_write_with_stop_ends_the_transaction(bus):
    bus.writeto(0x20, b"\x09")
    bus.readfrom(0x20, 1)
    assert echo(bus).seen == ["W", "P", "R", "P"]


def test_writes_take_any_buffer_and_count_acknowledges(bus):
    assert bus.writeto(0x20, memoryview(bytearray([3, 0xAA]))) == 2
    assert bus.writevto(0x20, (b"\x04", bytearray([0xBB, 0xCC]))) == 3
    bus.writeto_mem(0x20, 6, memoryview(b"\xdd"))
    assert bus.readfrom_mem(0x20, 3, 4) == bytes([0xAA, 0xBB, 0xCC, 0xDD])


def test_reads_fill_a_memoryview_in_place(bus):
    buf = bytearray(4)
    bus.readfrom_mem_into(0x20, 1, memoryview(buf)[1:3])
    assert buf == bytes([0, 1, 2, 0])


def test_time_passes_by_nine_bits_a_byte_plus_start_and_stop(bus):
    bus.readfrom_mem(0x20, 0, 10)  # 2 addresses, register, 10 data; 2 starts, 1 stop
    assert bus.world.now_us == ((2 + 1 + 10) * 9 + 3) * 10 // 4
    bus.init(freq=100000)
    bus.writeto(0x20, b"\x00")
    assert bus.world.now_us == 300 + (2 * 9 + 2) * 10


def test_transactions_and_wire_bytes_are_counted_with_addresses(bus):
    bus.readfrom_mem(0x20, 0, 10)
    bus.writeto(0x20, b"\x00\x01")
    assert (bus.transactions, bus.wire_bytes) == (2, 13 + 3)
    assert [entry[1:3] for entry in bus.log] == [("r", 0x20), ("w", 0x20)]


def test_scan_finds_what_is_there_and_an_absent_device_raises_eio(bus):
    assert bus.scan() == [0x20]
    with pytest.raises(OSError) as caught:
        bus.readfrom_mem(0x21, 0, 1)
    assert caught.value.errno == 5


def test_an_interrupt_must_not_use_the_bus(bus):
    bus.world.call = lambda: bus.readfrom_mem(0x20, 0, 1)
    with pytest.raises(SimError):
        bus.writeto(0x20, b"\x00")


def test_rp2_hides_a_data_byte_that_was_not_acknowledged(bus):
    bus.attach(NackWrapper(echo(bus), count=1, data=True))
    bus.writeto_mem(0x20, 3, b"\xaa")
    bus.attach(NackWrapper(Echo(), count=1, data=True))
    assert bus.writeto(0x20, b"\x03\xaa") == 0


def test_other_ports_raise_when_a_data_byte_is_not_acknowledged(bus):
    bus.port = "esp32"
    bus.attach(NackWrapper(echo(bus), count=1, data=True))
    with pytest.raises(OSError):
        bus.writeto(0x20, b"\x03\xaa")


def test_nack_wrapper_spoils_the_next_n_addresses(bus):
    wrapper = bus.attach(NackWrapper(echo(bus), count=2))
    for _ in range(2):
        with pytest.raises(OSError):
            bus.readfrom_mem(0x20, 0, 1)
    assert bus.readfrom_mem(0x20, 1, 1) == b"\x01"
    assert wrapper.spoiled == 2


def test_nack_wrapper_by_chance_is_repeatable(bus):
    def run():
        wrapper = NackWrapper(Echo(), per_million=300000, prng=Prng(7))
        return [wrapper.start(True) for _ in range(200)]

    assert run() == run()
    assert 30 < run().count(False) < 90


def test_bit_flip_changes_reads_only_while_on(bus):
    flip = bus.attach(BitFlip(echo(bus), Prng(1), per_million=1000000))
    flip.on = False
    assert bus.readfrom_mem(0x20, 8, 1) == b"\x08"
    flip.on = True
    assert (bus.readfrom_mem(0x20, 8, 1)[0] ^ 8).bit_count() == 1
    assert flip.flipped == 1


def test_garbage_acknowledges_and_says_anything(bus):
    garbage = bus.attach(Garbage(echo(bus), Prng(3)))
    garbage.on = True
    assert bus.readfrom_mem(0x20, 0, 16) != bytes(range(16))


def test_a_stuck_bus_times_out_with_etimedout(bus):
    stuck = StuckBus(bus, bus.world, timeout_us=1500)
    assert stuck.readfrom_mem(0x20, 1, 1) == b"\x01"
    stuck.on = True
    before_us = bus.world.now_us
    with pytest.raises(OSError) as caught:
        stuck.writeto(0x20, b"\x00")
    assert caught.value.errno == 110
    assert bus.world.now_us - before_us == 1500


def test_a_torn_read_leaves_the_old_tail_and_raises(bus):
    torn = TornReads(bus, keep=2)
    torn.on = True
    buf = bytearray(b"\xee" * 4)
    with pytest.raises(OSError):
        torn.readfrom_mem_into(0x20, 1, buf)
    assert buf == b"\x01\x02\xee\xee"


def test_strong_drives_beat_pulls_and_low_beats_high():
    line = Line(pull=1)
    assert line.level == 1
    a, b = line.end("a"), line.end("b")
    a.drive(0)
    assert line.level == 0
    b.drive(1)
    assert (line.level, line.fights) == (0, 1)
    a.drive(None)
    b.drive(None)
    assert line.level == 1


def test_an_external_pull_beats_an_internal_one_and_a_loose_wire_keeps_its_charge():
    line = Line(pull=-1)
    line.end().set_pull(1)
    assert line.level == 0
    loose = Line()
    end = loose.end()
    end.drive(1)
    end.drive(None)
    assert loose.level == 1


def test_edges_call_the_handler_at_once_and_only_the_asked_ones():
    line = Line(pull=1)
    pin = FakePin(line, FakePin.IN)
    hits = []
    pin.irq(handler=lambda which: hits.append(which()), trigger=FakePin.IRQ_FALLING, hard=True)
    driver = line.end()
    driver.drive(0)
    driver.drive(0)
    driver.drive(None)
    assert hits == [0]


def test_an_open_drain_pin_only_pulls_down():
    line = Line()
    pin = FakePin(line, FakePin.OPEN_DRAIN, FakePin.PULL_UP, value=1)
    assert pin() == 1
    line.end().drive(0)
    assert (pin(), line.fights) == (0, 0)


def test_a_dead_microcontroller_lets_go_of_every_pin():
    bank = PinBank()
    pin = bank.pin(3, FakePin.OUT, value=1)
    line = bank.line(3)
    line.end("chip").set_pull(-1)
    assert line.level == 1
    pin.irq(handler=lambda _: 1 / 0)
    bank.release()
    assert line.level == 0


def test_a_broken_wire_stops_carrying_edges():
    chip_side, host_side = Line(pull=1), Line(pull=1)
    wire = FrozenWire(chip_side, host_side)
    end = chip_side.end()
    wire.on = True
    end.drive(0)
    assert (chip_side.level, host_side.level) == (0, 1)
    wire.on = False
    assert host_side.level == 0


def test_fake_machine_builds_on_the_bench():
    import machine

    clock = Clock()
    bench = machine.use(clock, buses={0: FakeI2C(clock)})
    pin = machine.Pin(25, machine.Pin.OUT, value=1)
    i2c = machine.I2C(0, scl=machine.Pin(5), sda=machine.Pin(4), freq=100000, timeout=2000)
    assert (bench.bank.line(25).level, i2c.freq) == (1, 100000)
    uart = machine.UART(1, 9600)
    uart.feed(b"abc")
    uart.write(b"xyz")
    assert (uart.read(), uart.take()) == (b"abc", b"xyz")
    dog = machine.WDT(timeout=100)
    clock.advance(99999)
    assert not dog.starved()
    clock.advance(1)
    assert dog.starved()
    with pytest.raises(SystemExit):
        machine.reset()
    assert pin.mode() == machine.Pin.IN
