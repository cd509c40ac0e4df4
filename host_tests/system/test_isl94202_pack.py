"""A pack of eight cells on an ISL94202: what differs from other monitors with FETs of their own."""

import pytest

from bms import bits
from host_tests.system.rig import conducting, events, open_within, running, touch, tripped
from roles import BOTH, DSG
from sim.mischief import find

FAMILY = "isl94202"


@pytest.mark.parametrize("wire", range(5))
def test_a_broken_wire_that_does_not_drift_is_found_by_the_chip_itself(wire):
    sim = running(family=FAMILY, cell_n=4)
    sim.plant.wires.tau_s = 1e9
    touch(sim, lambda plant: plant.wire_open.__setitem__(wire, True))
    assert open_within(sim, 5000000) <= 2500000
    sim.run(1)
    assert "pf" in tripped(sim)
    touch(sim, lambda plant: plant.wire_open.__setitem__(wire, False))
    sim.run(5)
    assert conducting(sim) == 0, "latched"
    sim.pack.request(bits.REQ_CLEAR)
    assert sim.run_until(lambda: conducting(sim) == BOTH, 30), events(sim)


def test_a_short_while_only_discharging_is_permitted_is_cut_by_the_interrupt():
    """Too warm to charge, not too hot to discharge: no fault of the chip, so the host drives the FETs."""
    sim = running(family=FAMILY, cell_n=4)
    touch(sim, lambda plant: plant.soak(51))
    sim.run(10)
    assert conducting(sim) == DSG and not sim.chip.protect.stat
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.short(0.005))
    sim.run(0.1)
    assert sim.plant.worst.opened_after("dsg", start_us) <= sim.config.scd_us + 15


def test_a_short_while_a_fault_of_the_chip_lasts_is_cut_by_the_chip():
    """SD is low already and makes no edge."""
    sim = running(family=FAMILY, cell_n=4)
    touch(sim, lambda plant: plant.soak(-10))
    sim.run(10)
    assert conducting(sim) == DSG and sim.chip.protect.stat
    edges = sim.board.cutoff.hits
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.short(0.005))
    sim.world.advance(5000)
    assert sim.plant.worst.opened_after("dsg", start_us) <= sim.config.scd_us + 15
    assert sim.board.cutoff.hits == edges


def test_no_scenario_of_a_day_wears_the_eeprom():
    sim = running(family=FAMILY, cell_n=4)
    for name in ("brown_out", "dead_bus"):
        find(name).apply(sim)
        sim.run(5)
        find(name).clear(sim)
        sim.run(10)
    sim.pack.request(bits.REQ_SELFTEST)
    sim.run(10)
    assert conducting(sim) == BOTH and sim.chip.worn == {}


def test_a_chip_set_to_another_number_of_cells_closes_nothing_and_says_so():
    sim = running(family=FAMILY, cell_n=4)
    sim.chip.eeprom[0x49] = 0x83
    find("brown_out").apply(sim)
    sim.run(15)
    assert conducting(sim) == 0 and "set to 3 cells, not 4" in str(sim.scan.act.error)
