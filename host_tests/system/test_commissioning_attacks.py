"""Commissioning by somebody who goes away, pulls the cable, or whose flash is full."""

import gc
import sys

import pytest

from bms import commissioning, faults
from bms.commission_store import OPEN, PASSED, WAIVED
from bms.pack import HOLD_COMMISSION
from bms.protect import S_TRIPPED
from bms.report.all import housekeeping
from cellwarden.dialogue import FINDINGS
from host_tests.common.commission_rig import Bench

WELD = faults.row_index("weld_dsg")
CODE = ("bms.rehearsal", "bms.commissioning", "bms.commission_steps", "bms.commission_power")
LONG_S = 700  # longer than a person is waited for


class Full(OSError):
    """No room on the flash."""


def fail(*_):
    raise Full("flash")


def until(bench, name):
    bench.begin()
    bench.run(until=lambda: bench.machine.name() == name)


def test_fets_do_not_conduct_for_ever_for_somebody_who_never_answers():
    bench = Bench()
    bench.answers = False
    until(bench, "current")
    bench.run(30, until=lambda: bench.machine.prompt == "load_ma")
    assert bench.sim.plant.dsg_on
    assert bench.run(LONG_S) == ("no_answer", -1)
    bench.sim.run(3)
    assert not bench.sim.plant.chg_on and not bench.sim.plant.dsg_on


@pytest.mark.parametrize("waived", [True, False])
def test_who_begins_anew_is_held_over_a_reset_until_it_is_done(waived):
    """A waiver does not outlive the doubt that makes somebody look after all."""
    bench = Bench()
    if waived:
        bench.request("waive", who="me")
        bench.boot()
        assert bench.store.state == WAIVED and not bench.sim.pack.held
    else:
        bench.begin()
        bench.run()
        assert bench.store.state == PASSED
        bench.request("forget")
    bench.begin()
    bench.run(60, until=lambda: bench.machine.name() == "bleed")
    bench.cut()
    assert bench.store.state == OPEN and bench.sim.pack.held & HOLD_COMMISSION


def test_a_pack_that_has_passed_is_not_stopped_by_another_begin():
    bench = Bench()
    bench.begin()
    assert bench.run() is None
    bench.sim.run(5)
    bench.begin()
    bench.sim.run(2)
    assert not bench.sim.pack.held and bench.sim.plant.chg_on


def test_a_waiver_that_could_not_be_stored_is_none():
    bench = Bench()
    bench.slots[1].write = bench.slots[0].write = fail
    assert bench.request("waive", who="me")["error"] == "flash"
    assert bench.sim.pack.held & HOLD_COMMISSION
    assert bench.request("state")["state"] == OPEN


@pytest.mark.parametrize("then", ["begin", "retry"])
def test_a_pass_that_could_not_be_stored_is_stored_when_somebody_goes_on(then):
    bench = Bench(has_key=False)
    bench.begin()
    assert bench.run() == ("no_key", -1)
    bench.key = True
    write = [slot.write for slot in bench.slots]
    bench.slots[1].write = bench.slots[0].write = fail
    bench.machine.retry()
    assert bench.run() == ("not_kept", -1)
    bench.sim.run(2)
    assert bench.request("state")["finding"] == "not_kept" and "not_kept" in FINDINGS
    assert bench.sim.pack.held & HOLD_COMMISSION and bench.store.held()
    bench.slots[0].write, bench.slots[1].write = write
    bench.request(then)
    bench.sim.run(1)
    assert bench.store.state == PASSED and not bench.sim.pack.held


@pytest.mark.parametrize("error, finding", [(MemoryError, "no_memory"), (ValueError, "no_tight")])
@pytest.mark.parametrize("stopped", [True, False])
def test_configured_limits_come_back_although_loading_them_failed_once(error, finding, stopped):
    bench = Bench()
    guard = bench.sim.board.guard
    load = guard.load
    until(bench, "trips")
    bench.run(30, until=lambda: bench.machine.tight == "cov")
    bench.step()
    assert guard.applied["chip_cov_mv"] < bench.sim.pack.snap.cell_min_mv
    failures = [error("once")]

    def fails_once(config):
        if failures:
            raise failures.pop()
        load(config)

    guard.load = fails_once
    if stopped:
        assert bench.request("stop") == {"error": "once"}
        bench.sim.run(21)
    else:
        assert bench.run() == (finding, -1) and finding in FINDINGS
        bench.sim.run(1)
        assert not bench.sim.plant.dsg_on and not bench.sim.plant.chg_on
        bench.request("retry")
        assert bench.run() is None
    assert guard.applied["chip_cov_mv"] > 3500
    assert bench.sim.chip.memory.u1(0x9278) * 50.6 > 3500, "and in the chip"


@pytest.mark.parametrize("held", [True, False])
def test_a_pack_that_is_held_leaves_the_memory_of_windows_to_whoever_checks_it(
    held, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gc, "mem_free", lambda: 200000, raising=False)
    bench = Bench()
    if not held:
        bench.request("waive", who="Ada")
    boxes = []
    for _ in housekeeping(bench.sim.scan, boxes):
        pass
    assert (boxes[0].window is None) == held


@pytest.mark.parametrize("end", ["passed", "stop", "waive"])
def test_when_nobody_rehearses_any_more_its_code_is_gone(end):
    bench = Bench()
    until(bench, "key")
    if end != "passed":
        bench.request(end, who="Ada")
    for _ in range(20):
        bench.sim.step()
    assert bench.store.state == (OPEN if end == "stop" else PASSED if end == "passed" else WAIVED)
    assert not {name for name in sys.modules if name in CODE}


def test_a_step_that_begins_does_not_clear_what_a_person_must():
    bench = Bench()
    until(bench, "cells")
    protect = bench.sim.pack.protect
    protect.recall(WELD, 0, True)
    bench.run(60, until=lambda: bench.machine.name() == "order")
    assert protect.state[WELD] == S_TRIPPED
    assert bench.machine.state != commissioning.FAILED
    bench.request("retry")
    bench.sim.run(3)
    assert protect.state[WELD] == 0
