"""`flash --replace`: a board with no room for two versions; the old one is whole, or nothing starts."""

import pytest

from bms.blackbox import WINDOWS
from bms.housekeeping import FOLDERS
from bms.housekeeping import files as segments
from deploy.files import files
from deploy.link import Broken, FlashError
from deploy.plan import INSTALLED, SMALL_N, Change, listed, sha256, with_list
from emulate.disk import BLOCK_N, Disk, build
from host_tests.unit.deploy_rig import (
    MPY_HEAD,
    NEW,
    OLD,
    files_of,
    installed,
    update,
    version,
    whole,
)

BIG = MPY_HEAD + b"x" * 20000
OLD_BIG = [*OLD[:-2], ("/lib/crc8.mpy", BIG), OLD[-1]]
NEW_BIG = [*NEW[:-2], ("/lib/crc8.mpy", BIG + b"y"), NEW[-1]]
YOURS = {
    "/settings.a": b"mine",
    "/log/events/00": b"record",
    "/key.txt": b"5a",
    "/notes.txt": b"n",
}
TIGHT_N = 38  # blocks, of which the old version and what is yours leave 22; 25 are needed


def tight(block_n=TIGHT_N):
    device = installed(OLD_BIG, block_n=block_n)
    device.disk.files |= YOURS
    device.disk.folders |= {"/log", "/log/events"}
    return device


def starts(device) -> bool:
    """Nothing does without main.py."""
    return device.boot() and "/main.py" in device.disk.files


def yours(device) -> dict:
    return {path: device.disk.files.get(path) for path in YOURS}


def test_without_the_word_it_is_refused_and_says_what_would_help():
    device = tight()
    before = dict(device.disk.files)
    with pytest.raises(FlashError, match="too full: .* are free; --replace takes the old version"):
        update(device, NEW_BIG)
    assert device.disk.files == before and starts(device)


def test_the_old_version_goes_and_the_new_one_comes_on_no_trial():
    device, said = tight(), []
    update(device, NEW_BIG, said.append, replace=True)
    assert "the FETs are off until the new one starts" in said[0]
    assert files_of(device) == dict(with_list(NEW_BIG)) | YOURS
    assert starts(device) and not [path for path in device.disk.files if "previous" in path]


def test_with_room_for_both_the_word_changes_nothing():
    device = tight(block_n=350)
    update(device, NEW_BIG, replace=True)
    assert "/previous/trial" in device.disk.files and "/previous/main.py" in device.disk.files


def test_where_not_even_that_makes_room_the_old_version_stays():
    device = tight(block_n=22)
    before = dict(device.disk.files)
    for replace in (False, True):
        with pytest.raises(FlashError, match=r"too full: \d+ KiB are needed, \d+ KiB are free$"):
            update(device, NEW_BIG, replace=replace)
    assert device.disk.files == before and starts(device)


def test_an_empty_board_that_is_too_full_is_not_told_to_replace():
    device = tight(block_n=20)
    device.disk.files = {path: BIG for path in YOURS} | {"/config.json": b"{}"}
    with pytest.raises(FlashError, match="are free$"):
        update(device, NEW_BIG, replace=True)


def test_cut_at_every_step_the_old_version_starts_or_nothing_and_the_next_try_ends_it():
    whole_run = tight()
    update(whole_run, NEW_BIG, replace=True)
    seen = []
    for cut in range(len(whole_run.disk.steps)):
        device = tight()
        device.disk.cut_at = cut
        with pytest.raises(Broken):
            update(device, NEW_BIG, replace=True)
        device.disk.cut_at = None
        if starts(device):
            assert version(device.disk) in (whole(OLD_BIG) | YOURS, whole(NEW_BIG) | YOURS)
        seen.append(version(device.disk) == whole(OLD_BIG) | YOURS)
        assert yours(device) == YOURS
        update(device, NEW_BIG, replace=seen[-1])  # once it is gone nobody need say it again
        assert files_of(device) == dict(with_list(NEW_BIG)) | YOURS and starts(device)
    assert seen == sorted(seen, reverse=True) and seen[0] and not seen[-1]


PICO_W_N = 212  # blocks


def in_use() -> dict:
    """A Pico W whose black box is full; it keeps no windows, there is no memory for them."""
    there = dict(with_list(files("pico_bq76952") + [("/config.json", b'{"cell_n": 16}')]))
    for name in ("/settings.a", "/settings.b", "/commission.a", "/log/count.a", "/log/count.b"):
        there[name] = bytes(400)
    there |= {"/key.txt": bytes(33), "/device.key": bytes(32), "/unchanged.bin": bytes(3000)}
    for ident, place in enumerate(segments("/log", small=True), 1):
        for n in range(0 if ident == WINDOWS else place.n):
            there[f"/log/{FOLDERS[ident - 1]}/{n:02}"] = bytes(place.size)
    return there


def test_a_pico_w_has_room_for_a_small_update_and_for_a_whole_one_that_replaces():
    there = in_use()
    free = Disk(build(there.items(), PICO_W_N * BLOCK_N)).free_n // BLOCK_N
    newer = [(path, data + b"\0") for path, data in files("pico_bq76952")]
    hashes = {path: sha256(data) for path, data in there.items()}
    before = listed(there[INSTALLED].decode())
    whole = Change(with_list(newer), before, hashes)
    some = Change(with_list(newer[:10] + files("pico_bq76952")[10:]), before, hashes)
    assert some.blocks(BLOCK_N) <= free < whole.blocks(BLOCK_N)
    kept = {path: data for path, data in there.items() if path not in whole.old()}
    left = Disk(build(kept.items(), PICO_W_N * BLOCK_N)).free_n // BLOCK_N
    assert whole.alone().blocks(BLOCK_N) <= left
    taken = sum(
        -(-len(there[path]) // BLOCK_N) for path in whole.old() if len(there[path]) > SMALL_N
    )
    assert free + taken <= left  # what the board works out is never too much
    assert whole.alone().blocks(BLOCK_N) <= free + taken
    print(free, taken, left, whole.blocks(BLOCK_N), whole.alone().blocks(BLOCK_N))
