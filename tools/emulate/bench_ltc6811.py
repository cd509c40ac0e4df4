"""The pack around an emulated Pico that is wired as `boards/pico_ltc6811` says.

Chain, meter, comparator, dead-man and gates are those of the simulator's own board; here the Pico's SPI, I2C
and pins are at the other end of their wires.
"""

from bms.config import Config
from boards.sim.ltc681x import Hardware
from emulate.bench import Bench
from emulate.pico import Pico
from emulate.wires import I2C, SPI, Input, Output, PioClock
from sim.plant import Plant
from sim.world import World

OUTPUTS = {
    "UNLATCH": 3,
    "CFETOFF": 7,
    "DFETOFF": 8,
    "STROKE": 9,
    "CS": 17,
    "CHG": 20,
    "DSG": 21,
    "PDSG": 22,
    "LIFT": 28,
}
INPUTS = {"LATCHED": 2, "ALERT": 6, "ALIVE": 15, "CHG_ON": 26, "DSG_ON": 27}
_STARTED_US = 300000  # the chips were there before the Pico got its power


class Wired(Hardware):
    """The simulator's chips and wires, with the Pico's buses to them. `bench` has world, plant, config."""

    def __init__(self, bench):
        self._ends = bench
        super().__init__(bench)

    def _make_buses(self, world) -> None:
        mcu, follow = self._ends.pico.mcu, self._ends.follow
        self.spi = self._spi = SPI(mcu, 0, follow)
        self.i2c = self._i2c = I2C(mcu, 0, {}, follow)

    def line(self, name: str):
        """The wire of that name."""
        return self._bank.line(name)

    @property
    def chain(self):
        """The LTC6811s' model."""
        return self._chain

    @property
    def meter(self):
        """The INA228's."""
        return self._meter


class Bench6811(Bench):
    """Time and people as on the other bench; a chain, a meter, gates, and hardware that opens them."""

    def __init__(self, config: dict, soc: float = 0.5, service: bool = True, flash=None):
        self.pico = Pico(flash)
        mcu = self.pico.mcu
        PioClock(mcu)
        self.config = Config(config)
        self.plant = Plant(cell_n=self.config.cell_n, soc=soc, capacity_ah=100.0)
        self.world = World(self.plant)
        self._alarm = mcu.clock.create_alarm(self._tick)
        self._following = True  # the Pico has no power yet
        hardware = self.hardware = Wired(self)
        self.world.advance(_STARTED_US)
        self._zero_us = self.world.now_us
        self.chip, self.spi, self.i2c = hardware.chip, hardware.spi, hardware.i2c
        self.alert, self.cfetoff, self.dfetoff = map(
            hardware.line, ("ALERT", "CFETOFF", "DFETOFF")
        )
        self.outputs = [
            Output(mcu, pin, hardware.line(name), self.follow) for name, pin in OUTPUTS.items()
        ]
        self.pico.on_reset += [
            self.i2c.drop,
            self.spi.drop,
            *[output.look for output in self.outputs],
        ]
        for name, pin in INPUTS.items():
            Input(mcu, pin, hardware.line(name))
        self._levels(mcu, service)
        self._following = False
        self._schedule()
