"""A BQ76940 on the emulated Pico: `python -m emulate.measure_bq76940`; needs MICROPYTHON_UF2.

Power-up, quiet scans, a short circuit, and what heap is left. Rows as `emulate.measure` prints them.
"""

import sys

from emulate.bench_bq76940 import Bench940
from emulate.deploy import content, flash_with, waived
from emulate.image import needing_it

BOARD = "pico_bq76940"
_CONFIG = {"cell_n": 15, "ntc_n": 2, "precharge_on": 0}
_QUIET_S = 3


def rows():
    """(name, value, unit), one by one, of one life."""
    pairs = content(BOARD, _CONFIG) + waived(BOARD, _CONFIG)
    rig = Bench940(flash=flash_with(pairs))
    pico = rig.pico
    pico.boot()
    if not pico.run_until(rig.conducting, 9000, 5):
        raise RuntimeError(f"not running: {bytes(pico.out)[-500:]!r}")
    yield "power-up to both FETs on", pico.now_ns / 1e6, "ms"
    busy_ns = rig.i2c.busy_ns
    pico.run_ms(1000 * _QUIET_S)
    yield (
        "I2C busy at 100 kHz, four scans a second",
        (rig.i2c.busy_ns - busy_ns) / 1e4 / _QUIET_S / 1e3,
        "%",
    )
    fell = []
    rig.dsg.watch(lambda level: None if level else fell.append(pico.now_ns))
    rig.cfetoff.watch(lambda level: None if level else fell.append(pico.now_ns))
    at_ns = pico.now_ns
    rig.touch(lambda plant: plant.outside.short(0.02))
    pico.run_ms(300)
    if not rig.off() or len(fell) < 2:
        raise RuntimeError("a short circuit that stays")
    yield "short circuit to DSG, by the monitor", (fell[0] - at_ns) / 1e3, "us"
    yield "DSG to off-pin, by the interrupt", (fell[1] - fell[0]) / 1e3, "us"
    rig.touch(lambda plant: plant.outside.short(0))
    pico.run_ms(500)
    pico.enter_raw()
    yield (
        "free heap",
        int(pico.execute("import gc; gc.collect(); print(gc.mem_free())")) / 1024,
        "KiB",
    )


def main() -> None:
    for name, value, unit in rows():
        print(f"{name:55} {value:10.2f} {unit}", flush=True)


if __name__ == "__main__":
    sys.exit(needing_it(main))
