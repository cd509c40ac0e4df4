"""Figures of the firmware on the emulated Pico: `python -m emulate.measure`; needs MICROPYTHON_UF2.

The emulator is cycle-approximate: no flash cache misses, no time for a flash erase. Rows: name, value,
unit, bound, ratio, rig.
"""

import json
import os
import sys
from pathlib import Path

from bench.table import in_a_line, row
from bms import unchanged
from deploy.plan import with_list
from emulate import latency, soc_cost
from emulate.bench import Bench
from emulate.deploy import checked, content, flash_with, waived
from emulate.disk import read
from emulate.image import needing_it

ROOT = Path(__file__).resolve().parents[2]
BOARD = "pico_bq76952"
RIG = "emulated RP2040, 125 MHz"
_SCAN_PIN, _GC_PIN = 15, 16
_LOADED_MS = 11000  # every reporter is there, and the black box has begun its logs
_ERASES = 10
_KEPT = "/" + unchanged.PATH
_EDGES = int(os.environ.get("CELLWARDEN_EDGES", "1000"))


def bench(config=None, main=None, crc: bool = True, files=None, first=False, **more) -> Bench:
    """A 16-cell pack; `crc` is a constant of the board, set in the copy that is deployed. `files`: more
    of them on the device, path -> bytes. `first`: no start has checked the stored settings before.
    """
    source = (ROOT / "boards" / BOARD / "board.py").read_text(encoding="utf-8")
    patches = {
        **(files or {}),
        "/board.py": source.replace("CRC = False", f"CRC = {crc}").encode(),
    }
    if main:
        patches["/main.py"] = main
        patches["/as_is.py"] = (ROOT / "firmware" / "main.py").read_bytes()
    config = config or {"cell_n": 16, "precharge_on": 0}
    pairs = with_list(content(BOARD, config, patches)) + waived(BOARD, config)
    kept = checked(pairs)
    pairs += [pair for pair in kept if not (first and pair[0] == _KEPT)]
    return Bench(flash=flash_with(pairs), crc=crc, **more)


class Probe:
    """When a pin of the Pico rose, and how long it was high, each time, in us."""

    def __init__(self, pico, pin: int):
        self.rose_us = []
        self.high_us = []
        self._since = None
        self._clock = pico.clock
        self._pin = pico.mcu.gpio[pin]
        self._pin.add_listener(self._changed)

    def _changed(self, _new, _old) -> None:
        level = bool(self._pin.output_enable and self._pin.output_value)
        if level and self._since is None:
            self._since = self._clock.nanos
            self.rose_us.append(self._since / 1000)
        elif not level and self._since is not None:
            self.high_us.append((self._clock.nanos - self._since) / 1000)
            self._since = None


def start_up() -> list:
    """Power to first permission, with the main.py that people get; the second time nothing has changed."""
    rig = bench(first=True)
    first_ms = permitted_ms(rig)
    if not rig.pico.run_until(lambda: read(rig.pico.flash()).get(_KEPT), 9000, 500):
        raise RuntimeError("the first start kept nothing for the second")
    again_ms = permitted_ms(Bench(flash=rig.pico.flash(), crc=True))
    return [
        ("power-up to first FET permission", again_ms, "ms", 1000),
        ("  after a change of settings or firmware", first_ms, "ms", None),
    ]


def permitted_ms(rig) -> float:
    """Power-up to the first permission; `RuntimeError` says what the console said instead."""
    permitted = []
    rig.dfetoff.watch(lambda level: permitted.append(rig.pico.now_ns / 1e6))
    rig.pico.boot()
    if not rig.pico.run_until(lambda: permitted, 6000, 5):
        raise RuntimeError(f"no permission: {bytes(rig.pico.out)[-500:]!r}")
    return permitted[0]


def scan_cost(rig, seconds: float = 8) -> list:
    """Quiet scans of the running firmware: all of it, the bus, and the rest."""
    scans, collections = Probe(rig.pico, _SCAN_PIN), Probe(rig.pico, _GC_PIN)
    rig.i2c.busy_ns = 0
    rig.pico.run_ms(seconds * 1000)
    n = len(scans.high_us)
    total_ms = sum(scans.high_us) / n / 1000
    bus_ms = rig.i2c.busy_ns / n / 1e6
    return [
        ("full scan, 16 cells, CRC, 400 kHz", total_ms, "ms", 12),
        ("  of it the bus", bus_ms, "ms", None),
        ("  of it Python, times the bus", (total_ms - bus_ms) / bus_ms, "", 2),
        ("longest scan", max(scans.high_us) / 1000, "ms", None),
        ("longest garbage collection", max(collections.high_us) / 1000, "ms", 15),
        ("processor at one scan each 63 ms", total_ms / 63 * 100, "%", 20),
    ]


def free_heap(rig) -> list:
    """What is left with everything on; asked at the prompt after the loop was stopped."""
    rig.pico.enter_raw()
    said = rig.pico.execute("import gc; gc.collect(); print(gc.mem_free())")
    return [("free heap, everything on (at least)", int(said) / 1024, "KiB", -120)]


def rows(edges: int = _EDGES):
    """Every figure as a dict, one by one. A bound below 0: at least so much."""
    yield from shown(start_up())
    rig = bench(main=Path(__file__).with_name("on_pico.py").read_bytes())
    rig.pico.boot()
    if not rig.pico.run_until(rig.conducting, 6000, 5):
        raise RuntimeError(f"not running: {bytes(rig.pico.out)[-500:]!r}")
    yield from shown(latency.while_erasing(rig, _ERASES))
    rig.pico.run_ms(_LOADED_MS)
    yield from shown(scan_cost(rig))
    yield from shown(latency.running(rig, edges))
    yield from shown(free_heap(rig))
    yield from shown(soc_cost.rows())


def shown(found):
    for name, value, unit, bound in found:
        yield row(name, value, unit, RIG, bound)


def main() -> None:
    found = []
    for each in rows():
        found.append(each)
        print(in_a_line(each), flush=True)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    sys.exit(needing_it(main))
