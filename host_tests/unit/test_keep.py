"""What the estimators know survives the power: restarts, cuts at every step of a write, other packs."""

import struct
import sys

import pytest

from abstore import ABStore
from bms import bits
from bms.config import Config
from bms.keep import HEAD_N, VERSION, Keep, store
from bms.keeper import Keeper
from bms.pack import Pack
from boards.sim.board import make_sim
from host_tests.littlefs_rig import Files, fresh
from host_tests.unit.soc_rig import OWN, Cell
from host_tests.unit.test_housekeeping import housekeeping
from sim.flash import PowerCut

DAY_S = 86400
WATCHDOG, POWER = 3, 1


class Device:
    """A pack whose state lies in a folder, and what its clock says."""

    def __init__(self, folder, cause=POWER, soc_pct=60.0, **fields):
        self.cell = Cell(soc_pct, OWN, **fields)
        self.pack = Pack(self.cell.config)
        self.pack.soc, self.pack.health = self.cell.soc, self.cell.health
        self.keeper = Keeper(self.pack, str(folder), cause)
        self.wall_s = 0

    def run(self, ma, seconds):
        for _ in range(seconds):
            self.cell.step(ma)
            self.pack.journal.advance(1000)
            self.keeper.slack(self.wall_s)
        return self.cell.soc

    @property
    def width(self):
        return self.cell.soc.soc_hi_pm - self.cell.soc.soc_lo_pm


def lived(folder, **fields):
    """A device that knows its pack well."""
    device = Device(folder, **fields)
    device.cell.soc.set(600)
    device.run(-20000, 3000)
    return device


def test_a_restart_goes_on_where_the_last_run_ended_and_is_less_sure(tmp_path):
    before = lived(tmp_path)
    after = Device(tmp_path, soc_pct=before.cell.truth)
    soc = after.cell.soc
    assert not soc.guessed and soc.soc_pm == pytest.approx(before.cell.soc.soc_pm, abs=12)
    assert after.width > before.width + 15, (
        "a per cent may not have been saved, a week have passed"
    )
    assert soc.soc_lo_pm <= before.cell.truth * 10 <= soc.soc_hi_pm
    assert after.cell.health.life.out_mah == pytest.approx(16666, abs=1100)


def test_after_a_watchdog_there_was_power_all_the_time(tmp_path):
    lived(tmp_path)
    assert Device(tmp_path, WATCHDOG).width < Device(tmp_path, POWER).width - 30


def test_restarts_in_a_row_grow_less_and_less_sure(tmp_path):
    lived(tmp_path)
    widths = []
    for _ in range(8):
        device = Device(tmp_path, WATCHDOG, soc_pct=43.0)
        device.run(-20000, 1)
        widths.append(device.width)
    assert widths == sorted(set(widths)), "a life of a second is saved too"


def test_who_tells_the_time_tells_how_long_the_power_was_off(tmp_path):
    before = Device(tmp_path)
    before.cell.soc.set(600)
    before.wall_s = 1_700_000_000
    before.run(0, 100)
    after = Device(tmp_path)
    week = (after.cell.soc.soc_pm, after.width)
    after.wall_s = before.wall_s + 100 * DAY_S
    after.run(0, 1)
    assert after.width > week[1] + 100
    again = Device(tmp_path)
    again.wall_s = before.wall_s + 2 * DAY_S
    width = again.width
    again.run(0, 1)
    assert again.width <= width, "not longer than was assumed already"


def test_an_anchor_before_the_time_is_told_leaves_nothing_to_widen(tmp_path):
    before = Device(tmp_path)
    before.wall_s = 1_700_000_000
    before.cell.soc.set(900)
    before.run(0, 30)
    after = Device(tmp_path, soc_pct=97.0)
    for _ in range(400):
        after.run(0, 1)
    after.cell.fill()
    after.wall_s = before.wall_s + 400 * DAY_S
    after.run(0, 1)
    assert after.cell.soc.soc_pm == 1000 and after.width < 30


@pytest.mark.parametrize("remembered_pm,soc_pct", [(600, 4.0), (10, 60.0)])
def test_other_cells_than_remembered_are_seen_at_the_first_look(tmp_path, remembered_pm, soc_pct):
    before = Device(tmp_path, soc_pct=remembered_pm / 10)
    before.cell.soc.set(remembered_pm, 5)
    before.run(0, 3)
    after = Device(tmp_path, WATCHDOG, soc_pct=soc_pct)
    assert not after.cell.soc.guessed
    after.cell.step(0)
    soc = after.cell.soc
    assert soc.guessed and soc.soc_lo_pm <= soc_pct * 10 <= soc.soc_hi_pm
    same = Device(tmp_path, WATCHDOG, soc_pct=remembered_pm / 10)
    same.cell.step(0)
    assert not same.cell.soc.guessed


@pytest.mark.parametrize("fields", [{"cell_n": 8}, {"capacity_mah": 50000}])
def test_the_state_of_another_pack_is_not_taken(tmp_path, fields):
    lived(tmp_path)
    after = Device(tmp_path, **fields)
    assert after.cell.soc.guessed and after.cell.health.life.out_mah == 0


def test_the_state_of_another_chemistry_is_not_taken():
    cell = Cell(60)
    buf = bytearray(cell.keep.size)
    cell.keep.save(buf)
    other = Config({"cell_n": 4, "chemistry": "LTO"})
    assert not Keep(cell.soc, cell.health, other).load(buf, 0)
    assert cell.keep.load(buf, 0)


def test_saves_follow_the_charge_and_the_clock_and_never_come_in_a_storm(tmp_path):
    device = Device(tmp_path)
    slot = tmp_path / "state.a", tmp_path / "state.b"

    def saves(ma, seconds):
        found, seen = 0, [path.read_bytes() if path.exists() else b"" for path in slot]
        for _ in range(seconds):
            device.run(ma, 1)
            now = [path.read_bytes() if path.exists() else b"" for path in slot]
            found += now != seen
            seen = now
        return found

    device.cell.soc.set(600, 1)
    assert saves(0, 10) == 1, "at once"
    assert saves(0, 7200) == 2, "each hour"
    assert saves(-100000, 720) == pytest.approx(20, abs=1), "each per cent"
    assert saves(250000, 200) == 10, "each 20 s at most"


def test_nothing_is_written_while_software_is_the_first_line(tmp_path):
    device = Device(tmp_path)
    device.pack.protect.waiting = 1
    device.run(-100000, 100)
    device.pack.protect.waiting = 0
    device.pack.mode.mode = bits.PRECHARGE
    device.run(-100000, 100)
    assert not list(tmp_path.iterdir())
    device.pack.mode.mode = bits.RUN
    device.run(-100000, 1)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_disk_that_refuses_is_counted_and_stops_nothing(tmp_path):
    device = Device(tmp_path / "nowhere")
    device.run(-100000, 200)
    assert device.keeper.errors > 3 and device.cell.soc.soc_pm < 500


def test_its_code_is_gone_when_it_is_done(tmp_path):
    import bms

    Device(tmp_path).run(0, 5)
    assert "bms.keep" not in sys.modules and "abstore" not in sys.modules
    assert not hasattr(bms, "keep")


def test_the_task_of_the_firmware_keeps_it(tmp_path):
    folder = str(tmp_path / "log")
    sim = make_sim(cell_n=4, soc=0.5)
    keeper = housekeeping(sim.scan, folder, str(tmp_path / "key"))
    sim.pack.soc.set(500)
    for _ in range(20):
        sim.step()
        if not keeper.blackbox.slack():
            keeper._keeper.slack(sim.pack.journal.wall_s())
    sim.boot()
    assert sim.pack.soc.guessed
    housekeeping(sim.scan, folder, str(tmp_path / "key"))
    assert not sim.pack.soc.guessed and 490 <= sim.pack.soc.soc_pm <= 500


# the real file system, its power cut at every step ------------------------------------------------


class Slot:
    """A copy in a file of the real littlefs."""

    def __init__(self, files, path):
        self._files, self._path = files, path

    def read(self):
        buf = bytearray(2048)
        try:
            with self._files.open(self._path, "rb") as file:
                return bytes(buf[: file.readinto(buf)])
        except OSError:
            return b""

    def write(self, data):
        with self._files.open(self._path, "wb") as file:
            file.write(data)


def on(flash):
    files = Files(flash)
    return ABStore((Slot(files, "state.a"), Slot(files, "state.b")), VERSION, None, False)


def state(cell, soc_pm):
    cell.soc.set(soc_pm)
    buf = bytearray(cell.keep.size)
    cell.keep.save(buf)
    return bytes(buf)


def test_a_cut_at_every_step_of_every_save_leaves_the_old_state_or_the_new(record_property):
    flash, _ = fresh()
    cell = Cell(60)
    old, cuts = None, 0
    for number in range(50):
        new = state(cell, 300 + number)
        cut = 0
        while True:
            torn = flash.twin(cuts)
            kept = on(torn)
            kept.load()
            torn.power(cut)
            try:
                kept.save(new)
                break
            except (OSError, PowerCut):
                pass
            torn.power()
            found = on(torn)
            assert found.load() in (old, new), (number, cut)
            found.save(new)
            assert on(torn).load() == new
            cut += 1
            cuts += 1
        whole = on(flash)
        assert whole.load() == old
        whole.save(new)
        old = new
    assert cuts > 80
    record_property("truth", f"SoC and health: 50 saves on littlefs, {cuts} power cuts, none lost")


def test_how_fast_it_wears_the_flash(record_property):
    flash, _ = fresh()
    flash.erases = [0] * flash.block_n
    cell = Cell(60)
    kept = on(flash)
    for number in range(400):
        kept.load()
        kept.save(state(cell, 300 + number))
    each = sum(flash.erases) / 400
    record_property("truth", f"a save of SoC and health costs {each:.2f} erases on littlefs")
    assert each < 3 and max(flash.erases) < 60


def test_a_flipped_bit_is_the_state_before(tmp_path):
    lived(tmp_path)
    newest = max(
        tmp_path.iterdir(), key=lambda path: struct.unpack_from("<I", path.read_bytes(), 8)
    )
    data = bytearray(newest.read_bytes())
    data[12 + 4 * HEAD_N] ^= 1
    newest.write_bytes(data)
    assert store(str(tmp_path)).load() is not None
    assert not Device(tmp_path, soc_pct=43.0).cell.soc.guessed
