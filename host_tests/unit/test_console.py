"""The status lines after start: few, short, and then silence."""

import asyncio
import io

import pytest

from bms.bits import MODE_N
from bms.config import Config
from bms.pack import Pack
from bms.report import console
from bms.report.console import Console


@pytest.fixture
def pack():
    return Pack(Config())


class Stop(Exception):
    pass


def run(made, monkeypatch, sleeps: int) -> list:
    """Let it sleep so many times; how long each was."""
    slept = []

    async def sleep_ms(ms):
        slept.append(ms)
        if len(slept) == sleeps:
            raise Stop

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms, raising=False)
    with pytest.raises(Stop):
        asyncio.run(made.run())
    return slept


def test_a_line_says_board_mode_charge_and_faults(pack):
    pack.soc.set(506)
    assert Console(io.StringIO(), "pico", pack).line() == "cellwarden pico selftest 50% 0 faults\n"
    pack.protect.state[3] = 1
    assert "1 faults" in Console(io.StringIO(), "pico", pack).line()
    for held, words in ((1, "settings held"), (2, "not commissioned"), (3, "not commissioned")):
        pack.held = held
        assert f"pico {words} 50%" in Console(io.StringIO(), "pico", pack).line()


def test_all_lines_together_fit_the_usb_buffer(pack):
    pack.soc.set(1000)
    for i in range(len(pack.protect.state)):
        pack.protect.state[i] = 1
    longest = 0
    for i in range(MODE_N + 3):
        pack.mode.mode = min(i, MODE_N - 1)
        pack.held = max(0, i - MODE_N + 1)
        line = Console(io.StringIO(), "libresolar_bms_c1", pack).line()
        longest = max(longest, len(line) + 1)  # the console sends \r\n
    assert longest * console.LINE_N <= 256


def test_the_lines_come_at_growing_distance_and_end(pack, monkeypatch):
    out = io.StringIO()
    slept = run(Console(out, "pico", pack), monkeypatch, 7)
    assert slept[:4] == [1000, 2000, 4000, 8000]
    assert len(out.getvalue().splitlines()) == 4
    assert slept[4] > 3_600_000


def test_a_console_that_was_started_again_does_not_begin_anew(pack, monkeypatch):
    out = io.StringIO()
    made = Console(out, "pico", pack)
    run(made, monkeypatch, 3)
    run(made, monkeypatch, 6)
    assert len(out.getvalue().splitlines()) == 4
