"""The pack around an emulated Pico: plant and monitor model, in the emulator's time."""

from emulate.pico import Pico
from emulate.wires import I2C, Input, Output, PioClock
from sim.chips.bq769x2 import BQ769x2Model
from sim.chips.bq769x2_measure import FET_NODE
from sim.pins import Line
from sim.plant import Plant
from sim.world import World

# pins of boards/pico_bq76952
ALERT, CFETOFF, DFETOFF, INTERLOCK, SERVICE = 6, 7, 8, 13, 14
NTC_WIRING = (("TS1", 0), ("TS3", 1), ("HDQ", 2), ("DCHG", FET_NODE))
_NEVER_US = 1 << 60
_STEP_US = 50000  # the plant is looked at this often when nothing else happens


class Bench:
    """A Pico wired as `boards/pico_bq76952` says. `service`: its jumper is closed, no watchdog."""

    def __init__(
        self,
        cell_n: int = 16,
        soc: float = 0.5,
        crc: bool = False,
        service: bool = True,
        flash=None,
        shunt_uohm: int = 500,
        capacity_ah: float = 100.0,
        seed: int = 1,
    ):
        self._begin(flash, Plant(cell_n=cell_n, soc=soc, seed=seed, capacity_ah=capacity_ah))
        self.alert = Line("ALERT", pull=1)
        self.cfetoff = Line("CFETOFF")
        self.dfetoff = Line("DFETOFF")
        self.chip = BQ769x2Model(
            self.world,
            self.plant,
            crc=crc,
            cell_mask=(1 << (cell_n - 1)) - 1 | 0x8000,
            shunt_uohm=shunt_uohm,
            ntc=NTC_WIRING,
            alert=self.alert,
            cfetoff=self.cfetoff,
            dfetoff=self.dfetoff,
        )
        self.world.chips.append(self.chip)
        self.i2c = I2C(self.pico.mcu, 0, {self.chip.addr: self.chip}, self.follow)
        outputs = {CFETOFF: self.cfetoff, DFETOFF: self.dfetoff}
        self._connect(300000, [self.i2c], outputs, {ALERT: self.alert}, service)

    def _begin(self, flash, plant) -> None:
        """A pack, and a Pico without power."""
        self.pico = Pico(flash)
        self.pio_clock = PioClock(self.pico.mcu)
        self.plant = plant
        self.world = World(plant)
        self._alarm = self.pico.mcu.clock.create_alarm(self._tick)
        self._following = True  # it has no time yet

    def _connect(self, ready_us: int, buses, outputs, inputs, service: bool) -> None:
        """The Pico gets its power `ready_us` after the monitor; `outputs`, `inputs`: pin -> wire."""
        self.world.advance(ready_us)
        self._zero_us = self.world.now_us
        self._following = False
        mcu = self.pico.mcu
        self.outputs = [Output(mcu, pin, line, self.follow) for pin, line in outputs.items()]
        self.pico.on_reset += [bus.drop for bus in buses]
        self.pico.on_reset += [output.look for output in self.outputs]
        for pin, line in inputs.items():
            Input(mcu, pin, line)
        mcu.gpio[INTERLOCK].set_input_value(False)  # closed
        mcu.gpio[SERVICE].set_input_value(not service)
        self._schedule()

    # time --------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Bring plant and monitor to the Pico's present."""
        if self._following:
            return
        self._following = True
        now_us = self._zero_us + int(self.pico.clock.nanos // 1000)
        if now_us > self.world.now_us:
            self.world.advance(now_us - self.world.now_us)
        self._following = False

    def _tick(self) -> None:
        self.follow()
        self._schedule()

    def _schedule(self) -> None:
        """Wake at the next thing that happens by itself in the pack."""
        next_us = self.world.now_us + _STEP_US
        for chip in self.world.chips:
            next_us = min(next_us, chip.next_us() or _NEVER_US)
        if self.world._events:
            next_us = min(next_us, self.world._events[0].us)
        at_ns = (next_us - self._zero_us) * 1000
        self._alarm.schedule(max(at_ns - self.pico.clock.nanos, 1000))

    def touch(self, act) -> None:
        """Change the physical world now: `act(plant)`."""
        self.follow()
        self.world.sync()
        act(self.plant)
        self.world.advance(0)
        self._schedule()

    # what happened -----------------------------------------------------------------------------------

    def conducting(self) -> bool:
        """Both FETs physically conduct."""
        return self.plant.chg_on and self.plant.dsg_on

    def off(self) -> bool:
        """Neither does."""
        return not self.plant.chg_on and not self.plant.dsg_on
