"""What the voltage may do to the count, and what it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms.soc_belief import HYPOTHESES_N, SLICE_N, Belief, exp2, log2, root
from bms.soc_curve import Curve, squeeze
from bms.soc_drop import Drop
from host_tests.unit.soc_rig import OWN, Cell

SURE = 2.0  # points of SoC


def error(cell):
    return cell.soc.charge_uah / cell.soc.capacity_uah * 100 - cell.truth


def holds(cell):
    return cell.soc.soc_lo_pm <= cell.truth * 10 <= cell.soc.soc_hi_pm


# arithmetic


@given(st.integers(-3071, 0))
def test_powers_of_two_are_within_four_percent(log):
    assert exp2(log) == pytest.approx(4096 * 2 ** (log / 256), rel=0.045, abs=2)


@given(st.integers(1, (1 << 30) - 1))
def test_logarithms_are_within_a_hundredth(value):
    import math

    assert log2(value) / 256 == pytest.approx(math.log2(value / 4096), abs=0.02)


@given(st.integers(0, (1 << 30) - 1))
def test_a_root_is_rounded_down(value):
    assert root(value) ** 2 <= value < (root(value) + 1) ** 2


# curve


def test_the_curve_rises_and_is_flat_where_it_is_known_to_be():
    curve = Curve()
    values = [curve.at(e5, 0) for e5 in range(0, 100001, 500)]
    assert values == sorted(values)
    assert curve.at(58000, 0) - curve.at(45000, 0) < 50, "5 mV in the plateau"
    assert curve.at(50000, 1000) - curve.at(50000, -1000) > 200


@given(st.integers(0, 60000), st.integers(1, 1000))
def test_squeezing_keeps_the_order(dmv, more):
    assert squeeze(dmv) <= squeeze(dmv + more) <= squeeze(dmv) + more


@pytest.mark.parametrize("e5", [0, 1500, 4000, 9000, 13000])
def test_the_lower_end_is_read_backwards(e5):
    curve = Curve()
    assert curve.low_at(curve.at(e5, -500), -500) == pytest.approx(e5, abs=60)
    assert curve.low_at(curve.at(20000, -500), -500) == -1
    assert curve.low_at(15000, 0) == 0


# overpotential


@pytest.mark.parametrize("fast_cmv", [1000, 4500, 16000])
def test_resistance_is_learned_from_steps(fast_cmv):
    drop = Drop()
    for k in range(1200):
        i_e3 = -600 if k % 40 < 20 else 0
        drop.step(33000 + fast_cmv * i_e3 // 10000, i_e3, 1)
    assert drop.fast_cmv == pytest.approx(fast_cmv, rel=0.03)


def test_a_steady_current_teaches_nothing_and_is_doubted():
    drop = Drop()
    before = drop.fast_cmv
    for k in range(3600):
        drop.step(32000 + k // 4, 500, 1)
    assert drop.fast_cmv == before and not drop.known() and drop.doubt_dmv() > 500


def test_readings_far_apart_show_no_step():
    drop = Drop()
    for k in range(100):
        drop.step(33000 - 200 * (k % 2), -500 * (k % 2), 30)
    assert drop.steps_n == 0


# belief


def settle(belief, seen, e5, times=1, noise=40000):
    for _ in range(times):
        belief.begin(noise, 0)
        for first in range(0, HYPOTHESES_N, SLICE_N):
            belief.observe(first, e5, seen, 0)
        belief.weigh()
        belief.judge()
        belief.bound()
        belief.refit()
        belief.refit_bias()


def test_without_evidence_a_belief_stays_as_wide_as_it_was():
    belief = Belief(Curve(), 300)
    belief.reset(0, 5000)
    assert belief.low_e5 == pytest.approx(-9800, abs=800)
    assert belief.high_e5 == pytest.approx(9800, abs=800)
    assert abs(belief.mean_e5) < 200


def test_spreading_widens_by_the_variance():
    belief = Belief(Curve(), 300)
    belief.reset(0, 1000)
    for _ in range(100):
        belief.spread(30000)
        for first in range(0, HYPOTHESES_N, SLICE_N):
            belief.diffuse(first)
        belief.weigh()
        belief.judge()
        belief.bound()
        belief.refit()
        belief.refit_bias()
    assert belief.sigma_e5 == pytest.approx(2000, rel=0.15), "1e6 + 100 * 3e4"


def test_a_low_voltage_with_a_small_bias_tells_the_charge():
    curve = Curve()
    belief = Belief(curve, 50)
    belief.reset(0, 60000)
    settle(belief, curve.at(10000, 0), 50000, 60)
    assert belief.mean_e5 + 50000 == pytest.approx(10000, abs=3000)


def test_in_the_plateau_a_single_level_tells_little():
    curve = Curve()
    belief = Belief(curve, 300)
    belief.reset(0, 60000)
    settle(belief, curve.at(50000, 0), 50000, 200)
    assert belief.high_e5 - belief.low_e5 > 35000


@given(st.lists(st.tuples(st.integers(20000, 36000), st.integers(-500, 100500)), max_size=60))
def test_limits_always_enclose_the_mean(readings):
    belief = Belief(Curve(), 300)
    for seen, e5 in readings:
        settle(belief, seen, e5)
        assert belief.low_e5 <= belief.mean_e5 + belief.step_e5
        assert belief.mean_e5 - belief.step_e5 <= belief.high_e5


# the whole


def test_a_cold_start_in_the_plateau_says_so():
    cell = Cell(60)
    cell.step(0)
    assert cell.soc.soc_pm == 500
    assert cell.soc.soc_lo_pm < 250 and cell.soc.soc_hi_pm > 750


@pytest.mark.parametrize("truth,guess", [(70, 900), (60, 400), (50, 250), (55, 850)])
def test_a_cold_start_is_held_by_its_limits_and_found_at_the_knee(truth, guess):
    cell = Cell(truth)
    cell.soc.guess(guess)
    held = 0
    hours = 0
    while cell.truth > 12:
        cell.drive(-12000, 600)
        held += holds(cell)
        hours += 1
    assert held >= 0.92 * hours
    assert abs(error(cell)) < 8


@pytest.mark.parametrize("offset_mv", [-40, 40])
def test_a_level_that_is_forty_millivolts_off_does_not_pull_a_right_charge_away(offset_mv):
    cell = Cell(90, OWN)
    cell.offset_mv = offset_mv
    cell.soc.set(900, 5)
    worst = 0
    while cell.truth > 20:
        cell.drive(-15000, 600)
        worst = max(worst, abs(error(cell)))
    assert worst < SURE


def test_limits_widen_with_use_and_a_full_charge_closes_them():
    cell = Cell(90)
    cell.soc.set(900, 5)
    at_first = cell.soc.soc_hi_pm - cell.soc.soc_lo_pm
    cell.drive(-20000, 7200)
    assert cell.soc.soc_hi_pm - cell.soc.soc_lo_pm > at_first
    cell.fill()
    assert cell.anchors == [1] and cell.soc.soc_pm == 1000
    assert cell.soc.soc_hi_pm - cell.soc.soc_lo_pm <= 20


def test_a_current_offset_is_learned_only_while_nothing_can_flow():
    cell = Cell(50)
    cell.soc.set(500)
    cell.run(60, 3600)
    assert cell.soc.trim.offset_q == 0, "FETs closed: that may be a load"
    cell.snap.fets = 0
    for _ in range(7200):
        cell.snap.pack_ma = 20
        cell.soc.step(cell.snap, 1000)
    assert cell.soc.trim.offset_q == pytest.approx(80, abs=4)


def test_self_discharge_is_two_percent_a_month_and_more_when_hot():
    def lost(ddegc):
        cell = Cell(50, leak_pm=20)
        cell.soc.set(500)
        cell.snap.cell_sum_mv = 0
        cell.snap.cell_min_mv = 3300
        cell.snap.temp_max_ddegc = ddegc
        before = cell.soc.charge_uah
        for _ in range(1440):
            cell.soc.step(cell.snap, 60000)
        return (before - cell.soc.charge_uah) / 1e6

    assert lost(250) == pytest.approx(100 * 0.02 / 30.4, rel=0.1)
    assert lost(360) == pytest.approx(2 * lost(250), rel=0.01)
    assert lost(100) < lost(250)


def test_a_voltage_that_is_none_changes_nothing():
    cell = Cell(50)
    cell.soc.set(500)
    cell.snap.cell_sum_mv = 0
    cell.snap.cell_min_mv = 3300
    for _ in range(600):
        cell.soc.step(cell.snap, 1000)
    assert cell.soc.charge_uah == 50000000


def test_a_curve_with_a_hysteresis_of_its_own_has_its_branches_so_far_apart():
    pm, dmv = (0, 500, 1000), (25000, 33000, 35000)
    curve = Curve(pm, dmv, pm, (200, 100, 50), True)
    assert curve.at(50000, 1000) - curve.at(50000, -1000) == 2 * 100
    assert curve.at(50000, 1000) + curve.at(50000, -1000) == 2 * curve.at(50000, 0)
