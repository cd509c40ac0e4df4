"""Trouble by name: it comes, it goes, and it is described for people."""

import pytest

from sim.mischief import MISCHIEF, find, pick
from sim.plant import Plant
from sim.prng import Prng
from sim.world import World

PHYSICAL = [mischief.name for mischief in MISCHIEF if not mischief.hook]


class Sim:
    def __init__(self, **more):
        self.plant = Plant(**more)
        self.plant.chg_on = self.plant.dsg_on = True
        self.world = World(self.plant)
        self.hooks = {}
        self.world.advance(1000000)


def state(plant):
    outside = plant.outside
    return (
        outside.short_ohm,
        outside.load_a,
        outside.charger_v,
        outside.charger_a,
        list(plant.wire_open),
        list(plant.ntc_open),
        list(plant.ntc_short),
        list(plant.heat.extra_w),
        plant.welded_chg,
        plant.welded_dsg,
        plant.interlock_open,
        plant.heat.ambient_c,
    )


@pytest.mark.parametrize("name", PHYSICAL)
def test_each_mischief_does_something_and_takes_it_back(name):
    sim = Sim()
    sim.plant.outside.load(amps=5.0)
    sim.plant.outside.attach(54.0, 3.0)
    before = state(sim.plant)
    find(name).apply(sim)
    assert state(sim.plant) != before
    sim.world.advance(5000000)
    find(name).clear(sim)
    assert state(sim.plant) == before
    sim.world.advance(5000000)


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("short", lambda p: p.worst.discharge_a_max > 500),
        ("heavy_load", lambda p: p.current_a == pytest.approx(-130, abs=0.1)),
        ("overdischarge", lambda p: p.worst.cell_v_min < 2.0),
        ("runaway_charger", lambda p: p.worst.cell_v_max > 3.9),
        ("cold_charge", lambda p: p.worst.cold_ah > 1.0),
        ("hot_cell", lambda p: p.temp_c[0] > 60.0 and p.temp_c[2] < 45.0),
        ("broken_wire", lambda p: p.sense_v(7) < 1.0 and p.sense_v(8) > 5.0),
        ("broken_end_wire", lambda p: p.sense_v(15) < 1.0),
        ("ntc_open", lambda p: p.temp_c[0] < -80.0),
        ("ntc_short", lambda p: p.temp_c[0] > 150.0),
        ("interlock_open", lambda p: p.interlock_open),
    ],
)
def test_unprotected_the_pack_suffers_what_the_words_say(name, shows):
    sim = Sim()
    find(name).apply(sim)
    for _ in range(480):
        sim.world.advance(1000000)
    assert shows(sim.plant)


@pytest.mark.parametrize(("name", "amps"), [("welded_chg", 20.0), ("welded_dsg", -20.0)])
def test_a_welded_fet_conducts_though_commanded_off(name, amps):
    sim = Sim()
    sim.plant.chg_on = sim.plant.dsg_on = False
    sim.plant.outside.attach(58.0, 20.0) if amps > 0 else sim.plant.outside.load(amps=20.0)
    sim.world.advance(1000)
    assert sim.plant.current_a == 0.0
    find(name).apply(sim)
    assert sim.plant.current_a == pytest.approx(amps, abs=0.001)


def test_what_is_not_physics_is_done_by_its_owner():
    sim = Sim()
    mischief = find("dead_bus")
    assert not mischief.possible(sim)
    with pytest.raises(LookupError, match="no hook for dead_bus"):
        mischief.apply(sim)
    calls = []
    sim.hooks["dead_bus"] = calls.append
    assert mischief.possible(sim)
    mischief.apply(sim)
    mischief.clear(sim)
    assert calls == [True, False]


def test_mischief_acts_now_even_if_the_plant_lags():
    sim = Sim()
    sim.world.advance(4000)
    find("heavy_load").apply(sim)
    assert sim.plant.now_us == sim.world.now_us
    assert sim.plant.current_a < -100.0
    assert sim.plant.discharged_ah < 1e-6


def test_a_trace_goes_on_under_mischief():
    from pathlib import Path

    from sim import trace as trace_module

    path = Path(trace_module.__file__).parent / "traces" / "dfn_cycle.csv"
    sim = Sim(trace=trace_module.Trace(path), spread=0.0)
    sim.world.advance(1000000)
    steady_a = sim.plant.current_a
    find("cold_charge").apply(sim)
    assert sim.plant.temp_c[0] == -10.0
    assert sim.plant.current_a == pytest.approx(steady_a + 20.0, abs=0.1)
    find("cold_charge").clear(sim)
    sim.world.advance(1000000)
    assert sim.plant.current_a == pytest.approx(steady_a, abs=0.1)
    assert sim.plant.temp_c[0] == pytest.approx(25.0, abs=0.5)


def test_names_are_unique_and_an_unknown_one_lists_them_all():
    names = [mischief.name for mischief in MISCHIEF]
    assert len(set(names)) == len(names)
    with pytest.raises(LookupError, match="earthquake.*short.*brown_out"):
        find("earthquake")


def test_a_random_walk_picks_only_what_is_possible_and_everything_in_time():
    sim = Sim()
    prng = Prng(3)
    assert {pick(prng, sim).name for _ in range(500)} == set(PHYSICAL)


# random numbers -----------------------------------------------------------------------------------


def test_the_random_sequence_is_marsaglias():
    prng = Prng(1)
    prng.state = 2463534242
    assert [prng.next() for _ in range(3)] == [723471715, 2497366906, 2064144800]


def test_any_seed_works_and_neighbours_differ():
    firsts = [Prng(seed).next() for seed in (0, 1, 2, 3, -1, 1 << 40)]
    assert len(set(firsts)) == len(firsts) - 1  # 0 and 2^40 are both nothing in 32 bits
    assert all(firsts)


def test_ranges_are_kept_and_filled():
    prng = Prng(9)
    assert {prng.between(-2, 3) for _ in range(200)} == {-2, -1, 0, 1, 2, 3}
    assert {prng.pick("abc") for _ in range(100)} == set("abc")
    spread = [prng.spread(5.0) for _ in range(2000)]
    assert -5.0 <= min(spread) < -4.0 < 4.0 < max(spread) <= 5.0
    assert abs(sum(spread) / 2000) < 0.2
    hits = sum(prng.chance(250000) for _ in range(4000))
    assert 900 < hits < 1100
