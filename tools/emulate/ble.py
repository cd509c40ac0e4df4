"""What the Bluetooth code costs on an emulated Pico: `python -m emulate.ble`; needs MICROPYTHON_UF2.

The emulator has no radio, so the stack's own time and memory are not in it; MTU 247, 16 cells. Then the
whole firmware runs while somebody floods it with the worst noise known, and its scans are timed.
"""

import sys
from pathlib import Path

from emulate.deploy import content, flash_with
from emulate.image import NoImage
from emulate.measure import BOARD, Probe, bench
from emulate.pico import Pico

_HERE = Path(__file__).parent
_SCAN_PIN = 15
_SECONDS = 8
_REPORTERS = "reporters = [UartReporter(hardware.uart, pack), keeper]"
_FLOODED = """
    from bms.report.ble import BleReporter
    from bluetooth import radio
    import os
    wake = asyncio.ThreadSafeFlag()
    ble = BleReporter(pack, "pico", 1, hardware.clock, wake, gc.mem_free, os.urandom)
    class Flood:
        async def run(self):
            radio.data = (b"\\xdd\\xa5\\x04\\x39" + b"\\xdd\\xa5\\x03" * 20) * 2
            await asyncio.sleep_ms(500)
            radio.handler(1, (64, 0, bytes(6)))
            while True:
                radio.handler(3, (64, ble.jbd_in))
                await asyncio.sleep_ms(5)
    reporters = [UartReporter(hardware.uart, pack), keeper, ble, Flood()]
"""


def radio() -> dict:
    return {"/bluetooth.py": (_HERE / "bluetooth_on_pico.py").read_bytes()}


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


class Starts:
    """When a pin of the Pico rose, in us."""

    def __init__(self, pico, pin: int):
        self.at_us = []
        self._clock = pico.clock
        self._pin = pico.mcu.gpio[pin]
        self._was = False
        self._pin.add_listener(self._changed)

    def _changed(self, _new, _old) -> None:
        level = bool(self._pin.output_enable and self._pin.output_value)
        if level and not self._was:
            self.at_us.append(self._clock.nanos / 1000)
        self._was = level


def scans(flooded: bool) -> tuple:
    """Shortest and longest time between two scans, and the longest scan, in ms."""
    main = (_HERE / "on_pico.py").read_text(encoding="utf-8")
    if flooded:
        if _REPORTERS not in main:
            raise RuntimeError("on_pico.py has other reporters: nobody would flood it")
        main = main.replace(_REPORTERS, _FLOODED.strip())
    rig = bench(main=main.encode(), files=radio())
    rig.pico.boot()
    if not rig.pico.run_until(rig.conducting, 6000, 5):
        raise RuntimeError(f"not running: {bytes(rig.pico.out)[-500:]!r}")
    rig.pico.run_ms(1500)
    starts, probe = Starts(rig.pico, _SCAN_PIN), Probe(rig.pico, _SCAN_PIN)
    rig.pico.run_ms(_SECONDS * 1000)
    rests = [(b - a) / 1000 for a, b in zip(starts.at_us, starts.at_us[1:], strict=False)]
    if not rig.conducting():
        raise RuntimeError("the FETs opened")
    return min(rests), max(rests), max(probe.high_us) / 1000


def main() -> int:
    try:
        for name, value in figures():
            shown = f"{value} bytes" if name.startswith("heap") else f"{value / 1000:.2f} ms"
            print(f"{name:20} {shown:>12}")
        for flooded, name in ((False, "at rest"), (True, "flooded")):
            low, high, scan = scans(flooded)
            print(
                f"scans {name}: every {low:.2f} to {high:.2f} ms, the longest took {scan:.2f} ms"
            )
    except NoImage as missing:
        print(missing, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
