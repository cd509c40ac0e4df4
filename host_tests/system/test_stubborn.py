"""Monitors that do not do what they are told, and packs that get over it."""

from bms import bits
from host_tests.system.rig import events, running, touch, tripped
from roles import FLAG_SHUTDOWN


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
