"""The chain of LTC681x devices as a bus: commands, register groups, PEC, wake-up.

All devices hear every command. What is read comes nearest device first, what is written goes farthest
first; `data` and `out` hold six bytes a device, nearest first, either way. A PEC stands behind every
command and every group of six. There is no acknowledge: who does not hear does not answer, so MISO
stays high from that device on, which is how a dead device is told from a disturbed one.

A device's port falls idle after 4.3 ms of silence and passes nothing on until it is woken, so every
pulse on chip select wakes one more device. Sources: LTC6811 and LTC6813 data sheets.
"""

import errno

from micropython import const

from failure import Failure
from pec15 import pec15

_GROUP_N = const(6)
_BLOCK_N = const(8)  # group and PEC
_HEAD_N = const(4)
_PLADC = const(0x714)
_WAKE_US = const(400)  # tWAKE: 300 us of an LTC6811, 400 us of an LTC6813
_IDLE_US = const(3000)  # well below tIDLE
_POLL_US = const(100)
_REFUP_US = const(6000)  # tREFUP, when the reference was off, and more


class Link:
    """`device_n` devices behind one chip select, called with 0 or 1, on an SPI in mode 3."""

    def __init__(self, spi, cs, device_n: int, sleep_us, name: str = "ltc681x"):
        self._spi = spi
        self._cs = cs
        self._sleep_us = sleep_us
        self.device_n = device_n
        self.failure = Failure(name, 3, device_n)
        self.data = bytearray(_GROUP_N * device_n)
        self.out = bytearray(_GROUP_N * device_n)
        self.retries = 0  # reads that had to be repeated
        size = _HEAD_N + _BLOCK_N * device_n
        self._tx = bytearray(b"\xff" * (size + _BLOCK_N))
        self._rx = bytearray(size + _BLOCK_N)
        tx = memoryview(self._tx)
        rx = memoryview(self._rx)
        self._head = tx[:_HEAD_N]
        # command and answers; one more; command and one byte
        self._group = (tx[:size], rx[:size])
        self._longer = (tx, rx)
        self._poll = (tx[: _HEAD_N + 1], rx[: _HEAD_N + 1])
        self._put = bytearray(size)
        self._dummy = b"\xff\xff"  # longer than tREADY

    def wake(self, asleep: bool = False) -> None:
        """A pulse for each device: every port ready, and with `asleep` every core awake."""
        for _ in range(self.device_n):
            self._cs(0)
            if asleep:
                self._sleep_us(_WAKE_US)
            self._spi.write(self._dummy)
            self._cs(1)

    def command(self, code: int) -> None:
        """Tell all devices. Nobody answers."""
        self._put_code(self._tx, code)
        self._cs(0)
        try:
            self._spi.write(self._head)
        finally:
            self._cs(1)

    def convert(self, code: int, us: int) -> None:
        """Start a conversion and wait for its end, some `us` later."""
        self.command(code)
        self._sleep_us(us)
        if us > _IDLE_US:
            self.wake()
        left = _REFUP_US
        while True:
            self._exchange(_PLADC, self._poll)
            if self._rx[_HEAD_N]:
                return
            if left <= 0:
                self.fail(code, "conversion does not end, or MISO is stuck low")
            self._sleep_us(_POLL_US)
            left -= _POLL_US

    def read(self, code: int) -> None:
        """A register group of every device into `data`; tried twice."""
        bad = self._ask(code, self._group)
        if bad >= 0:
            self.retries += 1
            self.wake(True)
            bad = self._ask(code, self._group)
        if bad >= 0:
            self._blame(code, bad)
        data = self.data
        rx = self._rx
        k = 0
        for i in range(_HEAD_N, _HEAD_N + _BLOCK_N * self.device_n, _BLOCK_N):
            for j in range(i, i + _GROUP_N):
                data[k] = rx[j]
                k += 1

    def write(self, code: int) -> None:
        """Group by group from `out`; that it arrived only reading back can tell."""
        put = self._put
        out = self.out
        self._put_code(put, code)
        k = _HEAD_N
        for device in range(self.device_n - 1, -1, -1):
            for i in range(_GROUP_N):
                put[k + i] = out[device * _GROUP_N + i]
            self._put_pec(put, k, _GROUP_N)
            k += _BLOCK_N
        self._cs(0)
        try:
            self._spi.write(put)
        finally:
            self._cs(1)

    def answer_n(self, code: int) -> int:
        """How many devices answer with a good PEC, one more than expected included."""
        bad = self._ask(code, self._longer)
        return self.device_n + 1 if bad < 0 else bad

    def fail(self, code: int, why: str, number=errno.EIO, a: object = 0, b: object = 0) -> None:
        """Raise what every failure of this chain raises, see `Failure.tell`; nothing readable is left behind."""
        self.fail_at(code, -1, why, number, a, b)

    def fail_at(
        self, code: int, device: int, why: str, number=errno.EIO, a: object = 0, b: object = 0
    ) -> None:
        """The same, naming the device: 0 is the nearest."""
        for i in range(len(self.data)):
            self.data[i] = 0xFF
        self.failure.tell(code, why, number, a, b, 0, device + 1)

    def _put_code(self, buf, code: int) -> None:
        buf[0] = code >> 8
        buf[1] = code & 0xFF
        self._put_pec(buf, 0, 2)

    def _put_pec(self, buf, start: int, n: int) -> None:
        pec = pec15(buf, start, n)
        buf[start + n] = pec >> 8
        buf[start + n + 1] = pec & 0xFF

    def _exchange(self, code: int, views) -> None:
        self._put_code(self._tx, code)
        self._cs(0)
        try:
            self._spi.write_readinto(views[0], views[1])
        finally:
            self._cs(1)

    def _ask(self, code: int, views) -> int:
        """Read into `_rx`: the first device whose PEC is wrong, -1 = none."""
        self._exchange(code, views)
        rx = self._rx
        for i in range(_HEAD_N, len(views[1]), _BLOCK_N):
            pec = rx[i + _GROUP_N] << 8 | rx[i + _GROUP_N + 1]
            if pec15(rx, i, _GROUP_N) != pec:
                return (i - _HEAD_N) // _BLOCK_N
        return -1

    def _blame(self, code: int, device: int) -> None:
        """Say what the device at fault has sent."""
        if self._all(device, 0xFF):
            self.fail_at(code, device, "no answer, MISO stays high", errno.ENODEV)
        if self._all(device, 0):
            self.fail_at(code, device, "no answer, MISO stays low", errno.ENODEV)
        self.fail_at(code, device, "PEC")

    def _all(self, device: int, value: int) -> bool:
        start = _HEAD_N + device * _BLOCK_N
        for i in range(start, start + _BLOCK_N):
            if self._rx[i] != value:
                return False
        return True
