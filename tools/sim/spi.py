"""A byte-level SPI bus with the surface of `machine.SPI`, and chip-select wires.

A device hangs on a chip-select line (low = selected) and speaks `select()`, `exchange(byte) -> byte`,
`deselect()`. Every call takes eight bit times a byte at `baudrate`; the world moves on after it, so
interrupts fall between calls, never into one. `mode()` of a device, where it has one, is checked.
"""

from sim.errors import SimError


class FakeSPI:
    """The bus master. `world` needs `now_us` and `slip(us)`; None = time stands still."""

    MSB = 0
    LSB = 1

    def __init__(self, world=None, baudrate: int = 1000000, polarity: int = 0, phase: int = 0):
        self.world = world
        self.baudrate = baudrate
        self.polarity = polarity
        self.phase = phase
        self.transactions = 0  # times a chip was selected
        self.wire_bytes = 0
        self.log = None  # set to a list: (now_us, bytes out, bytes in) of each call
        self._slots = []
        self._busy = False
        self._rest = 0  # bits times 1e6 that did not make a whole microsecond

    def init(self, baudrate=1000000, polarity=0, phase=0, bits=8, firstbit=0) -> None:
        """As `machine.SPI.init`."""
        self.baudrate = baudrate
        self.polarity = polarity
        self.phase = phase

    def deinit(self) -> None:
        pass

    def attach(self, device, cs_line):
        """Connect a device; its chip select is that wire."""
        slot = Slot(self, device, cs_line)
        self._slots.append(slot)
        return slot

    @property
    def freq(self) -> int:
        """As the buses of other monitors name it."""
        return self.baudrate

    # -- machine.SPI ---------------------------------------------------------------------------

    def write(self, buf) -> None:
        self._transfer(buf, None, len(buf), 0)

    def readinto(self, buf, write: int = 0) -> None:
        self._transfer(None, buf, len(buf), write)

    def read(self, nbytes: int, write: int = 0) -> bytes:
        buf = bytearray(nbytes)
        self.readinto(buf, write)
        return bytes(buf)

    def write_readinto(self, write_buf, read_buf) -> None:
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        self._transfer(write_buf, read_buf, len(write_buf), 0)

    # -- one call ------------------------------------------------------------------------------

    def _transfer(self, out, into, count: int, filler: int) -> None:
        """A device that has `exchange_all(bytes) -> bytes` gets them at once: only faster."""
        if self._busy:
            raise SimError("SPI used inside an interrupt that came from the bus itself")
        slot = self._selected()
        sent = bytes([filler]) * count if out is None else bytes(out)
        if slot is None:
            got = b"\xff" * count
        elif hasattr(slot.device, "exchange_all"):
            got = slot.device.exchange_all(sent)
        else:
            got = bytes([slot.device.exchange(byte) for byte in sent])
        if into is not None:
            into[:] = got
        self.wire_bytes += count
        if self.log is not None:
            now_us = self.world.now_us if self.world else 0
            self.log.append((now_us, sent, got))
        self._pass(8 * count)

    def _selected(self):
        found = None
        for slot in self._slots:
            if slot.selected:
                if found is not None:
                    raise SimError("two chips are selected on one SPI")
                found = slot
        if found is not None:
            found.check(self)
        return found

    def _pass(self, bits: int) -> None:
        if self.world is None:
            return
        self._rest += bits * 1000000
        us = self._rest // self.baudrate
        self._rest -= us * self.baudrate
        self._busy = True
        try:
            self.world.slip(us)
        finally:
            self._busy = False


class Slot:
    """A device on its chip-select wire; put another `device` in to change what answers there."""

    def __init__(self, bus, device, cs_line):
        self.device = device
        self.selected = False
        self._bus = bus
        self._line = cs_line
        cs_line.watch(self._edge)

    def check(self, bus) -> None:
        """The chip understands this clock, or nothing at all."""
        mode = getattr(self.device, "mode", None)
        if mode is not None and (bus.polarity, bus.phase) != mode:
            raise SimError(f"SPI mode {bus.polarity}{bus.phase}, the chip wants {mode}")
        most = getattr(self.device, "baudrate_max", bus.baudrate)
        if bus.baudrate > most:
            raise SimError(f"SPI at {bus.baudrate} Hz, the chip stands {most}")

    def _edge(self, level: int) -> None:
        if not level and not self.selected:
            self.selected = True
            self._bus.transactions += 1
            self.device.select()
        elif level and self.selected:
            self.selected = False
            self.device.deselect()
