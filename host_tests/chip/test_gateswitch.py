"""A switch made of pins, a latch, a dead-man, and several chips in the place of one."""

from types import SimpleNamespace

import pytest

from bms.cutoff import PinGate
from gateswitch import GateSwitch
from latch import ALARM_LATCH, Latch
from roles import (
    BOTH,
    CHG,
    DSG,
    FLAG_RESET,
    PDSG,
    STEP_BUSY,
    STEP_DIFFERS,
    STEP_PASS,
    TRIP_HWD,
    TRIP_SCD,
)
from sim.gates import And, DeadMan
from sim.pins import FakePin, Line
from sim.world import World
from split import Alerts, Cells, Guards
from strokegate import StrokedGate


class Gates:
    """A switch whose gates are on when pin and permission are."""

    def __init__(self):
        self.lines = {name: Line(name, pull=-1) for name in ("CHG", "DSG", "PDSG", "LIFT")}
        self.permit = Line("permit", pull=-1)
        self.host = self.permit.end("cut-off")
        self.host.drive(1)
        self.on = {}
        sense = []
        for name in ("CHG", "DSG", "PDSG"):
            wire = Line(name + "_ON")
            sense.append(FakePin(wire, FakePin.IN))
            And((self.lines[name], self.permit), self._act(name, wire.end("gate")))
        gates = [self._out(name) for name in ("CHG", "DSG", "PDSG")]
        self.cells = SimpleNamespace(stack_mv=13200, pack_mv=13200)
        self.meter = SimpleNamespace(pack_ma=0)
        self.sleeper = SimpleNamespace(sleep=lambda on: setattr(self, "asleep", on))
        self.switch = GateSwitch(
            gates, sense[:2], self.cells, self.meter, self._out("LIFT"), (self.sleeper,)
        )
        self.switch.load(SimpleNamespace(precharge_mv=1000, idle_ma=200))

    def _out(self, name):
        return FakePin(self.lines[name], FakePin.OUT, value=0)

    def _act(self, name, end):
        def act(on):
            self.on[name] = on
            end.drive(1 if on else 0)

        return act

    @property
    def bits(self):
        on = self.on
        return (CHG * on["CHG"]) | (DSG * on["DSG"]) | (PDSG * on["PDSG"])


def test_everything_is_off_at_first():
    assert Gates().bits == 0


@pytest.mark.parametrize("bits", [0, CHG, DSG, BOTH])
def test_what_is_permitted_is_on_and_is_read_back_from_the_gates(bits):
    gates = Gates()
    gates.switch.write_fets(bits)
    assert gates.bits == gates.switch.read_fets() == bits
    gates.host.drive(0)
    assert gates.bits == 0 and gates.switch.read_fets() == 0


def test_precharge_carries_the_current_until_the_terminals_are_near():
    gates = Gates()
    gates.cells.pack_mv = 0
    gates.switch.write_fets(CHG | DSG | PDSG)
    for pack_mv in (0, 6000, 12199):
        gates.cells.pack_mv = pack_mv
        assert gates.switch.read_fets() == gates.bits == CHG | PDSG
    gates.cells.pack_mv = 12200
    assert gates.switch.read_fets() == gates.bits == BOTH
    gates.cells.pack_mv = 11000
    assert gates.switch.read_fets() == BOTH, "a load that draws does not open it again"
    gates.switch.write_fets(0)
    gates.switch.write_fets(CHG | DSG | PDSG)
    assert gates.bits == CHG | PDSG, "each precharge begins anew"


@pytest.mark.parametrize("permitted, ma, on", [(DSG, -500, BOTH), (CHG, 500, BOTH)])
def test_a_body_diode_is_relieved_while_current_flows_through_it(permitted, ma, on):
    gates = Gates()
    gates.switch.write_fets(permitted)
    gates.meter.pack_ma = ma
    assert gates.switch.read_fets() == on
    gates.meter.pack_ma = ma // 10
    assert gates.switch.read_fets() == permitted
    gates.meter.pack_ma = -ma
    assert gates.switch.read_fets() == permitted, "never for the direction that is forbidden"


def test_nothing_permitted_means_nothing_whatever_flows():
    gates = Gates()
    for ma in (-5000, 5000):
        gates.meter.pack_ma = ma
        gates.switch.write_fets(0)
        assert gates.switch.read_fets() == gates.bits == 0


def test_load_detect_and_sleep_are_passed_on():
    gates = Gates()
    gates.switch.detect_load(True)
    assert gates.lines["LIFT"].level == 1
    gates.switch.detect_load(False)
    assert gates.lines["LIFT"].level == 0
    gates.switch.write_fets(BOTH)
    gates.switch.shutdown()
    assert gates.bits == 0 and gates.asleep is True


# -- latch and dead-man ------------------------------------------------------------------------------


def latch():
    wire, reset = Line("LATCHED", pull=1), Line("UNLATCH", pull=-1)
    comparator = wire.end("comparator")
    reset.watch(lambda level: level and comparator.drive(None))
    return Latch(FakePin(wire), FakePin(reset, FakePin.OUT, value=0), 300000, 200), comparator


def test_a_latch_tells_its_alarm_until_cleared_and_its_trip_for_some_scans():
    chip, comparator = latch()
    assert chip.read_alarm() == chip.read_status() == 0
    comparator.drive(0)
    told = []
    for _ in range(10):
        assert chip.read_alarm() == ALARM_LATCH
        told.append(chip.read_status())
    assert told == [TRIP_SCD] * 8 + [0] * 2
    chip.clear_alarm(0x40)
    assert chip.read_alarm() == ALARM_LATCH, "another's bit"
    chip.clear_alarm(ALARM_LATCH)
    assert chip.read_alarm() == 0


def test_a_short_that_comes_again_is_told_again():
    chip, comparator = latch()
    for _ in range(3):
        comparator.drive(0)
        chip.read_alarm()
        assert chip.read_status() == TRIP_SCD
        chip.clear_alarm(ALARM_LATCH)
        chip.read_alarm()


def test_arming_resets_the_latch():
    chip, comparator = latch()
    comparator.drive(0)
    chip.read_alarm()
    chip.arm()
    assert chip.read_alarm() == chip.read_status() == 0


def stroked():
    """A gate behind a timer of two seconds: pins, timer, world."""
    world = World()
    stroke, permit = Line("STROKE", pull=-1), Line("permit", pull=-1)
    timer = DeadMan(world, stroke, 2000000)
    pin = FakePin(permit, FakePin.OUT, value=1)
    gate = StrokedGate(PinGate((pin,)), FakePin(stroke, FakePin.OUT, value=0), FakePin(timer.out))
    return gate, permit, timer.out, world


def test_a_stroked_gate_is_closed_at_first_and_its_timer_runs_with_it():
    gate, permit, alive, _ = stroked()
    assert (permit.level, alive.level) == (0, 0)
    assert gate.open(False) is True
    assert (permit.level, alive.level) == (1, 1)
    gate.close()
    assert permit.level == 0


def test_strokes_keep_the_timer_running_and_their_absence_is_told():
    gate, _, alive, world = stroked()
    gate.open(False)
    for _ in range(5):
        world.advance(1500000)
        assert gate.stroke() is True and alive.level == 1
    world.advance(2100000)
    assert alive.level == 0
    assert gate.stroke() is False and alive.level == 0, (
        "what has lapsed is opened anew, not stroked"
    )


# -- several as one ----------------------------------------------------------------------------------


class Part:
    """A guard and alert that is told what to say."""

    def __init__(self, steps=(STEP_PASS,), trips=0, flags=0, differ_n=0, alarm=0, applied=None):
        self.steps = list(steps)
        self.trips, self.flags, self.differ_n, self.alarm = trips, flags, differ_n, alarm
        self.applied = applied or {}
        self.mismatch = 0x12 if differ_n or STEP_DIFFERS in steps else 0
        self.done = []

    def __getattr__(self, name):
        if name not in ("probe", "load", "arm"):
            raise AttributeError(name)
        return lambda *args: self.done.append(name)

    def verify_all(self):
        return self.differ_n

    def verify_step(self):
        return self.steps.pop(0)

    def read_status(self):
        return self.trips

    def read_alarm(self):
        return self.alarm

    def clear_alarm(self, bits):
        self.alarm &= ~bits


def test_every_part_is_probed_loaded_and_armed():
    one, two, fixed, told = Part(applied={"a": 1}), Part(applied={"b": 2}), Part(), Part()
    guard = Guards((one, two), (fixed,), (told,))
    guard.probe()
    guard.load(None)
    guard.arm()
    assert one.done == two.done == ["probe", "load", "arm"]
    assert fixed.done == ["load", "arm"] and told.done == ["load"]
    assert guard.applied == {"a": 1, "b": 2}


def test_a_pass_is_over_when_every_part_has_ended_one():
    one = Part([STEP_PASS, STEP_PASS, STEP_BUSY, STEP_PASS])
    two = Part([STEP_BUSY, STEP_PASS, STEP_PASS, STEP_BUSY])
    guard = Guards((one, two))
    assert [guard.verify_step() for _ in range(4)] == [STEP_BUSY, STEP_PASS, STEP_BUSY, STEP_PASS]


@pytest.mark.parametrize("bad", [0, 1])
def test_one_part_that_differs_is_enough(bad):
    parts = [Part([STEP_PASS]), Part([STEP_PASS])]
    parts[bad] = Part([STEP_DIFFERS], differ_n=3)
    guard = Guards(parts)
    assert guard.verify_step() == STEP_DIFFERS and guard.mismatch == 0x12
    assert guard.verify_all() == 3 and guard.mismatch == 0x12


def test_trips_flags_and_alarms_add_up():
    one, two = Part(trips=1, alarm=0x40), Part(trips=4, flags=FLAG_RESET, alarm=ALARM_LATCH)
    guard = Guards((one, two), (Part(trips=TRIP_HWD),))
    assert guard.read_status() == 5 | TRIP_HWD and guard.flags == FLAG_RESET
    alerts = Alerts((one, two))
    assert alerts.read_alarm() == 0x40 | ALARM_LATCH
    alerts.clear_alarm(0x40)
    assert alerts.read_alarm() == ALARM_LATCH


def test_cells_take_the_terminals_from_the_meter_and_forget_them_when_a_chip_fails():
    monitor = SimpleNamespace(stack_mv=13000, read_cells=lambda into: None)
    meter = SimpleNamespace(read_bus=lambda: 12900)
    cells = Cells(monitor, meter)
    cells.read_cells([])
    assert (cells.stack_mv, cells.pack_mv, cells.ld_mv) == (13000, 12900, 12900)

    def fail():
        raise OSError(5)

    meter.read_bus = fail
    with pytest.raises(OSError):
        cells.read_cells([])
    assert cells.pack_mv == cells.ld_mv == 0
