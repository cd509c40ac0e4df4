"""Figures of the firmware on the emulated Pico: `python -m emulate.measure`; needs MICROPYTHON_UF2.

The emulator is cycle-approximate: no flash cache misses, no time for a flash erase. Rows: name, value,
unit, bound, ratio, rig.
"""

import json
import os
import sys
from pathlib import Path

from deploy.plan import with_list
from emulate.bench import Bench
from emulate.deploy import checked, content, flash_with, waived
from emulate.image import NoImage
from sim.prng import Prng

ROOT = Path(__file__).resolve().parents[2]
BOARD = "pico_bq76952"
RIG = "emulated RP2040, 125 MHz"
_SCAN_PIN, _GC_PIN = 15, 16
_EDGES = int(os.environ.get("CELLWARDEN_EDGES", "100"))


def bench(config=None, main=None, crc: bool = True, files=None, first=False, **more) -> Bench:
    """A 16-cell pack; `crc` is a constant of the board, set in the copy that is deployed. `files`: more
    of them on the device, path -> bytes. `first`: the settings have not been checked by a start before.
    """
    source = (ROOT / "boards" / BOARD / "board.py").read_text(encoding="utf-8")
    patches = {
        **(files or {}),
        "/board.py": source.replace("CRC = False", f"CRC = {crc}").encode(),
    }
    if main:
        patches["/main.py"] = main
    config = config or {"cell_n": 16, "precharge_on": 0}
    pairs = with_list(content(BOARD, config, patches)) + waived(BOARD, config)
    if not first:
        pairs += checked(pairs)
    return Bench(flash=flash_with(pairs), crc=crc, **more)


class Probe:
    """How long a pin of the Pico was high, each time, in us."""

    def __init__(self, pico, pin: int):
        self.high_us = []
        self._since = None
        self._clock = pico.clock
        self._pin = pico.mcu.gpio[pin]
        self._pin.add_listener(self._changed)

    def _changed(self, _new, _old) -> None:
        level = bool(self._pin.output_enable and self._pin.output_value)
        if level and self._since is None:
            self._since = self._clock.nanos
        elif not level and self._since is not None:
            self.high_us.append((self._clock.nanos - self._since) / 1000)
            self._since = None


def start_up() -> list:
    """Power to first permission, with the main.py that people get."""
    rig = bench()
    permitted = []
    rig.dfetoff.watch(lambda level: permitted.append(rig.pico.now_ns / 1e6))
    rig.pico.boot()
    if not rig.pico.run_until(lambda: permitted, 6000, 5):
        raise RuntimeError(f"no permission: {bytes(rig.pico.out)[-500:]!r}")
    return [("power-up to first FET permission", permitted[0], "ms", 1000)]


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


def alert_to_pin(rig, edges: int) -> list:
    """ALERT falls at random moments of the running firmware; how long until the off-pin is low."""
    prng = Prng(11)
    line = rig.alert.end("spanner")
    fell = []
    rig.cfetoff.watch(lambda level: None if level else fell.append(rig.pico.now_ns))
    took_us = []
    while len(took_us) < edges:
        rig.pico.run_ns(prng.between(1000, 260_000_000))
        if not rig.cfetoff.level:
            rig.pico.run_ms(5)
            continue
        fell.clear()
        at_ns = rig.pico.now_ns
        line.drive(0)
        rig.pico.run_ns(300_000)
        line.drive(None)
        if not fell:
            raise RuntimeError("an edge without an effect")
        took_us.append((fell[0] - at_ns) / 1000)
    took_us.sort()
    return [
        (f"ALERT to off-pin by the interrupt, median of {edges}", took_us[edges // 2], "us", None),
        ("  99 in 100", took_us[edges * 99 // 100], "us", 12),
        ("  worst", took_us[-1], "us", 40),
    ]


def free_heap(rig) -> list:
    """What is left with everything on; asked at the prompt after the loop was stopped."""
    rig.pico.enter_raw()
    said = rig.pico.execute("import gc; gc.collect(); print(gc.mem_free())")
    return [("free heap, everything on", int(said) / 1024, "KiB", -120)]


def rows(edges: int = _EDGES):
    """Every figure as a dict, one by one. A bound below 0: at least so much."""
    yield from _dicts(start_up())
    rig = bench(main=Path(__file__).with_name("on_pico.py").read_bytes())
    rig.pico.boot()
    if not rig.pico.run_until(rig.conducting, 6000, 5):
        raise RuntimeError(f"not running: {bytes(rig.pico.out)[-500:]!r}")
    rig.pico.run_ms(1000)
    yield from _dicts(scan_cost(rig))
    yield from _dicts(alert_to_pin(rig, edges))
    yield from _dicts(free_heap(rig))


def _dicts(found):
    for name, value, unit, bound in found:
        ratio = None if bound is None else value / bound if bound > 0 else -bound / value
        row = {"name": name, "value": round(value, 3), "unit": unit}
        yield {**row, "bound": bound, "ratio": ratio, "rig": RIG}


def main() -> int:
    found = []
    try:
        for row in rows():
            found.append(row)
            limit = (
                ""
                if row["bound"] is None
                else f"   bound {row['bound']}, ratio {row['ratio']:.2f}"
            )
            print(f"{row['name']:55} {row['value']:10.2f} {row['unit']:4}{limit}", flush=True)
    except NoImage as missing:
        print(missing, file=sys.stderr)
        return 2
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
