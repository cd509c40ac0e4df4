"""The clock of the simulator: who is called when, and that the plant never misses anything."""

import pytest

from sim.plant import Plant
from sim.world import World

NEVER_US = 1 << 62


class Ticker:
    """A chip with a deadline every so often."""

    def __init__(self, period_us):
        self.period_us = period_us
        self.due_us = period_us
        self.runs = []

    def next_us(self):
        return self.due_us

    def run(self, now_us):
        self.runs.append(now_us)
        while self.due_us <= now_us:
            self.due_us += self.period_us


class Comparator:
    """Opens both FETs a fixed time after it has seen too much current."""

    def __init__(self, plant, delay_us, limit_a=300.0):
        self.plant = plant
        self.delay_us = delay_us
        self.limit_a = limit_a
        self.due_us = NEVER_US

    def next_us(self):
        return self.due_us

    def run(self, now_us):
        if abs(self.plant.current_a) < self.limit_a:
            self.due_us = NEVER_US
        elif self.due_us == NEVER_US:
            self.due_us = now_us + self.delay_us
        elif now_us >= self.due_us:
            self.plant.chg_on = self.plant.dsg_on = False
            self.due_us = NEVER_US


def closed(**more):
    plant = Plant(spread=0.0, **more)
    plant.own_ma = 0.0
    plant.chg_on = plant.dsg_on = True
    plant.settle()
    return plant


def test_time_passes_only_when_advanced():
    world = World()
    assert world.now_us == 0
    world.advance(1234)
    world.sleep_us(766)
    world.advance(0)
    assert world.now_us == 2000


def test_ticks_wrap_like_micropythons():
    world = World()
    world.now_us = (1 << 30) + 5
    assert world.ticks_us() == 5
    assert world.ticks_ms() == ((1 << 30) + 5) // 1000
    world.now_us = ((1 << 30) + 7) * 1000
    assert world.ticks_ms() == 7


def test_time_does_not_go_back():
    with pytest.raises(ValueError, match="go back"):
        World().advance(-1)


def test_events_come_at_their_exact_time_in_order_first_come_first_served():
    world = World()
    seen = []
    for name, us in (("late", 900), ("a", 500), ("b", 500), ("early", 100), ("never", 5000)):
        world.at(us, lambda name=name: seen.append((name, world.now_us)))
    world.advance(1000)
    assert seen == [("early", 100), ("a", 500), ("b", 500), ("late", 900)]
    assert world.now_us == 1000


def test_an_event_may_plan_another_even_for_now():
    world = World()
    seen = []

    def first():
        world.after(0, lambda: seen.append(world.now_us))
        world.after(10, lambda: seen.append(world.now_us))

    world.at(100, first)
    world.advance(100)
    assert seen == [100]
    world.advance(10)
    assert seen == [100, 110]


def test_a_cancelled_event_does_not_come():
    world = World()
    seen = []
    event = world.at(100, lambda: seen.append("cancelled"))
    world.at(50, event.cancel)
    other = world.at(60, lambda: seen.append("came"))
    world.advance(1000)
    other.cancel()
    assert seen == ["came"]


def test_an_event_in_the_past_comes_with_the_next_advance():
    world = World()
    world.advance(1000)
    seen = []
    world.at(10, lambda: seen.append(world.now_us))
    world.advance(1)
    assert seen == [1000]


def test_chips_run_at_their_deadlines_after_events_and_at_the_end():
    world = World()
    ticker = Ticker(300)
    world.chips.append(ticker)
    world.at(450, lambda: None)
    world.advance(1000)
    assert ticker.runs == [300, 450, 600, 900, 1000]


def test_an_idle_chip_may_say_none():
    world = World()
    ticker = Ticker(300)
    ticker.next_us = lambda: None
    world.chips.append(ticker)
    world.advance(1000)
    assert ticker.runs == [1000]


@pytest.mark.parametrize("where", ["event", "chip"])
def test_nobody_advances_time_from_inside(where):
    world = World()
    if where == "event":
        world.at(10, lambda: world.advance(1))
    else:
        ticker = Ticker(10)
        ticker.run = lambda now_us: world.advance(1)
        world.chips.append(ticker)
    with pytest.raises(RuntimeError, match="inside"):
        world.advance(100)


def test_time_goes_on_after_an_exception_in_an_event():
    world = World()

    def fail():
        raise KeyError("mine")

    world.at(10, fail)
    with pytest.raises(KeyError):
        world.advance(100)
    world.advance(100)
    assert world.now_us == 110


def test_a_chip_whose_deadline_stands_still_is_told_of():
    world = World()
    ticker = Ticker(10)
    ticker.run = lambda now_us: None
    world.chips.append(ticker)
    with pytest.raises(RuntimeError, match="stands still.*Ticker"):
        world.advance(100)


def test_many_advances_of_nothing_are_harmless():
    world = World(closed())
    for _ in range(20000):
        world.advance(0)
    assert world.now_us == 0


def test_a_step_is_never_longer_than_asked():
    plant = closed()
    world = World(plant, step_us=100000)
    steps = []
    live = plant.integrate
    plant.integrate = lambda us: (steps.append(us), live(us))
    world.advance(1050000)
    assert max(steps) == 100000
    assert sum(steps) == 1050000


def test_tiny_steps_work_too():
    world = World(closed(), step_us=500)
    world.advance(5000)
    assert world.plant.now_us == 5000


def test_a_short_opens_the_fets_after_exactly_the_chips_delay():
    plant = closed()
    world = World(plant)
    world.chips.append(Comparator(plant, 195))
    plant.worst.watch_a = 300.0
    world.at(1234567, lambda: plant.outside.short(0.05))
    world.advance(3000000)
    assert plant.worst.openings == [(1234762, "chg"), (1234762, "dsg")]
    assert plant.worst.over_us == 195
    assert plant.worst.peak_us == 1234567
    assert plant.worst.discharge_a_max > 800.0
    assert plant.current_a == 0.0


def test_small_advances_may_leave_the_plant_behind_but_not_far():
    world = World(closed())
    world.advance(3000)
    assert world.plant.now_us == 0
    world.advance(8000)
    assert world.plant.now_us == 11000
    world.advance(10)
    world.sync()
    assert world.plant.now_us == world.now_us


def test_a_fet_that_opens_between_small_advances_splits_the_charge_exactly():
    plant = closed()
    world = World(plant)
    plant.outside.load(amps=36.0)
    world.advance(1000000)
    world.advance(4000)
    plant.dsg_on = False  # as a chip does when the host writes to it
    world.advance(5000)
    world.advance(1000000)
    assert plant.discharged_ah == pytest.approx(36.0 * 1.004 / 3600, rel=1e-5)
    assert plant.worst.openings == [(1004000, "dsg")]


def test_what_changes_by_an_event_acts_before_the_chips_look():
    plant = closed()
    world = World(plant)
    seen = []

    class Looker(Ticker):
        def run(self, now_us):
            super().run(now_us)
            seen.append((now_us, round(plant.current_a)))

    world.chips.append(Looker(NEVER_US))
    world.at(777, lambda: plant.outside.load(amps=50.0))
    world.advance(1000)
    assert seen == [(777, -50), (1000, -50)]


def test_a_world_takes_over_the_time_of_its_plant():
    plant = closed()
    plant.step(5000000)
    world = World(plant)
    world.advance(1000000)
    assert plant.now_us == world.now_us == 6000000


def test_stops_do_not_change_the_physics():
    ends = []
    for period_us in (NEVER_US, 63000, 1700):
        plant = closed(soc=0.9)
        world = World(plant)
        world.chips.append(Ticker(period_us))
        world.at(3333333, lambda plant=plant: plant.outside.load(watts=3000.0))
        for _ in range(20):
            world.advance(250000)
        ends.append((plant.soc(), plant.cell_v[0]))
    for soc, volts in ends:
        assert soc == pytest.approx(ends[0][0], abs=1e-7)
        assert volts == pytest.approx(ends[0][1], abs=1e-4)
