"""Scans of the whole firmware on an emulated Pico while strangers do their worst over Bluetooth.

One start; each stranger then comes to a copy of that same moment. What the strangers do:
`strangers_on_pico`.
"""

from pathlib import Path

from emulate.latency import in_a_copy
from emulate.measure import Probe, bench

_HERE = Path(__file__).parent
_SCAN_PIN = 15
_END_PIN = 22
_LOADED_MS = 9000  # every reporter is there
_LOOK_MS = 8000
_CUT_MS = 1.0
# which pin asks for it; None: nobody is there
STRANGERS = (
    ("nobody", None),
    ("an app reads", 21),
    ("noise", 17),
    ("storm of connections", 18),
    ("wrong keys", 19),
    ("dear requests", 20),
)
_ASK = "from bms import app; from bluetooth import radio; from extra import strangers; "
_TELL = _ASK + "print(app.gc.used_n, radio.reads_n, strangers.connections_n)"


def started(radio: dict):
    """A rig whose firmware has loaded everything and conducts. `radio`: the files of a fake one."""
    extra = {"/extra.py": (_HERE / "strangers_on_pico.py").read_bytes()}
    rig = bench(main=(_HERE / "on_pico.py").read_bytes(), files=radio | extra)
    rig.pico.boot()
    if not rig.pico.run_until(rig.conducting, 12_000, 5):
        raise RuntimeError(f"not running: {bytes(rig.pico.out)[-500:]!r}")
    rig.pico.run_ms(_LOADED_MS)
    return rig


def rows(radio: dict):
    """(name, figures) of each stranger."""
    rig = started(radio)
    for name, pin in STRANGERS:
        yield name, in_a_copy(lambda pin=pin: visit(rig, pin))


def visit(rig, pin) -> dict:
    """What the scan did meanwhile, and a short at the end of it."""
    pico = rig.pico
    scans = Probe(pico, _SCAN_PIN)
    opened = []
    for line in (rig.cfetoff, rig.dfetoff):
        line.watch(lambda _level, name=line.name: opened.append(name))
    if pin is not None:
        pico.mcu.gpio[pin].set_input_value(True)
    pico.run_ms(_LOOK_MS)
    if opened or not rig.conducting():
        raise RuntimeError(f"the FETs were touched: {opened}")
    found = timing(scans)
    rig.touch(lambda plant: plant.outside.short(0.005))
    short_ns = pico.now_ns
    if not pico.run_until(rig.off, _CUT_MS, 0.01):
        raise RuntimeError("a short was not cut off")
    found["short_us"] = (pico.now_ns - short_ns) / 1000
    pico.run_ms(1000)
    if not rig.off():
        raise RuntimeError("the FETs closed on a short")
    pico.mcu.gpio[_END_PIN].set_input_value(True)
    pico.run_ms(10)
    pico.enter_raw()
    numbers = [int(word) for word in pico.execute(_TELL).split()]
    return found | dict(zip(("used_b", "writes", "connections"), numbers))


def timing(scans: Probe) -> dict:
    """Of what a pin told: milliseconds."""
    rests = [(b - a) / 1000 for a, b in zip(scans.rose_us, scans.rose_us[1:])]
    high = [us / 1000 for us in scans.high_us]
    return {
        "scans": len(high),
        "mean_ms": sum(rests) / len(rests),
        "shortest_ms": min(rests),
        "longest_ms": max(rests),
        "scan_ms": sum(high) / len(high),
        "longest_scan_ms": max(high),
    }


def in_a_line(name: str, found: dict) -> str:
    return (
        f"{name}: every {found['mean_ms']:.2f} ms ({found['shortest_ms']:.1f} to {found['longest_ms']:.1f}), "
        f"a scan {found['scan_ms']:.2f} ms (longest {found['longest_scan_ms']:.2f}); "
        f"short cut after {found['short_us']:.0f} us; heap in use {found['used_b']} bytes; "
        f"{found['writes']} writes, {found['connections']} connections"
    )
