"""A pack without FETs in its monitor, attacked where the promise hangs: the meter, its alert, the chain.

What opens the FETs there is the meter's alert, an interrupt and two pins, with a comparator and a dead-man
behind them. Each of these is taken away here while current flows. Every assertion is on the plant.
"""

import pytest

from host_tests.system.rig import BOTH, conducting, events, open_within, running, touch, tripped
from sim.mischief import find

FAMILY = "ltc681x"
NEVER = 1 << 62
_NOTICED_US = 3000000  # a meter or a chain that says nothing, or nothing new


def pack(**more):
    sim = running(family=FAMILY, **more)
    touch(sim, lambda plant: plant.outside.load(amps=20))
    sim.run(2)
    assert conducting(sim) == BOTH
    return sim


def comes_back(sim):
    touch(sim, lambda plant: plant.outside.load())
    return sim.run_until(lambda: conducting(sim) == BOTH, 30)


def halt(meter):
    """Its converter stops: registers answer as before, and nothing in them is new."""
    meter.run = lambda now_us: None
    meter.next_us = lambda: NEVER


# -- the meter ---------------------------------------------------------------------------------------


def test_a_meter_that_stops_converting_opens_both_and_says_so():
    """Else its last reading would be believed for ever, and its alert never fall again."""
    sim = pack(cell_n=4)
    halt(sim.monitor._meter)
    assert open_within(sim, 4000000) <= _NOTICED_US
    assert "ina228 0x04: stands still" in str(sim.scan.sense.error)
    sim.run(10)
    assert conducting(sim) == 0
    del sim.monitor._meter.run, sim.monitor._meter.next_us
    assert comes_back(sim), events(sim)


def test_a_dead_meter_opens_both_and_is_named():
    sim = pack(cell_n=4)
    sim.monitor._i2c.detach(0x40)
    assert open_within(sim, 4000000) <= _NOTICED_US
    assert "ina228" in str(sim.scan.sense.error) and "refused" in str(sim.scan.sense.error)
    sim.monitor._i2c.attach(sim.monitor._meter)
    assert comes_back(sim), events(sim)


@pytest.mark.parametrize("amps", [230, 320])
def test_while_the_meter_is_dead_a_short_is_still_cut_by_the_comparator(amps):
    """Above its threshold at once; below it the dead meter itself opens them."""
    sim = pack(cell_n=4)
    sim.monitor._i2c.detach(0x40)
    halt(sim.monitor._meter)
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.load(amps=amps))
    limit_us = sim.config.scd_us + 15 if amps * 1000 > sim.config.scd_ma else _NOTICED_US
    assert open_within(sim, 4000000, since_us=start_us) <= limit_us


def test_an_over_current_right_after_the_meter_has_forgotten_its_limits_is_cut():
    """A dip of its supply: no limits, no alert, until a scan has seen it."""
    sim = pack(cell_n=4)
    sim.monitor._meter.brown_out()
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.load(amps=230))
    assert open_within(sim, 4000000, since_us=start_us) <= 2 * sim.config.scan_ms * 1000
    assert comes_back(sim), events(sim)
    assert sim.board.guard.verify_all() == 0


@pytest.mark.parametrize("level", [0, 1])
def test_a_stuck_alert_hides_no_over_current(level):
    """Stuck low it makes no edge and must permit nothing; stuck high the scan sees what the meter latched."""
    sim = pack(cell_n=4)
    stuck = sim.monitor._bank.line("ALERT").end("stuck")
    if level:
        sim.monitor.deaf(True)
    else:
        stuck.drive(0)
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.load(amps=230))
    assert open_within(sim, 4000000, since_us=start_us) <= 2 * sim.config.scan_ms * 1000
    touch(sim, lambda plant: plant.outside.load())
    sim.run(20)
    if level:
        sim.monitor.deaf(False)
    else:
        assert conducting(sim) == 0, "an alert that cannot be heard permits nothing"
        stuck.drive(None)
    assert comes_back(sim), events(sim)


def test_a_meter_on_another_scale_is_found():
    """Its configuration register flips to the narrow range: all currents would read four times too large."""
    sim = pack(cell_n=4)
    sim.monitor._meter.strict = False
    sim.monitor._meter.regs[0x02] = 0x0400
    assert open_within(sim, 6000000) is not None
    assert "mismatch" in tripped(sim) or "cfgbad" in tripped(sim), tripped(sim)


# -- the chain ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", [0, 1])
def test_a_device_that_forgets_while_cells_bleed_is_armed_again(device):
    sim = running(family=FAMILY, cell_n=16)
    sim.board.bleed.write_bleed(0x0101)
    sim.run(0.3)
    sim.chip.chain.devices[device].brown_out()
    assert open_within(sim, 3000000, "dsg") <= 1500000
    assert comes_back(sim), events(sim)
    assert sim.board.guard.verify_all() == 0
    assert sim.chip.illegal == []


@pytest.mark.parametrize("ready_us, wake_us", [(14, 390), (15, 900), (40, 300), (10, 5000)])
def test_a_chain_that_wakes_late_is_waited_for_or_named(ready_us, wake_us, monkeypatch):
    """Ports and cores beyond the data sheet's worst: readings or an error, never a wrong reading."""
    sim = running(family=FAMILY, cell_n=16)
    monkeypatch.setattr("sim.chips.ltc681x.READY_US", ready_us)
    for device in sim.chip.chain.devices:
        device.wake_us = wake_us
        device.brown_out()  # asleep
    sim.run(30)
    if conducting(sim) == BOTH:
        shown = sim.pack.snap.cell_mv
        assert all(abs(shown[i] - sim.plant.cell_v[i] * 1000) < 5 for i in range(16))
        assert sim.board.guard.verify_all() == 0
    else:
        assert "device" in str(sim.scan.act.error) + str(sim.scan.sense.error)


def test_a_chain_that_has_slept_through_a_hung_interpreter_starts_anew():
    sim = pack(cell_n=16)
    find("frozen_interpreter").apply(sim)
    assert open_within(sim, 3000000) <= 1900000
    sim.run(10)
    find("frozen_interpreter").clear(sim)
    assert comes_back(sim), events(sim)
    assert sim.chip.illegal == []


# -- the hardware behind them ------------------------------------------------------------------------


def test_a_latch_that_does_not_let_go_keeps_both_open():
    sim = pack(cell_n=4)
    comparator = sim.monitor._comparator
    touch(sim, lambda plant: plant.outside.short(0.005))
    sim.world.advance(1000)
    comparator._reset = lambda level: None
    comparator._fine.drive(0)
    comparator._alert.drive(0)
    sim.monitor._bank.line("UNLATCH").watch(lambda level: comparator._fine.drive(0))
    touch(sim, lambda plant: plant.outside.load())
    sim.run(60)
    assert conducting(sim) == 0


def test_permission_alone_closes_nothing_once_the_strokes_have_ended():
    """Both off-pins and both gates stuck high, the interpreter gone: the dead-man is left."""
    sim = pack(cell_n=4)
    find("frozen_interpreter").apply(sim)
    for pin in ("CFETOFF", "DFETOFF", "CHG", "DSG"):
        sim.monitor._bank.line(pin).end("stuck").drive(1)
    start_us = sim.world.now_us
    sim.world.advance(2000000)
    assert sim.plant.worst.opened_after("dsg", start_us) <= 1600000 + 250000
    assert conducting(sim) == 0
