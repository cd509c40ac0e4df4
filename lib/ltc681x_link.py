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

from pec15 import pec15

_GROUP_N = const(6)
_BLOCK_N = const(8)  # group and PEC
_HEAD_N = const(4)
_PLADC = const(0x714)
_WAKE_US = const(400)  # tWAKE: 300 us of an LTC6811, 400 us of an LTC6813
_READY_US = const(10)  # tREADY
_IDLE_US = const(3000)  # well below tIDLE
_POLL_US = const(8)  # a byte at 1 MHz
_REFUP_US = const(5000)  # tREFUP, when the reference was off


class Link:
    """`device_n` devices behind one chip select, called with 0 or 1, on an SPI in mode 3."""

    def __init__(self, spi, cs, device_n: int, sleep_us, name: str = "ltc681x"):
        self._spi = spi
        self._cs = cs
        self._sleep_us = sleep_us
        self.device_n = device_n
        self.name = name
        self.data = bytearray(_GROUP_N * device_n)
        self.out = bytearray(_GROUP_N * device_n)
        self.retries = 0  # reads that had to be repeated
        self._head = bytearray(_HEAD_N)
        self._rx = bytearray(_BLOCK_N * device_n)
        self._more = bytearray(_BLOCK_N * (device_n + 1))
        self._tx = bytearray(_HEAD_N + _BLOCK_N * device_n)
        self._one = bytearray(b"\xff")

    def wake(self, asleep: bool = False) -> None:
        """A pulse for each device: every port ready, and with `asleep` every core awake."""
        for _ in range(self.device_n):
            self._cs(0)
            if asleep:
                self._sleep_us(_WAKE_US)
            else:
                self._spi.write(self._one)
            self._cs(1)
            self._sleep_us(_READY_US)

    def command(self, code: int) -> None:
        """Tell all devices. Nobody answers."""
        self._put_head(self._head, code)
        self._exchange(self._head, None)

    def convert(self, code: int, us: int) -> None:
        """Start a conversion and wait for its end, some `us` later."""
        self.command(code)
        self._sleep_us(us)
        if us > _IDLE_US:
            self.wake()
        self._put_head(self._head, _PLADC)
        left = (us + _REFUP_US) // _POLL_US
        one = self._one
        self._cs(0)
        self._spi.write(self._head)
        while True:
            self._spi.readinto(one, 0xFF)
            if one[0] or left <= 0:
                break
            left -= 1
        self._cs(1)
        busy = one[0] == 0
        one[0] = 0xFF
        if busy:
            self.fail(code, "conversion does not end, or MISO is stuck low")

    def read(self, code: int) -> None:
        """A register group of every device into `data`; tried twice."""
        bad = self._ask(code, self._rx)
        if bad >= 0:
            self.retries += 1
            self.wake(True)
            bad = self._ask(code, self._rx)
        if bad >= 0:
            self._blame(code, bad)
        data = self.data
        rx = self._rx
        k = 0
        for i in range(0, len(rx), _BLOCK_N):
            for j in range(i, i + _GROUP_N):
                data[k] = rx[j]
                k += 1

    def write(self, code: int) -> None:
        """Group by group from `out`; that it arrived only reading back can tell."""
        tx = self._tx
        out = self.out
        self._put_head(tx, code)
        k = _HEAD_N
        for device in range(self.device_n - 1, -1, -1):
            for i in range(_GROUP_N):
                tx[k + i] = out[device * _GROUP_N + i]
            self._put_pec(tx, k, _GROUP_N)
            k += _BLOCK_N
        self._exchange(tx, None)

    def answer_n(self, code: int) -> int:
        """How many devices answer with a good PEC, one more than expected included."""
        bad = self._ask(code, self._more)
        return self.device_n + 1 if bad < 0 else bad

    def fail(self, code: int, why: str, number: int = errno.EIO) -> None:
        """Raise what every failure of this chain raises; nothing readable is left behind."""
        for i in range(len(self.data)):
            self.data[i] = 0xFF
        raise OSError(number, f"{self.name} 0x{code:03x} {why}")

    def fail_at(self, code: int, device: int, why: str, number: int = errno.EIO) -> None:
        """The same, naming the device: 1 is the nearest."""
        self.fail(code, f"device {device + 1} of {self.device_n}: {why}", number)

    def _put_head(self, buf, code: int) -> None:
        buf[0] = code >> 8
        buf[1] = code & 0xFF
        self._put_pec(buf, 0, 2)

    def _put_pec(self, buf, start: int, n: int) -> None:
        pec = pec15(buf, start, n)
        buf[start + n] = pec >> 8
        buf[start + n + 1] = pec & 0xFF

    def _exchange(self, out, into) -> None:
        self._cs(0)
        try:
            self._spi.write(out)
            if into is not None:
                self._spi.readinto(into, 0xFF)
        finally:
            self._cs(1)

    def _ask(self, code: int, rx) -> int:
        """Read into `rx`: the first device whose PEC is wrong, -1 = none."""
        self._put_head(self._head, code)
        self._exchange(self._head, rx)
        for i in range(0, len(rx), _BLOCK_N):
            pec = rx[i + _GROUP_N] << 8 | rx[i + _GROUP_N + 1]
            if pec15(rx, i, _GROUP_N) != pec:
                return i // _BLOCK_N
        return -1

    def _blame(self, code: int, device: int) -> None:
        """Say what the device at fault has sent."""
        start = device * _BLOCK_N
        seen = self._rx[start : start + _BLOCK_N]
        if seen == b"\xff" * _BLOCK_N:
            self.fail_at(code, device, "no answer, MISO stays high", errno.ENODEV)
        if seen == b"\x00" * _BLOCK_N:
            self.fail_at(code, device, "no answer, MISO stays low", errno.ENODEV)
        self.fail_at(code, device, "PEC")
