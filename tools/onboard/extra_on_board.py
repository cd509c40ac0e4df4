# pyright: reportUndefinedVariable=false, reportCallIssue=false, reportArgumentType=false
"""`extra` for `tools/emulate/on_pico.py`, on a real board: PIO block 1 pulls ALERT and times what follows.

Wire GP18 to ALERT. A state machine waits for a random time, pulls, and counts until an off-pin is low; two
more time the test points of scan and garbage collection. The processor only reads what they have counted.
Each figure is a line: FIGURE name, number of samples, median, 99 in 100, worst; the times in ns.
"""

import asyncio
import gc
import os

import machine
import rp2
from machine import Pin
from micropython import const

_TEST, _CFETOFF, _DFETOFF, _SCAN, _GC = 18, 7, 8, 15, 16
_WATCH_SM = const(0)  # of boards/rp2/pioguard.py
_ALERT_SM, _SCAN_SM, _GC_SM = 4, 5, 6
_SETTLE_MS = const(8000)  # every reporter is there
_QUIET_MS = const(10000)
_WAIT_MS = const(1000)
EDGES = 500  # of each kind and pin


@rp2.asm_pio(set_init=rp2.PIO.IN_LOW)
def pull_and_time():
    wrap_target()
    pull(block)
    mov(x, osr)
    label("rest")
    jmp(x_dec, "rest")
    set(pindirs, 1)
    mov(y, invert(null))
    label("count")
    jmp(pin, "high")
    jmp("low")
    label("high")
    jmp(y_dec, "count")
    label("low")
    set(pindirs, 0)
    mov(isr, invert(y))
    push(noblock)
    wrap()


@rp2.asm_pio()
def time_high():
    wrap_target()
    wait(0, pin, 0)
    wait(1, pin, 0)
    mov(y, invert(null))
    label("count")
    jmp(pin, "high")
    jmp("low")
    label("high")
    jmp(y_dec, "count")
    label("low")
    mov(isr, invert(y))
    push(noblock)
    wrap()


def tell(name: str, found, cycle_ns: int) -> None:
    """One line of a list of counts, two clocks each."""
    found.sort()
    n = len(found)
    if n:
        row = [2 * count * cycle_ns for count in (found[n // 2], found[n * 99 // 100], found[-1])]
        print("FIGURE", name, n, *row)


class Highs:
    """How long a pin is high, each time."""

    def __init__(self, id: int, number: int):
        pin = Pin(number)
        self.found = []
        self._sm = rp2.StateMachine(id, time_high, in_base=pin, jmp_pin=pin)
        self._sm.active(1)

    def look(self) -> None:
        while self._sm.rx_fifo():
            self.found.append(self._sm.get())


class Edges:
    """Pulls ALERT and times one off-pin."""

    def __init__(self, number: int):
        self._sm = rp2.StateMachine(
            _ALERT_SM, pull_and_time, set_base=Pin(_TEST), jmp_pin=Pin(number)
        )
        self._sm.active(1)
        self._pins = (Pin(_CFETOFF), Pin(_DFETOFF))

    async def one(self, guard: bool, cycles: int) -> int:
        """Two clocks from the edge, so many cycles from now, until the pin is low."""
        while not (self._pins[0]() and self._pins[1]()):
            await asyncio.sleep_ms(5)
        if not guard:
            rp2.StateMachine(_WATCH_SM).active(0)
        self._sm.put(cycles)
        for _ in range(_WAIT_MS):
            await asyncio.sleep_ms(1)
            if self._sm.rx_fifo():
                return self._sm.get()
        raise OSError("GP18 has no effect: is it wired to ALERT?")


class Figures:
    """All of them, once, and an end."""

    def __init__(self, edges: int = EDGES):
        self._edges = edges
        self._hz = machine.freq()
        self._cycle_ns = 1000000000 // self._hz

    async def run(self) -> None:
        try:
            await asyncio.sleep_ms(_SETTLE_MS)
            await self.quiet()
            for guard in (True, False):
                for number in (_CFETOFF, _DFETOFF):
                    await self.edges(guard, number)
        finally:
            print("DONE")
        raise KeyboardInterrupt

    async def quiet(self) -> None:
        """Scan and collection, nothing happening."""
        scans, collections = Highs(_SCAN_SM, _SCAN), Highs(_GC_SM, _GC)
        for _ in range(_QUIET_MS // 20):
            await asyncio.sleep_ms(20)
            scans.look()
            collections.look()
        tell("scan", scans.found, self._cycle_ns)
        tell("collection", collections.found, self._cycle_ns)
        gc.collect()
        print("FREE", gc.mem_free())

    async def edges(self, guard: bool, number: int) -> None:
        pull = Edges(number)
        found = []
        for _ in range(self._edges):
            ms = int.from_bytes(os.urandom(1), "little")
            us = int.from_bytes(os.urandom(2), "little") % 1000
            found.append(await pull.one(guard, (ms * 1000 + us) * (self._hz // 1000000)))
        tell(("pio" if guard else "interrupt") + f"-GP{number}", found, self._cycle_ns)


def tasks():
    return [Figures()]
