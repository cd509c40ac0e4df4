"""`machine` for the host: the same names, on top of the simulator's wires, buses and time.

`use(world, bank, buses)` plugs a simulation in before a board is built; without it pins are loose
wires and time stands still.
"""

from sim.bus import FakeI2C
from sim.pins import FakePin, PinBank

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


class Bench:
    """What the fake hardware is wired to."""

    def __init__(self):
        self.world = None
        self.bank = PinBank()
        self.buses = {}  # I2C id ("soft" for SoftI2C) -> bus
        self.spis = {}  # SPI id -> device with `exchange(byte) -> byte`
        self.uarts = {}
        self.adcs = {}  # pin id -> 16-bit reading
        self.pio, self.registers = {}, {}  # the fake `rp2`; address -> function of a stored word
        self.watchdogs = []
        self.cause = PWRON_RESET
        self.hz = 125000000

    def now_us(self) -> int:
        return self.world.now_us if self.world is not None else 0


bench = Bench()


def use(world=None, bank=None, buses=None, spis=None) -> Bench:
    """Start over with this hardware; returns the bench for tests to look at."""
    bench.__init__()
    bench.world = world
    if bank is not None:
        bench.bank = bank
    bench.buses.update(buses or {})
    bench.spis.update(spis or {})
    return bench


class MachineReset(SystemExit):
    """`reset()` never returns; whoever runs the firmware catches this and starts it again."""


class Pin(FakePin):
    """A pin of the microcontroller, by number or name."""

    def __init__(self, id, mode=-1, pull=-1, value=None, drive=0, alt=-1):
        self.id = id
        super().__init__(bench.bank.line(id), mode, pull, value)
        bench.bank.adopt(self)


def I2C(id=0, scl=None, sda=None, freq=400000, timeout=50000):
    """The bus of that number."""
    if id not in bench.buses:
        bench.buses[id] = FakeI2C(bench.world)
    bench.buses[id].init(scl, sda, freq)
    return bench.buses[id]


def SoftI2C(scl=None, sda=None, freq=400000, timeout=50000):
    """The bus registered as "soft"."""
    return I2C("soft", scl, sda, freq, timeout)


class SPI:
    """Full duplex, byte by byte, to one device; with none on the wire MISO reads 0xFF."""

    MSB = 0
    LSB = 1

    def __init__(
        self,
        id=0,
        baudrate=1000000,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=0,
        sck=None,
        mosi=None,
        miso=None,
    ):
        self.id = id
        self.baudrate = baudrate

    def init(self, baudrate=1000000, polarity=0, phase=0, bits=8, firstbit=0) -> None:
        self.baudrate = baudrate

    def deinit(self) -> None:
        pass

    def write_readinto(self, out, into) -> None:
        device = bench.spis.get(self.id)
        for i in range(len(out)):
            into[i] = device.exchange(out[i]) if device is not None else 0xFF
        if bench.world is not None:
            bench.world.advance((len(out) * 8000000 + self.baudrate - 1) // self.baudrate)

    def write(self, out) -> None:
        self.write_readinto(out, bytearray(len(out)))

    def readinto(self, into, write=0) -> None:
        self.write_readinto(bytes([write]) * len(into), into)

    def read(self, nbytes, write=0) -> bytes:
        into = bytearray(nbytes)
        self.readinto(into, write)
        return bytes(into)


class UART:
    """A serial port whose other end is `feed` and `take`."""

    def __init__(
        self,
        id=0,
        baudrate=9600,
        bits=8,
        parity=None,
        stop=1,
        tx=None,
        rx=None,
        txbuf=256,
        rxbuf=256,
        timeout=0,
    ):
        self.id = id
        self._in = bytearray()
        self._out = bytearray()
        self.rxbuf = rxbuf
        self.lost = 0  # bytes that came with the buffer full
        self.init(baudrate)
        bench.uarts[id] = self

    def init(self, baudrate=9600, bits=8, parity=None, stop=1) -> None:
        self.baudrate = baudrate

    def deinit(self) -> None:
        pass

    def any(self) -> int:
        return len(self._in)

    def read(self, nbytes=-1):
        count = len(self._in) if nbytes < 0 else min(nbytes, len(self._in))
        if not count:
            return None
        data = bytes(self._in[:count])
        self._in = self._in[count:]
        return data

    def readinto(self, buf, nbytes=-1):
        count = min(len(buf), len(self._in)) if nbytes < 0 else min(nbytes, len(self._in))
        if not count:
            return None
        buf[:count] = self._in[:count]
        self._in = self._in[count:]
        return count

    def write(self, buf) -> int:
        self._out.extend(buf)
        return len(buf)

    def flush(self) -> None:
        pass

    def txdone(self) -> bool:
        return True

    def feed(self, data) -> None:
        """The other side sends."""
        room = self.rxbuf - len(self._in)
        self.lost += max(0, len(data) - room)
        self._in.extend(data[:room])

    def take(self) -> bytes:
        """What the firmware has sent since."""
        data = bytes(self._out)
        self._out = bytearray()
        return data


class WDT:
    """The microcontroller's watchdog. It bites when somebody asks whether it has."""

    def __init__(self, id=0, timeout=5000):
        self.timeout_ms = timeout
        self.fed_us = bench.now_us()
        self.longest_us = 0
        bench.watchdogs.append(self)

    def feed(self) -> None:
        self.longest_us = max(self.longest_us, bench.now_us() - self.fed_us)
        self.fed_us = bench.now_us()

    def starved(self) -> bool:
        """It would have reset the microcontroller by now, or already has."""
        hungry_us = max(self.longest_us, bench.now_us() - self.fed_us)
        return hungry_us >= self.timeout_ms * 1000


class Timer:
    """A timer on simulated time; `world.at(us, function)` does the waiting."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, mode=1, period=-1, callback=None, freq=-1, hard=False):
        self._callback = None
        self._run = 0
        if callback is not None:
            self.init(mode, period, callback, freq, hard)

    def init(self, mode=1, period=-1, callback=None, freq=-1, hard=False) -> None:
        self._mode = mode
        self._period_us = period * 1000 if period > 0 else 1000000 // freq
        self._callback = callback
        self._arm(self._run + 1)

    def _arm(self, run: int) -> None:
        self._run = run
        if bench.world is not None:
            bench.world.at(bench.world.now_us + self._period_us, lambda: self._fire(run))

    def _fire(self, run: int) -> None:
        if run != self._run:
            return
        if self._mode == self.PERIODIC:
            self._arm(run)
        self._callback(self)

    def deinit(self) -> None:
        self._run += 1


class ADC:
    """An analogue input: reads what the test put into `bench.adcs`."""

    def __init__(self, pin):
        self._id = getattr(pin, "id", pin)

    def read_u16(self) -> int:
        return bench.adcs.get(self._id, 0)


def reset() -> None:
    """Every pin floats, and the program is over."""
    bench.bank.release()
    bench.cause = HARD_RESET
    raise MachineReset("machine.reset")


soft_reset = reset


def reset_cause() -> int:
    return bench.cause


def unique_id() -> bytes:
    return b"\xe6\x61\x64\x08\x43\x1a\x2b\x3c"


def freq(hz=None):
    bench.hz = hz or bench.hz
    return bench.hz


def idle() -> None:
    pass


def lightsleep(ms=0) -> None:
    if bench.world is not None:
        bench.world.advance(ms * 1000)


def deepsleep(ms=0) -> None:
    lightsleep(ms)
    bench.cause = DEEPSLEEP_RESET
    raise MachineReset("machine.deepsleep")


def disable_irq() -> int:
    return 1


def enable_irq(state=1) -> None:
    pass
