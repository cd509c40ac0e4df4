"""What the Bluetooth code costs on an emulated Pico: `python -m emulate.ble`; needs MICROPYTHON_UF2.

The emulator has no radio, so the stack's own time and memory are not in it; MTU 247, 16 cells.
"""

import sys
from pathlib import Path

from emulate.deploy import content, flash_with
from emulate.measure import BOARD
from emulate.pico import NoImage, Pico


def figures() -> list:
    """[(name, number)] as the Pico prints them."""
    pairs = content(BOARD, {"cell_n": 16}, {"/main.py": b"", "/boot.py": b""})
    pico = Pico(flash_with(pairs))
    pico.boot()
    pico.enter_raw()
    script = Path(__file__).with_name("ble_on_pico.py").read_text(encoding="utf-8")
    said = pico.execute(script, limit_ms=120_000)
    rows = [line.split() for line in said.splitlines() if line.strip()]
    return [(name, int(value)) for name, value in rows]


def main() -> int:
    try:
        rows = figures()
    except NoImage as missing:
        print(missing, file=sys.stderr)
        return 2
    for name, value in rows:
        shown = f"{value} bytes" if name == "heap" else f"{value / 1000:.2f} ms"
        print(f"{name:20} {shown:>12}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
