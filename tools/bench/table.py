"""The figures as rows with bound and ratio: name, value, unit, bound, ratio, rig."""

import os
import tempfile
from pathlib import Path

import vm
from boards.sim.families import FAMILIES
from emulate.image import NoImage

_VM_SECONDS = 20
_LOCKED = ("lock_out", "balance")  # scenarios: trips, latches, a person who clears; bleeding
HOST = "host, CPython"
VM = "MicroPython's virtual machine on this host"


def row(name: str, value: float, unit: str, rig: str, bound=None) -> dict:
    """`bound`: not more than that; below 0, at least so much. A ratio of 1 or less keeps it, either way."""
    ratio = None
    if bound is not None:
        ratio = round(-bound / value if bound < 0 else value / (bound or 1), 3)
        bound = abs(bound)
    named = {"name": name, "value": round(value, 3), "unit": unit, "bound": bound}
    return {**named, "ratio": ratio, "rig": rig}


def host_rows(result: dict):
    """What `bench` has measured on the host."""
    for scan in [{**result["scan"], "minimum": result["minimum"]}, *result["others"]]:
        least = scan["minimum"]
        name = f"{scan['family']}, {scan['cell_n']} cells, quiet scan"
        yield row(f"{name}: transactions", scan["transactions"], "", HOST)
        ratio = scan["transactions"] / least["transactions"]
        yield row(f"{name}: transactions against the least", ratio, "", HOST)
        yield row(f"{name}: bytes against the least", scan["bytes"] / least["bytes"], "", HOST)
        yield row(f"{name}: on the bus at {scan['khz']} kHz", scan["ms"], "ms", HOST)
        yield row(f"{scan['family']}: driver as .mpy", scan["mpy"], "B", HOST)
    yield row("scans, simulator included", result["speed"]["ticks_s"], "1/s", HOST)


def vm_rows():
    """The same on MicroPython, or why not."""
    try:
        vm.command()
    except vm.Missing as missing:
        print(missing)
        return
    with tempfile.TemporaryDirectory() as folder:
        vm.lay_tree(Path(folder), mpy=True)
        said = vm.run(Path(folder), "tools/vm/pace.py", str(_VM_SECONDS))
        names = [f"{family}/quiet" for family in FAMILIES]
        locked = vm.run(
            Path(folder), "tools/vm/play.py", *_LOCKED, *names
        )  # ends where one allocates
    yield row("scans, simulator included", int(said), "1/s", VM)
    for line in locked.splitlines():
        name, scans_n, _ = line.split()
        yield row(f"{name}: heap taken by {scans_n} scans, heap locked", 0, "B", VM, 0)


def target_rows():
    """On an emulated Pico, or why not; minutes, so only where an image is given."""
    if not os.environ.get("MICROPYTHON_UF2"):
        print("NEEDS MICROPYTHON_UF2=path for the rows of the emulated Pico")
        return
    try:
        from emulate.measure import rows
    except ImportError as missing:
        print(
            f"NEEDS {missing.name} for the rows of the emulated Pico: make test-target installs it"
        )
        return
    try:
        yield from rows()
    except NoImage as missing:
        print(missing)


def in_a_line(found: dict) -> str:
    limit = (
        "" if found["bound"] is None else f"   bound {found['bound']}, ratio {found['ratio']:.2f}"
    )
    return f"{found['name']:60} {found['value']:12.2f} {found['unit']:4} {found['rig']}{limit}"
