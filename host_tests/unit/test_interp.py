"""Integer interpolation: exact at its knots, monotone between, never past its ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp import check, interpolate

TABLE = st.lists(st.integers(-30000, 30000), min_size=1, max_size=8, unique=True).map(sorted)


@st.composite
def tables(draw):
    xs = draw(TABLE)
    ys = draw(st.lists(st.integers(-8000, 8000), min_size=len(xs), max_size=len(xs)))
    return xs, ys


@given(tables())
def test_it_is_exact_at_every_knot(table):
    xs, ys = table
    assert [interpolate(x, xs, ys) for x in xs] == ys


@given(tables(), st.integers(-100000, 100000))
def test_it_stays_between_the_neighbouring_knots(table, x):
    xs, ys = table
    assert min(ys) <= interpolate(x, xs, ys) <= max(ys)


@given(tables(), st.integers(-32000, 32000), st.integers(0, 5000))
def test_it_rises_wherever_the_table_does(table, x, step):
    xs, ys = table
    assert interpolate(x, xs, sorted(ys)) <= interpolate(x + step, xs, sorted(ys))
    falling = sorted(ys, reverse=True)
    assert interpolate(x, xs, falling) >= interpolate(x + step, xs, falling)


def test_it_rounds_down():
    assert interpolate(1, (0, 3), (0, 10)) == 3
    assert interpolate(1, (0, 3), (0, -10)) == -4


def test_beyond_its_ends_it_keeps_the_end_values():
    assert interpolate(-5, (0, 10), (7, 9)) == 7
    assert interpolate(15, (0, 10), (7, 9)) == 9


@pytest.mark.parametrize(
    "xs,ys,words",
    [
        ((0, 1), (0,), "as many"),
        ((), (), "as many"),
        ((1, 1), (0, 1), "ascend"),
        ((2, 1), (0, 1), "ascend"),
        ((0, 32768), (0, 32768), "small integers"),
        ((0, 32768), (32768, 0), "small integers"),
    ],
)
def test_a_table_that_cannot_work_is_refused(xs, ys, words):
    with pytest.raises(ValueError, match=words):
        check(xs, ys)


@given(tables())
def test_a_table_that_works_is_accepted(table):
    check(*table)


def test_the_largest_step_that_fits_is_accepted():
    check((0, 32767), (0, 32768))
