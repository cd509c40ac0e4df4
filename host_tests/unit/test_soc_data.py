"""Charge of recorded cells, judged by the cycler that recorded them. `make bench-soc` does all of it.

The curve is the firmware's own, whatever the cell: nobody tuned it to these.
"""

import csv

import pytest

from bms.soc_curve import Curve
from host_tests.shared import ROOT, shared
from host_tests.unit.soc_play import MINUS, PLUS, Play

OURS = ROOT / "host_tests" / "data"


def own_curve(name, mean="ocv_avg_mv"):
    """A low-rate test of the same make."""
    with open(shared(f"data/ocv_{name}.csv")) as file:
        rows = [row for row in csv.DictReader(file) if row[mean]]
    pm = [round(float(row["soc_pct"]) * 10) for row in rows]
    dmv = [round(float(row[mean]) * 10) for row in rows]
    half = [round(float(row["hyst_gap_mv"]) * 5) for row in rows]
    return Curve(pm, dmv, pm, half, True)


def known(play):
    play.soc.set(round(play.truth(play.first) * 10), 5)
    return play


@pytest.mark.parametrize("sensor", [PLUS, MINUS])
def test_known_start_on_our_own_drive_is_near_counting(sensor):
    play = known(Play(OURS / "pybamm_drive.csv")).run(noise_mv=3, **sensor)
    assert play.rmse() <= 1.0 and play.coverage() == 1.0


@pytest.mark.parametrize("off", [-200, 200])
def test_cold_start_on_our_own_drive_finds_its_way(off):
    play = Play(OURS / "pybamm_drive.csv", first_pct=60)
    play.soc.guess(600 + off)
    play.run(noise_mv=3, **PLUS)
    assert play.coverage() >= 0.92
    assert abs(play.errors[-1]) <= 10


def test_a_full_charge_ends_a_wrong_start_and_measures_capacity():
    play = Play(OURS / "pybamm_cycle.csv")
    play.soc.guess(500)
    play.run(noise_mv=3, **PLUS)
    assert play.soc.soc_pm >= 995 and play.soc.soc_lo_pm >= 985
    capacity = play.health.capacity
    assert capacity.n == 1 and abs(capacity.e4 - 10000) <= max(200, 2 * capacity.sigma_e4)


def test_an_asymmetry_of_nine_percent_is_learned_from_full_to_full():
    play = known(Play(OURS / "pybamm_cycle.csv", charge_gain=1.09)).run()
    play.soc.trim.from_full = play.soc.trim.from_full or None
    assert play.soc.trim.from_full
    play.run()
    assert play.soc.trim.gain_n == 1
    assert play.soc.trim.gain_e4 == pytest.approx((1 / 1.09 - 1) * 10000, abs=100)


RUNS = (
    ("a123_26650_P05", 2.03),
    ("a123_26650_P45", 2.03),
    ("calce_a123_18650_007_25C_dst", 1.034),
    ("tue_lfp3500_id_first", 3.686),
)


@pytest.mark.parametrize("name,ah", RUNS)
@pytest.mark.parametrize("sensor", [PLUS, MINUS])
def test_known_start_on_real_cells(name, ah, sensor):
    play = known(Play(shared(f"data/dyn_{name}.csv"), ah)).run(noise_mv=3, **sensor)
    assert play.rmse() <= 1.0
    assert play.coverage() >= 0.9


@pytest.mark.parametrize("name,ah", RUNS)
def test_cold_start_in_the_plateau_on_real_cells_is_honest(name, ah):
    play = Play(shared(f"data/dyn_{name}.csv"), ah, first_pct=60)
    play.soc.guess(400)
    play.run(noise_mv=3, **MINUS)
    assert play.coverage() >= 0.92
    assert play.at(20) <= 10


def test_somebody_elses_curve_does_not_pull_a_right_charge_away():
    curve = own_curve("tue_lfp3500")  # its plateau is 40 mV above that of the cell
    path = shared("data/dyn_calce_a123_18650_007_25C_us06.csv")
    play = known(Play(path, 1.034, curve=curve)).run()
    assert play.rmse() <= 1.0 and play.coverage() >= 0.9


def test_resistance_at_45_and_at_5_degrees_is_the_same_at_25():
    found = []
    for name in ("P05", "P45"):
        play = known(Play(shared(f"data/dyn_a123_26650_{name}.csv"), 2.03)).run(until=15000)
        found.append(play.health.resistance.uohm[0])
    assert found == [pytest.approx(9800, rel=0.1)] * 2
