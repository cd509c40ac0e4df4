"""`cellwarden flash` onto an emulated Pico that is in use with an older version.

One board's life, in this order: its file system is full; the same with room, but the cable comes off; to its end;
no room for two versions.
"""

import functools
import json
import tempfile
from pathlib import Path

import pytest

from bms.blackbox import EVENTS
from deploy.plan import staged_name, with_list
from host_tests.target import rig
from host_tests.target.desk import at_the, error_of, flash, put, sent, stored
from ringlog import Chain, RingLog
from segments import FileSegments

STATUS = "cellwarden pico_bq76952 "
CONFIG = {"cell_n": 16, "precharge_on": 0}
OTHERS = ("/bms/protect.mpy", "/bms/scan.mpy", "/bms/soc.mpy", "/bms/version.mpy", "/main.py")
OURS = ("/settings.a", "/settings.b", "/commission.a", "/key.txt", "/device.key", "/config.json")
BACK_MS = 25000  # the installer's watchdog has 8.3 s, and then it starts
ROOM_N = 4096
ROOM_TO_REPLACE_N = 40 * 4096
DEVICE_KEY = bytes(range(32))


@functools.cache
def wanted() -> list:
    """Path and bytes of what an update of today leaves on the board, the list of it last."""
    pairs = rig.content(rig.BOARD, CONFIG)
    return with_list(sorted(pair for pair in pairs if pair[0] != "/config.json"))


@pytest.fixture(scope="module")
def older():
    """In use with another version, with settings of its own: path -> bytes of all its files."""
    files = dict(wanted())
    become_older(files)
    return files


@pytest.fixture(scope="module")
def bench(older):
    bench = rig.Bench(flash=rig.flash_with(list(older.items())), service=False)
    bench.pico.boot()
    rig.await_permission(bench, 20000)
    return bench


@pytest.fixture(scope="module")
def desk(bench, older, tmp_path_factory):
    with at_the(bench, tmp_path_factory.mktemp("desk")) as desk:
        desk.key.write_bytes(older["/key.txt"])
        yield desk


def record() -> bytes:
    """A beginning of its log of events."""
    with tempfile.TemporaryDirectory() as folder:
        log = RingLog(FileSegments(folder + "/", 1), Chain(DEVICE_KEY), EVENTS, b"0.1.0")
        log.recover()
        for i in range(20):
            log.append(200, bytes([i]) * 42)  # of a kind that a newer version may not know
        return Path(folder, "00").read_bytes()


def become_older(files) -> None:
    """Five modules are otherwise, one is gone today; somebody's file fills all but a block."""
    for path in OTHERS[:-1]:
        files[path] += b"\0"  # which MicroPython does not read
    files["/main.py"] += b"# as it was\n"
    files["/bms/gone.mpy"] = files["/bms/bits.mpy"]
    files["/config.json"] = json.dumps(CONFIG).encode()
    paths = [path for path, _ in wanted()[:-1]] + ["/bms/gone.mpy", "/config.json"]
    files |= dict(with_list([(path, files[path]) for path in paths]))
    files |= dict(rig.waived(rig.BOARD, CONFIG))
    files |= stored({**CONFIG, "bal_on_mv": 20}, files["/config.json"])
    files |= {"/key.txt": b"5a" * 16, "/device.key": DEVICE_KEY, "/log/events/00": record()}
    fill(files, ROOM_N)


def fill(files, room_n) -> None:
    """Somebody's file takes what is there but for so many bytes."""
    files["/mine.bin"] = b""
    free_n = rig.Disk(rig.flash_with(list(files.items()))).free_n
    files["/mine.bin"] = bytes(free_n - room_n)


def test_with_a_full_file_system_it_protects_keeps_settings_tears_no_log_and_refuses_an_update(
    older, bench, desk
):
    assert "stored" in desk.give(
        "config", "set", "bal_on_mv=25"
    )  # they need no block of their own
    assert bench.conducting()
    said = flash(desk, code=2)
    assert "the file system is too full: " in error_of(said) and sent(said) == []
    rig.await_permission(bench, BACK_MS)
    files = rig.read(bench.pico.flash())
    assert ours(files) == ours(older)
    assert files["/log/events/00"] == older["/log/events/00"]


def test_a_cable_cut_in_an_update_leaves_the_older_version_which_starts_by_itself(
    older, bench, desk
):
    code, said = desk.cable.mpremote("rm", ":mine.bin")
    assert code == 0, said
    rig.await_permission(bench, BACK_MS)
    resets = bench.pico.resets
    said = flash(desk, code=3, act=desk.cut_at("\n3/"))
    assert "lost the board while writing /staged/" in error_of(said)
    assert bench.off() and bench.pico.resets == resets
    rig.await_permission(bench, BACK_MS)
    assert bench.pico.resets == resets + 1
    assert ours(rig.read(bench.pico.flash())) == ours(older)
    assert len(staged(bench)) in (2, 3)


def test_gone_on_with_it_sends_what_is_missing_and_touches_nothing_of_its_owners(
    older, bench, desk
):
    there = staged(bench)
    before = rig.read(bench.pico.flash())
    said = flash(desk)
    changed = [path for path, _ in wanted() if path in (*OTHERS, "/installed.txt")]
    assert sent(said) == changed[2:] and set(there) >= {staged_name(path) for path in changed[:2]}
    assert "6 files replaced, 1 removed, verified" in said
    assert said.splitlines()[-1].startswith(STATUS + "run ")
    assert bench.conducting()
    files = rig.read(bench.pico.flash())
    assert only_firmware(files) == dict(wanted())
    assert {path: files[path] for path in OURS} == {path: before[path] for path in OURS}
    assert files["/log/events/00"].startswith(before["/log/events/00"])
    assert before["/log/events/00"].startswith(older["/log/events/00"])
    assert desk.json("config", "get", "bal_on_mv") == {"bal_on_mv": 25}
    assert not {"/previous/tried", "/previous/trial"} & set(rig.read(bench.pico.flash()))


def become_old(files) -> None:
    """Every module is otherwise, and there is no room for two versions."""
    ours = [path for path, _ in wanted()[:-1]]
    for path in ours:
        files[path] += b"\0" if path.endswith(".mpy") else b"#\n"
    files |= dict(with_list([(path, files[path]) for path in ours]))
    fill(files, ROOM_TO_REPLACE_N)


def test_without_room_for_both_the_old_version_goes_first_when_told_and_a_cut_leaves_it_off(
    bench, desk
):
    put(bench, become_old)
    bench.pico.hold_reset(False)
    rig.await_permission(bench, BACK_MS)
    before = rig.read(bench.pico.flash())
    said = flash(desk, code=2)
    assert "; --replace takes the old version away first" in error_of(said) and sent(said) == []
    rig.await_permission(bench, BACK_MS)
    flash(desk, "--replace", code=3, act=desk.cut_at("\n30/"))
    files = rig.read(bench.pico.flash())
    assert set(only_firmware(files)) == {"/boot.py"} and len(staged(bench)) in (29, 30)
    bench.pico.run_ms(BACK_MS)
    assert bench.off()
    said = flash(desk)
    assert len(sent(said)) in (len(wanted()) - 29, len(wanted()) - 30)
    assert said.splitlines()[-1].startswith(STATUS + "run ") and bench.conducting()
    files = rig.read(bench.pico.flash())
    assert only_firmware(files) == dict(wanted())
    kept = (*OURS, "/mine.bin")
    assert {path: files[path] for path in kept} == {path: before[path] for path in kept}


def ours(files) -> dict:
    """The firmware, and what nothing but a person changes."""
    return only_firmware(files) | {path: files[path] for path in OURS[2:]}


def only_firmware(files) -> dict:
    """What an installation brings."""
    names = {path for path, _ in wanted()} | {"/bms/gone.mpy"}
    return {path: data for path, data in files.items() if path in names}


def staged(bench) -> list:
    """What waits to be put in place."""
    files = rig.read(bench.pico.flash())
    return [path.removeprefix("/staged/") for path in files if path.startswith("/staged/")]
