"""What the Bluetooth code costs on an emulated Pico: `python -m emulate.ble`; needs MICROPYTHON_UF2.

The emulator has no radio, so the stack's own time and memory are not in it; MTU 247, 16 cells. Then the
whole firmware runs while strangers do their worst (`ble_strangers`), and its scans are timed.
"""

import sys
from pathlib import Path

from emulate import ble_strangers
from emulate.deploy import content, flash_with
from emulate.image import needing_it
from emulate.measure import BOARD
from emulate.pico import Pico
from size import HERE

_HERE = Path(__file__).parent


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


def main() -> None:
    for name, value in figures():
        shown = f"{value} bytes" if name.startswith("heap") else f"{value / 1000:.2f} ms"
        print(f"{name:20} {shown:>12}", flush=True)
    for name, found in ble_strangers.rows(radio()):
        print(ble_strangers.in_a_line(name, found), flush=True)


if __name__ == "__main__":
    sys.exit(needing_it(main))
