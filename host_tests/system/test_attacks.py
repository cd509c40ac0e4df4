"""Attacks that once worked: what a hostile reviewer did to the pack. Every assertion is on the plant."""

import asyncio
import gc
import importlib
import json
import sys
from types import SimpleNamespace

import pytest

import bms
from bms import bits, forget
from bms.commission_store import CommissionStore
from bms.config import as_dict
from boards.sim.board import make_sim
from host_tests.common.scan_rig import Rig
from host_tests.system.rig import BOTH, conducting, events, running, seen, touch, tripped
from roles import CHG, FLAG_SLEEP, STEP_PASS, TEMP_NONE, TRIP_UTC
from sim.chips.bq769x2_bits import OFF
from sim.chips.bq769x2_measure import OK, OPEN, SHORT
from sim.mischief import find
from sim.mischief_bus import NackWrapper


def test_a_charge_limit_beyond_the_range_of_milliamperes_trips():
    """Discharge limits small enough for 1 mA a bit, charge limits beyond its 32.767 A."""
    limits = {"occ1_ma": 40000, "occ2_ma": 50000, "ocd1_ma": 5000, "ocd2_ma": 10000}
    limits.update({"scd_ma": 30000, "ccl_ma": 36000, "dcl_ma": 4000, "shunt_uohm": 1000})
    sim = running(cell_n=4, config=limits)
    touch(sim, lambda plant: plant.outside.attach(4 * 4.0, 48))
    assert sim.run_until(lambda: not sim.plant.chg_on, 15), sim.pack.snap.pack_ma
    assert seen(sim, "trip", "occ1"), events(sim)


@pytest.fixture
def main_ends(monkeypatch, tmp_path):
    """Runs `bms.start` on a simulated board until `story(scan)` returns, then Ctrl-C."""

    def play(sim, story):
        monkeypatch.setitem(sys.modules, "board", SimpleNamespace(make=lambda config: sim.board))
        sys.modules.pop("bms.start", None)
        start = importlib.import_module("bms.start")
        for name in forget._START_ONLY.split():  # it forgets them
            module = importlib.import_module(name)
            monkeypatch.setitem(sys.modules, name, module)
            if name.startswith("bms."):
                monkeypatch.setattr(bms, name[4:], module)
        started = []

        def run(app):
            started.append(app.cr_frame.f_locals["self"]._scan)
            app.close()
            story(started[0])
            raise KeyboardInterrupt

        sim.board.clock = SimpleNamespace()
        monkeypatch.setattr(asyncio, "run", run)
        monkeypatch.setattr(gc, "threshold", lambda n: None, raising=False)
        monkeypatch.setattr(asyncio, "ThreadSafeFlag", asyncio.Event, raising=False)
        (tmp_path / "config.json").write_text(json.dumps(as_dict(sim.config)))
        monkeypatch.chdir(tmp_path)
        CommissionStore(sim.config, sim.board.name).waive("test")
        with pytest.raises(KeyboardInterrupt):
            start.run(lambda: None)

    return play


def test_the_end_of_the_program_ends_the_heater_and_opens_the_contactor(main_ends):
    """Ctrl-C on a board that is being worked on, where no watchdog makes the pins float."""
    sim = make_sim(cell_n=4, soc=0.5, contactor=True)
    touch(sim, lambda plant: plant.soak(-10.0))
    touch(sim, lambda plant: plant.outside.attach(4 * 3.5, 10))

    def story(scan):
        sim.scan, sim.pack = scan, scan.pack
        scan.board.cutoff.wake = sim._wake
        assert sim.run_until(lambda: sim.plant.heater_on, 20), events(sim)
        touch(sim, lambda plant: plant.soak(15.0))
        sim.run_until(lambda: conducting(sim), 20)
        touch(sim, lambda plant: plant.soak(2.0))
        assert sim.run_until(lambda: sim.plant.heater_on and conducting(sim), 20), events(sim)

    main_ends(sim, story)
    sim.world.sync()
    assert not sim.plant.heater_on and sim.plant.contactor_open and not conducting(sim)
    sim.world.advance(10000000)
    assert not sim.plant.heater_on and sim.plant.contactor_open and not conducting(sim)


def test_the_end_of_the_program_opens_both_on_a_board_without_off_pins(main_ends):
    sim = make_sim(cell_n=4, soc=0.5, config={"precharge_on": 0})
    sim.board.guard.off_pins = False
    sim.board.cutoff._chg_pin = sim.board.cutoff._dsg_pin = lambda level: None
    touch(sim, lambda plant: plant.outside.load(amps=10))

    def story(scan):
        sim.scan, sim.pack = scan, scan.pack
        sim.board.cutoff.wake = sim._wake
        assert sim.run_until(lambda: conducting(sim) == BOTH, 20), events(sim)

    main_ends(sim, story)
    assert not conducting(sim)


@pytest.mark.parametrize("fault", [OPEN, SHORT])
def test_a_broken_sensor_of_the_mosfets_opens_both(fault):
    """Open it reads cold: neither the monitor's OTF nor ours would ever trip."""
    sim = running(cell_n=4)
    sim.chip.break_ntc("HDQ", fault)
    sim.run(4)
    assert not conducting(sim) and seen(sim, "trip", "ntc"), events(sim)
    sim.chip.break_ntc("HDQ", OK)
    assert sim.run_until(lambda: conducting(sim) == BOTH, 60), events(sim)


@pytest.mark.parametrize("lost", [1, 3])
def test_a_lost_shutdown_command_is_repeated(lost):
    """Else a flat pack would stay awake until its cells are dead."""
    sim = running(cell_n=4)
    nack = NackWrapper(sim.chip, count=lost)
    nack.on = False
    sim.monitor.disturb(lambda _: nack)
    command = sim.board.guard.shutdown

    def shutdown():
        nack.on = True
        try:
            command()
        finally:
            nack.on = False

    sim.board.guard.shutdown = shutdown
    sim.pack.request(bits.REQ_SHUTDOWN)
    assert sim.run_until(lambda: sim.chip.state == OFF, 60), events(sim)
    assert sim.pack.mode.mode == bits.SHUTDOWN and not conducting(sim) and nack.count == 0


def test_a_monitor_that_resets_while_a_short_is_held_still_looks_for_the_load():
    """Else the pack waits for ever for a load to go that has gone."""
    sim = running(cell_n=4, config={"sc_hold_ms": 20000})
    touch(sim, lambda plant: plant.outside.short(0.005))
    sim.run(3)
    assert tripped(sim) == ["scd"]
    touch(sim, lambda plant: sim.chip.brown_out())
    sim.run(30)
    assert not conducting(sim) and tripped(sim) == ["scd"], "the short is still there"
    touch(sim, lambda plant: plant.outside.short(0))
    assert sim.run_until(lambda: conducting(sim) == BOTH, 60), events(sim)


def test_a_monitor_that_was_silent_while_it_bled_stops_when_it_answers_again():
    """Else it went on for the rest of its 20 s, its bent readings taken for quiet ones."""
    sim = running(cell_n=4, soc=0.97)
    touch(sim, lambda plant: plant.cells.soc.__setitem__(0, 0.999))
    touch(sim, lambda plant: plant.outside.attach(4 * 3.5, 10))
    assert sim.run_until(lambda: True in sim.plant.bleed, 4000)
    find("dead_bus").apply(sim)
    sim.run(1.5)
    assert True in sim.plant.bleed and not conducting(sim)
    find("dead_bus").clear(sim)
    sim.run(1.5)
    assert True not in sim.plant.bleed


def test_an_alert_line_that_hangs_low_opens_both_until_it_is_free():
    """No edge can come any more: the second line of defence is gone, and nobody would know."""
    sim = running(cell_n=4)
    hanging = sim.board.alert_pin.line.end("solder")
    hanging.drive(0)
    sim.run(2)
    assert not conducting(sim) and tripped(sim) == ["cutoff"], events(sim)
    hanging.drive(None)
    assert sim.run_until(lambda: conducting(sim) == BOTH, 20), events(sim)


def test_a_pack_does_not_start_with_its_alert_line_shorted():
    sim = make_sim(cell_n=4, soc=0.5)
    sim.board.alert_pin.line.end("solder").drive(0)
    sim.run(20)
    assert "cutoff" in tripped(sim) and not conducting(sim)
    assert sim.plant.worst.opened_after("dsg", 0) is None, "it never closed"


def passes(sim, seconds):
    """Whole passes of the verification in this time."""
    step = sim.board.guard.verify_step
    found = []
    sim.board.guard.verify_step = lambda: found.append(step()) or found[-1]
    sim.run(seconds)
    sim.board.guard.verify_step = step
    return found.count(STEP_PASS)


def test_the_verification_goes_on_while_a_series_fet_helps_its_body_diode():
    """A cold pack under load: the monitor closes CHG against its command, for hours."""
    sim = running(cell_n=4, config={"precharge_on": 0})
    touch(sim, lambda plant: plant.soak(-5.0))
    touch(sim, lambda plant: plant.outside.load(amps=20))
    sim.run(10)
    assert sim.pack.mode.mode == bits.DSG_ONLY and conducting(sim) == BOTH
    assert passes(sim, 60) >= 3 and sim.pack.snap.die_ddegc != TEMP_NONE


def test_a_charge_fet_that_ignores_its_command_is_told_again_and_latched_also_in_sleep():
    sim = running(cell_n=4)
    sim.pack.request(bits.REQ_SLEEP)
    assert sim.run_until(lambda: sim.pack.snap.flags & FLAG_SLEEP, 60)
    touch(sim, lambda plant: setattr(sim.chip.fets, "update", lambda: None))
    sim.chip.fets.on |= CHG
    sim.chip.protection_changed()
    sim.chip.settle()
    sim.run(30)
    assert "fet" in tripped(sim)


def test_a_verification_that_never_ends_is_as_bad_as_a_difference():
    sim = running(cell_n=4)

    def refused(code):
        raise OSError(5, "nobody takes it")

    sim.board.guard._sub.ask = refused
    assert sim.run_until(lambda: not conducting(sim), 200)
    assert seen(sim, "trip", "cfgbad")


@pytest.mark.parametrize("low_a, high_a, opens", [(95, 195, True), (15, 195, False)])
def test_a_load_that_ripples_is_judged_by_its_mean(low_a, high_a, opens):
    """The input of an inverter. Limits 110 A for 10 s and 200 A for 320 ms, in every reading."""
    sim = running(cell_n=4, config={"precharge_on": 0})

    def swing(amps, other):
        sim.plant.outside.load(amps=amps)
        sim.world.at(sim.world.now_us + 5003, lambda: swing(other, amps))

    sim.world.at(sim.world.now_us + 1, lambda: swing(low_a, high_a))
    assert sim.run_until(lambda: not sim.plant.dsg_on, 16) == opens, events(sim)
    assert seen(sim, "trip", "chip_ocd") == opens


def small_integers(thing, seen_ids):
    """Every integer in an object and in what it holds."""
    if id(thing) in seen_ids or not type(thing).__module__.startswith(
        ("bms", "bq769x2", "coulomb")
    ):
        return
    seen_ids.add(id(thing))
    for name, value in vars(thing).items():
        if type(value) is int:
            yield type(thing).__name__ + "." + name, value
        else:
            yield from small_integers(value, seen_ids)


@pytest.mark.parametrize("arrange", ["quiet", "deaf", "off"])
def test_after_months_every_clock_is_still_a_small_integer(arrange):
    """Beyond 2^30 MicroPython allocates for each sum: a scan must not, least of all after twelve days."""
    rig = Rig()
    if arrange == "deaf":
        rig.roles.fail.add("write_fets")
    rig.pack.request(bits.REQ_OFF if arrange != "quiet" else 0)
    for _ in range(12):
        rig.run(1, (1 << 29) - 1)
        rig.run(3)
    for name, value in small_integers(rig.scan, set()):
        assert -(1 << 30) <= value < 1 << 30, name


def test_the_interrupt_works_while_the_monitor_holds_a_trip_of_another_kind():
    """A pack in the cold: the monitor forbids charging for months, and the alarm must not hang on it."""
    sim = running(cell_n=4, config={"precharge_on": 0})
    touch(sim, lambda plant: plant.soak(-5.0))
    sim.run(10)
    assert sim.pack.snap.trips == TRIP_UTC and sim.plant.dsg_on and not sim.board.cutoff.asserted()
    hits = sim.board.cutoff.hits
    touch(sim, lambda plant: plant.outside.short(0.005))
    sim.world.advance(1000)
    assert sim.board.cutoff.hits == hits + 1, "line 2 saw nothing"
    assert [pin() for pin in sim.board.off_pins] == [0, 0] and not conducting(sim)
    sim.run(10)
    assert not conducting(sim) and "scd" in tripped(sim)
    assert not sim.board.cutoff.asserted(), "ready for the next edge"
