"""All registers of a BQ769x0 at once, 0x00 to 0x33: status, configuration, cells, temperatures, current.

One read on a BQ76940, two on the smaller ones. The configuration comes along for less than twice what a
read of its own would cost more, and every scan compares it whole.
"""

import errno

from micropython import const

from bq769x0_trips import CC_CFG, CODES_N, gain_uv
from crc8 import TABLE

SYS_STAT = const(0x00)
CELLBAL1 = const(0x01)
SYS_CTRL1 = const(0x04)
SYS_CTRL2 = const(0x05)
PROTECT1 = const(0x06)  # then PROTECT2, PROTECT3, OV_TRIP, UV_TRIP, CC_CFG
CC_CFG_AT = const(0x0B)
BAT = const(0x2A)
MEASURE = const(0x18)  # SYS_CTRL1: ADC_EN, TEMP_SEL
CC_EN = const(0x40)  # SYS_CTRL2
_SHUT_B = const(0x19)  # and MEASURE
_SHUT_A = const(0x1A)
_CTRL1_MASK = const(0x1F)
_CTRL2_MASK = const(0xFC)  # all but the FETs

_BURST_N = const(0x34)
_ADCGAIN1 = const(0x50)  # then ADCOFFSET
_ADCGAIN2 = const(0x59)
_CELL_1 = const(0x0C)
_GROUP_BYTES = const(10)
_EMPTY = const(0x05)  # high byte of a code that no cell in use has (UVminqual 0x0518)
_CODE_MASK = const(0xC0)  # of a high byte: reads 0
_ALL = const(0x3F)
_SILENT_MAX = const(4)
_BOOT_US = const(1000)  # 10 us to 2 ms
_READY_US = const(10000)

# register, bits that read 0 in every part, first to last
_RESERVED = (
    (0x00, 0x00, 0x40),
    (0x01, 0x03, 0xE0),
    (0x04, 0x04, 0x60),
    (0x06, 0x06, 0x60),
    (0x07, 0x07, 0x80),
    (0x08, 0x08, 0x0F),
)

_FOUND = "expected {}, found 0x{:02x}"


def _never() -> bool:
    return False


class Frame:
    """The registers, who has taken what of them, and the part's own gain and offset."""

    def __init__(self, bus, part, sleep_us, boot):
        self._bus = bus
        self._part = part
        self._sleep_us = sleep_us
        self._boot = boot
        self._new = 0  # bit a role: nobody took it from the last burst yet
        self._silent_n = 0
        self._out = bytearray(1)
        self.armed = False  # `codes` are in the chip, and so are the next two
        self.codes = bytearray(CODES_N)  # what PROTECT1 and on shall hold
        self.balance = bytearray(3)  # and CELLBAL1 to 3
        self.control1 = MEASURE  # and SYS_CTRL1
        self.data = bytearray(_BURST_N)
        self.asleep = False  # we sent the chip to SHIP: do not wake it,
        self.invited = _never  # unless this says so
        self.gain = 0  # uV a code, 0 = not read yet
        self.offset_mv = 0
        self.mismatch = 0  # register that differed last
        self.differ_n = 0  # registers that differed in the last burst

    def take(self, role: int) -> None:
        """Make sure that `data` is a burst of which this role has not taken its part yet."""
        if not self._new & role:
            try:
                self.burst()
            except OSError:
                self._silent_n += 1
                if self._silent_n >= _SILENT_MAX and (not self.asleep or self.invited()):
                    self.wake()
                raise
        self._new &= ~role

    def burst(self) -> None:
        """Everything, now."""
        self.drop()
        groups = self._part[1]
        if groups < 3:  # two reads are cheaper than what lies between
            self._bring(BAT, _BURST_N - BAT)
            self._bring(SYS_STAT, _CELL_1 + groups * _GROUP_BYTES)
        else:
            self._bring(SYS_STAT, _BURST_N)
        self._new = _ALL
        self._silent_n = 0
        self.differ_n = self._compare()

    def _bring(self, reg: int, n: int) -> None:
        self._bus.read(reg, n)
        data = self.data
        got = self._bus.data
        for i in range(n):
            data[reg + i] = got[i]

    def drop(self) -> None:
        """What was read is old."""
        self._new = 0

    def fail(
        self, reg: int, why: str, number=errno.EIO, a: object = 0, b: object = 0, c: object = 0
    ) -> None:
        """Raise what every failure raises; the burst is gone."""
        self.drop()
        self._bus.fail(reg, why, number, a, b, c)

    def too_early(self, reg: int, what: str) -> None:
        """Usual after a start: the burst is good, there is nothing in it yet."""
        self._bus.failure.tell(reg, "no {} measured yet", errno.EAGAIN, what)

    def look_up(self, reg: int) -> int:
        """One register, now."""
        self._bus.read(reg, 1)
        return self._bus.data[0]

    def write(self, reg: int, value: int) -> None:
        """One register."""
        self._out[0] = value
        self._bus.write(reg, self._out, 1)

    def wake(self) -> None:
        """In SHIP the chip hears nothing but a rising TS1."""
        self._silent_n = 0
        if self._boot is not None:
            self._boot(1)
            self._sleep_us(_BOOT_US)
            self._boot(0)
            self._sleep_us(_READY_US)

    def ship(self) -> None:
        """SHUT_A and SHUT_B as 00, 01, 10: FETs off, all forgotten."""
        self.asleep = True
        self.write(SYS_CTRL1, MEASURE)
        self.write(SYS_CTRL1, _SHUT_B)
        self.write(SYS_CTRL1, _SHUT_A)

    def trim(self) -> bool:
        """Read gain and offset; False when they are not what they were."""
        got = self._bus.data
        low = self.look_up(_ADCGAIN2)
        self._bus.read(_ADCGAIN1, 2)
        gain = gain_uv(got[0], low)
        offset_mv = got[1] - 256 if got[1] & 0x80 else got[1]
        same = gain == self.gain and offset_mv == self.offset_mv
        self.gain = gain
        self.offset_mv = offset_mv
        if not same:
            self.mismatch = _ADCGAIN1
        return same

    def identify(self) -> None:
        """After a burst: is this the part that we expect, talking as we do?"""
        data = self.data
        if self._has_crc():
            self._other(SYS_STAT, "expected {}, found a part that sends a CRC")
        for first, last, mask in _RESERVED:
            for reg in range(first, last + 1):
                if data[reg] & mask:
                    self._other(reg, _FOUND, data[reg])
        groups = 0
        for group in range(self._part[1]):
            for at in range(
                _CELL_1 + group * _GROUP_BYTES, _CELL_1 + (group + 1) * _GROUP_BYTES, 2
            ):
                if data[at] & _CODE_MASK:
                    self._other(at, _FOUND, data[at])
                if data[at] >= _EMPTY:
                    groups = group + 1
        if (data[BAT] or data[BAT + 1]) and groups != self._part[1]:
            why = "expected {}, found cells in {} of {} groups"
            self._other(_CELL_1, why, groups, self._part[1])

    def _other(self, reg: int, why: str, b=0, c=0) -> None:
        self.fail(reg, why, errno.ENODEV, self._part[0], b, c)

    def _has_crc(self) -> bool:
        """Read as if there were none, every second byte is the CRC of the one before."""
        data = self.data
        for at in range(2, _BURST_N, 2):
            if data[at + 1] != TABLE[data[at]]:
                return False
        return True

    def _compare(self) -> int:
        """How many registers are not what they shall be; nothing is expected before the first arming."""
        if not self.armed:
            return 0
        data = self.data
        differ_n = self._differs(SYS_CTRL1, data[SYS_CTRL1] & _CTRL1_MASK, self.control1)
        differ_n += self._differs(SYS_CTRL2, data[SYS_CTRL2] & _CTRL2_MASK, CC_EN)
        for i in range(CODES_N):
            differ_n += self._differs(PROTECT1 + i, data[PROTECT1 + i], self.codes[i])
        for i in range(self._part[1]):
            differ_n += self._differs(CELLBAL1 + i, data[CELLBAL1 + i], self.balance[i])
        return differ_n

    def _differs(self, reg: int, got: int, want: int) -> int:
        if got == want:
            return 0
        self.mismatch = reg
        return 1

    def lost(self) -> bool:
        """Registers are as after power-up."""
        return self.data[CC_CFG_AT] != CC_CFG or not self.data[SYS_CTRL2] & CC_EN
