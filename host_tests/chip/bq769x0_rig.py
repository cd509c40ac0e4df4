"""A BQ769x0 model on a bench: plant and world that stay what a test sets them to, and a host."""

from types import SimpleNamespace

from bms.fields import FIELDS
from bq769x0 import BQ76920, BQ76930, BQ76940, BQ769x0
from host_tests.chip.bq769x2_rig import BenchPlant, BenchWorld
from regbus import RegBus
from sim.bus import FakeI2C
from sim.chips.bq769x0 import BQ769x0Model
from sim.chips.bq769x0_measure import inputs_for
from sim.pins import FakePin, Line

PARTS = {"BQ76920": BQ76920, "BQ76930": BQ76930, "BQ76940": BQ76940}
UP_US = 900000


def crc8(data):
    """Bit by bit, as the data sheet describes it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc


class World(BenchWorld):
    """Also sleeps."""

    def sleep_us(self, us):
        self.advance(us)

    def advance(self, us):
        end_us = self.now_us + us
        while self.now_us < end_us:
            due_us = self.chip.next_us() if self.chip else None
            self.now_us = end_us if due_us is None else min(end_us, due_us)
            if self.chip:
                self.chip.run(self.now_us)


class Rig:
    """World, plant, chip, bus and wires."""

    def __init__(self, part="BQ76940", cell_n=None, crc=True, up=True, volts=3.3, **options):
        cell_n = cell_n or 5 * PARTS[part][1]
        self.world = World()
        self.plant = BenchPlant(cell_n, volts)
        self.plant.pack_v = self.plant.stack_v
        self.chg, self.dsg, self.alert = Line("CHG"), Line("DSG"), Line("ALERT", pull=-1)
        self.boot = Line("BOOT", pull=-1)
        self.crc = crc
        options.setdefault("inputs", inputs_for(part, cell_n))
        self.chip = BQ769x0Model(
            self.world,
            self.plant,
            part=part,
            crc=crc,
            chg=self.chg,
            dsg=self.dsg,
            alert=self.alert,
            boot=self.boot,
            **options,
        )
        self.world.chip = self.chip
        self.i2c = FakeI2C(self.world, freq=100000, log=True)
        self.i2c.attach(self.chip)
        if up:
            self.wait_us(UP_US)

    def wait_us(self, us):
        self.world.advance(us)

    def wait_s(self, seconds):
        self.world.advance(int(seconds * 1000000))

    def whole_cycles(self):
        """Time enough for a current that is new from end to end."""
        for _ in range(3):
            self.wait_us(250000)
            self.chip.run(self.world.now_us)

    def change(self, **values):
        """An abrupt change in the plant, with the chip looking at once."""
        for name, value in values.items():
            setattr(self.plant, name, value)
        self.chip.run(self.world.now_us)

    def fets(self):
        return self.chg.level | self.dsg.level << 1

    # -- a host that knows the wire ----------------------------------------------------------------

    def write(self, reg, *values):
        """Bytes to registers; how many bytes of the frame were acknowledged."""
        frame = bytearray([reg])
        for i, value in enumerate(values):
            frame.append(value)
            if self.crc:
                frame.append(crc8([0x10, reg, value] if i == 0 else [value]))
        return self.i2c.writeto(0x08, frame)

    def read(self, reg, n=1):
        """Registers, with their CRCs checked."""
        if not self.crc:
            return list(self.i2c.readfrom_mem(0x08, reg, n))
        wire = self.i2c.readfrom_mem(0x08, reg, 2 * n)
        for i in range(n):
            assert wire[2 * i + 1] == crc8([0x11, wire[0]] if i == 0 else [wire[2 * i]])
        return list(wire[::2])

    def measure(self, protect=(0x9F, 0x7F, 0x50, 0xFF, 0x00)):
        """All on, limits out of the way, latches gone."""
        self.write(0x06, *protect, 0x19)
        self.write(0x04, 0x18)
        self.write(0x05, 0x40)
        self.clear()

    def clear(self):
        stat = self.read(0x00)[0]
        if stat:
            self.write(0x00, stat)

    def driver(self, ntc=("TS1",), **more):
        """The driver under test, on this bus."""
        part = PARTS[self.chip.part]
        bus = RegBus(self.i2c, 0x08, self.crc, "bq769x0", 52, True)
        cell_n = len(self.plant.cell_v)
        return BQ769x0(bus, part, cell_n, self.world.sleep_us, ntc=ntc, **more)

    def armed(self, ntc=("TS1",), config=None, **more):
        """A driver loaded and armed, thermistors known, the record of it forgotten."""
        chip = self.driver(ntc, **more)
        chip.load(make_config(len(self.plant.cell_v), len(ntc), **(config or {})))
        chip.probe()
        chip.arm()
        for _ in range(12):
            self.wait_us(250000)
            chip.read_current()
        chip.verify_all()
        self.i2c.log.clear()
        return chip


def make_config(cell_n=15, ntc_n=1, **changes):
    """The field table's defaults, changed here and there."""
    values = {row[0]: row[1] for row in FIELDS}
    values.update(cell_n=cell_n, ntc_n=ntc_n, precharge_on=0)
    values.update(changes)
    return SimpleNamespace(**values)


__all__ = ["FakePin", "Rig", "crc8", "make_config"]
