"""LTC681x models in a daisy chain behind one LTC6820: what the host's SPI sees.

Every edge of chip select wakes at most one device more; a frame is heard by the devices that were ready
when it began. Commands without a good PEC are not heard at all. Written groups go to the farthest device
first, read ones come from the nearest first; beyond the last that hears, MISO stays high.
"""

from sim.chips.ltc681x_codes import DIAGN, PLAIN, READ, WRITE, conversion
from sim.errors import SimError
from sim.pec15 import pec15

_HEAD_N = 4
_BLOCK_N = 8


class LTC681xChain:
    """Devices, nearest first. `cut` of them are reached: fewer than all when the cable is broken."""

    mode = (1, 1)
    baudrate_max = 1000000

    def __init__(self, world, devices):
        self.world = world
        self.devices = devices
        self.cut = len(devices)
        self._in = bytearray()
        self._out = b""
        self._heard = []
        self._polls = False

    @property
    def strict(self) -> bool:
        """Illegal use raises; False: it is only listed."""
        return self.devices[0].strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        for device in self.devices:
            device.strict = strict

    @property
    def illegal(self) -> list:
        return [what for device in self.devices for what in device.illegal]

    @property
    def pec_errors(self) -> int:
        """Commands and groups that some device did not understand."""
        return sum([device.pec_errors for device in self.devices])

    def brown_out(self) -> None:
        """The supply of the whole chain dips."""
        for device in self.devices:
            device.brown_out()

    def wake_pin(self) -> None:
        """There is none: the host wakes the chain."""

    # -- time ------------------------------------------------------------------------------------

    def next_us(self) -> int:
        due_us = self.devices[0].next_us()
        for device in self.devices:
            due_us = min(due_us, device.next_us())
        return due_us

    def run(self, now_us: int) -> None:
        for device in self.devices:
            device.run(now_us)

    # -- the wire --------------------------------------------------------------------------------

    def select(self) -> None:
        """Chip select falls."""
        now_us = self.world.now_us
        self._in = bytearray()
        self._out = b""
        self._polls = False
        self._heard = []
        for device in self.devices[: self.cut]:
            if not device.pulse(now_us):
                break
            self._heard.append(device)

    def exchange(self, byte: int) -> int:
        """One byte out, one in."""
        now_us = self.world.now_us
        for device in self._heard:
            device.edge_us = now_us
        self._in.append(byte)
        at = len(self._in) - 1 - _HEAD_N
        if self._polls and at >= 0:
            busy = [device for device in self._heard if device.busy()]
            return 0x00 if busy else 0xFF
        answer = self._out[at] if 0 <= at < len(self._out) else 0xFF
        if len(self._in) == _HEAD_N and self._heard:
            self._begin()
        return answer

    def exchange_all(self, out) -> bytes:
        """Many bytes out, as many in."""
        if self._polls or 0 < len(self._in) < _HEAD_N or len(out) < _HEAD_N:
            return bytes([self.exchange(byte) for byte in out])
        for device in self._heard:
            device.edge_us = self.world.now_us
        at = len(self._in) - _HEAD_N
        if at < 0:
            self._in.extend(out[:_HEAD_N])
            if self._heard:
                self._begin()
            rest = self.exchange_all(out[_HEAD_N:]) if len(out) > _HEAD_N else b""
            return b"\xff" * _HEAD_N + rest
        self._in.extend(out)
        answer = self._out[at : at + len(out)]
        return answer + b"\xff" * (len(out) - len(answer))

    def deselect(self) -> None:
        """Chip select rises: what was written is taken over."""
        for device in self._heard:
            device.edge_us = self.world.now_us
        if self._heard and len(self._in) > _HEAD_N and self._code in WRITE:
            self._store(WRITE[self._code])
        self._heard = []

    # -- commands --------------------------------------------------------------------------------

    def _begin(self) -> None:
        head = self._in
        code = head[0] << 8 | head[1]
        self._code = -1
        if pec15(head[:2]) != (head[2] << 8 | head[3]):
            for device in self._heard:
                device.pec_errors += 1
            return
        if code > 0x7FF:
            self._heard[0].refuse(f"0x{code:04X} is an addressed command, this is a daisy chain")
            return
        self._code = code
        self._out = self._obey(code)

    def _obey(self, code: int) -> bytes:
        """Let every device that hears do it; what they answer."""
        out = b""
        name = READ.get(code) or WRITE.get(code) or PLAIN.get(code)
        asked = conversion(code) if name is None or code == DIAGN else None
        if name is None and asked is None:
            self._heard[0].refuse(f"unknown or not modelled command 0x{code:03X}")
            self._code = -1
            return out
        self._polls = name == "PLADC"
        for device in self._heard:
            device.heard_us = self.world.now_us
            if asked is not None:
                device.convert(code)
            elif not device.knows(name):
                continue  # a 12-cell part is silent
            elif code in READ:
                data = device.group(name)
                out += data + pec15(data).to_bytes(2, "big")
            elif code in PLAIN:
                device.command(name)
        return out

    def _store(self, name: str) -> None:
        data = self._in[_HEAD_N:]
        if len(data) % _BLOCK_N:
            self._heard[0].refuse(f"{len(data)} bytes written to {name}: no whole groups")
            return
        blocks = len(data) // _BLOCK_N
        for i in range(len(self._heard)):
            k = blocks - 1 - i  # the group sent last stays in the nearest device
            if k < 0:
                raise SimError(f"{name}: {blocks} groups written to {len(self._heard)} devices")
            group = data[k * _BLOCK_N : k * _BLOCK_N + 6]
            pec = data[k * _BLOCK_N + 6] << 8 | data[k * _BLOCK_N + 7]
            device = self._heard[i]
            if pec15(group) != pec:
                device.pec_errors += 1
            elif device.knows(name):
                device.write(name, group)
