"""Counting charge in small steps loses nothing, and no step leaves the small integers."""

from hypothesis import given
from hypothesis import strategies as st

from coulomb import Coulomb

STEPS = st.lists(st.tuples(st.integers(-327000, 327000), st.integers(0, 60000)), max_size=60)
SMALL = 1 << 30


@given(STEPS)
def test_the_sum_is_the_true_charge_rounded_down(steps):
    counter = Coulomb()
    total = sum(counter.add(ma, dt_ms) for ma, dt_ms in steps)
    assert total == sum(ma * dt_ms for ma, dt_ms in steps) // 3600


@given(st.integers(-3600000, 3600000), st.integers(0, 298000), st.integers(0, 3599))
def test_every_intermediate_value_is_a_small_integer(ma, dt_ms, rest):
    """The same products as in the code, at the bounds that it states."""
    part = ma % 3600 * dt_ms + rest
    whole = ma // 3600 * dt_ms
    assert 0 <= part < SMALL
    assert -SMALL <= whole < SMALL
    assert -SMALL <= whole + part // 3600 < SMALL


def test_a_trickle_too_small_for_one_step_is_not_lost():
    counter = Coulomb()
    assert sum(counter.add(1, 250) for _ in range(4 * 3600)) == 1000
    counter = Coulomb()
    assert sum(counter.add(-1, 250) for _ in range(4 * 3600)) == -1000
