"""The real `cellwarden` command on the console of an emulated Pico: looked, changed, recorded, mended, commissioned."""

import json
import os
import signal

from host_tests.target import rig
from host_tests.target.desk import at_the, put, stop_at, stored, trip
from host_tests.target.rig import apart, differing

PART_N = 1500  # bytes of a log that were read before Ctrl-C
FLIPPED_N = 2000
SHOWN_MS = 1500  # until a meter is read, and the board has measured


def never_off(bench):
    """Every opening of the discharge FET from now on."""
    seen = []
    bench.dfetoff.watch(lambda level: seen.append(level))
    return seen


@apart
def test_a_board_is_looked_at_owned_changed_and_its_record_read_while_it_protects(
    started, tmp_path
):
    bench = started
    opened = never_off(bench)
    with at_the(bench, tmp_path) as desk:
        said = desk.give("status")
        assert "Cellwarden: run, " in said and " on pico_bq76952" in said and "no faults" in said
        assert opened == [] and bench.conducting()
        assert "no key yet" in said
        assert "FETs that conduct: charge, discharge" in said, said
        desk.own()
        key = rig.read(bench.pico.flash())["/key.txt"]
        assert bytes.fromhex(key.decode()) == bytes.fromhex(desk.key.read_text())
        found = desk.json("monitor", "-n", "1")
        assert found["cells"] == [round(1000 * v) for v in bench.plant.cell_v]
        assert "bal_on_mv: 15 -> 20 mV" in desk.give("config", "set", "bal_on_mv=20")
        assert desk.json("config", "get", "bal_on_mv") == {"bal_on_mv": 15}  # until the next start
        assert json.loads(desk.give("config", "export")) == {
            "chemistry": "LFP",
            **rig.CONFIG,
            "bal_on_mv": 20,
        }
        assert "would not start" in desk.give("config", "set", "ntc_n=4", code=2)
        assert opened == [] and bench.conducting()
        trip(bench)
        read_record(desk, bench)


def read_record(desk, bench):
    """All logs over the cable, which comes off; Ctrl-C, and again; proved and decided again; a bit of it falls over."""
    os.environ["XDG_CACHE_HOME"] = str(desk.folder)
    copy = desk.folder / "copy"
    part = copy / "windows" / "00.part"
    desk.give("log", "export", copy, code=130, act=disturbed(desk, copy / "events" / "00", part))
    read_n = part.stat().st_size
    assert read_n > PART_N
    desk.give("log", "export", copy, act=never_shorter(part, read_n))
    there = rig.read(bench.pico.flash())
    for name in ("events", "windows"):
        used = (copy / name / "00").read_bytes().rstrip(b"\xff")
        assert len(used) > 500 and there[f"/log/{name}/00"].startswith(used)
    listed = desk.give("log", "list", "--from", copy)
    assert "tripped: " in listed and "window" in listed
    key = desk.folder / "device.key"
    key.write_bytes(there["/device.key"])
    said = desk.give("log", "verify", "--from", copy, "--device-key", key)
    assert said.count("chain followed") == 2
    assert ", all equal" in desk.give("replay", copy)
    flip(bench, used[FLIPPED_N - 20 : FLIPPED_N + 20])
    said = desk.give("log", "verify", "--device-key", key, code=1)
    assert said.count(" damaged") == 1 and "windows: " in said.split("  record ")[0]


def disturbed(desk, first, part):
    """The cable comes off behind the first log, which nobody notices; then Ctrl-C in the middle of another."""
    cut, stopped = [], []

    def act(program, _said):
        if not cut and first.exists():
            cut.append(True)
            desk.cable.cut()
        if not stopped and part.exists() and part.stat().st_size > PART_N:
            stopped.append(True)
            program.send_signal(signal.SIGINT)

    return act


def never_shorter(part, n):
    """What was read is not read again."""

    def act(_program, _said):
        assert not part.exists() or part.stat().st_size >= n

    return act


def flip(bench, around):
    """One bit in the flash chip, in the middle of these bytes."""
    at = bytes(bench.pico.mcu.flash).rindex(around) + len(around) // 2
    bench.pico.mcu.flash[at] ^= 4


@apart
def test_settings_that_the_monitor_refuses_hold_the_fets_off_until_they_are_mended(
    started, tmp_path
):
    bench = started
    put(bench, refused)
    opened = []
    bench.pico.out.clear()
    bench.dfetoff.watch(lambda level: opened.append(level))
    bench.pico.hold_reset(False)
    bench.pico.wait_for(b"settings held", 60000)
    with at_the(bench, tmp_path) as desk:
        assert "cannot be used: scd_ma: 60000 is 40000 in the monitor" in desk.give("status")
        desk.own()
        assert 1 not in opened and bench.off()
        desk.give("config", "set", "scd_ma=80000", "--restart")
    rig.await_permission(bench, 30000)
    assert bench.chip.memory.u1(0x9286) == 2  # SCD: 80 A at 500 uohm are 40 mV


def refused(files):
    """As another firmware could have left them."""
    del files["/config.json"]
    files |= stored({**rig.CONFIG, "capacity_mah": 20000}, b"")


@apart
def test_commissioning_is_begun_stopped_gone_on_with_and_waived(started, tmp_path):
    bench = started
    with at_the(bench, tmp_path) as desk:
        desk.own()
        assert "FETs are held off" in desk.give("commission", "--forget")
        bench.pico.run_ms(1000)
        assert bench.off()
        said = desk.give("commission", code=130, act=stop_at("bleed:"))
        assert "part:" in said and "cells:" in said and said.endswith("cellwarden: stopped\n")
        found = desk.json("commission", "--state")
        assert (found["state"], found["passed"], found["held"]) == ("open", 2, True)
        said = desk.give("commission", code=130, act=stop_at("bleed:"))
        assert "part:" not in said and "cells:" not in said
        assert bench.off()
        assert "waived by Ada" in desk.give("commission", "--waive", "Ada")
        rig.await_permission(bench)


class Hands:
    """Who sits at the board: a load of 5 A, no charger; mends the ALERT wire when told that it is open."""

    def __init__(self, bench):
        self.bench = bench
        self.watchers, bench.alert._watchers = bench.alert._watchers, []  # the wire is off
        self._done = []
        self._ready_ms = 0

    def act(self, program, said):
        todo = {
            "What does it show, in mA?": (lambda: self.load(5.0), b"5000\n"),
            "(0: there is none here)?": (lambda: self.load(0.0), b"0\n"),
            "ALERT is not connected to the board": (self.mend, b"y\n"),
        }
        for text, (do, answer) in todo.items():
            if text in said and text not in self._done:
                self._done.append(text)
                do()
                program.stdin.write(answer)
                program.stdin.flush()

    def load(self, amps):
        self.bench.touch(lambda plant: plant.outside.load(amps=amps))
        self.bench.pico.run_ms(SHOWN_MS)

    def mend(self):
        self.bench.alert._watchers += self.watchers


@apart
def test_commissioning_is_gone_on_with_to_its_end_and_finds_a_wire_that_is_off(started, tmp_path):
    """From the FETs on, which the Pico does by itself: what takes hands had passed before."""
    bench = started
    pulled = []
    hands = Hands(bench)
    bench.alert.watch(lambda level: pulled.append(level))
    report = tmp_path / "report.json"
    with at_the(bench, tmp_path) as desk:
        desk.own()
        desk.give("commission", code=130, act=stop_at("fets:"))
        desk.give("reset", "board")  # held from its start, as a new one is: there is memory for it
        said = desk.give("commission", "--report", report, act=hands.act)
    assert said.count("ALERT is not connected") == 1
    assert said.splitlines()[-2:] == [
        "passed, 11 of 11 steps passed",
        "the board has started again",
    ]
    found = json.loads(report.read_text())
    assert found["state"] == "passed"
    power = found["passed"]
    assert abs(power["current"]["load_read_ma"] - 5000) < 50
    assert power["fets"]["both_pack_mv"] > power["fets"]["dsg_pack_mv"] + 300
    assert 1000 <= power["watchdog"]["ms"] <= 2900
    assert all(0 < ms < 8000 for ms in power["trips"].values()) and len(power["trips"]) == 4
    assert pulled.count(0) >= 5  # four trips, and the silence
    rig.await_permission(bench)
    assert differing(bench) == []  # the limits of every day
