"""The whole firmware with its monitor on SPI instead of I2C: stories in which the bus matters."""

import pytest

from host_tests.system.rig import conducting, events, open_within, running, touch, tripped
from roles import BOTH
from sim.mischief import find


@pytest.fixture(params=[True, False], ids=["crc", "plain"])
def pack(request):
    """Makes packs whose monitor is on SPI."""
    return lambda **more: running(family="bq769x2_spi", crc=request.param, **more)


def test_it_starts_runs_and_stays_in_time(pack, record_property):
    sim = pack()
    frames, scans = sim.monitor.bus.transactions, sim.pack.snap.seq
    sim.run(10)
    n = sim.pack.snap.seq - scans
    record_property("truth", f"{(sim.monitor.bus.transactions - frames) / n:.1f} frames a scan")
    assert conducting(sim) == BOTH and sim.plant.worst.openings == []
    assert sim.board.guard.verify_all() == 0 and sim.chip.illegal == []
    assert max(abs(mv - 1000 * v) for mv, v in zip(sim.pack.snap.cell_mv, sim.plant.cell_v)) <= 1


def test_a_short_is_opened_by_the_chip_and_locked_out_by_the_firmware(pack):
    sim = pack(cell_n=4)
    start_us = sim.world.now_us
    touch(sim, lambda plant: plant.outside.short(0.005))
    took_us = open_within(sim, 1000000, since_us=start_us)
    assert took_us is not None and took_us <= sim.board.guard.applied["scd_us"] + 32
    sim.run(1)
    assert conducting(sim) == 0 and "scd" in tripped(sim)


def test_a_dead_bus_opens_both_within_two_seconds_and_comes_back(pack):
    sim = pack(cell_n=4)
    touch(sim, lambda plant: plant.outside.load(amps=20))
    start_us = sim.world.now_us
    find("dead_bus").apply(sim)
    took_us = open_within(sim, 5000000, since_us=start_us)
    assert took_us is not None and took_us <= 2000000
    find("dead_bus").clear(sim)
    touch(sim, lambda plant: plant.outside.load())
    assert sim.run_until(lambda: conducting(sim) == BOTH, 20), events(sim)


def test_a_brown_out_is_armed_again(pack):
    sim = pack(cell_n=4)
    find("brown_out").apply(sim)
    sim.world.sync()
    assert conducting(sim) == 0
    assert sim.run_until(lambda: conducting(sim) == BOTH, 20), events(sim)
    assert sim.board.guard.verify_all() == 0


def test_frames_feed_the_host_watchdog_and_silence_does_not(pack):
    sim = pack(cell_n=4)
    start_us = sim.world.now_us
    find("frozen_interpreter").apply(sim)
    took_us = open_within(sim, 10000000, since_us=start_us)
    assert took_us is not None and took_us <= 3000000
