"""A BQ76952 on I2C or SPI, with ALERT, CFETOFF and DFETOFF wired to the microcontroller."""

from bms.cutoff import Cutoff, PinGate
from bq769x2 import BQ76952, BQ769x2
from bq769x2_spi import SpiBus
from regbus import RegBus
from sim.bus import FakeI2C
from sim.chips.bq769x2 import BQ769x2Model
from sim.chips.bq769x2_spi import SpiPort
from sim.mischief_bus import FrozenWire, StuckBus
from sim.mischief_spi import DeafSpi, SpokenTo
from sim.pins import FakePin, Line
from sim.spi import FakeSPI

NTC_PINS = ("TS1", "TS2", "TS3", "DCHG", "DDSG")
FET_NTC_PIN = "HDQ"
_TIMEOUT_US = 50000


def cell_mask(cell_n: int) -> int:
    """Inputs in use on a 16-input monitor: the lowest ones and the topmost."""
    return (1 << (cell_n - 1)) - 1 | 0x8000


class Hardware:
    """Model, bus and wires; they outlive the microcontroller's resets."""

    def __init__(self, sim):
        self._world = sim.world
        self._crc = sim.crc
        self.bus = FakeI2C(sim.world)
        self.stuck = StuckBus(self.bus, sim.world, _TIMEOUT_US)
        self._alert = Line("ALERT", pull=FakePin.PULL_UP)
        alert_end = Line("ALERT at the monitor", pull=FakePin.PULL_UP)
        self._alert_wire = FrozenWire(alert_end, self._alert)
        self._cfetoff = Line("CFETOFF")
        self._dfetoff = Line("DFETOFF")
        self.chip = BQ769x2Model(
            sim.world,
            sim.plant,
            crc=sim.crc,
            cell_mask=cell_mask(sim.config.cell_n),
            shunt_uohm=sim.config.shunt_uohm,
            alert=alert_end,
            cfetoff=self._cfetoff,
            dfetoff=self._dfetoff,
        )
        self.bus.attach(self.chip)
        sim.world.chips.append(self.chip)

    def registers(self):
        """The bus as the driver sees it."""
        return RegBus(self.stuck, 0x08, crc=self._crc, name="bq769x2")

    def fill(self, board, config) -> None:
        """Drivers and pins, as after a reset of the microcontroller."""
        world = self._world
        bus = self.registers()
        ntc = NTC_PINS[: config.ntc_n]
        chip = BQ769x2(bus, BQ76952, config.cell_n, world.sleep_us, ntc=ntc, fet_ntc=FET_NTC_PIN)
        board.cells = board.shunt = board.temps = board.switch = chip
        board.bleed = board.guard = board.alert = chip
        board.ntcs = NTC_PINS
        board.off_pins = (
            FakePin(self._cfetoff, FakePin.OUT, value=0),
            FakePin(self._dfetoff, FakePin.OUT, value=0),
        )
        board.alert_pin = FakePin(self._alert, FakePin.IN, pull=FakePin.PULL_UP)
        gate = PinGate(board.off_pins)
        board.cutoff = Cutoff(gate, board.alert_pin, FakePin.IRQ_FALLING)

    def dead(self, on: bool) -> None:
        """Each access uses up its time-out and fails."""
        self.stuck.on = on

    def deaf(self, on: bool) -> None:
        """The wire from ALERT breaks."""
        self._alert_wire.on = on

    def disturb(self, noise) -> None:
        """Wrap the monitor on its bus; None: well again."""
        self.bus.detach(self.chip.addr)
        self.bus.attach(self.chip if noise is None else noise(self.chip))


class SpiHardware(Hardware):
    """The same wires but for the bus."""

    def __init__(self, sim):
        super().__init__(sim)
        cs = Line("CS", pull=1)
        self._cs = FakePin(cs, FakePin.OUT, value=1)
        self._port = SpiPort(self.chip, None, sim.crc)
        self.bus = FakeSPI(sim.world, 1000000)
        self._slot = self.bus.attach(self._port, cs)
        self._deaf = DeafSpi(self._port)

    def registers(self):
        return SpiBus(self.bus, self._cs, self._world.sleep_us, self._crc, "bq769x2")

    def dead(self, on: bool) -> None:
        """Nobody hears, and MISO stays high."""
        self._slot.device = self._deaf if on else self._port

    def disturb(self, noise) -> None:
        """Wrap the monitor on its bus; None: well again."""
        self._slot.device = self._port if noise is None else SpokenTo(self._port, noise)
