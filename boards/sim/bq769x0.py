"""A BQ76920, 30 or 40 on I2C, with high-side MOSFETs behind gates that the microcontroller must permit.

As in boards/pico_bq76940: each MOSFET conducts while the monitor drives it AND its off-pin is high AND the
dead-man has been stroked. The monitor's DSG output is the interrupt: it falls when the chip trips.
"""

from bms.cutoff import Cutoff, PinGate
from bq769x0 import BQ76920, BQ76930, BQ76940, BQ769x0
from regbus import RegBus
from sim.adc import FakeADC
from sim.bus import FakeI2C
from sim.chips.bq769x0 import BQ769x0Model
from sim.chips.bq769x0_measure import FET_NODE, inputs_for
from sim.gates import And, DeadMan
from sim.mischief_bus import FrozenWire, StuckBus
from sim.pins import FakePin, Line
from strokegate import StrokedGate
from terminals import Terminals

_PARTS = (BQ76920, BQ76930, BQ76940)
_CELLS_MAX = 15
_I2C_HZ = 100000
_TIMEOUT_US = 50000
_DEAD_MAN_US = 2000000
_FULL_MV_PER_CELL = 5500  # of the dividers in front of the ADC


def part_for(cell_n: int):
    """The smallest part that takes this many cells."""
    return _PARTS[0 if cell_n <= 5 else 1 if cell_n <= 10 else 2]


def fit(values) -> None:
    """What a configuration must say to fit a member of the family: 15 cells, one thermistor a group.

    The topmost thermistor sits at the MOSFETs where there is more than one.
    """
    values["cell_n"] = min(values["cell_n"], _CELLS_MAX)
    groups = part_for(values["cell_n"])[1]
    values["ntc_n"] = min(values.get("ntc_n", 3), max(groups - 1, 1))


class Hardware:
    """Model, bus, gates and wires; they outlive the microcontroller's resets."""

    def __init__(self, sim):
        world, plant, config = sim.world, sim.plant, sim.config
        self._world = world
        self._plant = plant
        self._crc = sim.crc
        self._part = part_for(config.cell_n)
        self.bus = FakeI2C(world, freq=_I2C_HZ)
        self.stuck = StuckBus(self.bus, world, _TIMEOUT_US)
        chg, dsg = Line("CHG"), Line("DSG")
        self._sense = Line("DSG at the microcontroller", pull=FakePin.PULL_UP)
        self._sense_wire = FrozenWire(dsg, self._sense)
        self._permits = (Line("permit CHG", pull=-1), Line("permit DSG", pull=-1))
        self._stroke = Line("STROKE", pull=-1)
        self._boot = Line("BOOT", pull=-1)
        self._pdsg = Line("PDSG", pull=-1)
        self._lift = Line("LIFT", pull=-1)
        alive = DeadMan(world, self._stroke, _DEAD_MAN_US).out
        self._gates = (
            And((chg, self._permits[0], alive), lambda on: setattr(plant, "chg_on", on)),
            And((dsg, self._permits[1], alive), lambda on: setattr(plant, "dsg_on", on)),
            And((self._pdsg, self._permits[1], alive), lambda on: setattr(plant, "pdsg_on", on)),
            And((self._lift,), lambda on: setattr(plant, "load_detect", on)),
        )
        ntc = [None] * self._part[1]
        ntc[: config.ntc_n] = list(range(config.ntc_n))
        if self._fet_ntc(config) is not None:
            ntc[-1] = FET_NODE
        self.chip = BQ769x0Model(
            world,
            plant,
            part=self._part[0],
            crc=sim.crc,
            inputs=inputs_for(self._part[0], config.cell_n),
            shunt_uohm=config.shunt_uohm,
            ntc=ntc,
            chg=chg,
            dsg=dsg,
            boot=self._boot,
        )
        self.bus.attach(self.chip)
        world.chips.append(self.chip)

    def _fet_ntc(self, config):
        groups = self._part[1]
        return f"TS{groups}" if config.ntc_n < groups else None

    def fill(self, board, config) -> None:
        """Drivers and pins, as after a reset of the microcontroller."""
        world, plant = self._world, self._plant
        bus = RegBus(self.stuck, 0x08, crc=self._crc, name="bq769x0", size=52, short_crc=True)
        full_mv = _FULL_MV_PER_CELL * config.cell_n
        wires = (self._pdsg, self._lift, self._boot, self._stroke)
        pdsg, lift, boot, stroke = [FakePin(wire, FakePin.OUT, value=0) for wire in wires]
        terminals = Terminals(
            FakeADC(lambda: plant.pack_v, full_mv),
            full_mv,
            pdsg,
            lift,
            FakeADC(lambda: plant.stack_v, full_mv),
        )
        chip = BQ769x0(
            bus,
            self._part,
            config.cell_n,
            world.sleep_us,
            ntc=("TS1", "TS2", "TS3")[: config.ntc_n],
            fet_ntc=self._fet_ntc(config),
            boot=boot,
            terminals=terminals,
        )
        board.cells = board.shunt = board.temps = board.switch = chip
        board.bleed = board.guard = board.alert = chip
        board.off_pins = tuple([FakePin(line, FakePin.OUT, value=0) for line in self._permits])
        board.alert_pin = FakePin(self._sense, FakePin.IN, pull=FakePin.PULL_UP)
        board.more_pins = (pdsg, lift, boot, stroke)
        gate = StrokedGate(PinGate(board.off_pins), stroke)
        board.cutoff = Cutoff(gate, board.alert_pin, FakePin.IRQ_FALLING, rests_high=False)

    def dead(self, on: bool) -> None:
        """Each access uses up its time-out and fails."""
        self.stuck.on = on

    def deaf(self, on: bool) -> None:
        """The wire from DSG to the interrupt breaks."""
        self._sense_wire.on = on

    def disturb(self, noise) -> None:
        """Wrap the monitor on its bus; None: well again."""
        self.bus.detach(self.chip.addr)
        self.bus.attach(self.chip if noise is None else noise(self.chip))
