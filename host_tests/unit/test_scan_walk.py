"""Random answers from every role, two million scans: invariants only."""

import pytest

from host_tests.common.scan_walk import walk

TICKS = 80000


@pytest.mark.parametrize("seed", range(1, 26))
def test_no_answer_of_any_role_breaks_an_invariant(seed):
    _, ran = walk(seed, TICKS)
    assert ran > TICKS // 50, "the walk must also see the pack at work"
