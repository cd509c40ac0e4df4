"""A chain of LTC6811 on SPI, an INA228 on I2C, and gates on the microcontroller's own pins.

Up to 12 cells on one device, else two. Wired as boards/pico_ltc6811 is: a comparator with a latch beyond
scd_ma, a dead-man's timer, and everything that opens FETs in one row of AND gates.
"""

from bms.cutoff import Cutoff, PinGate
from gateswitch import GateSwitch
from ina22x import INA228, INA22x
from latch import Latch
from ltc681x import LTC6811, LTC681x
from regbus import RegBus
from sim.bus import FakeI2C
from sim.chips.ina22x import INA22xModel
from sim.chips.ltc681x import FET_NODE, LTC681xModel
from sim.chips.ltc681x_chain import LTC681xChain
from sim.comparator import Comparator
from sim.gates import And, DeadMan
from sim.mischief_bus import FrozenWire, StuckBus
from sim.mischief_spi import DeafSpi, SpokenTo
from sim.pins import Line, PinBank
from sim.spi import FakeSPI
from split import Alerts, Cells, Guards
from strokegate import StrokedGate

_TIMEOUT_US = 50000
_DEAD_MAN_US = 1600000
_INPUT_N = 12
_NTC_GPIOS = (1, 2, 3)  # of every device, in order
_FET_GPIO = 4
_ALERT_US = 5  # comparator to latch, of its delay


def share(cell_n: int):
    """Cells of each device."""
    if cell_n <= _INPUT_N:
        return (cell_n,)
    return ((cell_n + 1) // 2, cell_n // 2)


def places(ntc_n: int, device_n: int):
    """(device, GPIO) of thermistors: GPIO1-3 of the first device, then of the next."""
    return [(i // len(_NTC_GPIOS), _NTC_GPIOS[i % len(_NTC_GPIOS)]) for i in range(ntc_n)]


class Chips:
    """What a brown-out happens to, as one."""

    def __init__(self, chain, meter):
        self.chain = chain
        self.meter = meter

    @property
    def strict(self) -> bool:
        return self.meter.strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        self.chain.strict = strict
        self.meter.strict = strict

    @property
    def illegal(self) -> list:
        return self.chain.illegal + self.meter.illegal

    def brown_out(self) -> None:
        self.chain.brown_out()
        self.meter.brown_out()

    def wake_pin(self) -> None:
        """There is none: the microcontroller looks by itself, rarely."""


class Traffic:
    """SPI and I2C counted together; nine tenths of the bytes are on the SPI."""

    def __init__(self, spi, i2c):
        self._spi = spi
        self._i2c = i2c
        self.freq = spi.baudrate

    @property
    def transactions(self) -> int:
        return self._spi.transactions + self._i2c.transactions

    @property
    def wire_bytes(self) -> int:
        return self._spi.wire_bytes + self._i2c.wire_bytes


class Hardware:
    """Models, buses and wires; they outlive the microcontroller's resets."""

    def __init__(self, sim):
        self._world = sim.world
        self._config = sim.config
        self._plant = sim.plant
        self._shares = share(sim.config.cell_n)
        self._bank = PinBank()
        self._make_wires()
        self._make_buses(sim.world)
        self._make_chain(sim.world, sim.plant)
        self._meter = INA22xModel(
            sim.world, sim.plant, shunt_uohm=sim.config.shunt_uohm, alert=self._alert_end
        )
        self._i2c.attach(self._meter)
        self._make_gates(sim.world, sim.plant)
        self.chip = Chips(self._chain, self._meter)
        self.bus = Traffic(self._spi, self._i2c)
        sim.world.chips.extend((self._chain, self._meter, self._comparator))

    def _make_wires(self) -> None:
        self._alert_end = Line("ALERT at the meter", pull=1)
        self._bank.connect("ALERT", Line("ALERT", pull=1))
        self._alert_wire = FrozenWire(self._alert_end, self._bank.line("ALERT"))
        for name in ("CHG", "DSG", "PDSG", "CFETOFF", "DFETOFF", "LIFT", "STROKE", "UNLATCH"):
            self._bank.connect(name, Line(name, pull=-1))
        self._bank.connect("CS", Line("CS", pull=1))

    def _make_buses(self, world) -> None:
        self._spi = FakeSPI(world, 1000000, 1, 1)
        self._i2c = FakeI2C(world)
        self._stuck = StuckBus(self._i2c, world, _TIMEOUT_US)

    def _make_chain(self, world, plant) -> None:
        devices = []
        first = 0
        wired = places(self._config.ntc_n, len(self._shares))
        for k in range(len(self._shares)):
            gpios = {wired[i][1]: i for i in range(len(wired)) if wired[i][0] == k}
            if k == 0:
                gpios[_FET_GPIO] = FET_NODE
            devices.append(LTC681xModel(world, plant, "LTC6811", first, self._shares[k], gpios))
            first += self._shares[k]
        self._chain = LTC681xChain(world, devices)
        self._slot = self._spi.attach(self._chain, self._bank.line("CS"))
        self._deaf_spi = DeafSpi(self._chain)

    def _make_gates(self, world, plant) -> None:
        line = self._bank.line
        self._comparator = Comparator(
            plant,
            self._config.scd_ma / 1000,
            self._config.scd_us - _ALERT_US,
            line("LATCHED").end("latch"),
            self._alert_end.end("latch"),
            line("UNLATCH"),
        )
        alive = DeadMan(world, line("STROKE"), _DEAD_MAN_US).out
        self._bank.connect("ALIVE", alive)
        fine = (line("LATCHED"), alive)
        for name, permit, act in (
            ("CHG", "CFETOFF", self._act("chg_on", "CHG_ON")),
            ("DSG", "DFETOFF", self._act("dsg_on", "DSG_ON")),
            ("PDSG", "DFETOFF", lambda on: setattr(plant, "pdsg_on", on)),
        ):
            And((line(name), line(permit)) + fine, act)
        And((line("LIFT"),), lambda on: setattr(plant, "load_detect", on))

    def _act(self, name: str, sense: str):
        """What a gate does: the plant's FET, and the wire that tells of it."""
        plant = self._plant
        end = self._bank.line(sense).end("gate")

        def act(on: bool) -> None:
            setattr(plant, name, on)
            end.drive(1 if on else 0)

        return act

    def fill(self, board, config) -> None:
        """Drivers and pins, as after a reset of the microcontroller."""
        self._bank.release()
        world = self._world
        chain = LTC681x(
            self._spi,
            self._out("CS", 1),
            LTC6811,
            self._shares,
            world.sleep_us,
            ntc=places(config.ntc_n, len(self._shares)),
            fet_ntc=(0, _FET_GPIO),
        )
        bus = RegBus(self._stuck, 0x40, name="ina228")
        meter = INA22x(bus, INA228, config.shunt_uohm)
        latch = Latch(self._in("LATCHED"), self._out("UNLATCH"), config.scd_ma, config.scd_us)
        board.cells = Cells(chain, meter)
        board.shunt = meter
        board.temps = board.bleed = chain
        board.switch = self._switch(board.cells, meter, chain)
        board.guard = Guards((chain, meter), (latch,), (board.switch,))
        board.alert = Alerts((meter, latch))
        board.off_pins = (self._out("CFETOFF"), self._out("DFETOFF"))
        board.more_pins = (self._bank,)
        board.alert_pin = self._bank.pin("ALERT", 0, 1)
        gate = StrokedGate(PinGate(board.off_pins), self._out("STROKE"), self._in("ALIVE"))
        board.cutoff = Cutoff(gate, board.alert_pin, 4)

    def _switch(self, cells, meter, chain):
        gates = [self._out(name) for name in ("CHG", "DSG", "PDSG")]
        sense = [self._in(name) for name in ("CHG_ON", "DSG_ON")]
        return GateSwitch(gates, sense, cells, meter, self._out("LIFT"), (chain,))

    def _out(self, name: str, level: int = 0):
        return self._bank.pin(name, 1, value=level)

    def _in(self, name: str):
        return self._bank.pin(name, 0)

    def dead(self, on: bool) -> None:
        """Both buses: each access fails, on I2C after its time-out."""
        self._stuck.on = on
        self._slot.device = self._deaf_spi if on else self._chain

    def deaf(self, on: bool) -> None:
        """The common wire of both alert outputs breaks."""
        self._alert_wire.on = on

    def disturb(self, noise) -> None:
        """Wrap the meter on its bus and the chain on its own; None: well again."""
        self._i2c.attach(self._meter if noise is None else noise(self._meter))
        self._slot.device = self._chain if noise is None else SpokenTo(self._chain, noise)
