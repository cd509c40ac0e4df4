"""A register chip on I2C, with or without a CRC byte behind every data byte.

    bus = RegBus(I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000), 0x08, crc=True, name="bq769x2")
    bus.read(0x14, 2)  # bus.data[0], bus.data[1]
    bus.write(0x66, b"\\x00\\xe0", 2)

The CRC rule is that of TI's BQ769x2 (SLUUBY2B "I2C", vectors in SLUAA11B section 4): the first
CRC of a write covers address, register and data; that of a read with repeated start covers
address, register, address again and data; every later CRC its own data byte alone. The BQ769x0 starts
the CRC of a read at the repeated start (SLUSBK2I section 8.3.1.4): `short_crc=True`.

Nothing is allocated after construction. Any failure raises `OSError` naming the register, and
what an earlier read left in `data` is gone then: 0xFF everywhere. There are no retries here; the
caller knows whether another try makes sense.
"""

import errno

from crc8 import TABLE
from failure import Failure
from fast import unpack_crc


class RegBus:
    """Reads and writes consecutive registers; `data` holds what the last read brought."""

    def __init__(self, i2c, addr: int, crc=False, name="i2c", size: int = 48, short_crc=False):
        self._writeto = i2c.writeto  # bound once
        self._read_into = i2c.readfrom_mem_into
        self._addr = addr
        self._crc = crc
        self._short_crc = short_crc
        self._write_crc = TABLE[addr << 1]  # of the first byte on the wire
        self._read_byte = addr << 1 | 1  # the one behind the repeated start
        self._size = size
        self.failure = Failure(name)
        self.data = bytearray(size)
        step = 2 if crc else 1
        self._rx = bytearray(2 * size) if crc else self.data
        self._tx = bytearray(1 + step * size)
        # A view for every length, so that no transfer has to slice, by eights: that of n is [n >> 3][n & 7]. With
        # more than 64 objects yet to be looked into, MicroPython's collector goes through the whole heap again;
        # one list of all the views was most of that.
        rx = memoryview(self._rx)
        tx = memoryview(self._tx)
        eights = [range(at, min(at + 8, size + 1)) for at in range(0, size + 1, 8)]
        self._rx_views = [[rx[: step * n] for n in eight] for eight in eights]
        self._tx_views = [[tx[: 1 + step * n] for n in eight] for eight in eights]

    def read(self, reg: int, n: int) -> None:
        """Read `n` registers from `reg` on into data[0:n]."""
        try:
            self._read_into(self._addr, reg, self._rx_views[n >> 3][n & 7])
        except OSError as error:
            self.fail(reg, "read refused", _number(error))
        if self._crc:
            self._check(reg, n)

    def write(self, reg: int, buf, n: int) -> None:
        """Write buf[0:n] to the registers from `reg` on."""
        tx = self._tx
        tx[0] = reg
        if self._crc:
            crc = TABLE[self._write_crc ^ reg]
            for i in range(n):
                byte = buf[i]
                tx[2 * i + 1] = byte
                tx[2 * i + 2] = TABLE[crc ^ byte]
                crc = 0
        else:
            for i in range(n):
                tx[i + 1] = buf[i]
        self._send(reg, self._tx_views[n >> 3][n & 7])

    def fail(
        self, where: int, why: str, number=errno.EIO, a: object = 0, b: object = 0, c: object = 0
    ) -> None:
        """Raise what every failure of this chip raises, see `Failure.tell`; nothing readable is left behind."""
        data = self.data
        for i in range(self._size):
            data[i] = 0xFF
        self.failure.tell(where, why, number, a, b, c)

    def _send(self, reg: int, view) -> None:
        """By `writeto`: RP2's `writeto_mem` is silent about a data byte nobody acknowledged."""
        try:
            acks = self._writeto(self._addr, view)
        except OSError as error:
            self.fail(reg, "write refused", _number(error))
        else:
            if acks != len(view):
                self.fail(reg, "write refused")

    def _check(self, reg: int, n: int) -> None:
        crc = self._read_byte
        if not self._short_crc:
            crc ^= TABLE[self._write_crc ^ reg]
        good_n = unpack_crc(self._rx, self.data, n, TABLE[crc], TABLE)
        if good_n < n:
            self.fail(reg + good_n, "crc")


def _number(error) -> int:
    """Of an `OSError`; one that found the heap locked and no emergency buffer has lost it."""
    return error.args[0] if error.args else errno.EIO
