"""A device permits first and loads its estimators then: the same protection, and the charge is counted from then on."""

import pytest

from bms import journal
from bms.pack import Pack
from bms.report.all import estimators
from bms.unknown import unknown
from boards.sim.board import FAMILY, make_sim
from host_tests.system.rig import BOTH, conducting, events, open_within, touch


@pytest.fixture
def begun(monkeypatch):
    """Makes a simulated pack whose start has just begun; `late`: as a device's does."""

    def make(late, soc):
        made = (lambda config: Pack(config, estimating=unknown)) if late else Pack
        monkeypatch.setattr("boards.sim.board.Pack", made)
        return make_sim(cell_n=4, family=FAMILY, soc=soc)

    return make


def load(sim):
    """Piece by piece, a scan between any two."""
    for _ in estimators(sim.pack):
        sim.step()


def test_it_permits_as_soon_and_writes_the_same_journal_but_for_the_charge(begun):
    told = []
    for late in (False, True):
        sim = begun(late, 0.3)
        assert sim.run_until(lambda sim=sim: conducting(sim) == BOTH, 20), events(sim)
        at_us = sim.world.now_us
        touch(sim, lambda plant: plant.outside.load(amps=20))
        sim.run(2)
        assert sim.pack.limits.dcl_ma > 0 and sim.pack.limits.ccl_ma > 0
        log = sim.pack.journal
        records = [log.record(i) for i in range(log.n)]
        told.append((at_us, [{**record, "soc_pm": 0} for record in records]))
    assert told[0] == told[1]


LOAD = ("load", {"amps": 30})
CHARGER = ("attach", {"volts": 14, "amps": 30})


@pytest.mark.parametrize("name, how", [LOAD, CHARGER])
def test_from_then_on_the_charge_is_counted(begun, name, how):
    sim = begun(True, 0.5)
    assert sim.run_until(lambda: conducting(sim) == BOTH, 20), events(sim)
    assert sim.pack.soc.soc_pm == 500 and not hasattr(sim.pack.soc, "charge_uah")
    load(sim)
    sim.pack.soc.set(500, 5)  # sure of it: voltage has no say in so short a time
    touch(sim, lambda plant: getattr(plant.outside, name)(**how))
    before_uah, true_before = sim.pack.soc.charge_uah, sim.plant.charge_ah(0)
    sim.run(600)
    moved_mah = (sim.pack.soc.charge_uah - before_uah) / 1000
    true_mah = (sim.plant.charge_ah(0) - true_before) * 1000
    assert abs(moved_mah - true_mah) < 30 and abs(true_mah) > 4900


def test_a_short_before_they_are_there_is_cut_and_told_as_ever(begun):
    sim = begun(True, 0.5)
    assert sim.run_until(lambda: conducting(sim) == BOTH, 20), events(sim)
    touch(sim, lambda plant: plant.outside.short(0.001))
    assert open_within(sim, 400) is not None
    sim.run(3)
    load(sim)
    sim.run(3)
    assert ("trip", "scd", -1, 1) in events(sim)
    assert sim.pack.journal.record(sim.pack.journal.n - 1)["kind"] != journal.LOST
