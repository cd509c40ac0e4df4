"""Subcommands and data memory of TI's BQ769x2: one 32-byte buffer behind the registers 0x3E..0x61.

0x3E/0x3F take a subcommand or a data-memory address, 0x40..0x5F hold data, 0x60 a checksum over
both (the inverted plain sum), 0x61 the count of data bytes plus 4 (SLUUBY2B section 3.1). A write
takes effect when 0x60 and 0x61 are written, together. All 36 registers read in one go are called
a frame here; they are self-contained: whom the data belongs to, how many bytes there are, and
whether they are right.
"""

from micropython import const

from failure import WORD

_ADDRESS = const(0x3E)
_CHECKSUM = const(0x60)
_FRAME_N = const(36)
_BATTERY_STATUS = const(0x12)
_CFGUPDATE = const(0x01)
_OVERHEAD = const(4)  # what the length byte counts besides data
_DATA_MAX = const(32)

_POLL_US = const(100)
_POLL_N = const(50)  # 5 ms and the bus's own time; what we ask for takes 0.7 ms (Table 9-2)
_CFG_N = const(10)
_CFG_US = const(2000)  # entering CONFIG_UPDATE; leaving takes 1000 (Table 9-2)
_SETTLE_US = const(200)  # after any write: not in the manual, found necessary by Libre Solar


class Subcommands:
    """The transfer buffer. Everything that uses it goes through one instance of this class."""

    def __init__(self, bus, sleep_us):
        self._bus = bus
        self._sleep_us = sleep_us
        self._out = bytearray(2 + _DATA_MAX)
        self.asked = -1  # what the buffer belongs to, -1 = nobody knows

    def ask(self, code: int) -> None:
        """Have the buffer filled; `take` it once the chip had time for that."""
        out = self._out
        self.asked = -1
        out[0] = code & 0xFF
        out[1] = code >> 8
        self._bus.write(_ADDRESS, out, 2)
        self.asked = code

    def command(self, code: int) -> None:
        """A subcommand without data."""
        self.ask(code)
        self._sleep_us(_SETTLE_US)

    def take(self, code: int, n: int) -> None:
        """Read the frame: of `code`, right, and with `n` bytes at least, from data[2] on."""
        bus = self._bus
        data = bus.data
        bus.read(_ADDRESS, _FRAME_N)
        length = data[_FRAME_N - 1] - _OVERHEAD
        if data[0] != code & 0xFF or data[1] != code >> 8:
            self._fail(code, "busy")
        if not n <= length <= _DATA_MAX:
            self._fail(code, "length")
        total = data[_FRAME_N - 2]
        for i in range(2 + length):
            total += data[i]
        if total & 0xFF != 0xFF:
            self._fail(code, "checksum")

    def read(self, code: int, n: int) -> None:
        """Ask, wait until the chip is done, take."""
        bus = self._bus
        data = bus.data
        self.ask(code)
        for _ in range(_POLL_N):
            self._sleep_us(_POLL_US)
            bus.read(_ADDRESS, 2)
            if data[0] == code & 0xFF and data[1] == code >> 8:
                break
        else:
            self._fail(code, "busy")
        self.take(code, n)

    def write(self, code: int, buf, start: int, n: int) -> None:
        """Write buf[start : start + n] to a subcommand or to data memory."""
        out = self._out
        self.asked = -1
        out[0] = code & 0xFF
        out[1] = code >> 8
        total = out[0] + out[1]
        for i in range(n):
            byte = buf[start + i]
            out[2 + i] = byte
            total += byte
        self._bus.write(_ADDRESS, out, 2 + n)
        out[0] = ~total & 0xFF
        out[1] = n + _OVERHEAD
        self._bus.write(_CHECKSUM, out, 2)
        self._sleep_us(_SETTLE_US)

    def write_window(self, window) -> None:
        """Write what is ours of a block of data memory, one run of neighbours at a time."""
        at = 0
        while at < _DATA_MAX:
            n = window.run(at)
            if n:
                self.write(window.address + at, window.data, at, n)
            at += n + 1

    def update(self, command: int, want: int) -> None:
        """Enter or leave CONFIG_UPDATE, and see that it happened."""
        self.command(command)
        for _ in range(_CFG_N):
            self._sleep_us(_CFG_US)
            self._bus.read(_BATTERY_STATUS, 2)
            if self._bus.data[0] & _CFGUPDATE == want:
                return
        self._fail(command, "CONFIG_UPDATE does not follow")

    def _fail(self, code: int, why: str) -> None:
        self._bus.fail(WORD + code, why)
