"""CVL, CCL, DCL: the named points, monotone in every reading, 0 when blocked."""

from array import array
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms.config import Config
from bms.limits import Limits
from bms.snapshot import Snapshot
from roles import BOTH, CHG, DSG, TEMP_NONE

CELL_N = 4
CONFIG = Config({"cell_n": CELL_N, "ntc_n": 1})
MV = st.integers(1500, 4200)
DDEGC = st.integers(-400, 1200)
PM = st.integers(0, 1000)
UP = st.integers(0, 600)


def readings(**changes):
    """A pack at ease, changed."""
    values = {"high": 3300, "low": 3300, "others": 3300, "cold": 250, "hot": 250, "fet": 250}
    values.update(changes)
    return values


def offer(soc_pm=500, blocks=0, acked=False, config=CONFIG, **changes):
    values = readings(**changes)
    snap = Snapshot(CELL_N, 1)
    snap.fresh = True
    snap.cell_mv = array("i", [values["high"], values["low"], values["others"], values["others"]])
    snap.cell_max_mv, snap.cell_min_mv = values["high"], values["low"]
    snap.cell_sum_mv = sum(snap.cell_mv)
    snap.temp_min_ddegc, snap.temp_max_ddegc = values["cold"], values["hot"]
    snap.fet_ddegc = values["fet"]
    limits = Limits(config)
    limits.step(snap, soc_pm, blocks, acked)
    assert all(abs(x) < 1 << 30 for x in (limits.cvl_mv, limits.ccl_ma, limits.dcl_ma))
    return limits


def ccl(**changes):
    return offer(**changes).ccl_ma


def dcl(**changes):
    return offer(**changes).dcl_ma


def test_a_pack_at_ease_offers_its_best():
    limits = offer()
    assert limits.cvl_mv == CELL_N * CONFIG.cvl_cell_mv
    assert (limits.ccl_ma, limits.dcl_ma) == (CONFIG.ccl_ma, CONFIG.dcl_ma)


@pytest.mark.parametrize(
    "changes,part_pm",
    [
        ({"high": 3450}, 1000),
        ({"high": 3550}, 500),
        ({"high": 3650}, 0),
        ({"high": 3700}, 0),
        ({"cold": -1}, 0),
        ({"cold": 0}, 0),
        ({"cold": 20}, 250),
        ({"cold": 50}, 500),
        ({"cold": 100}, 1000),
        ({"hot": 400}, 1000),
        ({"hot": 450}, 500),
        ({"hot": 480}, 250),
        ({"hot": 500}, 0),
        ({"fet": 750}, 1000),
        ({"fet": 800}, 500),
        ({"fet": 850}, 0),
        ({"fet": TEMP_NONE}, 1000),
        ({"cold": 1}, 12),
        ({"cold": 99}, 990),
        ({"soc_pm": 950}, 1000),
        ({"soc_pm": 951}, 984),
        ({"soc_pm": 999}, 216),
        ({"soc_pm": 1000}, 200),
    ],
)
def test_charge_current_at_the_named_points(changes, part_pm):
    assert ccl(**changes) == CONFIG.ccl_ma * part_pm // 1000


@pytest.mark.parametrize(
    "changes,part_pm",
    [
        ({"low": 3000}, 1000),
        ({"low": 2900}, 500),
        ({"low": 2800}, 0),
        ({"low": 2000}, 0),
        ({"cold": -200}, 0),
        ({"cold": -100}, 1000),
        ({"hot": 550}, 500),
        ({"hot": 600}, 0),
        ({"fet": 850}, 0),
        ({"soc_pm": 50}, 1000),
        ({"soc_pm": 49}, 984),
        ({"soc_pm": 1}, 216),
        ({"soc_pm": 0}, 200),
    ],
)
def test_discharge_current_at_the_named_points(changes, part_pm):
    assert dcl(**changes) == CONFIG.dcl_ma * part_pm // 1000


def test_without_any_temperature_nothing_is_offered():
    limits = offer(cold=TEMP_NONE, hot=TEMP_NONE)
    assert (limits.ccl_ma, limits.dcl_ma) == (0, 0)


def test_before_the_first_reading_nothing_is_offered():
    limits = Limits(CONFIG)
    limits.step(Snapshot(CELL_N, 1), 500, 0, False)
    assert (limits.ccl_ma, limits.dcl_ma) == (0, 0)


def test_an_under_voltage_pack_recovers_with_a_tenth_of_capacity():
    assert ccl(low=2800) == ccl(low=1900) == CONFIG.capacity_mah // 10
    assert CONFIG.capacity_mah // 10 < ccl(low=2900) < CONFIG.ccl_ma
    assert ccl(low=3100) == CONFIG.ccl_ma


def test_an_acknowledged_dead_cell_is_charged_with_a_tenth_until_its_row_ends():
    assert ccl(acked=True, low=3200) == CONFIG.capacity_mah // 10


def test_recovery_never_raises_a_small_limit():
    config = Config({"cell_n": CELL_N, "ccl_ma": 3000})
    assert offer(config=config, low=1900).ccl_ma == 3000


@given(
    soc_pm=PM,
    acked=st.booleans(),
    blocks=st.sampled_from((0, CHG, DSG, BOTH)),
    high=MV,
    low=MV,
    cold=DDEGC,
    hot=DDEGC,
    fet=DDEGC,
)
def test_what_is_blocked_is_zero_and_nothing_exceeds_its_best(soc_pm, acked, blocks, **changes):
    limits = offer(soc_pm, blocks, acked, **changes)
    assert 0 <= limits.ccl_ma <= (0 if blocks & CHG else CONFIG.ccl_ma)
    assert 0 <= limits.dcl_ma <= (0 if blocks & DSG else CONFIG.dcl_ma)
    assert CELL_N * CONFIG.cuv_clear_mv <= limits.cvl_mv <= CELL_N * CONFIG.cvl_cell_mv


@given(st.fixed_dictionaries({"high": MV, "low": MV, "cold": DDEGC, "hot": DDEGC}), PM)
def test_limits_that_would_trip_offer_nothing(changes, soc_pm):
    limits = offer(soc_pm, **changes)
    if (
        changes["high"] >= CONFIG.cov_mv
        or changes["cold"] <= CONFIG.utc_ddegc
        or changes["hot"] >= CONFIG.otc_ddegc
    ):
        assert limits.ccl_ma == 0
    if (
        changes["low"] <= CONFIG.cuv_mv
        or changes["cold"] <= CONFIG.utd_ddegc
        or changes["hot"] >= CONFIG.otd_ddegc
    ):
        assert limits.dcl_ma == 0


POINT = st.fixed_dictionaries({"high": MV, "low": MV, "cold": DDEGC, "hot": DDEGC, "fet": DDEGC})


@pytest.mark.parametrize(
    "name,sign", [("high", -1), ("low", 1), ("cold", 1), ("hot", -1), ("fet", -1)]
)
@given(point=POINT, soc_pm=PM, more=UP, acked=st.booleans())
def test_both_currents_are_monotone_in_every_reading(name, sign, point, soc_pm, more, acked):
    moved = dict(point)
    moved[name] += more
    one, two = offer(soc_pm, 0, acked, **point), offer(soc_pm, 0, acked, **moved)
    assert (two.ccl_ma - one.ccl_ma) * sign >= 0
    assert (two.dcl_ma - one.dcl_ma) * sign >= 0


@given(point=POINT, soc_pm=PM, more=UP)
def test_a_fuller_pack_charges_slower_and_discharges_no_slower(point, soc_pm, more):
    one, two = offer(soc_pm, **point), offer(soc_pm + more, **point)
    assert two.ccl_ma <= one.ccl_ma
    assert two.dcl_ma >= one.dcl_ma


# charge voltage


@given(high=MV, more=UP, low=MV, others=MV)
def test_a_top_cell_further_ahead_never_raises_the_charge_voltage(high, more, low, others):
    one = offer(high=max(high, low, others), low=low, others=others)
    two = offer(high=max(high, low, others) + more, low=low, others=others)
    assert two.cvl_mv <= one.cvl_mv


def test_the_charge_voltage_holds_the_top_cell_where_it_is_when_it_is_right():
    """A charger that regulates to CVL is then just where it should be."""
    top = CONFIG.cvl_cell_mv
    assert offer(high=top, low=3400, others=3420).cvl_mv == top + 3400 + 2 * 3420


@pytest.mark.parametrize("charger_error_mv", [-200, 0, 200])
def test_a_charger_that_follows_cvl_keeps_the_top_cell_there(charger_error_mv):
    """Top cell 1 % ahead; a cell rises 50 mV per % of charge; one step is 0.01 %."""
    charges = [97.0, 96.0, 96.0, 96.0]
    for _ in range(1000):
        cells = [3450 + (charge - 98.0) * 50 for charge in charges]
        cvl = offer(high=round(cells[0]), low=round(cells[1]), others=round(cells[2])).cvl_mv
        if sum(cells) < cvl + charger_error_mv:
            charges = [charge + 0.01 for charge in charges]
    assert cells[0] == pytest.approx(CONFIG.cvl_cell_mv + charger_error_mv / CELL_N, abs=3)


def test_one_weak_cell_does_not_drag_the_charge_voltage_below_a_resting_pack():
    assert offer(high=3650, low=1500, others=3300).cvl_mv == CELL_N * CONFIG.cuv_clear_mv


def test_a_table_that_cannot_be_interpolated_is_refused_at_start():
    class Bad:
        def __getattr__(self, name):
            return 3000

    with pytest.raises(ValueError, match="ascend"):
        Limits(Bad())


@pytest.mark.parametrize(
    "wrong",
    [
        {"ccl_taper_mv": CONFIG.cov_mv},
        {"dcl_taper_mv": CONFIG.cuv_mv},
        {"cuv_clear_mv": CONFIG.cuv_mv},
    ],
)
def test_each_taper_is_checked_at_start(wrong):
    with pytest.raises(ValueError, match="ascend"):
        Limits(SimpleNamespace(**{**CONFIG.as_dict(), **wrong}))


def test_before_the_first_step_nothing_is_offered():
    limits = Limits(CONFIG)
    assert (limits.cvl_mv, limits.ccl_ma, limits.dcl_ma) == (0, 0, 0)
