"""How long from ALERT's edge to off-pins that are low, at random moments of the running firmware.

Each edge comes in a copy of this process: the firmware that runs on here never sees one, so every moment of
its life is as likely. By PIO in cycles: around the edge every cycle of it is looked at. By the interrupt
alone: the state machine that watches ALERT is stopped just before the edge, as if it had failed.
"""

import json
import os
import signal
import traceback

from emulate.flashtime import FlashTime
from sim.prng import Prng

CYCLE_NS = 8
SPAN_MS = 4000  # of the firmware's life: scans, a collection each second, reporters
_FINE_NS = 1000  # PIO acts in this time or not at all
_LIMIT_MS = 500
_STEP_MS = 0.005
_ERASE_MS = 44
_IDLE_MS = 9000  # no erase for so long: the logs have begun


class Edges:
    """Pulls ALERT on a bench whose Pico protects, and sees what CFETOFF and DFETOFF do."""

    def __init__(self, rig, seed: int = 11):
        self._rig = rig
        self._prng = Prng(seed)
        self._line = rig.alert.end("spanner")

    def many(self, n: int, guard: bool, span_ms: float = SPAN_MS) -> list:
        """ns from each of `n` edges, sorted."""
        pico = self._rig.pico
        begun_ns = pico.now_ns
        moments = sorted(self._prng.between(0, int(span_ms * 1e6)) for _ in range(n))
        took = []
        for at_ns in moments:
            pico.run_ns(max(begun_ns + at_ns - pico.now_ns, 0))
            if not self._rig.conducting():
                raise RuntimeError("nothing is permitted")
            took.append(in_a_copy(lambda: self.one(guard)))
        return sorted(took)

    def many_while_erasing(self, n: int) -> list:
        """(ns by PIO, ns by the interrupt alone) in the middle of each erase that the black box asks for, of `n`
        at most.
        """
        pico = self._rig.pico
        flash = FlashTime(pico)
        found = []
        while len(found) < n and pico.run_until(flash.erasing, _IDLE_MS, 0.5):
            pico.run_ms(self._prng.between(0, _ERASE_MS))
            if flash.erasing() and self._rig.conducting():
                found.append([in_a_copy(lambda by=by: self.one(by)) for by in (True, False)])
            pico.run_until(lambda: not flash.erasing(), 2 * _ERASE_MS)
        if not found:
            raise RuntimeError(f"{flash.erases} erases, nothing permitted in any")
        return found

    def one(self, guard: bool) -> float:
        """ns from an edge now until both pins are low."""
        rig, pico = self._rig, self._rig.pico
        low_ns = {}
        for line in (rig.cfetoff, rig.dfetoff):
            line.watch(lambda _level, name=line.name: low_ns.setdefault(name, pico.now_ns))
        if guard:
            rig.pio_clock.poll_ns = CYCLE_NS
            pico.run_ns(10_100)  # longer than it looked before
        else:
            pico.mcu.pio[0].machines[0].enabled = False
        at_ns = pico.now_ns
        self._line.drive(0)
        pico.run_ns(_FINE_NS)
        if not pico.run_until(lambda: len(low_ns) == 2, _LIMIT_MS, _STEP_MS):
            raise RuntimeError("an edge without an effect")
        return max(low_ns.values()) - at_ns


def in_a_copy(act):
    """What `act()` returns, in a copy of this process that ends with it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            text = json.dumps([act()])
        except BaseException:
            text = json.dumps({"failed": traceback.format_exc()})
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    try:
        with open(reading, encoding="utf-8") as pipe:
            found = json.load(pipe)
    except BaseException:  # Ctrl-C: nobody listens to it any more
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.waitpid(child, 0)
    if "failed" in found:
        raise RuntimeError(found["failed"])
    return found[0]


def while_erasing(rig, most: int) -> list:
    """(name, value, unit, bound) of the time in which the black box begins its logs."""
    found = in_a_copy(lambda: Edges(rig).many_while_erasing(most))
    n = len(found)
    waits = sorted(alone for _, alone in found)
    return [
        (f"while flash erases: by PIO, worst of {n}", max(by for by, _ in found), "ns", 100),
        ("  by interrupt alone, median", waits[n // 2] / 1e6, "ms", None),
        ("  by interrupt alone, worst", waits[-1] / 1e6, "ms", None),
    ]


def running(rig, n: int) -> list:
    """The same of all other times, garbage collections included."""
    pull = Edges(rig)
    guard, alone = pull.many(n, True), pull.many(n, False)
    return [
        (f"ALERT to off-pins by PIO, worst of {n} edges", guard[-1], "ns", 100),
        ("  in cycles", guard[-1] / CYCLE_NS, "", None),
        (f"ALERT to off-pins by interrupt alone, median of {n}", alone[n // 2] / 1e3, "us", None),
        ("  99 in 100", alone[n * 99 // 100] / 1e3, "us", 12),
        ("  worst", alone[-1] / 1e3, "us", 40),
    ]
