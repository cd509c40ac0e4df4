"""Monitors that do not do what they are told, and packs that get over it."""

import pytest

from bms import bits
from host_tests.system.rig import events, running, touch, tripped
from roles import FLAG_SHUTDOWN
from sim.pins import Line


def test_a_monitor_that_a_charger_keeps_from_shutting_down_is_reset_and_armed_again():
    sim = running(cell_n=4)
    touch(sim, lambda plant: plant.outside.attach(13.6, 5))
    sim.run(2)
    sim.chip.power.shutdown(sim.world.now_us)  # nobody meant it: a bit flipped on the wire
    assert sim.run_until(lambda: sim.pack.snap.flags & FLAG_SHUTDOWN, 1)
    assert sim.pack.mode.mode == bits.SELFTEST
    assert not sim.board.cutoff.permits
    assert sim.run_until(lambda: sim.pack.mode.mode == bits.RUN, 10), events(sim)
    assert not sim.pack.snap.flags & FLAG_SHUTDOWN
    sim.run(5)
    assert sim.plant.chg_on and sim.plant.dsg_on
    assert not tripped(sim), "nothing waits for a person"


def test_an_isl94202_keeps_its_charge_over_current_until_the_charger_is_unplugged():
    sim = running(cell_n=4, family="isl94202")
    touch(sim, lambda plant: plant.outside.attach(14.6, 200))
    assert sim.run_until(lambda: "chip_occ" in tripped(sim), 10), events(sim)
    sim.run(300)
    assert not sim.plant.chg_on and "chip_occ" in tripped(sim)
    touch(sim, lambda plant: plant.outside.detach())
    sim.run(10)
    touch(sim, lambda plant: plant.outside.attach(13.4, 2))
    assert sim.run_until(lambda: sim.pack.mode.mode == bits.RUN, 60), tripped(sim)


def ripple(sim, start, low_a, high_a):
    """`start(amps)` with these in turn, 5 ms each."""

    def swing(amps, other):
        start(amps)
        sim.world.at(sim.world.now_us + 5003, lambda: swing(other, amps))

    sim.world.at(sim.world.now_us + 1, lambda: swing(low_a, high_a))


def judge(sim, opens, plant_off, rows):
    """Some monitors give means themselves; to others cells and stack of two moments do not add up."""
    sim.run_until(lambda: rows & set(tripped(sim)), 25)
    assert bool(rows & set(tripped(sim))) == opens, events(sim)
    assert plant_off() or not opens


@pytest.mark.parametrize("low_a, high_a, opens", [(35, 75, True), (15, 75, False)])
def test_a_charger_that_ripples_is_judged_by_its_mean(family, low_a, high_a, opens):
    """Limits 50 A for 10 s and more for less, in every reading."""
    limits = {"precharge_on": 0, "occ1_ma": 50000, "occ2_ma": 90000}
    sim = running(cell_n=4, config=limits)
    plant = sim.plant
    ripple(sim, lambda amps: plant.outside.attach(18.0, amps), low_a, high_a)
    judge(sim, opens, plant_off=lambda: not plant.chg_on, rows={"occ1", "occ_mean"})


@pytest.mark.parametrize("low_a, high_a, opens", [(95, 145, True), (15, 145, False)])
def test_a_load_that_ripples_is_judged_by_its_mean_whatever_the_monitor(
    family, low_a, high_a, opens
):
    sim = running(cell_n=4, config={"precharge_on": 0})
    plant = sim.plant
    ripple(sim, lambda amps: plant.outside.load(amps=amps), low_a, high_a)
    rows = {"ocd1", "ocd_mean", "chip_ocd"}
    judge(sim, opens, plant_off=lambda: not plant.dsg_on, rows=rows)


def refuse(*_):
    raise OSError(5, "does not take it")


def without_pins(**more):
    """A pack that runs on a board without off-pins."""
    sim = running(cell_n=4, **more)
    for name in ("_cfetoff", "_dfetoff"):
        getattr(sim.monitor, name).end("3V3").drive(1)
        setattr(sim.monitor, name, Line("nowhere"))
    sim.scan.act._pins = False  # what `guard.off_pins` says at start
    return sim


@pytest.mark.parametrize("arms", [True, False])
def test_a_monitor_that_takes_no_command_is_left_alone_until_it_opens_by_itself(arms):
    sim = without_pins()
    board, plant = sim.board, sim.plant
    write, arm = board.switch.write_fets, board.guard.arm
    board.switch.write_fets = refuse
    board.guard.arm = refuse
    if not arms:
        sim.scan.act.disarm()
    touch(sim, lambda plant: setattr(plant, "interlock_open", True))
    for off in board.off_pins:
        off.release()
    assert sim.run_until(lambda: not plant.chg_on and not plant.dsg_on, 10), events(sim)
    on = 0
    for _ in range(1200):
        sim.run(0.25)
        on += plant.chg_on or plant.dsg_on
    assert on < 1200 // 8, "it tries again once a minute"
    board.switch.write_fets, board.guard.arm = write, arm
    assert sim.run_until(lambda: sim.scan.act.armed and sim.scan.act.commanded == 0, 70)
    sim.run(5)
    assert not plant.chg_on and not plant.dsg_on
