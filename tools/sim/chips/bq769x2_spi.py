"""The SPI side of the BQ769x2 model, and a bus master for it.

A frame is what comes while CS is low: R/W and address, data, and a CRC over both where the part has it. The
answer to a frame leaves with the next one. FF FF 00: the frame before was not digested yet, this one is lost; FF FF
AA: the one before had a wrong CRC and was not executed. Reference: SLUUBY2B section 9.4.
"""

from sim.crc8 import crc8

_DIGEST_US = 45  # direct commands: TRM table 9-2, and a little faster
_LATE = (0xFF, 0xFF, 0x00)
_REJECTED = (0xFF, 0xFF, 0xAA)


class SpiPort:
    """What hangs on `sim.spi.FakeSPI`, or listens to a CS line by itself. Uses the I2C port's registers."""

    mode = (0, 0)
    baudrate_max = 2000000

    def __init__(self, chip, cs, crc: bool):
        self.chip = chip
        self.crc = crc
        self.length = 3 if crc else 2
        self.crc_errors = 0
        self.executed = []  # (address, value) written
        self._answer = _LATE
        self._out = _LATE
        self._frame = bytearray()
        self._busy_us = 0
        self._lost = False
        if cs is not None:
            cs.watch(self._edge)

    def exchange(self, byte: int) -> int:
        """One byte each way."""
        at = len(self._frame)
        self._frame.append(byte)
        return self._out[at] if at < self.length else 0xFF

    def _edge(self, level: int) -> None:
        if level:
            self.deselect()
        else:
            self.select()

    def select(self) -> None:
        """CS falls: what the frame before has left goes out."""
        self._frame = bytearray()
        self._lost = self.chip.world.now_us < self._busy_us or not self.chip.port.awake()
        self._out = _LATE if self._lost else self._answer

    def deselect(self) -> None:
        """CS rises: a whole frame is taken on."""
        if len(self._frame) == self.length and not self._lost:
            self._busy_us = self.chip.world.now_us + _DIGEST_US
            self._execute(self._frame)

    def _execute(self, frame) -> None:
        first, second = frame[0], frame[1]
        if self.crc and crc8(frame[:2]) != frame[2]:
            self.crc_errors += 1
            self._answer = _REJECTED
            return
        if first & 0x80:
            self.chip.port.put(first & 0x7F, second)
            self.executed.append((first & 0x7F, second))
        else:
            second = self.chip.port.get(first)
        self._answer = (first, second, crc8(bytes((first, second))))


class FakeSPI:
    """The part of `machine.SPI` that a driver uses, with one device on it."""

    def __init__(self, device, world=None, hz: int = 1000000):
        self.device = device
        self.world = world
        self.hz = hz
        self.frames = 0
        self.wire_bytes = 0

    def write_readinto(self, out, into) -> None:
        for i in range(len(out)):
            into[i] = self.device.exchange(out[i])
        self.frames += 1
        self.wire_bytes += len(out)
        if self.world is not None:
            self.world.advance((8000000 * len(out) + self.hz - 1) // self.hz)
