"""Random trouble for a long time: no step of it may break an invariant, and the pack must heal."""

import pytest

from bms import bits
from host_tests.system.rig import events
from host_tests.system.walk_rig import Walk


@pytest.mark.parametrize("seed", range(1, 29))
def test_a_random_walk_through_trouble_breaks_nothing_and_heals(seed):
    walk = Walk(seed, crc=seed % 4 != 0)
    while walk.scans < 10000:
        walk.step()
    walk.heal()
    sim = walk.sim
    assert sim.run_until(lambda: sim.pack.mode.mode == bits.RUN, 900), events(sim)[-20:]
