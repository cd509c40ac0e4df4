"""A pack whose monitor has neither FETs nor comparators: what hardware and interrupt must do instead."""

import pytest

from bms import bits
from host_tests.system.rig import conducting, events, open_within, running, touch, tripped
from roles import BOTH, DSG
from sim.chips.ltc681x import LTC681xModel
from sim.mischief import find
from sim.mischief_spi import StuckMiso

FAMILY = "ltc681x"


def pack(**more):
    sim = running(family=FAMILY, **more)
    touch(sim, lambda plant: plant.outside.load(amps=20))
    sim.run(2)
    return sim


def comes_back(sim):
    touch(sim, lambda plant: plant.outside.load())
    return sim.run_until(lambda: conducting(sim) == BOTH, 30)


@pytest.mark.parametrize("reached", [0, 1])
def test_a_device_that_dies_in_the_chain_opens_both_and_is_named(reached):
    sim = pack(cell_n=16)
    chain = sim.chip.chain
    chain.cut = reached
    assert open_within(sim, 3000000) <= 2000000
    assert f"device {reached + 1} of 2: no answer" in str(sim.scan.sense.error)
    chain.cut = 2
    assert comes_back(sim), events(sim)


@pytest.mark.parametrize("level", [0, 1])
def test_a_stuck_miso_opens_both(level):
    sim = pack(cell_n=4)
    slot = sim.monitor._slot
    slot.device = StuckMiso(slot.device, level)
    assert open_within(sim, 3000000) <= 2000000
    slot.device.on = False
    assert comes_back(sim), events(sim)


@pytest.mark.parametrize("wire", range(9))
def test_a_wire_that_does_not_drift_is_found_by_pulling_at_it(wire):
    """With large capacitors at the inputs an open one goes on reading what it read."""
    sim = pack(cell_n=8)
    sim.plant.wires.step = lambda *args: None
    touch(sim, lambda plant: plant.wire_open.__setitem__(wire, True))
    took_us = open_within(sim, 5000000)
    assert took_us is not None and took_us <= 3250000
    assert "openwire" in tripped(sim)


def test_the_comparator_needs_nobody():
    """The interpreter hangs, the alert wire is broken, both buses are dead."""
    sim = pack(cell_n=4)
    for name in ("frozen_interpreter", "broken_alert", "dead_bus"):
        find(name).apply(sim)
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.short(0.005))
    sim.world.advance(1000)
    assert sim.plant.worst.opened_after("dsg", start_us) <= sim.config.scd_us + 15
    sim.world.advance(500000)
    assert conducting(sim) == 0, "latched"


def test_an_over_current_is_cut_by_the_interrupt_between_two_scans():
    sim = pack(cell_n=4)
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.load(amps=230))
    sim.run_until(lambda: sim.board.cutoff.tripped, 1)
    assert sim.plant.worst.opened_after("dsg", start_us) <= sim.config.ocd2_ms * 1000
    assert "chip_ocd" in tripped(sim)


def test_a_broken_stroke_wire_opens_both_and_the_scan_knows():
    sim = pack(cell_n=4, config={"precharge_on": 0})
    sim.board.cutoff._gate._stroke = lambda level: None
    start_us = sim.world.now_us
    assert open_within(sim, 3000000, since_us=start_us) <= 1900000
    sim.run(4)
    assert sim.board.cutoff.lapses and "fet" in tripped(sim) and not sim.board.cutoff.permits


def test_a_gate_that_does_not_follow_is_found():
    sim = pack(cell_n=4, config={"precharge_on": 0})
    sim.board.switch._dsg(0)
    sim.board.switch._dsg = lambda level: None
    sim.run(4)
    assert "fet" in tripped(sim) and conducting(sim) == 0


def test_the_wrong_part_never_closes_a_fet_and_is_named():
    sim = running(family=FAMILY, cell_n=4)
    wide = LTC681xModel(sim.world, sim.plant, "LTC6813", 0, 4, {1: 0, 2: 1, 3: 2})
    sim.chip.chain.devices[0] = wide
    sim.pack.request(bits.REQ_SELFTEST)
    sim.run(10)
    assert conducting(sim) == 0 and sim.pack.mode.mode == bits.SELFTEST
    assert "expected LTC6811, found 18 cell inputs" in str(sim.scan.act.error)


def test_a_monitor_that_stays_silent_bleeds_no_cell():
    sim = running(family=FAMILY, cell_n=4)
    sim.board.bleed.write_bleed(5)
    sim.world.advance(1000)
    assert sim.plant.bleed[0]
    find("frozen_interpreter").apply(sim)
    sim.run(2.5)
    assert not any(sim.plant.bleed)


def test_discharging_alone_does_not_burn_the_charge_fets_diode():
    sim = pack(cell_n=4)
    touch(sim, lambda plant: plant.soak(-10))  # too cold to charge
    sim.run(10)
    assert sim.pack.intent & BOTH == DSG and sim.plant.chg_on, "current flows through it"
    touch(sim, lambda plant: plant.outside.load())
    sim.run(1)
    assert not sim.plant.chg_on
