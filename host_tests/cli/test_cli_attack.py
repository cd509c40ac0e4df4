"""What a new user gets wrong, and a shell around it: one clear line, the right exit code, nothing half applied."""

import codecs
import io
import os
import pty
import signal
import subprocess
import sys
import threading

import click
import pytest

from demo.cli import main as demo
from deploy.flash import gather
from host_tests.cli.cli_rig import KEY
from host_tests.shared import ROOT
from simboard.__main__ import main as simboard

ENDLESS = "/dev/zero"


def started(desk, *words, **more):
    """The command as a process of its own, as a shell starts it."""
    path = {"PYTHONPATH": str(ROOT / "tools")}
    line = [sys.executable, "-m", "cellwarden", *words, "--port", desk.port, "--key", KEY]
    return subprocess.Popen(line, env={**os.environ, **path, **more.pop("env", {})}, **more)


# words that a person types -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "port, words, code",
    [
        ("socket://", "write socket://HOST:PORT", 2),
        ("socket://localhost:x", "write socket://HOST:PORT", 2),
        ("socket://localhost:70000", "write socket://HOST:PORT", 2),
        (".", ".: is a directory; `cellwarden ports`", 3),
    ],
)
def test_a_wrong_port_is_told_in_words_and_not_in_pythons(desk, port, words, code):
    said = desk.bad(code, "status", port=port)
    assert words in said and "Errno" not in said and "instances" not in said


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--baud", "123456789012"),
        ("status", "--patience", "nan"),
        ("log", "list", "-n", "-1"),
        ("monitor", "-n", "-1"),
        ("calibrate", "cell1", "99999999999999"),
        ("config", "get", "zzz_"),
        ("config", "set", "bal_on_mv=2_0"),
        ("config", "export", "/nowhere/at/all.json"),
        ("commission", "--state", "--waive", "Ada"),
        ("commission", "--forget", "--waive", "Ada"),
        ("unlock", "--settings", "--new-key", "k"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(desk, words, monkeypatch):
    monkeypatch.chdir(desk.folder)
    before = desk.good("config", "export"), desk.good("commission", "--state")
    desk.bad(2, *words)
    assert (desk.good("config", "export"), desk.good("commission", "--state")) == before
    assert not (desk.folder / "k").exists()


def test_the_oldest_click_that_we_say_is_enough_is(desk, monkeypatch):
    """8.1, which Debian 12 has, knows no NoArgsIsHelpError: each error was a traceback about that."""
    monkeypatch.delattr(click.exceptions, "NoArgsIsHelpError", raising=False)
    assert "no such port" in desk.bad(3, "status", port="/dev/nope")
    assert "is no field" in desk.bad(2, "config", "get", "nope")


@pytest.mark.parametrize("word, near", [("stauts", "status"), ("lgo", "log")])
def test_a_command_with_two_letters_exchanged_is_known(desk, word, near):
    assert f"Did you mean '{near}'?" in desk.bad(2, word, port="")


def test_a_key_that_is_none_is_told_from_a_file_that_has_none(desk, tmp_path):
    (tmp_path / "mine").write_bytes(b"\xff\0 no key")
    assert f"what is in {tmp_path}/mine is not 32 hex" in desk.bad(
        2, "fets", "off", key=tmp_path / "mine"
    )
    assert "is no file, and not 32 hex" in desk.bad(2, "fets", "off", key=tmp_path / "yours")


def test_a_wrong_key_keeps_nobody_from_reading(desk):
    """A board's clock is put right by whoever has the key: one who has not may look all the same."""
    desk.good("status")
    desk.pack.journal.started_s -= 1000
    assert "the board's clock is off" in desk.good("status", key="00" * 16)
    with desk.served.lock:
        desk.served.board.wire.advance(60000)
    assert "not the board's key" in desk.bad(4, "fets", "off", key="00" * 16)
    with desk.served.lock:
        desk.served.board.wire.advance(60000)
    assert "clock is off" not in desk.good("status")


# files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("config", "check", ENDLESS),
        ("config", "import", ENDLESS),
        ("config", "import", ENDLESS, "--kind", "jk"),
        ("flash", "--board", "pico_bq76952", "--config", ENDLESS),
        ("log", "list", "--from", ENDLESS),
        ("replay", ENDLESS),
    ],
)
def test_a_file_without_an_end_is_not_read_to_its_end(desk, words):
    desk.bad(
        2, *words, port="" if words[0] == "config" and words[1] == "check" else None, key=None
    )


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_an_editors_mark_before_the_text_is_named(desk, tmp_path, mark):
    (tmp_path / "marked.json").write_bytes(mark + b'{"cell_n": 16}')
    assert "without a mark (BOM)" in desk.bad(
        2, "config", "check", tmp_path / "marked.json", port=""
    )


@pytest.mark.parametrize("key", ["", "x", "00" * 31, "short", "long", ENDLESS])
def test_a_device_key_that_is_none_proves_nothing_changed(desk, tmp_path, key, monkeypatch):
    """It must not look as if somebody had been at the record."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short").write_bytes(b"x" * 31)
    (tmp_path / "long").write_bytes(b"x" * 33)
    desk.trip()
    desk.good("log", "export", "copy")
    for words in (["log", "verify", "--from", "copy"], ["replay", "copy"]):
        said = desk.bad(2, *words, "--device-key", key, port="")
        assert "changed" not in said and "key" in said or "no such file" in said, said


def test_a_device_key_may_be_written_down(desk, tmp_path):
    desk.trip()
    desk.good("log", "export", tmp_path / "copy")
    written = tmp_path / "written"
    written.write_text((desk.disk / "device.key").read_bytes().hex() + "\n")
    said = desk.good(
        "log", "verify", "--from", tmp_path / "copy", "--device-key", written, port=""
    )
    assert "chain followed" in said


def test_a_configuration_from_a_pipe_is_the_one_that_is_installed(tmp_path):
    """What is checked is what is laid down, though it can be read only once."""
    os.mkfifo(tmp_path / "pipe")
    text = b'{"cell_n": 16, "capacity_mah": 70000}'
    threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(text,)).start()
    assert dict(gather("pico_bq76952", tmp_path / "pipe"))["/config.json"] == text


def test_a_demos_summary_does_not_take_the_place_of_a_pipe(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    heard = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_text()))
    reader.start()
    assert demo(["--headless", "--seconds", "2", "--json", str(tmp_path / "pipe")]) == 0
    reader.join(10)
    assert heard[0].startswith("{") and (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    "words", ["--tcp 99999", "--tcp x", "--speed 0", "--speed nan", "--nonsense"]
)
def test_a_simulated_board_that_is_asked_for_wrongly_is_one_line(capsys, words):
    with pytest.raises(SystemExit) as end:
        simboard(words.split())
    said = capsys.readouterr().err
    assert end.value.code == 2 and said.startswith("cellwarden: ") and said.count("\n") == 1


# an editor -----------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def editing(desk, monkeypatch):
    """A person at a terminal: each session with the editor is a function of the text."""
    sessions, asked, shown = [], [], []
    monkeypatch.setattr("sys.stdin", Terminal())

    def edit(text, **more):
        shown.append(text)
        return sessions.pop(0)(text)

    def confirm(words, **more):
        asked.append(words)
        if not sessions:
            raise click.Abort
        return True

    monkeypatch.setattr("click.edit", edit)
    monkeypatch.setattr("click.confirm", confirm)
    return sessions, asked, shown


def test_what_was_edited_is_not_lost_for_one_mistake(desk, editing):
    sessions, asked, shown = editing
    sessions += [
        lambda text: text.replace("100000", "90000").replace("16", "99"),
        lambda text: text.replace("99", "16"),
    ]
    assert "capacity_mah: 100000 -> 90000" in desk.good("config", "edit")
    assert len(asked) == 1 and '"cell_n": 99' in shown[1] and "90000" in shown[1]


def test_who_gives_up_an_edit_has_changed_nothing(desk, editing):
    sessions, asked, _ = editing
    before = desk.good("config", "export")
    sessions += [lambda text: text.replace("16", "99")]
    desk.bad(130, "config", "edit")
    assert asked and desk.good("config", "export") == before


def raising(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize(
    "error, words",
    [
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "is no text"),
        (ValueError("No closing quotation"), "EDITOR cannot be run"),
    ],
)
def test_an_editor_that_leaves_no_text_is_one_line(desk, editing, error, words):
    editing[0].append(raising(error))
    assert words in desk.bad(2, "config", "edit")


def test_without_a_terminal_no_editor_is_waited_for(desk, monkeypatch):
    monkeypatch.setattr("click.edit", lambda *_, **__: pytest.fail("it would wait for ever"))
    assert "wants a terminal" in desk.bad(2, "config", "edit")


# a shell around it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["config", "get", "--json"], ["monitor", "--json"], ["config", "set", "bal_on_mv=20"]],
)
def test_a_pipe_that_closes_early_ends_it_quietly_and_does_not_look_like_success(desk, words):
    reading, writing = os.pipe()
    os.close(reading)
    with started(desk, *words, stdout=writing, stderr=subprocess.PIPE) as program:
        os.close(writing)
        assert (program.stderr.read(), program.wait(30)) == (b"", 141)
    assert '"bal_on_mv"' not in desk.good("config", "export")


@pytest.mark.parametrize(
    "shell, code", [("{} >&-", 0), ("{} --json >&-", 0), ("{} 2>&-", 0), ("{} <&-", 0)]
)
def test_a_closed_stream_is_no_mistake_of_the_board(desk, shell, code):
    line = f"{sys.executable} -m cellwarden monitor -n 1 --port {desk.port}"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    done = subprocess.run(shell.format(line), shell=True, env=env, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_screen_is_given_back_whatever_ends_it(desk, name):
    ours, theirs = pty.openpty()
    env = {"TERM": "xterm", "COLUMNS": "40", "LINES": "20"}
    with started(desk, "monitor", stdin=theirs, stdout=theirs, stderr=theirs, env=env) as program:
        os.close(theirs)
        said = b""
        while b"cells" not in said:
            said += os.read(ours, 4096)
        program.send_signal(getattr(signal, name))
        while b"\x1b[?1049l" not in said:
            said += os.read(ours, 4096)
        assert program.wait(30) == 0 and b"Traceback" not in said
    os.close(ours)


def test_a_dumb_terminal_gets_lines(desk, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    assert "no faults" in desk.good("monitor", "-n", "1")
