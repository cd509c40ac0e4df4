"""A BQ769x2 driver on a scripted chip that can be armed."""

from types import SimpleNamespace

from bms.fields import FIELDS
from bq769x2 import BQ76952, BQ769x2
from host_tests.chip.scripted import ScriptedI2C
from regbus import RegBus


def config(**changes):
    """The field table's defaults, changed here and there."""
    values = {row[0]: row[1] for row in FIELDS}
    values.update(changes)
    return SimpleNamespace(**values)


class Rig:
    """Chip, driver, and how long the driver has slept."""

    def __init__(self, crc=True, part=BQ76952, cell_n=16, **wiring):
        wiring.setdefault("ntc", ("TS1", "TS2", "TS3"))
        self.i2c = ScriptedI2C(crc=crc)
        self.slept_us = 0
        bus = RegBus(self.i2c, 0x08, crc=crc, name="bq769x2")
        self.bus = bus
        self.chip = BQ769x2(bus, part, cell_n, self.sleep_us, **wiring)
        self.i2c.replies[0x0001] = (part[1] or 0x7691).to_bytes(2, "little")
        self.i2c.replies[0x0057] = b"\x40\x00"
        self.i2c.put16(0x12, 0x0108)  # POR, FULLACCESS
        self.i2c.put16(0x68, 2982)
        self.i2c.on[0x0022] = self._toggle_fet_en
        self.i2c.on[0x0090] = lambda: self._config_update(0x0109)
        self.i2c.on[0x0092] = lambda: self._config_update(0x0100)

    def sleep_us(self, us):
        self.slept_us += us

    def armed(self, **changes):
        """Loaded and armed, and the record of it forgotten."""
        self.chip.load(config(**changes))
        self.chip.arm()
        self.i2c.forget()
        self.slept_us = 0
        return self

    def memory(self, address, n=1, signed=False):
        """What data memory holds now."""
        data = bytes(self.i2c.memory[address + i] for i in range(n))
        return int.from_bytes(data, "little", signed=signed)

    def _toggle_fet_en(self):
        status = self.i2c.replies[0x0057]
        self.i2c.replies[0x0057] = bytes([status[0] ^ 0x10, status[1]])

    def _config_update(self, status):
        self.i2c.put16(0x12, status)
