"""What holds for the estimator whatever a pack lives through, and a curve of one's own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms import fields
from bms.config import Config, ConfigError
from bms.soc import Soc
from host_tests.unit.soc_rig import OWN, Cell

# a piece of life: current in mA, seconds, is a reading missing
PIECES = st.lists(
    st.tuples(st.integers(-300000, 300000), st.integers(1, 300), st.booleans()), max_size=8
)
OCV = [row[0] for row in fields.FIELDS if row[0].startswith("ocv_") and row[0] != "ocv_own"]
DEFAULT_MV = [row[1] for row in fields.FIELDS if row[0] in OCV]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 300), PIECES, st.integers(2000, 3900))
def test_charge_and_interval_never_leave_0_to_1000_and_the_interval_holds_the_value(
    start_pm, sigma_pm, pieces, mv
):
    cell = Cell(50, OWN)
    cell.soc.set(start_pm, sigma_pm)
    soc = cell.soc
    for ma, seconds, missing in pieces:
        for k in range(seconds):
            cell.snap.fresh = not (missing and k % 3 == 0)
            cell.truth = 50 + (mv % 97) / 2
            cell.offset_mv = mv - 3300
            cell.step(ma)
            assert 0 <= soc.soc_lo_pm <= soc.soc_pm <= soc.soc_hi_pm <= 1000
            assert 0 <= soc.charge_uah <= soc.capacity_uah


@settings(max_examples=25, deadline=None)
@given(st.integers(200, 800), st.integers(5, 100), PIECES)
def test_without_a_voltage_the_interval_never_shrinks(start_pm, sigma_pm, pieces):
    """Another chemistry has only the count: time and charge can but widen what is known."""
    cell = Cell(50, chemistry="NMC")
    soc = cell.soc
    soc.set(start_pm, sigma_pm)
    width = 0
    for ma, seconds, _ in pieces:
        for _ in range(seconds):
            cell.step(max(-100000, min(ma, 100000)))
            now = soc.soc_hi_pm - soc.soc_lo_pm
            at_an_end = soc.soc_lo_pm == 0 or soc.soc_hi_pm == 1000
            assert now >= width - 1 or soc.anchor or at_an_end, "a per mille of rounding"
            width = max(width, now) if not (soc.anchor or at_an_end) else now


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100000), st.integers(100, 30000), st.integers(-1, 100_000_000))
def test_a_restart_never_makes_surer(soc_e5, sigma_e5, off_s):
    before, after = Cell(50, OWN, leak_pm=20), Cell(50, OWN, leak_pm=20)
    before.soc.resume(soc_e5, sigma_e5)
    buf = bytearray(before.keep.size)
    before.keep.save(buf)
    assert after.keep.load(buf, off_s)
    old, new = before.soc, after.soc
    assert new.voltage.belief.sigma_e5 >= old.voltage.belief.sigma_e5
    assert new.soc_lo_pm <= old.soc_lo_pm
    assert abs(new.soc_e5() - old.soc_e5()) <= 1 + 20 * max(off_s, 604800) // 26280 or off_s < 0


# a curve of one's own


def own(mv):
    return {"ocv_own": 1, **dict(zip(OCV, mv, strict=True))}


def test_a_curve_in_the_settings_is_the_one_that_the_estimator_uses():
    mv = [value + 40 if 3100 <= value <= 3400 else value for value in DEFAULT_MV]
    config = Config({"cell_n": 4, **own(mv)})
    curve, ours = Soc(config).voltage.curve, Soc(Config({"cell_n": 4})).voltage.curve
    assert curve.at(50000, 0) == ours.at(50000, 0) + 400
    assert curve.bias_dmv < ours.bias_dmv and curve.low_sigma_e5 < ours.low_sigma_e5, "trusted"
    assert config.hash != Config({"cell_n": 4}).hash


def test_voltages_without_the_switch_change_nothing():
    mv = {name: value + 10 for name, value in zip(OCV[3:-1], DEFAULT_MV[3:-1])}
    curve, ours = Soc(Config({"cell_n": 4, **mv})).voltage.curve, Soc(Config()).voltage.curve
    assert [curve.at(e5, 0) for e5 in range(0, 100001, 997)] == [
        ours.at(e5, 0) for e5 in range(0, 100001, 997)
    ]


def test_the_default_settings_are_the_default_curve_to_four_millivolts_between_the_knees():
    curve, ours = Soc(Config(own(DEFAULT_MV))).voltage.curve, Soc(Config()).voltage.curve
    assert max(abs(curve.at(e5, 0) - ours.at(e5, 0)) for e5 in range(15000, 95001, 100)) <= 40


@pytest.mark.parametrize("k", range(len(OCV) - 1))
def test_a_curve_that_falls_is_refused_with_both_places(k):
    mv = list(DEFAULT_MV)
    mv[k] = mv[k + 1] + 1
    with pytest.raises(ConfigError) as refused:
        Config(own(mv))
    said = f"{OCV[k]} {mv[k]} must be at most {OCV[k + 1]} {mv[k + 1]}"
    assert said in str(refused.value)


@pytest.mark.parametrize("value", [1999, 3700, 3.3, "3300", True])
def test_a_voltage_that_no_such_cell_has_is_refused(value):
    with pytest.raises(ConfigError, match="ocv_50_mv .* 3100..3450 mV"):
        Config({"ocv_50_mv": value})


def test_an_own_curve_finds_a_cell_that_the_default_curve_does_not_know():
    """A make whose plateau lies 45 mV higher: judged after a cold start, at 20 %."""
    errors = []
    for given_mv in (None, [value + 45 if value > 3100 else value for value in DEFAULT_MV]):
        fields_ = {} if given_mv is None else own([min(v, 3650) for v in given_mv])
        cell = Cell(70, None, **fields_)
        cell.offset_mv = 45.0
        cell.soc.guess(500)
        while cell.truth > 20:
            cell.drive(-25000, 300)
        errors.append(abs(cell.soc.soc_pm / 10 - cell.truth))
        assert cell.soc.soc_lo_pm <= cell.truth * 10 <= cell.soc.soc_hi_pm
    assert errors[1] < 4 and errors[1] <= errors[0] + 1
