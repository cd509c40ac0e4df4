"""Random trouble for a long time: no step of it may break an invariant, and the pack must heal."""

import pytest

from bms import bits
from boards.sim.board import FAMILY
from host_tests.system.rig import events
from host_tests.system.walk_rig import Walk

SEEDS = [(FAMILY, seed, 4) for seed in range(1, 29)]
SEEDS += [("bq769x0", seed, (4, 9, 15)[seed % 3]) for seed in range(1, 10)]
SEEDS += [("ltc681x", seed, (4, 12, 16)[seed % 3]) for seed in range(1, 5)]
SEEDS += [("bq769x2_spi", seed, (4, 10, 16)[seed % 3]) for seed in range(1, 3)]
SEEDS += [("isl94202", seed, (3, 4, 8)[seed % 3]) for seed in range(1, 10)]


@pytest.mark.parametrize("monitor, seed, cell_n", SEEDS)
def test_a_random_walk_through_trouble_breaks_nothing_and_heals(monitor, seed, cell_n):
    walk = Walk(seed, cell_n, crc=seed % 4 != 0, family=monitor)
    while walk.scans < 10000:
        walk.step()
    walk.heal()
    sim = walk.sim
    assert sim.run_until(lambda: sim.pack.mode.mode == bits.RUN, 900), events(sim)[-20:]
