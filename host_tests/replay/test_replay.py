"""Replay: the same inputs through the same code give the same decisions, and whatever differs is named."""

import binascii
import json
import struct
from array import array

import pytest

from bms import tape, version
from bms.state import State
from bms.window import SCANS
from boards.sim.board import make_sim
from boards.sim.scenarios import SCENARIOS, play
from host_tests.boxed import KEY, box, boxed, log
from replay.__main__ import main
from replay.chain import logs
from replay.record import Recording, Sink
from replay.run import replay
from replay.windows import windows
from ringlog import HEAD_N, Chain, RingLog, padded
from sim.flash import Flash
from sim.mischief import find
from sim.prng import Prng

NAMES = [row[0] for row in SCENARIOS]


def recorded(name):
    """(dump, scans made) of a scenario, every scan recorded."""

    def prepare(sim):
        sim.blackbox = Recording(sim, KEY)

    sim = play(name, prepare)
    return sim.blackbox.dump(), sim.pack.snap.seq


@pytest.mark.parametrize("name", NAMES)
def test_every_scan_of_a_scenario_comes_out_the_same_bit_for_bit(name):
    dump, scans = recorded(name)
    log = logs(dump, KEY)[2]
    assert log.problems == []
    found = windows(log)
    covered = {scan["scan"] for window in found for scan in window.scans}
    assert covered == set(range(1, scans + 1))
    for window in found:
        outcome = replay(window)
        assert outcome.equal() and outcome.state_equal, (outcome.differences, outcome.problems)


@pytest.mark.parametrize("name", NAMES)
def test_so_do_the_windows_that_a_device_keeps(name):
    flash = Flash(105)
    sim = play(name, lambda sim: box(sim, flash))
    sim.run(30)
    found = windows(log(flash, 2))
    assert len(found) == sim.blackbox.window.written
    for window in found:
        outcome = replay(window)
        assert outcome.equal() and outcome.state_equal, (name, outcome)


def test_a_verification_that_once_found_a_difference_replays():
    def prepare(sim):
        guard = sim.board.guard
        verify, answers = guard.verify_all, [2, 0, 1]

        def differs():
            verify()
            return answers.pop(0) if answers else 0

        guard.verify_all = differs
        sim.blackbox = Recording(sim, KEY)

    sim = play("quiet", prepare)
    assert sim.pack.intent, "the third try was good"
    (window,) = windows(logs(sim.blackbox.dump(), KEY)[2])
    outcome = replay(window)
    assert outcome.equal() and outcome.state_equal, outcome


# What `state._SKIP` leaves out although it may change: hardware, inputs, the record.
_OUTSIDE = set("fails _hits _outputs _requests _lock held error tape".split())


def leaves(thing, path=""):
    """(path, value) of every number in an object and what hangs on it, whatever the state says."""
    for name, value in sorted(vars(thing).items()):
        if isinstance(value, int | bytearray | array):
            yield f"{path}.{name}", value if isinstance(value, int) else bytes(value)
        elif name in (
            "config",
            "_config",
            "pack",
            "journal",
            "board",
            "_board",
            "_cutoff",
            "sense",
        ):
            continue
        elif hasattr(value, "__dict__") and not callable(value):
            yield from leaves(value, f"{path}.{name}")


@pytest.mark.parametrize("name", ["day", "lock_out", "precharge", "noise", "hot_cell"])
def test_whatever_the_policy_remembers_is_part_of_the_state(name):
    """Numbers that the state leaves out must be constants."""
    before = []

    def prepare(sim):
        before.append({**dict(leaves(sim.pack)), **dict(leaves(sim.scan))})

    sim = play(name, prepare)
    after = {**dict(leaves(sim.pack)), **dict(leaves(sim.scan))}
    kept = {part for part in State(sim.scan).parts if type(part) is str}
    changed = {path for path in after if after[path] != before[0].get(path)}
    assert len(changed) > 30
    missing = {path for path in changed if path.split(".")[-1] not in kept | _OUTSIDE}
    assert not missing


@pytest.fixture(scope="module")
def dump():
    return recorded("short")[0]


@pytest.fixture
def path(dump, tmp_path):
    path = tmp_path / "log.bin"
    path.write_bytes(dump)
    return path


def said(capsys, *args):
    code = main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return code, out + err


def test_the_command_says_what_was_compared(path, capsys):
    code, text = said(capsys, path, "--key", KEY.hex())
    assert code == 0 and "61 scans, 915 decisions, all equal, and the state after the last" in text


def test_every_scan_can_be_shown(path, capsys):
    code, text = said(capsys, path, "--scan")
    assert code == 0 and text.count("intent=") == 61


def test_for_programs_there_is_json(path, capsys):
    _, text = said(capsys, path, "--json")
    assert json.loads(text)["equal"] is True


def records(dump):
    return logs(dump, KEY)[2].records


def test_one_flipped_bit_anywhere_is_found_and_its_record_named(path, dump, capsys):
    items = records(dump)
    for item in items[1:]:
        start = int(item.place.split()[1])
        size = padded(len(item.payload))
        for bit in range(0, size * 8, max(1, size * 8 // 12)):
            bad = bytearray(dump)
            bad[start + bit // 8] ^= 1 << bit % 8
            path.write_bytes(bad)
            code, text = said(capsys, path, "--key", KEY.hex())
            assert code in (1, 2), (item, bit)
            assert f"record {item.number} at byte {start} damaged" in text, (item, bit, text)


def with_changed_scan(dump, index, field, value):
    """A forger with a checksum, but without the key: one number of one scan is another.

    It is the first one from `index` on whose record does not grow by it; (dump, record, scan).
    """
    for item in records(dump):
        if item.kind != SCANS:
            continue
        first, count = struct.unpack_from("<IH", item.payload)
        for i in range(max(index - first, 0), count):
            frame = changed(item, i, field, value)
            if len(frame) == padded(len(item.payload)):
                start = int(item.place.split()[1])
                forged = dump[:start] + frame + dump[start + len(frame) :]
                return forged, item.number, first + i + 1
    raise LookupError(f"no scan from {index} on")


def changed(item, i, field, value):
    """Undo the squeezing of one record, change it, and squeeze it again."""
    from squeeze import squeeze, unsqueeze

    size = tape.size(16, 3)
    count = struct.unpack_from("<IH", item.payload)[1]
    out = bytearray(size * count)
    at = 6
    for k in range(count):
        at = unsqueeze(item.payload, at, out, k * size, (k - 1) * size if k else -1, size)
    assert struct.unpack_from("<h", out, i * size + field) != (value,)
    struct.pack_into("<h", out, i * size + field, value)
    packed = bytearray(4096)
    end = 0
    for k in range(count):
        end = squeeze(out, k * size, (k - 1) * size if k else -1, size, packed, end)
    payload = item.payload[:6] + packed[:end]
    frame = bytearray(item.covered[:HEAD_N]) + payload + item.mac
    struct.pack_into("<H", frame, 2, len(payload))
    frame += b"\xff" * (padded(len(payload)) - 4 - len(frame))
    return frame + struct.pack("<I", binascii.crc32(bytes(frame)))


CELL_0 = 22 + 24  # of a scan


def test_a_forged_reading_is_named_by_its_first_scan_and_by_the_chain(path, dump, capsys):
    bad, number, scan = with_changed_scan(dump, 30, CELL_0, 3399)
    path.write_bytes(bad)
    code, text = said(capsys, path)
    assert code == 1 and f"(record {number})" in text
    assert f"scan {scan} is the first that differs" in text
    code, text = said(capsys, path, "--key", KEY.hex())
    assert f"record {number} at" in text and "was changed, or the key differs" in text


def test_a_forged_decision_is_named_too(path, dump, capsys):
    size = tape.size(16, 3)
    bad, _, scan = with_changed_scan(dump, 12, size - 30 + 10 - 2, 77)
    path.write_bytes(bad)
    code, text = said(capsys, path)
    assert code == 1 and f"scan {scan} is the first that differs" in text


def test_a_policy_that_decides_otherwise_differs_at_the_scan_where_it_matters(dump, monkeypatch):
    from bms import limits

    (window,) = windows(logs(dump, KEY)[2])
    monkeypatch.setattr(limits, "_WHOLE_PM", 1001)
    outcome = replay(window)
    assert outcome.first is not None and {"ccl_ma", "dcl_ma"} & {d[0] for d in outcome.differences}


def test_a_state_that_only_shows_later_is_found_by_the_checksum_at_the_end(dump):
    (window,) = windows(logs(dump, KEY)[2])
    window.end = (window.end[0], window.end[1] ^ 1, 1)
    outcome = replay(window)
    assert outcome.first is None and outcome.state_equal is False and not outcome.equal()


def test_a_log_of_another_version_says_which_one_it_needs(path, capsys, monkeypatch):
    monkeypatch.setattr("replay.run.VERSION", "9.9.9")
    code, text = said(capsys, path)
    assert code == 2
    assert f"written by firmware {version.VERSION}, this is 9.9.9: check out" in text


@pytest.mark.parametrize("data", [b"", b"\xff" * 9000, bytes(5000), b"not a log at all" * 700])
def test_what_is_no_log_is_one_line(tmp_path, data, capsys):
    path = tmp_path / "x"
    path.write_bytes(data)
    code, text = said(capsys, path)
    assert code == 2 and text.count("\n") == 1 and "no record" in text
    code, text = said(capsys, tmp_path / "missing")
    assert code == 2 and text.count("\n") == 1


def test_a_window_that_power_cut_short_replays_as_far_as_it_goes(path, dump, capsys):
    end = records(dump)[-1]
    path.write_bytes(dump[: int(end.place.split()[1])])
    code, text = said(capsys, path, "--key", KEY.hex())
    assert code == 0 and "61 scans" in text and "its end was never written" in text


def test_a_window_that_the_flash_was_too_slow_for_says_so():
    sim, flash = boxed(cell_n=4)
    sim.run(20)
    find("short").apply(sim)
    sim.run(3)
    flash.power(0)
    sim.run(40)
    flash.power()
    find("short").clear(sim)
    sim.run(100)
    outcomes = [replay(window) for window in windows(log(flash, 2))]
    assert any("did not keep up" in note for outcome in outcomes for note in outcome.notes)
    assert all(outcome.equal() for outcome in outcomes)


def test_a_log_cut_at_any_length_never_ends_in_a_traceback(path, dump, capsys):
    for n in range(0, len(dump), 61):
        path.write_bytes(dump[:n])
        code, _ = said(capsys, path)
        assert code in (0, 1, 2)


def rubbish_log(dump, prng, whole):
    """A log that is right by its checksums, with payloads that no device writes."""
    sink = Sink()
    log = RingLog(sink, Chain(KEY), 2, b"fuzz")
    log.recover()
    for item in records(dump)[1:]:
        payload = bytearray(item.payload)
        if prng.below(3) == 0:
            payload[prng.below(len(payload))] = prng.below(256)
        if not whole and prng.below(6) == 0:
            payload = payload[: prng.below(len(payload))]
        log.append(prng.below(8) if prng.below(12) == 0 else item.kind, payload)
    return bytes(sink.data)


@pytest.mark.parametrize("whole", [True, False])
def test_whatever_a_log_claims_it_is_answered_in_words(path, dump, capsys, whole):
    prng = Prng(17)
    codes = set()
    for _ in range(60):
        path.write_bytes(rubbish_log(dump, prng, whole))
        code, text = said(capsys, path, "--key", KEY.hex())
        assert text.strip()
        codes.add(code)
    assert codes <= {0, 1, 2} and codes & {1, 2}


def test_the_folder_of_a_device_is_a_log_and_brings_its_key(tmp_path, capsys):
    sim, flash = boxed(cell_n=4)
    sim.run(15)
    find("short").apply(sim)
    sim.run(30)
    for i in range(105):
        data = bytes(flash.data[i * 4096 : (i + 1) * 4096]).rstrip(b"\xff")
        if data:
            (tmp_path / f"{i:03}").write_bytes(data)
    (tmp_path / "device.key").write_bytes(KEY)
    (tmp_path / "count.a").write_bytes(b"CWAB")
    code, text = said(capsys, tmp_path)
    assert code == 0 and "chip_ocd" in text and "all equal" in text
    code, text = said(capsys, tmp_path, "--key", "00" * 32)
    assert code == 1 and "the key differs" in text


def test_a_pin_that_answers_in_integers_leaves_a_state_of_the_same_size():
    """As every real one: a window of a Pico was three bytes longer than its replay, and refused."""
    sim = make_sim(cell_n=4, soc=0.5)
    before = State(sim.scan).n
    sim.board.interlock = lambda: 0
    sim.run(2)
    assert State(sim.scan).n == before
