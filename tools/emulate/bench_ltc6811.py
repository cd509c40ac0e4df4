"""The pack around an emulated Pico that is wired as `boards/pico_ltc6811` says.

Chain, meter, comparator, dead-man and gates are those of the simulator's own board; here the Pico's SPI, I2C
and pins are at the other end of their wires.
"""

from bms.config import Config
from boards.sim.ltc681x import Hardware
from emulate.bench import Bench
from emulate.wires import I2C, SPI
from sim.plant import Plant

OUTPUTS = {
    3: "UNLATCH",
    7: "CFETOFF",
    8: "DFETOFF",
    9: "STROKE",
    17: "CS",
    20: "CHG",
    21: "DSG",
    22: "PDSG",
    28: "LIFT",
}
INPUTS = {2: "LATCHED", 6: "ALERT", 15: "ALIVE", 26: "CHG_ON", 27: "DSG_ON"}


class Wired(Hardware):
    """The simulator's chips and wires, with the Pico's buses to them. `bench`: has world, plant, config."""

    def __init__(self, bench):
        self._bench = bench
        super().__init__(bench)

    def _make_buses(self, _world) -> None:
        mcu, follow = self._bench.pico.mcu, self._bench.follow
        self._spi = self._bench.spi = SPI(mcu, 0, follow)
        self._i2c = self._bench.i2c = I2C(mcu, 0, {}, follow)

    def line(self, name: str):
        """The wire of that name."""
        return self._bank.line(name)


class Bench6811(Bench):
    """Time and people as on the other bench; a chain, a meter, and hardware that opens their FETs."""

    def __init__(self, config: dict, soc: float = 0.5, service: bool = True, flash=None):
        self.config = Config(config)
        self._begin(flash, Plant(cell_n=self.config.cell_n, soc=soc))
        hardware = self.hardware = Wired(self)
        line = hardware.line
        self.chip = hardware.chip
        self.alert, self.cfetoff, self.dfetoff = line("ALERT"), line("CFETOFF"), line("DFETOFF")
        outputs = {pin: line(name) for pin, name in OUTPUTS.items()}
        inputs = {pin: line(name) for pin, name in INPUTS.items()}
        self._connect(300000, [self.i2c, self.spi], outputs, inputs, service)
