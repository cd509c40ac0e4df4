"""The program that times off-pins on a real board, on the fake of its PIO blocks: it must count what we count."""

import asyncio

import machine
import pytest
import rp2
from machine import Pin

import pioguard
from bms.cutoff import Cutoff
from host_tests.unit.test_pioguard import step_deadman
from onboard import extra_on_board as probe
from onboard.__main__ import rows

CHG, DSG, ALERT, TEST, SCAN, GC = 7, 8, 6, 18, 15, 16
HZ = 125_000_000
_MEMORY_N = 32  # instructions of a PIO block


class Rig:
    """A guard on PIO block 0, the probe on block 1, and the wire between them."""

    def __init__(self, wired=True):
        machine.use()
        machine.freq(HZ)
        machine.bench.pio["settle"] = 0
        bank = self.bank = machine.bench.bank
        bank.line(ALERT).pull = 1
        bank.line(ALERT).resolve()
        if wired:
            bank.connect(TEST, bank.line(ALERT))
        off_pins = (Pin(CHG, Pin.OUT, value=0), Pin(DSG, Pin.OUT, value=0))
        alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
        gate = pioguard.PioGate(off_pins, alert, 1000)
        self.cutoff = Cutoff(gate, alert, Pin.IRQ_FALLING)
        step_deadman(self, 2)
        self.permit()

    def permit(self):
        machine.bench.pio["settle"] = 32
        assert self.cutoff.release(self.cutoff.hits)
        step_deadman(self, 3)  # it takes the stroke
        machine.bench.pio["settle"] = 0

    def edge(self, number, cycles=10):
        """(what the probe counts, what we count): clocks from ALERT's edge to that pin."""
        pull = probe.Edges(number)
        pull._sm.put(cycles)
        at = {}
        for name, line in (("alert", ALERT), ("pin", number)):
            self.bank.line(line).watch(lambda level, name=name: level or at.setdefault(name, n))
        for n in range(200):  # noqa: B007 the watchers look at it
            rp2.run(1)
        return 2 * pull._sm.get(), at["pin"] - at["alert"]


@pytest.fixture(autouse=True)
def loose_wires():
    yield
    machine.use()


@pytest.mark.parametrize("number", [CHG, DSG])
@pytest.mark.parametrize("cycles", range(6))
def test_the_probe_counts_the_clocks_that_the_guard_takes(number, cycles):
    counted, true = Rig().edge(number, cycles)
    assert 0 < true <= 5
    assert true - 2 <= counted <= true + 2  # its own synchroniser is as long as what it cannot see


def test_the_probe_lets_go_of_alert_when_the_pin_is_low():
    rig = Rig()
    rig.edge(CHG)
    assert rig.bank.line(ALERT).level == 1 and rig.bank.line(ALERT).fights == 0


def test_its_programs_fit_into_one_block():
    assert len(probe.pull_and_time.words) + len(probe.time_high.words) <= _MEMORY_N


def test_the_time_that_a_pin_is_high():
    Rig()
    pin = machine.bench.bank.line(SCAN).end("firmware")
    highs = probe.Highs(5, SCAN)
    for _ in range(3):
        for level in (0, 1, 0):
            pin.drive(level)
            rp2.run(1000)
    highs.look()
    assert len(highs.found) == 3 and all(abs(2 * count - 1000) <= 6 for count in highs.found)


def play(rig, monkeypatch, capsys, edges=4):
    """All figures; time passes while they sleep, and somebody permits again."""
    gc_pin = rig.bank.line(GC).end("firmware")

    async def sleep_ms(ms):
        gc_pin.drive(1 - (gc_pin.out or 0))
        rp2.run(100)
        if not rig.bank.line(CHG).level:
            rig.permit()

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms, raising=False)
    monkeypatch.setattr(probe.os, "urandom", lambda n: bytes([0] * n))
    monkeypatch.setattr(probe.gc, "mem_free", lambda: 130 * 1024, raising=False)
    rig.cutoff.arm()
    with pytest.raises(KeyboardInterrupt):  # what ends it on a board, too
        asyncio.run(probe.Figures(edges).run())
    return capsys.readouterr().out


def test_what_the_board_says_becomes_rows_with_bounds():
    said = "FIGURE pio-GP7 500 40 40 48\nFIGURE interrupt-GP8 500 9000 11000 39000\nFREE 133120\nDONE\n"
    found = {row["name"]: row for row in rows(said)}
    worst = found["ALERT to off-pin by PIO GP7, worst of 500"]
    assert (worst["value"], worst["unit"], worst["ratio"], worst["rig"]) == (
        48,
        "ns",
        0.48,
        "board",
    )
    assert found["ALERT to off-pin by interrupt alone GP8, 99 in 100 of 500"]["value"] == 11.0
    assert found["free heap, everything on (at least)"]["value"] == 130.0


def test_every_kind_is_measured_and_told(monkeypatch, capsys):
    said = play(Rig(), monkeypatch, capsys)
    assert said.splitlines()[-1] == "DONE"
    kinds = [line.split()[1] for line in said.splitlines() if line.startswith("FIGURE")]
    assert kinds == ["collection", "pio-GP7", "pio-GP8", "interrupt-GP7", "interrupt-GP8"]
    pio = [row for row in rows(said) if "by PIO" in row["name"]]
    assert len(pio) == 6 and all(row["value"] <= 56 for row in pio)  # the fake interrupt is faster


def test_without_the_guard_the_interrupt_is_what_is_timed(monkeypatch, capsys):
    rig = Rig()
    rig.cutoff.arm()
    rp2.StateMachine(0).active(0)
    _, true = rig.edge(CHG)
    assert true == 0  # the fake's interrupt takes no time; the watcher would take five clocks


def test_a_wire_that_is_missing_is_said(monkeypatch, capsys):
    with pytest.raises(OSError, match="GP18 has no effect"):
        rig = Rig(wired=False)
        monkeypatch.setattr(asyncio, "sleep_ms", lambda ms: passing(), raising=False)
        asyncio.run(probe.Edges(CHG).one(True, 10))
        rig.permit()


async def passing():
    rp2.run(10)
