"""The whole dialogue on the simulator: a right pack passes, every planted mistake is caught and named."""

import pytest

from bms import bits, commissioning
from bms.commission_store import OPEN, PASSED, WAIVED
from bms.report.link import REFUSED
from btlink import native
from host_tests.common.commission_rig import Bench
from roles import BOTH
from simboard.mistakes import PLANT

REAL_STEPS = commissioning.STEPS


# mistake -> what the machine says, which
FOUND = {
    "sense wires swapped": ("wires_swapped", 2),
    "two cells swapped": ("cells_swapped", 1),
    "cell not there": ("cell_missing", 3),
    "one cell more": ("cell_n_small", -1),
    "sense wire open": ("wire_open", 2),
    "balancing wire open": ("bleed_wire_open", 1),
    "ntc missing": ("ntc_missing", 1),
    "ntcs swapped": ("ntcs_swapped", 0),
    "fets swapped": ("fets_swapped", -1),
    "dsg gate open": ("dsg_dead", -1),
    "chg gate open": ("chg_dead", -1),
    "chg welded": ("chg_welded", -1),
    "charger left on": ("terminals_live", -1),
    "cfetoff not connected": ("chg_held_off", -1),
    "dfetoff not connected": ("dsg_held_off", -1),
    "cfetoff at 3.3 V": ("chg_off_pin_dead", -1),
    "dfetoff at 3.3 V": ("dsg_off_pin_dead", -1),
    "shunt reversed": ("shunt_reversed", -1),
    "shunt of another value": ("shunt_wrong", -1),
    "alert not connected": ("alert_open", -1),
    "watchdog does not open": ("watchdog_dead", -1),
    "no key": ("no_key", -1),
}


def test_a_right_pack_passes_every_step_and_then_conducts():
    bench = Bench()
    bench.begin()
    assert bench.run() is None
    assert bench.store.state == PASSED
    assert list(bench.store.passed) == list(REAL_STEPS)
    assert bench.store.passed["watchdog"]["ms"] in range(1900, 2300)
    assert bench.sim.run_until(lambda: bench.sim.pack.mode.mode == bits.RUN, 20)
    assert bench.sim.plant.chg_on and bench.sim.plant.dsg_on


def test_every_mistake_that_can_be_planted_is_found():
    assert set(FOUND) == {*PLANT, "no key"}


@pytest.mark.parametrize("name", FOUND)
def test_a_planted_mistake_is_caught_and_named_and_the_pack_stays_off(name):
    bench = Bench(has_key=name != "no key")
    PLANT.get(name, lambda bench: None)(bench)
    bench.boot()
    bench.begin()
    assert bench.run() == FOUND[name]
    bench.sim.run(3)
    assert not bench.sim.plant.chg_on and not bench.sim.plant.dsg_on
    assert bench.store.held() and bench.sim.pack.user_off == BOTH


def test_a_pack_that_was_never_commissioned_does_not_conduct():
    bench = Bench()
    for _ in range(100):
        bench.step()
    assert bench.sim.pack.snap.good_n > 50
    assert bench.sim.plant.worst.opened_after("dsg", 0) is None
    assert bench.sim.pack.intent == 0


def test_a_mended_mistake_passes_after_a_retry():
    bench = Bench()
    bench.wires.crossed_wire = 2
    bench.begin()
    assert bench.run() == ("wires_swapped", 2)
    bench.wires.crossed_wire = -1
    bench.machine.retry()
    assert bench.run() is None


@pytest.mark.parametrize("name", REAL_STEPS)
def test_after_a_power_cut_in_a_step_it_goes_on_with_that_step(name):
    bench = Bench(has_key=name != "key")  # else it passes at once
    bench.begin()
    bench.run(until=lambda: bench.machine.name() == name)
    bench.run(until=lambda: bench.machine.now_ms > bench.sim.config.scan_ms)
    for _ in range(6):
        bench.step()
    reached = bench.machine.name()
    passed = list(bench.store.passed)
    bench.cut()
    assert list(bench.store.passed) == passed and bench.machine.name() == reached
    for _ in range(40):
        bench.step()
    assert not bench.sim.plant.chg_on and not bench.sim.plant.dsg_on
    bench.key = True
    bench.begin()
    assert bench.run() is None


def test_a_waiver_is_explicit_and_says_who():
    bench = Bench()
    bench.rehearsal.waive("Ada")
    assert bench.sim.run_until(lambda: bench.sim.pack.mode.mode == bits.RUN, 20)
    bench.boot()
    assert bench.store.state == WAIVED and bench.store.report()["who"] == "Ada"
    assert not bench.sim.pack.held


def test_another_cell_count_is_another_wiring():
    bench = Bench()
    bench.rehearsal.waive("Ada")
    other = Bench(cell_n=5)
    other.slots = bench.slots
    other.boot()
    assert other.store.held() and other.store.state == OPEN


@pytest.mark.parametrize("at", [0, 9, 20, 60])
def test_damage_in_both_copies_holds_the_pack(at):
    bench = Bench()
    bench.rehearsal.waive("Ada")
    for slot in bench.slots:
        data = bytearray(slot.data)
        data[at] ^= 1
        slot.data = bytes(data)
    bench.boot()
    assert bench.store.held()


def test_what_is_on_trial_opens_when_the_rehearsal_dies():
    bench = Bench()
    bench.begin()
    bench.run(until=lambda: bench.sim.plant.chg_on and bench.sim.plant.dsg_on)
    bench.sim.blackbox = None
    bench.sim.run(4)
    assert not bench.sim.plant.chg_on and not bench.sim.plant.dsg_on


def test_another_hold_is_stronger_than_a_trial():
    bench = Bench()
    bench.begin()
    bench.sim.pack.hold(1)
    assert bench.run() == ("blocked", -1)
    assert bench.sim.plant.worst.opened_after("chg", 0) is None


def test_the_desk_drives_it_by_requests():
    bench = Bench()
    desk = bench.desk
    assert bench.request("state") == {"state": "open", "passed": 0, "held": True}
    assert bench.request("answer", ma=1) == {"error": "begin first"}
    assert bench.request("waive", who=" ") == {"error": "a waiver needs a name"}
    assert "error" in bench.request("nonsense")
    assert desk.do(0x20, b"") == 0
    bench.person.load_ma = 0  # the answer comes from here
    for _ in range(1000):
        bench.step()
        if bench.request("state").get("prompt") == "load_ma":
            break
    told = bench.request("state")
    assert told["step"] == "current" and told["state"] == "waiting"
    assert desk.do(0x21, (100).to_bytes(4, "little")) == 0
    bench.step()
    told = bench.request("state")
    assert (told["finding"], told["value"]) == ("load_small", 100)
    assert len(desk.ask(0x30, b"", False)) < 200
    assert desk.do(0x24, b"Ada") == 0
    assert bench.store.report()["who"] == "Ada" and not bench.sim.pack.held


@pytest.mark.parametrize("command", range(0x20, 0x28))
@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff" * 40])
def test_whatever_bytes_come_the_desk_answers_with_a_status(command, data):
    bench = Bench()
    assert bench.desk.do(command, data) in (native.OK, native.BAD_FORM, native.UNKNOWN, REFUSED)
    assert bench.sim.pack.held or command == 0x24


def test_a_request_that_is_not_known_and_one_that_is_cut_off_are_told_apart():
    desk = Bench().desk
    assert desk.ask(0x31, b"", False) == bytes([native.UNKNOWN])
    assert desk.do(0x27, b"") == native.UNKNOWN
    assert desk.do(0x21, b"\xff") == native.BAD_FORM
    assert desk.do(0x24, b"\xff") == native.BAD_FORM  # no text
