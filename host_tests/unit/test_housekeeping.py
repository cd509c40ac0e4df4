"""The task that gives the black box its turns, on real files."""

import asyncio

import pytest

from bms.housekeeping import FOLDERS, Housekeeping, device_key, make_folder, make_keeper
from boards.sim.board import make_sim
from replay import dump
from replay.chain import SIZE
from ringlog import SEGMENT


@pytest.fixture
def sim():
    return make_sim(cell_n=4, soc=0.5)


def housekeeping(scan, folder, key):
    """As `report.all` makes it, piece by piece."""
    for name in ("", *FOLDERS):
        make_folder(folder, name)
    return Housekeeping(scan, device_key(key), make_keeper(scan, folder), folder)


def run(sim, folder, monkeypatch, scans):
    """The task beside a simulation: time passes while it sleeps, a scan every 25 looks."""
    keeper = housekeeping(sim.scan, str(folder), str(folder) + ".key")
    looks = []

    async def sleep_ms(ms):
        looks.append(sim.pack.snap.seq)
        if len(looks) % 25 == 0:
            sim.step()
        if sim.pack.snap.seq >= scans:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms, raising=False)
    turns = []
    slack = keeper.blackbox.slack
    keeper.blackbox.slack = lambda: (turns.append((sim.pack.snap.seq, len(looks))), slack())

    async def main():
        with pytest.raises(asyncio.CancelledError):
            await keeper.run()

    asyncio.run(main())
    return keeper, turns


def test_each_scan_gives_one_turn_right_behind_it(sim, tmp_path, monkeypatch):
    _, turns = run(sim, tmp_path / "log", monkeypatch, 60)
    assert [seq for seq, _ in turns] == list(range(1, 60))
    assert all(looks % 25 == 0 for _, looks in turns)


def test_the_folder_it_leaves_is_a_log_without_its_key(sim, tmp_path, monkeypatch):
    folder = tmp_path / "log"
    keeper, _ = run(sim, folder, monkeypatch, 60)
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == sorted(FOLDERS)
    found = dump.read(folder, dump.key_for(folder, str(folder) + ".key"))
    assert found[1].checked and found[1].problems == []
    assert dump.key_for(folder, None) is None
    assert len([item for item in found[1].records if item.kind != SEGMENT]) > 4
    assert all(path.stat().st_size <= SIZE for path in folder.rglob("*") if path.is_file())
    assert keeper.blackbox.errors == 0


def test_after_a_restart_the_chain_goes_on(sim, tmp_path, monkeypatch):
    folder = tmp_path / "log"
    run(sim, folder, monkeypatch, 40)
    first = dump.read(folder)[1].records[-1].number
    sim.boot()
    run(sim, folder, monkeypatch, 40)
    log = dump.read(folder, dump.key_for(folder, str(folder) + ".key"))[1]
    assert log.problems == [] and log.records[-1].number > first


def test_a_key_is_made_once_and_a_broken_one_again(tmp_path):
    path = tmp_path / "key"
    key = device_key(str(path))
    assert len(key) == 32 and device_key(str(path)) == key
    path.write_bytes(key[:7])
    again = device_key(str(path))
    assert len(again) == 32 and again != key


def test_a_board_with_a_store_of_its_own_writes_no_log_files(sim, tmp_path, monkeypatch):
    from host_tests.boxed import log, places
    from sim.flash import Flash

    flash = Flash(105)
    sim.board.store = lambda: places(flash)
    run(sim, tmp_path / "log", monkeypatch, 40)
    assert log(flash, 1, None).records
    assert not [path for path in (tmp_path / "log" / "events").iterdir()]


@pytest.mark.parametrize(("block_n", "kept"), [(212, [17, 32, 8, 14]), (352, [17, 32, 28, 28])])
def test_the_long_run_is_shorter_where_files_have_little_room(sim, tmp_path, block_n, kept):
    sim.scan.board.flash_n = block_n
    keeper = housekeeping(sim.scan, str(tmp_path / "log"), str(tmp_path / "key"))
    assert [place.n for place in keeper.blackbox.places] == kept


def test_a_log_that_is_longer_already_stays_whole(sim, tmp_path):
    """An older firmware kept more there; its newest records may lie in what the shorter one would not look at."""
    sim.scan.board.flash_n = 212
    keeper = housekeeping(sim.scan, str(tmp_path / "log"), str(tmp_path / "key"))
    (tmp_path / "log" / "minutes" / "08").write_bytes(b"x")
    keeper = housekeeping(sim.scan, str(tmp_path / "log"), str(tmp_path / "key"))
    assert [place.n for place in keeper.blackbox.places] == [17, 32, 28, 14]
