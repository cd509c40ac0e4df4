"""A scripted chip behind `machine.I2C`, only as clever as the driver tests need.

It records every byte, answers from tables, and knows the transfer buffer's rules. It is no model
of the chip: nothing happens by itself.
"""

import errno


def crc8_bitwise(data) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc


class ScriptedI2C:
    """Registers 0x00..0x7F, subcommand replies and data memory as plain tables."""

    def __init__(self, crc=False, addr=0x08):
        self.crc = crc
        self.addr = addr
        self.registers = bytearray(128)
        self.replies = {}  # subcommand -> bytes
        self.memory = {}  # data-memory address -> byte
        self.commands = []  # subcommands and data writes in order: (code, data)
        self.frames = []  # writes as on the wire, address byte first
        self.reads = []  # (register, data bytes)
        self.raw = {}  # register -> exactly these bytes on the next reads
        self.busy = 0  # so many looks at 0x3E say "not yet"
        self.refuse = set()  # registers whose transfer is not acknowledged
        self.cut = {}  # register -> only so many bytes of a write are acknowledged
        self.flip = {}  # register -> index of a byte on the wire to corrupt
        self.spoil_checksum = False
        self.spoil_length = 0
        self.on = {}  # subcommand -> function

    # machine.I2C

    def writeto(self, addr, buf):
        frame = bytes(buf)
        assert addr == self.addr
        if frame[0] in self.refuse:
            raise OSError(errno.EIO)
        self.frames.append(bytes([addr << 1]) + frame)
        if frame[0] in self.cut:
            return self.cut[frame[0]]
        self._store(frame[0], self._payload(frame))
        return len(frame)

    def readfrom_mem_into(self, addr, reg, buf):
        assert addr == self.addr
        if reg in self.refuse:
            raise OSError(errno.ETIMEDOUT)
        step = 2 if self.crc else 1
        n = len(buf) // step
        self.reads.append((reg, n))
        answer = bytearray(self.raw[reg] if reg in self.raw else self._answer(reg, n))
        if reg in self.flip:
            answer[self.flip[reg]] ^= 0x10
        buf[:] = answer

    # what a test asks

    @property
    def transactions(self):
        return len(self.frames) + len(self.reads)

    @property
    def wire_bytes(self):
        """Address and register bytes included."""
        step = 2 if self.crc else 1
        return sum(map(len, self.frames)) + sum(3 + step * n for _, n in self.reads)

    def forget(self):
        self.frames.clear()
        self.reads.clear()
        self.commands.clear()

    def put16(self, reg, value):
        self.registers[reg : reg + 2] = (value & 0xFFFF).to_bytes(2, "little")

    # the chip's side

    def _payload(self, frame):
        if not self.crc:
            return frame[1:]
        data = frame[1::2]
        for i, byte in enumerate(data):
            covered = bytes([self.addr << 1, frame[0], byte]) if i == 0 else bytes([byte])
            assert frame[2 + 2 * i] == crc8_bitwise(covered), "wrong CRC written"
        return data

    def _store(self, reg, data):
        self.registers[reg : reg + len(data)] = data
        if reg == 0x3E:
            self._address(data)
        elif reg == 0x60:
            assert len(data) == 2, "checksum and length belong into one write"
            self._commit(*data)

    def _address(self, data):
        code = data[0] | data[1] << 8
        if len(data) == 2:
            self.commands.append((code, b""))
            if code in self.on:
                self.on[code]()
            self._fill(code)

    def _fill(self, code):
        if code >= 0x9000:
            data = bytes(self.memory.get(code + i, 0) for i in range(32))
        elif code in self.replies:
            data = self.replies[code]
        else:
            return
        self.registers[0x40 : 0x40 + len(data)] = data
        total = (code & 0xFF) + (code >> 8) + sum(data)
        self.registers[0x60] = (~total & 0xFF) ^ (1 if self.spoil_checksum else 0)
        self.registers[0x61] = len(data) + 4 + self.spoil_length

    def _commit(self, checksum, length):
        code = self.registers[0x3E] | self.registers[0x3F] << 8
        data = bytes(self.registers[0x40 : 0x40 + length - 4])
        total = sum(self.registers[0x3E:0x40]) + sum(data)
        assert checksum == ~total & 0xFF, "wrong checksum written"
        self.commands.append((code, data))
        if code >= 0x9000:
            for i, byte in enumerate(data):
                self.memory[code + i] = byte

    def _answer(self, reg, n):
        data = bytes(self.registers[reg : reg + n])
        if reg == 0x3E and self.busy:
            self.busy -= 1
            data = b"\xff\xff" + data[2:]
        if not self.crc:
            return data
        address = self.addr << 1
        wire = bytearray()
        for i, byte in enumerate(data):
            covered = [address, reg, address | 1, byte] if i == 0 else [byte]
            wire += bytes([byte, crc8_bitwise(covered)])
        return wire
