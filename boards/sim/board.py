"""The simulator as a board: the same contract as real boards, wired to `tools/sim`.

`make(config, bench)` hands out roles exactly as a hardware board does. `make_sim()` builds the whole
world around it: plant, monitor of some family, bus, pack, scan. The firmware knows no difference.
"""

from bms.bits import SHUTDOWN, SLEEP
from bms.config import Config
from bms.pack import Pack
from bms.scan import Scan
from boards.sim.families import FAMILIES, FITS
from sim.mischief import MISCHIEF
from sim.plant import Plant
from sim.world import STEP_US, World

NAME = "sim"
FAMILY = "bq769x2"  # unless another is asked for
_HEATER = 1  # OUT_* of bms.bits
_FAN = 2
_CONTACTORS = 4 | 8
# Electronics at the stack, mA: an RP2040 behind a step-down converter; estimates. In SHUTDOWN the
# monitor's regulator, which enables the converter, is off.
_OWN_MA = 15.0
_OWN_ASLEEP_MA = 2.0
_OWN_SHUT_MA = 0.05
_SLOW_US = 60000000  # storage: nothing happens in a minute


class Outputs:
    """Heater, fan and (if there is one) the contactor of the plant; the rest is only remembered.

    One contactor serves both directions: it is closed while either of its two outputs is on.
    """

    def __init__(self, plant, contactor: bool):
        self._plant = plant
        self._contactor = contactor
        plant.contactor_open = contactor
        self.bits = 0

    def write(self, bits: int) -> None:
        self.bits = bits
        self._plant.heater_on = bool(bits & _HEATER)
        self._plant.fan_on = bool(bits & _FAN)
        self._plant.contactor_open = self._contactor and not bits & _CONTACTORS


class Watchdog:
    """The microcontroller's watchdog: `starved` after `timeout_us` without a stroke."""

    def __init__(self, world, timeout_us: int = 8000000):
        self._world = world
        self._timeout_us = timeout_us
        self._fed_us = world.now_us

    def feed(self) -> None:
        self._fed_us = self._world.now_us

    def starved(self) -> bool:
        """It would have reset the microcontroller by now."""
        return self._world.now_us - self._fed_us > self._timeout_us


class Board:
    """One object per role, as every board has them; those of the monitor come from its family."""

    def __init__(self, config, sim):
        self.name = NAME
        self.ntcs = ()  # a family without a word about it takes as many as are asked for
        self.outputs = Outputs(sim.plant, sim.contactor)
        self.interlock = plant_interlock(sim.plant)
        self.clock = None  # simulated time calls `tick` itself
        self.watchdog = Watchdog(sim.world)
        self.uart = None
        self.ble_links = 0
        self.button = None
        sim.monitor.fill(self, config)


def plant_interlock(plant):
    """The interlock input: true while the loop is open."""
    return lambda: plant.interlock_open


class Sim:
    """World, plant, monitor, bus, pack and scan; `step()` runs to the next scan and makes it."""

    def __init__(self, config, plant, family=FAMILY, crc: bool = True, contactor: bool = False):
        self.config = config
        self.plant = plant
        self.world = World(plant)
        self.crc = crc
        self.contactor = contactor
        self.family = family
        self.monitor = FAMILIES[family](self)
        self.chip = self.monitor.chip
        self.frozen = False
        self.mischief = MISCHIEF
        self.hooks = {
            "dead_bus": self.monitor.dead,
            "brown_out": self._brown_out,
            "frozen_interpreter": self._freeze,
            "broken_alert": self.monitor.deaf,
        }
        self.world.advance(300000)  # the monitor's own start-up
        self.boot()

    def boot(self) -> None:
        """Start the firmware, as after a reset of the microcontroller."""
        self.board = make(self.config, self)
        self.pack = Pack(self.config)
        self.scan = Scan(self.pack, self.board)
        self.blackbox = None  # called between two scans when there is one
        self.board.cutoff.wake = self._wake
        self._woken = False
        self._last_us = self.world.now_us
        self.frozen = False

    def step(self) -> None:
        """Advance to the next due scan, or to the alert that wakes it early, and tick once."""
        self._rest()
        self.world.sync()
        if self.frozen:
            self._last_us = self.world.now_us
            self._watch()
            return
        now_us = self.world.now_us
        dt_ms = (now_us - self._last_us) // 1000
        self._last_us += dt_ms * 1000
        self.scan.tick(dt_ms)
        self._draw()
        if self.blackbox is not None:
            self.blackbox.slack()

    def run(self, seconds: float) -> None:
        """Step until this much simulated time has passed."""
        end_us = self.world.now_us + int(seconds * 1000000)
        while self.world.now_us < end_us:
            self.step()

    def run_until(self, condition, seconds: float) -> bool:
        """Step until `condition()` holds, at most this long; did it?"""
        end_us = self.world.now_us + int(seconds * 1000000)
        while self.world.now_us < end_us:
            self.step()
            if condition():
                return True
        return False

    def _rest(self) -> None:
        world = self.world
        asleep = self.scan.period_ms > 1000 and not self.plant.current_a
        world.coarsen(_SLOW_US if asleep else STEP_US, _SLOW_US if asleep else 0)
        due_us = self._last_us + self.scan.period_ms * 1000
        if self.scan.again:
            due_us = world.now_us
        while not self._woken and world.now_us < due_us:
            world.rest(due_us - world.now_us)
        if not self._woken and world.now_us == self._last_us:
            world.advance(1000)
        self._woken = False

    def _draw(self) -> None:
        """What the electronics take from the stack now."""
        mode = self.pack.mode.mode
        own_ma = _OWN_ASLEEP_MA if mode == SLEEP else _OWN_SHUT_MA if mode == SHUTDOWN else _OWN_MA
        if own_ma != self.plant.own_ma:
            self.world.sync()
            self.plant.own_ma = own_ma

    def _wake(self) -> None:
        self._woken = True
        self.world.halt()

    def _watch(self) -> None:
        """The microcontroller's watchdog resets a frozen interpreter when its hook says so."""
        if self.watchdog_resets and self.board.watchdog.starved():
            self.release_pins()
            self.boot()

    watchdog_resets = False

    def release_pins(self) -> None:
        """All pins of the microcontroller float, as in reset or without supply."""
        for pin in self.board.off_pins:
            pin.release()
        for pin in getattr(self.board, "more_pins", ()):
            pin.release()
        self.board.alert_pin.release()

    def _brown_out(self, on: bool) -> None:
        if on:
            self.chip.brown_out()

    def _freeze(self, on: bool) -> None:
        self.frozen = on


def make(config, bench: Sim) -> Board:
    """Roles on the simulated hardware."""
    return Board(config, bench)


def make_sim(
    cell_n=16,
    seed=1,
    config=None,
    trace=None,
    crc=True,
    contactor=False,
    family=FAMILY,
    **plant_args,
) -> Sim:
    """A whole simulated pack. `config`: dict of overrides; `trace`: sim.trace.Trace that drives it."""
    values = dict(config or {})
    values.setdefault("cell_n", cell_n)
    if family in FITS:
        FITS[family](values)
    ready = Config(values)
    plant_args.setdefault("capacity_ah", ready.capacity_mah / 1000)
    plant = Plant(cell_n=ready.cell_n, seed=seed, ntc_n=ready.ntc_n, trace=trace, **plant_args)
    return Sim(ready, plant, family, crc, contactor)
