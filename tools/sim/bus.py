"""A byte-level I2C bus with the surface of `machine.I2C`.

Devices are found by their 7-bit address and speak one byte at a time:
`start(read) -> ack`, `write(byte) -> ack`, `read() -> byte`, `stop()`. Every transaction takes nine bit
times a byte plus start and stop at `freq`, and the world moves on after it: interrupts therefore fall
between transactions, never into one.

`port="rp2"` copies a trap of that port: a data byte that is not acknowledged raises nothing; `writeto`
returns the number of acknowledged bytes and `writeto_mem` loses the fact altogether.
"""

from sim.errors import SimError

EIO = 5
ETIMEDOUT = 110

_SCAN_FIRST = 0x08
_SCAN_END = 0x78


class FakeI2C:
    """The bus master. `world` needs `now_us` and `advance(us)`; None = time stands still."""

    def __init__(self, world=None, freq: int = 400000, port: str = "rp2", log: bool = False):
        self.world = world
        self.freq = freq
        self.port = port
        self.transactions = 0
        self.wire_bytes = 0  # address bytes included
        self.nacks = 0
        self.log = [] if log else None  # (now_us, "r" or "w", address, bytes on the wire after it)
        self._devices = {}
        self._bits = 0
        self._open = None  # device addressed by a transaction that did not end with a stop
        self._busy = False
        self._one = bytearray(1)

    def init(self, scl=None, sda=None, freq: int = 400000) -> None:
        """As `machine.I2C.init`."""
        self.freq = freq

    def deinit(self) -> None:
        self._open = None

    def attach(self, device):
        """Connect a device (or a wrapper around one) at its own address."""
        self._devices[device.addr] = device
        return device

    def detach(self, addr: int) -> None:
        """Unplug a device."""
        del self._devices[addr]

    # -- machine.I2C ---------------------------------------------------------------------------

    def scan(self) -> list:
        """Addresses that acknowledge."""
        found = []
        for addr in range(_SCAN_FIRST, _SCAN_END):
            self._begin()
            if self._address(addr, False) is not None:
                found.append(addr)
            self._end(addr, "w", b"", True)
        return found

    def writeto(self, addr: int, buf, stop: bool = True) -> int:
        """Write; returns how many data bytes were acknowledged."""
        self._begin()
        acks = self._write(addr, buf)
        self._end(addr, "w", buf, stop)
        return self._judge(acks, len(buf))

    def writevto(self, addr: int, vector, stop: bool = True) -> int:
        """Write several buffers as one."""
        joined = bytearray()
        for buf in vector:
            joined.extend(buf)
        return self.writeto(addr, joined, stop)

    def writeto_mem(self, addr: int, memaddr: int, buf, addrsize: int = 8) -> None:
        """Write register address and data in one transaction."""
        joined = bytearray(memaddr.to_bytes(addrsize // 8, "big"))
        joined.extend(buf)
        self._begin()
        acks = self._write(addr, joined)
        self._end(addr, "w", joined, True)
        self._judge(acks, len(joined))

    def readfrom_into(self, addr: int, buf, stop: bool = True) -> None:
        """Read into a buffer."""
        self._begin()
        self._read(addr, buf)
        self._end(addr, "r", buf, stop)

    def readfrom(self, addr: int, nbytes: int, stop: bool = True) -> bytes:
        """Read that many bytes."""
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf, stop)
        return bytes(buf)

    def readfrom_mem_into(self, addr: int, memaddr: int, buf, addrsize: int = 8) -> None:
        """Write the register address, then read with a repeated start."""
        self._begin()
        if addrsize == 8:
            self._one[0] = memaddr
            pointer = self._one
        else:
            pointer = memaddr.to_bytes(addrsize // 8, "big")
        if self._write(addr, pointer) < len(pointer):
            self._fail(addr)
        self._read(addr, buf)
        self._end(addr, "r", buf, True)

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, addrsize: int = 8) -> bytes:
        """Write the register address, then read that many bytes."""
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize)
        return bytes(buf)

    # -- one transaction -----------------------------------------------------------------------

    def _begin(self) -> None:
        if self._busy:
            raise SimError("I2C used inside an interrupt that came from the bus itself")
        self._bits = 0

    def _address(self, addr: int, read: bool):
        """Start and address byte; the device, or None without acknowledge."""
        self._bits += 10  # start, eight bits, acknowledge
        self.wire_bytes += 1
        if self._open is not None and self._open.addr != addr:
            self._open.stop()
            self._open = None
        device = self._devices.get(addr)
        if device is None or not device.start(read):
            return None
        self._open = device
        return device

    def _write(self, addr: int, buf) -> int:
        device = self._address(addr, False)
        if device is None:
            self._fail(addr)
        sent = acks = 0
        write = device.write
        for byte in buf:
            sent += 1
            if not write(byte):
                self.nacks += 1
                break
            acks += 1
        self._bits += 9 * sent
        self.wire_bytes += sent
        return acks

    def _read(self, addr: int, buf) -> None:
        device = self._address(addr, True)
        if device is None:
            self._fail(addr)
        read = device.read
        count = len(buf)
        for i in range(count):
            buf[i] = read()
        self._bits += 9 * count
        self.wire_bytes += count

    def _fail(self, addr: int) -> None:
        """Not acknowledged: stop, let the time pass, raise."""
        self.nacks += 1
        self._end(addr, "-", b"", True)
        raise OSError(EIO, "EIO")

    def _judge(self, acks: int, count: int) -> int:
        """What the port makes of a data byte that was not acknowledged."""
        if acks < count and self.port != "rp2":
            raise OSError(EIO, "EIO")
        return acks

    def _end(self, addr: int, kind: str, buf, stop: bool) -> None:
        """Stop if asked to, count, and let the world move on."""
        if stop and self._open is not None:
            self._open.stop()
            self._open = None
        self.transactions += 1
        world = self.world
        if self.log is not None:
            self.log.append((world.now_us if world else 0, kind, addr, bytes(buf)))
        if world is not None:
            self._busy = True
            try:
                world.advance(((self._bits + stop) * 1000000 + self.freq - 1) // self.freq)
            finally:
                self._busy = False
