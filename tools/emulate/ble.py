"""What the Bluetooth code costs on an emulated Pico: `python -m emulate.ble`; needs MICROPYTHON_UF2.

The emulator has no radio, so the stack's own time and memory are not in it; MTU 247, 16 cells. Then the
whole firmware runs while somebody floods it with the worst noise known (`flood_on_pico`), and its scans are timed.
"""

import sys
from pathlib import Path

from emulate.deploy import content, flash_with
from emulate.image import needing_it
from emulate.measure import BOARD, Probe, bench
from emulate.pico import Pico
from size import HERE

_HERE = Path(__file__).parent
_SCAN_PIN = 15
_SECONDS = 8


def radio() -> dict:
    return {"/bluetooth.py": (HERE / "bluetooth.py").read_bytes()}


def figures() -> list:
    """[(name, number)] as the Pico prints them."""
    pairs = content(BOARD, {"cell_n": 16}, {"/main.py": b"", "/boot.py": b"", **radio()})
    pico = Pico(flash_with(pairs))
    pico.boot()
    pico.enter_raw()
    script = (_HERE / "ble_on_pico.py").read_text(encoding="utf-8")
    said = pico.execute(script, limit_ms=120_000)
    rows = [line.split() for line in said.splitlines() if line.strip()]
    return [(name, int(value)) for name, value in rows]


def scans(flooded: bool) -> tuple:
    """Shortest and longest time between two scans, the longest scan, in ms; writes that came in meanwhile."""
    extra = {"/extra.py": (_HERE / "flood_on_pico.py").read_bytes()} if flooded else {}
    rig = bench(main=(_HERE / "on_pico.py").read_bytes(), files=radio() | extra)
    pico = rig.pico
    pico.boot()
    if not pico.run_until(rig.conducting, 12_000, 5):
        raise RuntimeError(f"not running: {bytes(pico.out)[-500:]!r}")
    pico.run_ms(3000)  # every reporter is made by then
    probe = Probe(pico, _SCAN_PIN)
    pico.run_ms(_SECONDS * 1000)
    if not rig.conducting():
        raise RuntimeError("the FETs opened")
    rests = [(b - a) / 1000 for a, b in zip(probe.rose_us, probe.rose_us[1:])]
    pico.enter_raw()
    writes_n = int(pico.execute("from bluetooth import radio; print(radio.reads_n)"))
    return min(rests), max(rests), max(probe.high_us) / 1000, writes_n


def main() -> None:
    for name, value in figures():
        shown = f"{value} bytes" if name.startswith("heap") else f"{value / 1000:.2f} ms"
        print(f"{name:20} {shown:>12}", flush=True)
    for flooded, name in ((False, "at rest"), (True, "flooded")):
        low, high, scan, writes_n = scans(flooded)
        print(
            f"scans {name}: every {low:.2f} to {high:.2f} ms, the longest took {scan:.2f} ms; "
            f"{writes_n} writes",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(needing_it(main))
