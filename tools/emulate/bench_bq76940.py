"""The pack around an emulated Pico that is wired as `boards/pico_bq76940` says."""

from emulate.bench import Bench
from emulate.wires import I2C
from sim.adc import FakeADC
from sim.chips.bq769x0 import BQ769x0Model
from sim.chips.bq769x0_measure import FET_NODE, inputs_for
from sim.gates import And, DeadMan
from sim.pins import Line
from sim.plant import Plant

TRIPPED, CFETOFF, DFETOFF, PDSG, LIFT, BOOT, STROKE = 6, 7, 8, 9, 15, 16, 17
_FULL_MV = 82500
_PACK, _STACK = 0, 1  # ADC channels


class Bench940(Bench):
    """Time and people as on the other bench; another monitor, gates and a dead-man around it."""

    def __init__(self, cell_n=15, soc=0.5, crc=True, service=True, flash=None, shunt_uohm=500):
        self._begin(flash, Plant(cell_n=cell_n, soc=soc, ntc_n=2))
        plant, world = self.plant, self.world
        lines = {
            pin: Line(f"GP{pin}", pull=-1) for pin in (CFETOFF, DFETOFF, PDSG, LIFT, BOOT, STROKE)
        }
        self.cfetoff, self.dfetoff = lines[CFETOFF], lines[DFETOFF]
        chg, self.dsg = Line("CHG"), Line("DSG")
        alive = DeadMan(world, lines[STROKE]).out
        self._gates = (
            And((chg, self.cfetoff, alive), lambda on: setattr(plant, "chg_on", on)),
            And((self.dsg, self.dfetoff, alive), lambda on: setattr(plant, "dsg_on", on)),
            And((lines[PDSG], self.dfetoff, alive), lambda on: setattr(plant, "pdsg_on", on)),
            And((lines[LIFT],), lambda on: setattr(plant, "load_detect", on)),
        )
        self.chip = BQ769x0Model(
            world,
            plant,
            crc=crc,
            inputs=inputs_for("BQ76940", cell_n),
            shunt_uohm=shunt_uohm,
            ntc=(0, 1, FET_NODE),
            chg=chg,
            dsg=self.dsg,
            boot=lines[BOOT],
        )
        world.chips.append(self.chip)
        self._adcs = (
            FakeADC(lambda: plant.pack_v, _FULL_MV),
            FakeADC(lambda: plant.stack_v, _FULL_MV),
        )
        self.i2c = I2C(self.pico.mcu, 0, {self.chip.addr: self.chip}, self.follow)
        self._connect(1000000, [self.i2c], lines, {TRIPPED: self.dsg}, service)

    def follow(self) -> None:
        """The same, and the ADC's inputs."""
        super().follow()
        values = self.pico.mcu.adc.channel_values
        values[_PACK] = self._adcs[0].read_u16() >> 4
        values[_STACK] = self._adcs[1].read_u16() >> 4
