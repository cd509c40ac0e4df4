"""Wrong port, wrong file, cut cable, full disk, old firmware, Ctrl-C: one line, and nothing half done."""

import builtins
import contextlib
import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btlink import native
from cellwarden import board as board_module
from cellwarden import cli, fetch
from host_tests.cli.cli_rig import Desk
from linkframe import Lines, line
from segments import FileSegments


@pytest.fixture
def desk(desk, monkeypatch):
    monkeypatch.setattr(board_module, "_AGAIN_S", 0.3)
    return desk


def test_a_silent_monitor_is_told_in_words(desk):
    assert desk.json("status")["problems"] == []
    desk.stand_still()
    with desk.served.lock:
        sim = desk.served.board.sim
        sim.monitor.bus.detach(sim.chip.addr)
        sim.run(3)
    said = desk.good("status")
    assert "the cell monitor is not in order: bq769x2 0x62: read refused: look at" in said
    assert "tripped: no valid readings" in said


@pytest.mark.parametrize(
    "port, words, code",
    [
        ("/dev/nowhere", "there is no such port", 3),
        ("/dev/null", "no serial port", 3),
        ("socket://localhost:1", "nobody listens", 3),
        ("nonsense://x", "cellwarden ports", 3),
        ("ble:AA:BB:CC:DD:EE:FF", "bleak", 2),
    ],
)
def test_a_wrong_port_is_one_line_that_says_what_to_do(desk, port, words, code, monkeypatch):
    monkeypatch.setitem(sys.modules, "bleak", None)
    assert words in desk.bad(code, "status", port=port)


def test_a_board_behind_a_network_is_the_same_board(tmp_path, capsys, monkeypatch):
    """`socket://`: a second client takes the line over, the first one's cable is cut."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(board_module, "_AGAIN_S", 0.3)
    desk = Desk(tmp_path, capsys, tcp=0)
    url = desk.served.url
    assert len(desk.json("status", port=url)["cells"]) == 16
    desk.trip()
    desk.served.cut(4000)
    desk.good("log", "export", tmp_path / "copy", port=url)
    assert same_logs(desk, tmp_path / "copy")
    assert "bal_on_mv: 15 -> 20" in desk.good("config", "set", "bal_on_mv=20", port=url)
    desk.served.end()
    assert "nobody listens" in desk.bad(3, "status", port=url)


def test_a_line_on_which_nobody_answers_is_told(desk, monkeypatch):
    monkeypatch.setattr(board_module, "_WAIT_S", 0.3)
    ours, theirs = os.openpty()
    assert "nobody answers" in desk.bad(3, "status", port=os.ttyname(theirs))
    heard = os.read(ours, 9999)
    assert heard.count(b"~") >= 2 and b"\x03" not in heard, "Ctrl-C: a slow board would stop"
    prompt = threading.Thread(target=_prompt, args=(ours,), daemon=True)
    prompt.start()
    assert "prompt" in desk.bad(2, "status", port=os.ttyname(theirs))
    os.close(ours)
    os.close(theirs)


def _prompt(ours):
    """As MicroPython's prompt: something for whatever comes."""
    with contextlib.suppress(OSError):
        while os.read(ours, 99):
            os.write(ours, b"\r\n>>> ")


def test_an_old_firmware_is_known_by_its_jbd(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(board_module, "_WAIT_S", 0.3)
    old = Desk(tmp_path, capsys, channel=False)
    for words in (["status"], ["log", "list"], ["config", "get"], ["fets", "off"]):
        assert "old firmware" in old.bad(2, *words)
    old.served.end()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"cell_n": "x"}', '{"x": 1}', '{"cell_n": 1e99}', "[" * 5000, "\xff"],
)
def test_a_wrong_file_is_refused_before_anything_is_sent(desk, tmp_path, text):
    path = tmp_path / "wrong.json"
    path.write_text(text)
    sent = desk.served.sent_n
    for verb in ("check", "diff"):
        assert "is refused" in desk.bad(
            2, "config", verb, path, port="" if verb == "check" else None
        )
    assert "is refused" in desk.bad(2, "config", "import", path)
    assert desk.served.sent_n == sent
    assert desk.bad(2, "config", "import", path, "--kind", "auto")
    assert desk.bad(2, "config", "check", tmp_path / "none.json", port="")
    assert desk.bad(2, "config", "check", tmp_path, port="")


@pytest.mark.parametrize("wrong", [b"", b"hello\n" * 900, bytes(4096), b"\xff" * 9000])
def test_a_file_that_is_no_log_is_told_by_every_command(desk, tmp_path, wrong):
    path = tmp_path / "log.bin"
    path.write_bytes(wrong)
    for words in (
        ["log", "list", "--from", path],
        ["log", "verify", "--from", path],
        ["log", "export", tmp_path / "o.csv", "--from", path],
        ["log", "plot", tmp_path / "o.png", "--from", path],
        ["replay", path],
    ):
        desk.bad(2, *words, port="")
    assert not (tmp_path / "o.csv").exists() and not (tmp_path / "o.png").exists()


def test_a_cable_that_comes_off_in_a_transfer_and_on_again_is_not_noticed(desk, tmp_path):
    desk.trip()
    desk.served.cut(4000)
    desk.good("log", "export", tmp_path / "copy")
    key = desk.disk / "device.key"
    desk.good("log", "verify", "--from", tmp_path / "copy", "--device-key", key, port="")
    assert same_logs(desk, tmp_path / "copy")


def test_a_transfer_that_was_cut_off_goes_on_where_it_was(desk, tmp_path, monkeypatch):
    """What the first try has read is not read again."""
    desk.trip()
    served = desk.served
    desk.good("log", "list")  # the time is told
    served.speed = 0.0  # nothing new is written
    before = served.sent_n
    desk.good("log", "export", tmp_path / "whole")
    all_n = served.sent_n - before
    cut_n = all_n - 1500
    served.cut(cut_n, back=False)
    assert "cable" in desk.bad(3, "log", "export", tmp_path / "copy")
    with served.lock:
        served.plug()
    before = served.sent_n
    desk.good("log", "export", tmp_path / "copy")
    assert served.sent_n - before < all_n - cut_n * 0.5
    assert same_logs(desk, tmp_path / "copy")
    before = served.sent_n
    desk.good("log", "export", tmp_path / "copy")
    sums_n = served.sent_n - before
    assert sums_n < 3000
    desk.trip()  # a segment that has grown: only what is new
    before = served.sent_n
    desk.good("log", "export", tmp_path / "copy")
    assert all_n / 3 < served.sent_n - before < all_n
    assert same_logs(desk, tmp_path / "copy")


def same_logs(desk, copy):
    """The copy is what lies on the board, but for what was written since."""
    return all(
        FileSegments(str(desk.disk / "log" / name) + "/", 32)._name(0)
        and (copy / name / "00").read_bytes()[:512]
        == (desk.disk / "log" / name / "00").read_bytes()[:512]
        for name in ("events", "windows")
    )


@pytest.mark.parametrize("after", [10, 60, 200, 400])
def test_a_cable_cut_while_settings_are_sent_changes_all_or_nothing(desk, tmp_path, after):
    new = tmp_path / "new.json"
    values = {"cell_n": 16, "capacity_mah": 70000} | {"bal_on_mv": 30, "bal_off_mv": 20}
    new.write_text(json.dumps(values))
    desk.good("config", "set", "bal_ma=60")
    before = json.loads(desk.good("config", "export"))
    desk.served.cut(1200 + after, back=False)
    code, _, err = desk.give("config", "import", new)
    with desk.served.lock:
        if desk.served._ours < 0:
            desk.served.plug()
        desk.served._left = None
    assert (code == 3 and err.count("\n") == 1) or code == 0
    now = json.loads(desk.good("config", "export"))
    assert now == before or now == {"chemistry": "LFP"} | values


def test_a_full_disk_leaves_the_old_file_and_says_so(desk, tmp_path, monkeypatch):
    out = tmp_path / "mine.json"
    out.write_text("old")
    real = builtins.open

    def full(path, mode="r", *more, **named):
        file = real(path, mode, *more, **named)
        if "w" in mode or "a" in mode:
            if str(path).startswith(str(tmp_path)) and "board" not in str(path).split("/")[-3:]:

                def write(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

                class Full:
                    def __enter__(self):
                        return self

                    def __exit__(self, *_):
                        file.close()

                Full.write = staticmethod(write)
                return Full()
        return file

    desk.trip()
    monkeypatch.setattr("cellwarden.common.open", full, raising=False)
    assert "disk is full" in desk.bad(2, "config", "export", out)
    assert out.read_text() == "old" and not list(tmp_path.glob("*.new"))
    monkeypatch.setattr("cellwarden.fetch.open", full, raising=False)
    assert "disk is full" in desk.bad(2, "log", "export", tmp_path / "copy")
    monkeypatch.setattr("cellwarden.fetch.open", real, raising=False)
    desk.good("log", "export", tmp_path / "copy")


def test_a_device_is_written_to_and_not_replaced(desk, tmp_path):
    """By links: whoever breaks this must not lose a device of his own."""
    null, full = tmp_path / "null", tmp_path / "full"
    null.symlink_to("/dev/null")
    assert "written" in desk.good("config", "export", null)
    assert null.is_symlink() and not null.is_file()
    full.symlink_to("/dev/full")
    if full.exists():
        assert "disk is full" in desk.bad(2, "config", "export", full)
        assert full.is_symlink() and not full.is_file()


def test_a_full_board_refuses_settings_whole(desk):
    before = desk.good("config", "export")
    real = desk.served.board.settings

    def full():
        found = real()

        def save(data):
            raise OSError(errno.ENOSPC, "no space left")

        found._store.save = save
        return found

    desk.served.board.settings = full
    assert "no space left" in desk.bad(4, "config", "set", "bal_on_mv=20")
    desk.served.board.settings = real
    assert desk.good("config", "export") == before


def test_ctrl_c_in_a_transfer_is_one_word_and_the_next_goes_on(desk, tmp_path, monkeypatch):
    desk.trip()
    real = fetch._go_on

    def stopped(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch, "_go_on", stopped)
    assert desk.bad(130, "log", "export", tmp_path / "copy") == "cellwarden: stopped\n"
    monkeypatch.setattr(fetch, "_go_on", real)
    desk.good("log", "export", tmp_path / "copy")


def test_ctrl_c_ends_a_real_program_without_a_traceback(desk):
    """As the shell does it: a program of its own, and a signal."""
    here = os.path.dirname(os.path.dirname(cli.__file__))
    program = subprocess.Popen(
        [sys.executable, "-m", "cellwarden", "monitor", "--json", "--port", desk.port],
        env=os.environ | {"PYTHONPATH": here},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout.readline().startswith(b"{")
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert program.returncode in (0, 130) and b"Traceback" not in err


@settings(max_examples=60)
@given(
    st.one_of(
        st.text(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["cell_n", "chemistry", "bal_ma", "cov_mv", "", "x"]), inner
                )
            ),
            max_leaves=9,
        ).map(json.dumps),
    )
)
def test_any_json_is_a_good_configuration_or_one_line(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_text(text, errors="replace")
    said = []
    code = _run(["config", "check", str(path)], said)
    assert code in (0, 2) and (code == 0 or len(said) == 1)


def _run(words, said):
    real = cli._say
    cli._say = lambda text, code: said.append(text) or code
    try:
        return cli.run(words)
    finally:
        cli._say = real


def test_damaged_logs_never_end_in_a_traceback(desk, tmp_path):
    """Bits, holes, torn ends and swapped segments, all over a real log."""
    desk.trip()
    copy = tmp_path / "copy"
    desk.good("log", "export", copy)
    dice = random.Random(6)
    originals = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    found = 0
    for _ in range(40):
        path = dice.choice(sorted(originals))
        data = bytearray(originals[path])
        used = len(bytes(data).rstrip(b"\xff"))
        kind = dice.randrange(4)
        at = dice.randrange(used)
        if kind == 0:
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data[at : at + 64] = dice.randbytes(64)
        elif kind == 2:
            del data[at:]
        else:
            data[at:] = originals[dice.choice(sorted(originals))][at:]
        path.write_bytes(data)
        code, _, _ = desk.give(
            "log", "verify", "--from", copy, "--device-key", desk.disk / "device.key", port=""
        )
        found += code == 1
        assert (
            code == 1 or kind or at > used // 2
        )  # what cuts off the end may pass: docs/blackbox.md
        for words in (
            ["log", "list"],
            ["log", "export", tmp_path / "o.jsonl", "--what", "windows"],
        ):
            code, _, err = desk.give(*words, "--from", copy, port="")
            assert code in (0, 1, 2) and "Traceback" not in err
        code, _, err = desk.give("replay", copy, port="")
        assert code in (0, 1, 2) and "Traceback" not in err
        path.write_bytes(originals[path])
    assert found > 8


def test_a_board_that_answers_nonsense_ends_in_one_line(desk, tmp_path, monkeypatch):
    """Whole frames with a right checksum, and in them whatever."""
    monkeypatch.setattr(board_module, "_WAIT_S", 0.1)
    monkeypatch.setattr(board_module, "_AGAIN_S", 0.1)
    monkeypatch.setattr(board_module, "_READINGS_S", 0.2)
    monkeypatch.setattr("cellwarden.monitor._DEAD_S", 0.3)
    desk.good("status")
    served = desk.served
    dice = random.Random(12)

    def spoiled(data):
        lines = Lines()
        (whole,) = [bytes(lines.data) for byte in bytes(data) if lines.put(byte)]
        ((kind, inner),) = native.split(whole)
        inner = bytearray(inner)
        if len(inner) > 1 and dice.random() < 0.4:
            for _ in range(dice.randrange(1, 4)):
                inner[dice.randrange(1, len(inner))] = dice.randrange(256)
            if dice.random() < 0.3:
                del inner[dice.randrange(1, len(inner)) :]
        served._send(line(native.frame(kind, bytes(inner))))

    served.board.wire._write = spoiled
    commands = (
        ["status"],
        ["monitor", "-n", "1"],
        ["config", "get"],
        ["log", "list"],
        ["balance"],
    )
    failed = 0
    for i in range(15):
        code, out, err = desk.give(*commands[i % len(commands)])
        failed += code != 0
        assert code in (0, 2, 3, 4) and "Traceback" not in out + err, (code, err)
        assert err.count("\n") == (code != 0), err
    assert failed > 3


def test_noise_on_the_line_is_asked_through(desk):
    """The board's answers come with a stranger's bytes between them."""
    real = desk.served.board._send
    dice = random.Random(9)
    desk.served.board.wire._write = lambda data: real(
        dice.randbytes(5) + bytes(data) + b"\xdd\x03\xc3"
    )
    found = desk.json("status")
    assert found["soc_pm"] in (599, 600) and len(found["cells"]) == 16 and not found["faults"]


def test_a_torn_segment_is_read_on_from_its_offset_and_one_that_lies_from_the_start(
    desk, tmp_path, monkeypatch
):
    copy = tmp_path / "copy"
    desk.trip()
    desk.stand_still()  # nothing is written meanwhile
    desk.good("log", "export", copy)
    segment, part = copy / "events" / "00", copy / "events" / "00.part"
    whole = segment.read_bytes()
    asked = []
    real = board_module.Board.pieces

    def spied(self, number, at=0, end=None):
        if end is None or end - at > fetch._HEAD_N:  # not the look whether there is anything
            asked.append((number, at))
        return real(self, number, at, end)

    monkeypatch.setattr(board_module.Board, "pieces", spied)
    for beginning, froms in ((whole[:1000], [1000]), (b"lies" * 250, [1000, 0]), (whole * 2, [0])):
        asked.clear()
        segment.unlink()
        part.write_bytes(beginning)
        desk.good("log", "export", copy)
        assert [at for number, at in asked if number == fetch.LOGS["events"]] == froms
        assert segment.read_bytes() == whole and not part.exists()


class LateLine:
    """Answers one READ, the one at offset 10, with what was asked before it."""

    is_ble = False

    def __init__(self):
        self.late_n = 0
        self._said = []

    def write(self, data):
        lines = Lines()
        (whole,) = [bytes(lines.data) for byte in data if lines.put(byte)]
        ((_, asked),) = native.split(whole)
        n = int.from_bytes(asked[1:5], "little")
        if n == 10 and not self.late_n:
            self.late_n += 1
            n = 0
            asked = asked[:1] + bytes(4) + asked[5:]
        self._said.append(b"\0" + asked[:5] + bytes(range(n, min(n + 10, 30))))

    def read(self):
        return native.frame(board_module.READ | 0x80, self._said[-1])


def test_the_late_answer_to_an_earlier_question_is_not_taken_for_this_one(monkeypatch):
    monkeypatch.setattr(board_module, "CHUNK_N", 10)
    line = LateLine()
    board = board_module.Board("x", open=lambda port, baud: line)
    assert board.read(0) == bytes(range(30)) and line.late_n == 1
