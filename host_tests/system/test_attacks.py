"""Attacks that once worked: what a hostile reviewer did to the pack. Every assertion is on the plant."""

from host_tests.system.rig import events, running, seen, touch


def test_a_charge_limit_beyond_the_range_of_milliamperes_trips():
    """Discharge limits small enough for 1 mA a bit, charge limits beyond its 32.767 A."""
    limits = {"occ1_ma": 40000, "occ2_ma": 50000, "ocd1_ma": 5000, "ocd2_ma": 10000}
    limits.update({"scd_ma": 30000, "ccl_ma": 36000, "dcl_ma": 4000, "shunt_uohm": 1000})
    sim = running(cell_n=4, config=limits)
    touch(sim, lambda plant: plant.outside.attach(4 * 4.0, 48))
    assert sim.run_until(lambda: not sim.plant.chg_on, 15), sim.pack.snap.pack_ma
    assert seen(sim, "trip", "occ1"), events(sim)
