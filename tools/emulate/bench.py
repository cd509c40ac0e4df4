"""The pack around an emulated Pico: plant and monitor model, in the emulator's time."""

from emulate.pico import Pico
from emulate.wires import I2C, Input, Output, PioClock
from sim.chips.bq769x2 import BQ769x2Model
from sim.chips.bq769x2_measure import FET_NODE
from sim.pins import Line
from sim.plant import Plant
from sim.world import World

# pins of boards/pico_bq76952
SDA, SCL, ALERT, CFETOFF, DFETOFF, INTERLOCK, SERVICE = 4, 5, 6, 7, 8, 13, 14
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
        self.pico = Pico(flash)
        mcu = self.pico.mcu
        PioClock(mcu)
        self.plant = Plant(cell_n=cell_n, soc=soc, seed=seed, capacity_ah=capacity_ah)
        self.world = World(self.plant)
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
        self.world.advance(300000)  # the monitor was there before the Pico got its power
        self._zero_us = self.world.now_us
        self._alarm = mcu.clock.create_alarm(self._tick)
        self._following = False
        self.i2c = I2C(mcu, 0, {self.chip.addr: self.chip}, self.follow)
        self.outputs = (
            Output(mcu, CFETOFF, self.cfetoff, self.follow),
            Output(mcu, DFETOFF, self.dfetoff, self.follow),
        )
        self.pico.on_reset += [self.i2c.drop, *[output.look for output in self.outputs]]
        Input(mcu, ALERT, self.alert)
        self._levels(mcu, service)
        self._schedule()

    def _levels(self, mcu, service: bool) -> None:
        mcu.gpio[INTERLOCK].set_input_value(False)  # closed
        mcu.gpio[SERVICE].set_input_value(not service)

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
