"""TI's BQ769x2 over SPI: the surface of `RegBus`, for parts that power up with SPI.

    from time import sleep_us
    from machine import Pin, SPI
    from bq769x2_spi import SpiBus

    spi = SPI(0, 1_000_000, polarity=0, phase=0, sck=Pin(2), mosi=Pin(3), miso=Pin(4))
    bus = SpiBus(spi, Pin(5, Pin.OUT, value=1), sleep_us, crc=True, name="bq769x2")
    bus.read(0x14, 2)
    print(bus.data[0] | bus.data[1] << 8, "mV in cell 1")

One register a frame of two bytes, three with CRC: R/W and address, data, CRC of both (SLUUBY2B section 9.4). What
comes back belongs to the frame before. Reads are pipelined; each written byte is confirmed before the
next one goes out, for a command assembled from the wrong bytes would be executed. MISO is 1.8 V unless
the part's SPI Configuration says otherwise. The bytes of one value come in frames of their own: the chip may update it
between them. Errors name the register, and leave 0xFF in `data`; nothing is allocated after construction.
"""

import errno

from micropython import const

from crc8 import TABLE
from failure import Failure

_WRITE = const(0x80)
_IDLE = const(0xFF)  # what a read sends as data
_COLLECT = const(0x12)  # Battery Status: read to fetch the echo of a write
_GAP_US = const(50)  # a direct command takes so long (SLUUBY2B table 9-2)
_TRY_N = const(8)
_BAD_CRC = const(0xAA)  # third byte of FF FF xx: the frame before had a wrong CRC

_GOOD = const(0)
_LATE = const(1)  # FF FF: nothing new in the chip's output
_REJECTED = const(2)  # the chip has seen a wrong CRC
_GARBLED = const(3)


class SpiBus:
    """Reads and writes consecutive registers; `data` holds what the last read brought."""

    def __init__(self, spi, cs, sleep_us, crc: bool = False, name: str = "spi", size: int = 48):
        self._spi = spi
        self._cs = cs
        self._sleep_us = sleep_us
        self._crc = crc
        self._size = size
        self.failure = Failure(name)
        self.data = bytearray(size)
        self._tx = bytearray(3 if crc else 2)
        self._rx = bytearray(3 if crc else 2)

    def read(self, reg: int, n: int) -> None:
        """Read `n` registers from `reg` on into data[0:n]."""
        self._frame(reg, _IDLE)
        i = tries = 0
        while i < n:
            here = reg + i
            self._frame(here + 1 if i + 1 < n else here, _IDLE)
            found = self._judge(here)
            if found == _GOOD:
                self.data[i] = self._rx[1]
                i += 1
                tries = 0
                continue
            tries += 1
            if tries >= _TRY_N:
                self.fail(here, self._why(found), errno.EIO, "read")
            self._frame(here, _IDLE)

    def write(self, reg: int, buf, n: int) -> None:
        """Write buf[0:n] to the registers from `reg` on."""
        for i in range(n):
            self._write_one(reg + i, buf[i])

    def fail(
        self, where: int, why: str, number=errno.EIO, a: object = 0, b: object = 0, c: object = 0
    ) -> None:
        """Raise what every failure of this chip raises, see `Failure.tell`; nothing readable is left behind."""
        data = self.data
        for i in range(self._size):
            data[i] = 0xFF
        self.failure.tell(where, why, number, a, b, c)

    def _write_one(self, reg: int, value: int) -> None:
        """A frame, and its echo. Sent again only when the chip says that it has not taken it."""
        first = _WRITE | reg
        self._frame(first, value)
        for _ in range(_TRY_N):
            self._frame(_COLLECT, _IDLE)
            found = self._judge(first)
            if found == _GOOD and self._rx[1] == value:
                return
            if found == _REJECTED:
                self._frame(first, value)
            elif found != _LATE:
                self.fail(reg, "write not confirmed")
        self.fail(reg, self._why(found), errno.EIO, "write")

    def _frame(self, first: int, second: int) -> None:
        tx = self._tx
        tx[0] = first
        tx[1] = second
        if self._crc:
            tx[2] = TABLE[TABLE[first] ^ second]
        self._cs(0)
        self._spi.write_readinto(tx, self._rx)
        self._cs(1)
        self._sleep_us(_GAP_US)

    def _judge(self, first: int) -> int:
        """Is what has come back the answer to the frame that began so?"""
        rx = self._rx
        if rx[0] == 0xFF and rx[1] == 0xFF:
            return _REJECTED if self._crc and rx[2] == _BAD_CRC else _LATE
        if self._crc and rx[2] != TABLE[TABLE[rx[0]] ^ rx[1]]:
            return _GARBLED
        return _GOOD if rx[0] == first else _GARBLED

    def _why(self, found: int) -> str:
        if found == _LATE:
            return "{} refused"  # nobody there, or it waits for another number of bytes
        return "crc" if self._crc else "{} garbled"
