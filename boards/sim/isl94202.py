"""An ISL94202 on I2C: 3 to 8 cells, FETs of its own, SD as the interrupt, FETSOFF by permission.

FETSOFF is high, and the FETs are off, unless the microcontroller's pin is: a transistor between them.
"""

from bms.cutoff import Cutoff, PinGate
from isl94202 import ISL94202
from isl94202_config import SELECT
from regbus import RegBus
from sim.bus import FakeI2C
from sim.chips.isl94202 import ISL94202Model
from sim.mischief_bus import FrozenWire, StuckBus
from sim.pins import FakePin, Line

_CELLS_MAX = 8
_TIMEOUT_US = 50000


def fit(values) -> None:
    """What a configuration must say: eight cells at most, one thermistor, no precharge of loads."""
    values["cell_n"] = min(values["cell_n"], _CELLS_MAX)
    values["ntc_n"] = 1
    values["precharge_on"] = 0


class Hardware:
    """Model, bus and wires; they outlive the microcontroller's resets."""

    def __init__(self, sim):
        world, config = sim.world, sim.config
        self._world = world
        self.bus = FakeI2C(world)
        self.stuck = StuckBus(self.bus, world, _TIMEOUT_US)
        sd = Line("SD", pull=1)
        self._alert = Line("SD at the microcontroller", pull=1)
        self._wire = FrozenWire(sd, self._alert)
        fetsoff = Line("FETSOFF", pull=1)
        self._permit = Line("permit", pull=-1)
        inverter = fetsoff.end("transistor")
        self._permit.watch(lambda level: inverter.drive(0 if level else None))
        self.chip = ISL94202Model(world, sim.plant, config.shunt_uohm, sd, fetsoff, xt2_fet=True)
        self.chip.eeprom[0x49] = SELECT[config.cell_n]  # provisioned
        self.chip.reset()
        self.bus.attach(self.chip)
        world.chips.append(self.chip)

    def fill(self, board, config) -> None:
        """Drivers and pins, as after a reset of the microcontroller."""
        bus = RegBus(self.stuck, 0x28, name="isl94202")
        chip = ISL94202(bus, config.cell_n, config.shunt_uohm, config.ntc_n, fet_ntc=True)
        board.cells = board.shunt = board.temps = board.switch = chip
        board.bleed = board.guard = board.alert = chip
        permit = FakePin(self._permit, FakePin.OUT, value=0)
        board.off_pins = (permit, permit)
        board.alert_pin = FakePin(self._alert, FakePin.IN, pull=FakePin.PULL_UP)
        board.cutoff = Cutoff(PinGate(board.off_pins), board.alert_pin, FakePin.IRQ_FALLING)

    def dead(self, on: bool) -> None:
        """Each access uses up its time-out and fails."""
        self.stuck.on = on

    def deaf(self, on: bool) -> None:
        """The wire from SD breaks."""
        self._wire.on = on

    def disturb(self, noise) -> None:
        """Wrap the chip on its bus; None: well again."""
        self.bus.attach(self.chip if noise is None else noise(self.chip))
