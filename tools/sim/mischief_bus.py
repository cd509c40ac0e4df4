"""Faults of wires and buses, by composition: wrap the good part, switch the fault on when it is time.

Device wrappers speak the byte protocol and go to `FakeI2C.attach`; bus wrappers have the surface of
`machine.I2C` and go to the driver. Every wrapper has `on` (False at first where it says so).
"""

from sim.bus import EIO, ETIMEDOUT


class DeviceWrapper:
    """Passes the byte protocol on unchanged: the base of all device faults."""

    def __init__(self, device):
        self.device = device
        self.on = True

    @property
    def addr(self) -> int:
        return self.device.addr

    def start(self, read: bool) -> bool:
        return self.device.start(read)

    def write(self, byte: int) -> bool:
        return self.device.write(byte)

    def read(self) -> int:
        return self.device.read()

    def stop(self) -> None:
        self.device.stop()


class NackWrapper(DeviceWrapper):
    """Withholds acknowledges: the next `count` of them, every one after, or some by chance.

    `data=True` spoils data bytes instead of the address byte.
    """

    def __init__(self, device, count: int = 0, per_million: int = 0, prng=None, data=False):
        super().__init__(device)
        self.count = count  # how many more to spoil, -1 = for ever
        self.per_million = per_million
        self.prng = prng
        self.data = data
        self.on = True
        self.spoiled = 0

    def _spoils(self) -> bool:
        if not self.on:
            return False
        if self.count:
            if self.count > 0:
                self.count -= 1
        elif not (self.per_million and self.prng.chance(self.per_million)):
            return False
        self.spoiled += 1
        return True

    def start(self, read: bool) -> bool:
        if not self.data and self._spoils():
            return False
        return self.device.start(read)

    def write(self, byte: int) -> bool:
        if self.data and self._spoils():
            return False
        return self.device.write(byte)


class BitFlip(DeviceWrapper):
    """Flips one bit of bytes read by chance; of written ones if asked to."""

    def __init__(self, device, prng, per_million: int = 1000, written: bool = False):
        super().__init__(device)
        self.prng = prng
        self.per_million = per_million
        self.written = written
        self.flipped = 0

    def _flip(self, byte: int) -> int:
        if self.on and self.prng.chance(self.per_million):
            self.flipped += 1
            return byte ^ (1 << self.prng.below(8))
        return byte

    def write(self, byte: int) -> bool:
        return self.device.write(self._flip(byte) if self.written else byte)

    def read(self) -> int:
        return self._flip(self.device.read())


class Garbage(DeviceWrapper):
    """Acknowledges everything and answers noise; the device hears nothing."""

    def __init__(self, device, prng):
        super().__init__(device)
        self.prng = prng

    def start(self, read: bool) -> bool:
        return True if self.on else self.device.start(read)

    def write(self, byte: int) -> bool:
        return True if self.on else self.device.write(byte)

    def read(self) -> int:
        return self.prng.below(256) if self.on else self.device.read()

    def stop(self) -> None:
        if not self.on:
            self.device.stop()


class BusWrapper:
    """Passes the surface of `machine.I2C` on unchanged: the base of all bus faults."""

    def __init__(self, bus):
        self.bus = bus
        self.on = False

    def before(self) -> None:
        """Called before each transaction; raises to spoil it."""

    def after(self, buf) -> None:
        """Called with what was read; may spoil it."""

    def init(self, scl=None, sda=None, freq: int = 400000) -> None:
        self.bus.init(scl, sda, freq)

    def deinit(self) -> None:
        self.bus.deinit()

    def scan(self) -> list:
        self.before()
        return self.bus.scan()

    def writeto(self, addr: int, buf, stop: bool = True) -> int:
        self.before()
        return self.bus.writeto(addr, buf, stop)

    def writevto(self, addr: int, vector, stop: bool = True) -> int:
        self.before()
        return self.bus.writevto(addr, vector, stop)

    def writeto_mem(self, addr: int, memaddr: int, buf, addrsize: int = 8) -> None:
        self.before()
        self.bus.writeto_mem(addr, memaddr, buf, addrsize)

    def readfrom_into(self, addr: int, buf, stop: bool = True) -> None:
        self.before()
        self.bus.readfrom_into(addr, buf, stop)
        self.after(buf)

    def readfrom(self, addr: int, nbytes: int, stop: bool = True) -> bytes:
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf, stop)
        return bytes(buf)

    def readfrom_mem_into(self, addr: int, memaddr: int, buf, addrsize: int = 8) -> None:
        self.before()
        self.bus.readfrom_mem_into(addr, memaddr, buf, addrsize)
        self.after(buf)

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, addrsize: int = 8) -> bytes:
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize)
        return bytes(buf)


class StuckBus(BusWrapper):
    """While `on` the bus is dead: each access uses up its time-out and raises ETIMEDOUT."""

    def __init__(self, bus, world=None, timeout_us: int = 2000):
        super().__init__(bus)
        self.world = world
        self.timeout_us = timeout_us
        self.refused = 0

    def before(self) -> None:
        if self.on:
            self.refused += 1
            if self.world is not None:
                self.world.advance(self.timeout_us)
            raise OSError(ETIMEDOUT, "ETIMEDOUT")


class TornReads(BusWrapper):
    """While `on`, reads end after `keep` bytes: the rest of the buffer is old, and EIO is raised.

    `count` limits how many reads are torn, -1 = all. `silent=True` raises nothing: the worst kind.
    """

    def __init__(self, bus, keep: int, count: int = -1, silent: bool = False):
        super().__init__(bus)
        self.keep = keep
        self.count = count
        self.silent = silent
        self.torn = 0
        self._old = b""

    def readfrom_into(self, addr: int, buf, stop: bool = True) -> None:
        self._old = bytes(buf)
        super().readfrom_into(addr, buf, stop)

    def readfrom_mem_into(self, addr: int, memaddr: int, buf, addrsize: int = 8) -> None:
        self._old = bytes(buf)
        super().readfrom_mem_into(addr, memaddr, buf, addrsize)

    def after(self, buf) -> None:
        if not self.on or not self.count or len(buf) <= self.keep:
            return
        if self.count > 0:
            self.count -= 1
        self.torn += 1
        for i in range(self.keep, len(buf)):
            buf[i] = self._old[i]
        if not self.silent:
            raise OSError(EIO, "EIO")


class FrozenWire:
    """A wire that can break: copies `source` to `target` until `on`, then `target` floats to its pulls.

    With `hold=True` a broken wire keeps the level it had. Put it into ALERT or an off-pin.
    """

    def __init__(self, source, target, hold: bool = False):
        self.source = source
        self.hold = hold
        self._end = target.end("wire")
        self._on = False
        source.watch(self._copy)
        self._end.drive(source.level)

    @property
    def on(self) -> bool:
        return self._on

    @on.setter
    def on(self, broken: bool) -> None:
        self._on = broken
        if not broken:
            self._end.drive(self.source.level)
        elif not self.hold:
            self._end.drive(None)

    def _copy(self, level: int) -> None:
        if not self._on:
            self._end.drive(level)
