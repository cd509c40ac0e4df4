"""Data memory of the BQ769x2 model: the RAM image, its defaults and what may be written to it."""

import struct

from sim.chips.bq769x2_bits import FXN_MASK, FXN_THERMISTOR, UNMODELLED_C
from sim.chips.bq769x2_table import ROWS

FIRST = 0x9180
SIZE = 0x1C5  # up to Mfg Status Init 0x9343/0x9344

_LENGTHS = {"b": 1, "B": 1, "h": 2, "H": 2, "f": 4}


class Memory:
    """RAM image with typed access. Volatile: `reset` brings back the factory defaults."""

    def __init__(self):
        self.image = bytearray(SIZE)
        self._known = bytearray(SIZE)  # 1 = a parameter lives here
        self._limits = []  # (address, type, name, lowest, highest)
        for row in ROWS:
            start = row[0] - FIRST
            count = len(row[3]) if isinstance(row[3], tuple) else 1
            for i in range(_LENGTHS[row[1]] * count):
                self._known[start + i] = 1
            if len(row) > 4:
                self._limits.append((row[0], row[1], row[2], row[4], row[5]))
        self.reset()

    def reset(self) -> None:
        """Load the defaults, as a chip with nothing in OTP does."""
        for row in ROWS:
            at = row[0] - FIRST
            values = row[3] if isinstance(row[3], tuple) else (row[3],)
            for value in values:
                struct.pack_into("<" + row[1], self.image, at, value)
                at += _LENGTHS[row[1]]

    def get(self, kind: str, addr: int):
        """One parameter by `struct` code and address."""
        return struct.unpack_from("<" + kind, self.image, addr - FIRST)[0]

    def u1(self, addr: int) -> int:
        return self.image[addr - FIRST]

    def u2(self, addr: int) -> int:
        return self.get("H", addr)

    def i1(self, addr: int) -> int:
        return self.get("b", addr)

    def i2(self, addr: int) -> int:
        return self.get("h", addr)

    def covers(self, addr: int) -> bool:
        """An address of data memory at all."""
        return FIRST <= addr < FIRST + SIZE

    def read_block(self, addr: int, buf, at: int) -> None:
        """32 bytes from `addr` into `buf`; nothing reads as zero."""
        start = addr - FIRST
        for i in range(32):
            buf[at + i] = self.image[start + i] if start + i < SIZE else 0

    def write_block(self, addr: int, data) -> str:
        """Store bytes; returns what is wrong with them ("" = nothing), storing nothing then."""
        start = addr - FIRST
        for i in range(len(data)):
            if start + i >= SIZE or not self._known[start + i]:
                return f"no parameter at 0x{addr + i:04X}"
        old = bytes(self.image)
        self.image[start : start + len(data)] = data
        wrong = self._out_of_limits(addr, len(data))
        if wrong:
            self.image[:] = old
        return wrong

    def _out_of_limits(self, addr: int, count: int) -> str:
        for limit in self._limits:
            if addr - _LENGTHS[limit[1]] < limit[0] < addr + count:
                value = self.get(limit[1], limit[0])
                if not limit[3] <= value <= limit[4]:
                    return f"{limit[2]} = {value} is outside {limit[3]}..{limit[4]}"
        return ""

    def signature(self) -> int:
        """Static configuration signature: any change of a byte changes it (Fletcher, not TI's sum)."""
        low = high = 0
        for byte in self.image:
            low = (low + byte) % 255
            high = (high + low) % 255
        return high << 8 | low


def unmodelled(memory) -> list:
    """Names of what the configuration asks for and the model does not have."""
    u1 = memory.u1
    failures = u1(0x92C0) | u1(0x92C1) | u1(0x92C2) & 0xF8 | u1(0x92C3)
    wrong = []
    for what, bits in (
        ("latch protections", u1(0x9263) & UNMODELLED_C),
        ("permanent-fail checks", failures),
        ("autonomous balancing", u1(0x9335) & 0x03),
        ("CUV/COV threshold override", memory.u2(0x91D4) & memory.u2(0x91D6) ^ 0xFFFF),
        ("regulator toggling", u1(0x9238)),
    ):
        if bits:
            wrong.append(what)
    for addr in range(0x92FA, 0x9303):
        config = u1(addr)
        if config & FXN_MASK == FXN_THERMISTOR and (config & 0xF0 or not config & 0x0C):
            wrong.append(f"thermistor configuration 0x{config:02X} at 0x{addr:04X}")
    return wrong
