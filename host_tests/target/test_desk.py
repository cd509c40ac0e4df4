"""The real `cellwarden` command on the console of an emulated Pico: looked, changed, recorded, mended, commissioned."""

import contextlib
import json
import os
import signal
import sys

from abstore import ABStore
from bms.settings import LAYOUT, encode
from host_tests.target import rig
from host_tests.target.rig import apart
from sim.flash import Slot

PATIENCE = "100"  # of a client, as an emulated board is many times slower
SCANS_AFTER_MS = 6000  # a window is closed five seconds after its trip


class Desk:
    """A person with a cable to a bench's Pico, and a folder."""

    def __init__(self, bench, folder):
        self.bench = bench
        self.folder = folder
        self.key = folder / "key"
        self._cable = rig.Cable(bench.pico)

    def give(self, *words, code=0, act=None):
        """What a command says that ends with this code."""
        line = [sys.executable, "-m", "cellwarden", *words]
        if "--from" not in words and words[0] != "replay":
            line += ["--port", self._cable.port, "--patience", PATIENCE]
        if self.key.exists():
            line += ["--key", self.key]
        got, said = self._cable.run(line, act=act)
        assert got == code and "Traceback" not in said, (words, got, said)
        return said

    def json(self, *words, **more):
        return json.loads(self.give(*words, "--json", **more))

    def own(self):
        """A board that nobody owns gets its key."""
        assert "the board's key is in" in self.give("unlock", "--new-key", self.key)


@contextlib.contextmanager
def at_the(bench, folder):
    desk = Desk(bench, folder)
    try:
        yield desk
    finally:
        desk._cable.close()


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


def trip(bench):
    bench.touch(lambda plant: plant.outside.short(0.005))
    rig.us_until(bench, bench.off, 250)
    bench.touch(lambda plant: plant.outside.short(0))
    bench.pico.run_ms(SCANS_AFTER_MS)


def read_record(desk, bench):
    """Events and windows over the cable; what came is what lies in the flash, proved and decided again."""
    os.environ["XDG_CACHE_HOME"] = str(desk.folder)
    listed = desk.give("log", "list")
    assert "tripped: " in listed and "window" in listed
    (copy,) = (desk.folder / "cellwarden").iterdir()
    there = rig.read(bench.pico.flash())
    for name in ("events", "windows"):
        used = (copy / name / "00").read_bytes().rstrip(b"\xff")
        assert used and there[f"/log/{name}/00"].startswith(used)
    (desk.folder / "device.key").write_bytes(there["/device.key"])
    said = desk.give("log", "verify", "--from", copy, "--device-key", desk.folder / "device.key")
    assert said.count("chain followed") == 2
    assert ", all equal" in desk.give("replay", copy)


@apart
def test_settings_that_the_monitor_refuses_hold_the_fets_off_until_they_are_mended(
    started, tmp_path
):
    bench = started
    put(bench, refused({**rig.CONFIG, "capacity_mah": 20000}))
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


def refused(values) -> dict:
    """Path -> bytes of a store that holds these, as another firmware could have left them."""
    slots = (Slot(), Slot())
    ABStore(slots, LAYOUT).save(encode(values, 1))
    return {f"/settings.{which}": slot.data for which, slot in zip("ab", slots)}


def put(bench, files):
    """Hold it in reset, and change its file system."""
    bench.pico.hold_reset(True)
    there = rig.read(bench.pico.flash()) | files
    del there["/config.json"]
    bench.pico.mcu.flash[rig.FS_AT : rig.FS_AT + rig.FS_N] = rig.flash_with(list(there.items()))


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


def stop_at(text):
    """Ctrl-C once the command has said this."""
    done = []

    def act(program, said):
        if text in said and not done:
            done.append(True)
            program.send_signal(signal.SIGINT)

    return act
