"""A calibration that would loosen protection, or that somebody reads, breaks or cannot store."""

import json

import pytest

from bms import calibrator as module
from bms.calibration import CURRENT, NTC, Calibration
from bms.snapshot import Snapshot
from host_tests.common.commission_rig import Bench
from sim.flash import Slot

SMALL = {"capacity_mah": 2000, "occ1_ma": 1000, "ocd1_ma": 2000}


@pytest.fixture
def bench():
    bench = Bench()
    bench.rehearsal.waive("test")
    bench.sim.run(5)
    return bench


def config_of(**more):
    from bms.config import Config

    return Config({"cell_n": 4, **more})


@pytest.mark.parametrize("open_or_short", ["ntc_open_ddegc", "ntc_short_ddegc"])
def test_a_broken_sensor_wire_stays_one(open_or_short):
    """Readings just beyond what a sensor can give must not be calibrated into it."""
    config = config_of()
    for offset in (-50, 50):
        calibration = Calibration(4, 3, config)
        calibration.set(NTC, 0, 0, offset)
        snap = Snapshot(4, 3)
        snap.temp_ddegc[0] = getattr(config, open_or_short)
        calibration.apply(snap)
        assert snap.temp_ddegc[0] == getattr(config, open_or_short)


@pytest.mark.parametrize("gain, offset", [(0, 126), (0, -126), (-1638, -100), (1638, -130)])
def test_a_small_packs_current_limit_is_not_calibrated_away(gain, offset):
    calibration = Calibration(4, 3, config_of(occ1_ma=1000, occ2_ma=2000))
    with pytest.raises(ValueError, match="beyond"):
        calibration.set(CURRENT, 0, gain, offset)
    calibration.set(CURRENT, 0, -1000, -50)
    Calibration(4, 3, config_of()).set(CURRENT, 0, -1638, -500)


def test_a_stored_calibration_is_judged_by_the_limits_of_today(bench):
    calibration = Calibration(4, 3)
    calibration.set(CURRENT, 0, 0, 400)
    values = {**calibration.as_dict(), "wiring": module.wiring(bench.sim.config, "sim")}
    slots = (Slot(), Slot())
    module.ABStore(slots, 1).save(json.dumps(values).encode())
    bench.sim.pack.config.occ1_ma = 1000
    again = module.Calibrator(bench.sim.scan, "sim", slots)
    again.load()
    assert "beyond" in again.problem and again.calibration.hash() == 0


@pytest.mark.parametrize("error", [OSError, MemoryError])
def test_what_could_not_be_stored_is_not_in_force(bench, error):
    calibrator = bench.desk.calibrator()

    def full(_):
        raise error("full")

    calibrator.points = [(250, 262)]
    calibrator._of = (NTC, 0)
    for slot in bench.cal_slots:
        slot.write = full
    with pytest.raises(error):
        calibrator.store("today")
    assert calibrator.calibration.hash() == 0 and "ntc 1" not in calibrator.calibration.dates


@pytest.mark.parametrize("kind, which", [("cell", 99), ("ntc", -1), ("shoe", 0), ("ntc", 40)])
def test_nothing_that_is_not_there_can_be_taken_back(bench, kind, which):
    assert "there is no" in bench.request("uncalibrate", kind=kind, which=which)["error"]


def test_who_only_reads_changes_nothing(bench):
    """The request needs no key: it must not even load a calibration anew."""
    before = bench.sim.pack.journal.n
    calibration = bench.sim.scan.sense.calibration
    assert bench.desk.ask(0x38, b"", False)[0] == 0
    assert bench.sim.scan.sense.calibration is calibration
    assert bench.sim.pack.journal.n == before


def test_an_answer_is_whole_json_whatever_the_problem(bench):
    calibrator = bench.desk.calibrator()
    calibrator.problem = "the stored calibration is refused: " + "x" * 300
    calibrator.points = [(-1_000_000, -(1 << 31))] * 2  # what a reading and a command can hold
    answer = bench.desk.ask(0x38, b"", True)
    assert len(answer) <= 200 and json.loads(answer[1:])["problem"]
