"""Runs `script.py` of this folder beside one simulated chip: `play_alone.py PACKAGE`, on CPython and MicroPython.

/lib holds one installed package and nothing else, so what that package did not bring is missed here.
"""

import sys

if "lib" not in sys.path[:1]:
    sys.path[:] = ["lib", "tools", "tools/fakes"] + [
        place for place in sys.path if "/lib/" in place
    ]
if sys.implementation.name != "micropython":
    sys.path.append("cpython")  # `micropython` itself

import machine

from sim.bus import FakeI2C
from sim.pins import Line, PinBank
from sim.spi import FakeSPI
from sim.world import World


class Plant:
    """A pack that stays as it is."""

    def __init__(self, cell_n):
        self.cell_v = [3.3 + 0.001 * i for i in range(cell_n)]
        self.wire_open = [False] * (cell_n + 1)
        self.bleed = [False] * cell_n
        self.current_a = -12.5
        self.stack_v = self.pack_v = self.ld_v = sum(self.cell_v)
        self.temp_c = [25.0, 25.0, 25.0]
        self.fet_c = self.die_c = 25.0
        self.chg_on = self.dsg_on = self.pchg_on = self.pdsg_on = self.load_detect = False

    def sense_v(self, i):
        return self.cell_v[i]


class Time:
    """In the place of `time`."""

    def __init__(self, world):
        self.sleep_us = world.advance
        self.sleep_ms = lambda ms: world.advance(1000 * ms)
        self.sleep = lambda s: world.advance(int(1000000 * s))
        self.ticks_us = lambda: world.now_us


def bq769x2(world):
    from sim.chips.bq769x2 import BQ769x2Model

    return BQ769x2Model(world, Plant(16), shunt_uohm=1000)


def bq769x2_spi(world):
    from sim.chips.bq769x2 import BQ769x2Model
    from sim.chips.bq769x2_spi import SpiPort

    chip = BQ769x2Model(world, Plant(16), crc=True)
    on_spi(world, SpiPort(chip, None, True), 5, Line("CS", pull=1))
    return chip


def bq769x0(world):
    from sim.chips.bq769x0 import BQ769x0Model

    chip = BQ769x0Model(world, Plant(15), part="BQ76940", crc=True, boot=Line("BOOT"))
    chip.wake_pin()
    return chip


def ltc681x(world):
    from sim.chips.ltc681x import LTC681xModel
    from sim.chips.ltc681x_chain import LTC681xChain

    chain = LTC681xChain(world, [LTC681xModel(world, Plant(12))])
    on_spi(world, chain, 17, Line("CS", pull=1))
    return chain


def ina22x(world):
    from sim.chips.ina22x import INA22xModel

    return INA22xModel(world, Plant(16), shunt_uohm=500)


def isl94202(world):
    from sim.chips.isl94202 import ISL94202Model

    chip = ISL94202Model(world, Plant(4), fetsoff=Line("FETSOFF", pull=-1))
    if sys.argv[1] == "isl94202":
        chip.eeprom[0x49] = 0xC3
    chip.brown_out()
    return chip


def on_spi(world, device, pin, cs):
    """The bus that `machine.SPI` hands out, its chip select on that pin."""
    bus = FakeSPI(world)
    bus.attach(device, cs)
    bank.connect(pin, cs)

    def spi(id=0, baudrate=1000000, polarity=0, phase=0, **wires):
        bus.init(baudrate, polarity, phase)
        return bus

    machine.SPI = spi


CHIPS = {
    "bq769x0": bq769x0,
    "bq769x2": bq769x2,
    "bq769x2_spi": bq769x2_spi,
    "ina22x": ina22x,
    "isl94202": isl94202,
    "isl94202_eeprom": isl94202,
    "ltc681x": ltc681x,
}

world = World()
bank = PinBank()
chip = CHIPS[sys.argv[1]](world) if sys.argv[1] in CHIPS else None
i2c = FakeI2C(world)
if chip is not None:
    world.chips.append(chip)
    if hasattr(chip, "addr"):
        i2c.attach(chip)
saved = machine.SPI
machine.use(world=world, bank=bank, buses={0: i2c})
machine.SPI = saved
world.advance(4000000)
sys.modules["time"] = Time(world)
exec(open("script.py").read(), {"__name__": "__main__"})
