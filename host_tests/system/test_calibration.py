"""Calibration against a meter: right afterwards, kept with its date, refused when implausible."""

import json

import pytest

from bms import calibrator as module
from bms.calibration import CELL, CURRENT, NTC, Calibration, solve
from bms.calibrator import Calibrator
from bms.journal import CALIBRATION
from bms.snapshot import Snapshot
from host_tests.common.commission_rig import Bench
from roles import TEMP_NONE
from sim.flash import Slot


@pytest.fixture
def bench():
    bench = Bench()
    bench.rehearsal.waive("test")
    bench.sim.run(5)
    return bench


def take(bench, kind, which, true):
    said = bench.request("point", kind=kind, which=which, true=true)
    assert "error" not in said, said
    for _ in range(30):
        bench.sim.step()
        if not bench.request("calibration")["busy"]:
            return
    raise AssertionError("no point")


def test_two_points_mend_gain_and_offset_of_a_cell(bench):
    sim = bench.sim
    sim.chip.measure.gain_ppm[1] = 4000
    sim.chip.measure.offset_mv[1] = -6.0
    for soc in (0.05, 0.98):
        sim.plant.cells.set_soc(soc)
        sim.run(2)
        take(bench, CELL, 1, round(sim.plant.cell_v[1] * 1000))
    assert "gain" in bench.request("calibrate", date="2026-11-21")
    for soc in (0.1, 0.5, 0.95):
        sim.plant.cells.set_soc(soc)
        sim.run(2)
        assert abs(sim.pack.snap.cell_mv[1] - sim.plant.cell_v[1] * 1000) <= 1.6
    raw = bench.desk.calibrator().calibration.raw_mv[1]
    assert abs(raw - sim.plant.cell_v[1] * 1000) > 3


def test_two_points_mend_a_shunt_that_is_three_percent_off(bench):
    sim = bench.sim
    bench.wires.shunt = 1.03
    for amps in (1.0, 9.0):
        sim.plant.outside.load(amps=amps)
        sim.run(3)
        take(bench, CURRENT, 0, round(sim.plant.current_a * 1000))
    assert "gain" in bench.request("calibrate", date="2026-11-21")
    sim.plant.outside.load(amps=6.0)
    sim.run(3)
    assert abs(sim.pack.snap.pack_ma + 6000) <= 6


def test_a_later_zero_of_the_current_leaves_its_gain(bench):
    sim = bench.sim
    test_two_points_mend_a_shunt_that_is_three_percent_off(bench)
    sim.plant.outside.load(amps=0.0)
    sim.run(3)
    take(bench, CURRENT, 0, 40)  # so says the meter
    assert abs(bench.request("calibrate", date="2026-11-22")["gain"]) > 400
    for amps in (0.0, 6.0):
        sim.plant.outside.load(amps=amps)
        sim.run(3)
        assert abs(sim.pack.snap.pack_ma + 1000 * amps - 40) <= 6


def test_one_point_mends_a_thermistor(bench):
    take(bench, NTC, 2, 262)
    assert bench.request("calibrate", date="2026-11-21")["gain"] == 0
    bench.sim.run(1)
    assert bench.sim.pack.snap.temp_ddegc[2] == 262
    assert bench.sim.pack.snap.temp_ddegc[1] != 262


def test_it_is_there_after_a_start_with_its_date_and_in_the_journal(bench):
    take(bench, NTC, 0, 262)
    bench.request("calibrate", date="2026-11-21")
    journal = bench.sim.pack.journal
    kinds = [journal.record(i)["kind"] for i in range(journal.first(), journal.n)]
    assert kinds.count(CALIBRATION) == 3  # gain, offset, and the hash of all
    slots = bench.cal_slots
    bench.boot()
    again = Calibrator(bench.sim.scan, "sim", slots)
    again.load()
    assert again.calibration.ntc_ddegc[0] != 0 and again.calibration.hash() != 0
    assert again.calibration.dates == {"ntc 1": "2026-11-21"}


# kind, which, points, words of the refusal
IMPLAUSIBLE = [
    (CELL, 0, [(3300, 3325)], "offset 25 mV is beyond 20"),
    (CELL, 0, [(3000, 2990), (3500, 3540)], "beyond"),
    (CELL, 0, [(3300, 3300), (3400, 3400)], "200 apart"),
    (CURRENT, 0, [(100, 700)], "offset 600 mA is beyond 500"),
    (CURRENT, 0, [(-1000, 1000), (-9000, 9000)], "gain"),  # a reversed shunt is no calibration
    (CURRENT, 0, [(1000, 1000), (11000, 12300)], "gain"),
    (CURRENT, 0, [(1000, 1000), (2000, 2000)], "2000 apart"),
    (NTC, 0, [(250, 301)], "offset 51"),
    (NTC, 0, [(250, 250), (300, 300)], "one point"),
    (CELL, 99, [(3300, 3300)], "there is no cell 100"),
    (NTC, -1, [(3300, 3300)], "there is no ntc 0"),
    ("shoe", 0, [(1, 1)], "there is no shoe 1"),
]


@pytest.mark.parametrize("kind, which, points, words", IMPLAUSIBLE)
def test_what_is_implausible_is_refused_and_changes_nothing(kind, which, points, words):
    calibration = Calibration(4, 3)
    with pytest.raises(ValueError, match=words):
        gain, offset = solve(kind, points)
        calibration.set(kind, which, gain, offset)
    assert calibration.hash() == 0


def test_a_refusal_comes_back_as_words_and_nothing_is_stored(bench):
    take(bench, NTC, 0, 600)
    assert "beyond" in bench.request("calibrate", date="2026-11-21")["error"]
    assert "date" in bench.request("calibrate", date="")["error"]
    assert all(not slot.data for slot in bench.cal_slots)


@pytest.mark.parametrize("bad", [{}, [], {"cells": 1}, "beyond", "another"])
def test_a_stored_calibration_that_is_none_is_left_out_whole(bench, bad):
    take(bench, NTC, 0, 262)
    bench.request("calibrate", date="2026-11-21")
    good = bench.desk.calibrator().calibration.as_dict()
    good["wiring"] = ["sim", 4, 3, 500]
    if bad == "beyond":
        bad = {**good, "ntcs": [12, 500, 0]}
    if bad == "another":
        bad = {**good, "wiring": ["sim", 4, 3, 501]}
    slots = (Slot(), Slot())
    module.ABStore(slots, 1).save(json.dumps(bad).encode())
    again = Calibrator(bench.sim.scan, "sim", slots)
    again.load()
    assert again.problem and again.calibration.hash() == 0


@pytest.mark.parametrize("mv", [-32768, 0, 1, 2500, 3300, 5000, 32767])
@pytest.mark.parametrize("gain", [-164, -1, 0, 1, 164])
def test_the_correction_is_that_of_exact_arithmetic_to_half_a_unit(mv, gain):
    calibration = Calibration(1, 1)
    calibration.cell_gain[0] = gain
    calibration.cell_mv[0] = 3
    snap = Snapshot(1, 1)
    snap.cell_mv[0] = mv
    calibration.apply(snap)
    assert abs(snap.cell_mv[0] - (mv * (1 + gain / 16384) + 3)) <= 0.5
    assert snap.temp_ddegc[0] == TEMP_NONE  # no reading stays none
