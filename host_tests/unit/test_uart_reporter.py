"""The serial reporter: answers what came, forgets what was broken off, survives its line."""

import asyncio

import pytest

from bms.report.uart import UartReporter
from host_tests.common.scan_rig import Rig

CELLS = bytes.fromhex("dda50400fffc77")


class Uart:
    def __init__(self):
        self.rx = bytearray()
        self.tx = bytearray()

    def any(self):
        return len(self.rx)

    def readinto(self, buf):
        n = min(len(buf), len(self.rx))
        buf[:n] = self.rx[:n]
        del self.rx[:n]
        return n or None

    def write(self, data):
        self.tx += bytes(data)
        return len(data)


@pytest.fixture
def line():
    uart = Uart()
    return uart, UartReporter(uart, Rig(12).pack)


def test_what_came_is_answered_in_order_and_nothing_else_is_said(line):
    uart, reporter = line
    reporter.look(20)
    assert uart.tx == b""
    uart.rx += CELLS * 3
    reporter.look(20)
    assert uart.tx.count(b"\xdd\x04\x00\x08") == 3 and len(uart.tx) == 3 * 15


def test_a_request_in_two_pieces_is_answered_and_one_broken_off_is_forgotten(line):
    uart, reporter = line
    uart.rx += CELLS[:4]
    reporter.look(20)
    uart.rx += CELLS[4:]
    reporter.look(20)
    assert len(uart.tx) == 15
    uart.rx += b"\xdd\xa5\x03\x20"
    reporter.look(20)
    for _ in range(10):
        reporter.look(20)
    uart.rx += CELLS
    reporter.look(20)
    assert len(uart.tx) == 30


def test_more_than_fits_at_once_is_taken_in_turns(line):
    uart, reporter = line
    uart.rx += CELLS * 40
    for _ in range(10):
        reporter.look(20)
    assert len(uart.tx) == 40 * 15


def test_it_loads_what_answers_between_scans_then_looks_again_and_again(line, monkeypatch):
    uart, reporter = line
    naps = []

    async def nap(ms):
        naps.append(ms)
        reporter._pack.snap.seq += 1
        if naps.count(20) == 4:
            raise asyncio.CancelledError
        if ms == 20:
            uart.rx += CELLS

    monkeypatch.setattr(asyncio, "sleep_ms", nap, raising=False)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(reporter.run())
    loading = naps.count(10)
    assert naps == [20] + [10] * loading + [20] * 3 and loading >= 4
    assert len(uart.tx) == 45
