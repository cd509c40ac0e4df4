"""What the firmware weighs on a board: bytes of every compiled module, heap that it keeps, heap after start."""

import ast
import math
import re
import tempfile
import tomllib
from pathlib import Path

import vm
from checks.source import ROOT
from deploy.files import files, module_name, sources

BOARD = "pico_bq76952"
BUDGET = Path(__file__).with_name("budget.toml")
HERE = Path(__file__).parent
HEAP = 241_000  # free at the prompt of a Pico with MicroPython 1.28, bytes
HEAP_W = 201_000  # and of a Pico W
_ROOM = 1.05  # what a new budget leaves
_STEP = 64
_SHARED = (
    128  # and of heap: a module pays when a new piece of the names' texts begins while it loads
)
_TABLE = re.compile(r"qstr pool: .*n_str_data_bytes=(\d+), n_total_bytes=(\d+)")
_RIG = ("os.py", "machine.py", "asyncio.py", "bluetooth.py", "rp2.py", "onestore.py", "weigh.py")


def compiled(held) -> dict:
    """Name of a module -> its compiled file."""
    return {module_name(path): data for path, data in held if path.endswith(".mpy")}


def modules(held) -> dict:
    """Name of a module -> bytes of its compiled file."""
    return {name: len(data) for name, data in compiled(held).items()}


def in_order(names) -> list[str]:
    """Every module after those it imports, so that each is charged with its own heap only."""
    imports = _all_imports(names)
    done = []

    def add(name):
        if name not in done:
            for inner in imports[name]:
                if inner != name:
                    add(inner)
            if name not in done:
                done.append(name)

    for name in sorted(names):
        add(name)
    return done


def _all_imports(names) -> dict:
    """Module -> what it imports before it is ready; `deploy.needed` knows what it may import later."""
    paths = {module_name(device): ROOT / source for device, source in sources(BOARD)}
    return {name: _imports(paths[name], names) for name in names}


def _imports(path: Path, names) -> list[str]:
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return sorted(found & set(names))


def weigh(held) -> dict:
    """Module -> bytes of heap that it keeps, "start" and "radio"; measured on MicroPython's machine.

    That machine loads no native code; a board keeps about as many bytes of it as the file has.
    """
    native = {name: len(data) for name, data in compiled(held).items() if data[2] >> 2}
    names = [name for name in in_order(modules(held)) if name not in native]
    found = _weigh(held, names, _RIG)
    both = [rig for rig in _RIG if rig != "bluetooth.py"], _RIG
    for name, rig in zip(("start", "radio"), both):
        found[name] = sum(_weigh(held, ("start", "reports"), rig).values()) + sum(native.values())
    return found | native


def _weigh(held, steps, rig) -> dict:
    """Step -> bytes that stay after it."""
    with tempfile.TemporaryDirectory() as folder:
        for path, data in held:
            target = Path(folder) / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for name in rig:
            (Path(folder) / name).write_bytes((HERE / name).read_bytes())
        (Path(folder) / "config.json").write_text("{}")
        said = vm.run(Path(folder), f"weigh.py*{len(steps) + 2}", *steps)
    totals = list(_totals(said, "start" in steps))
    return {name: now - before for (name, now), (_, before) in zip(totals[1:], totals)}


def _totals(said: str, whole: bool):
    """(step, bytes in use after it). Not `whole`: without the table of all names, which doubles for whoever brings
    one too many: in which module that falls says nothing about it."""
    name, n = "", 0
    for line in said.splitlines():
        words = line.split()
        table = _TABLE.match(line)
        if table:
            text_n, total_n = map(int, table.groups())
            yield name, n if whole else n - (total_n - text_n)
        elif len(words) == 2:  # not what the firmware itself says
            name, n = words[0], int(words[1]) if words[1].isdigit() else n


def rows(held) -> dict:
    """Name -> (bytes of .mpy, bytes of heap); "all" sums modules, "start" is the firmware as it runs
    while nobody is connected, "radio" the same with Bluetooth."""
    sizes = modules(held)
    heap = weigh(held)
    found = {name: (sizes[name], heap[name]) for name in sorted(sizes)}
    total = sum(heap[name] for name in sizes)
    found["all"] = (sum(sizes.values()), total)
    for name in ("start", "radio"):
        found[name] = (0, heap[name])
    return found


def measured() -> dict:
    return rows(files(BOARD))


def grown(found: dict, budget: dict) -> list[str]:
    """One line for every module beyond its budget, or without one."""
    lines = []
    for name, (mpy, heap) in found.items():
        if name not in budget:
            lines.append(f"{name}: {mpy} B of .mpy, {heap} B of heap, and no budget")
            continue
        for value, limit, what in zip((mpy, heap), budget[name], (".mpy", "heap")):
            if value > limit:
                lines.append(f"{name}: {value} B of {what}, budget {limit}")
    return lines


def read_budget(path: Path = BUDGET) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))["bytes"] if path.exists() else {}


def budget_text(found: dict) -> str:
    """A budget that leaves a twentieth and no more."""
    lines = [
        "# Bytes that a module may have: of its .mpy file, and of heap that it keeps once imported.",
        '# "all" is the sum, "start" the running firmware, black box and all, while nobody is connected;',
        '# modules that only a start needs are gone then. "radio": the same with Bluetooth.',
        "# `make size` holds it; ARGS=--accept writes it anew from what is there.",
        "",
        "[bytes]",
    ]
    for name, pair in found.items():
        mpy, heap = (math.ceil(value * _ROOM / _STEP) * _STEP for value in pair)
        lines.append(f'"{name}" = [{mpy}, {heap + _SHARED}]')
    return "\n".join(lines) + "\n"
