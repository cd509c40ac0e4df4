"""MicroPython's own virtual machine on this host, for the tests: the npm build under node, or a binary.

`MICROPYTHON=path` names a native `micropython` to use instead. The tree that a script sees is the
device's: /lib, /firmware, and beside them /tools/sim and /boards/sim.
"""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAP = 64 << 20  # the simulator runs in there too
TREE = (
    "lib",
    "firmware",
    "tools/sim",
    "tools/fakes",
    "tools/btlink",
    "boards/sim",
    "tools/vm",
    "host_tests/common",
)
_SECONDS = 300


class Missing(Exception):
    """There is no virtual machine here; the text says what to provide."""


def command(heap: int = HEAP) -> list[str]:
    """How to start it: a folder and a script of it are to be appended."""
    native = os.environ.get("MICROPYTHON")
    if native:
        if not shutil.which(native):
            raise Missing(f"MICROPYTHON={native} is no program")
        return [native, "-X", f"heapsize={heap}"]
    node = shutil.which("node")
    if not node:
        raise Missing("NEEDS node (Debian: apt install nodejs npm), or MICROPYTHON=/path/to/it")
    modules = ROOT / "build" / "vm" / "node_modules"
    if not modules.is_dir():
        raise Missing("NEEDS the virtual machine of npm: make test installs it where npm is")
    return [node, str(Path(__file__).with_name("run.mjs")), str(modules), str(heap)]


def lay_tree(folder: Path, mpy: bool = False) -> None:
    """Put what a device would hold, and the simulator, into a folder; `mpy`: compiled."""
    from checks.mpy import compile_one

    for part in TREE:
        for source in sorted((ROOT / part).rglob("*")):
            path = source.relative_to(ROOT)
            target = folder / path
            if source.suffix not in (".py", ".csv") or "__pycache__" in source.parts:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if mpy and source.suffix == ".py" and part in ("lib", "firmware", "tools/sim"):
                size, problem = compile_one(str(path), out=folder)
                if problem:
                    raise RuntimeError(f"{path}: {problem}")
            else:
                shutil.copyfile(source, target)


def run(folder: Path, script: str, *args: str, heap: int = HEAP) -> str:
    """Run a script of the tree; what it printed. `RuntimeError` with that when it failed."""
    start = command(heap)
    if "run.mjs" in start[1]:
        start += [str(folder), script]
    else:
        start += [str(folder / script)]
    done = subprocess.run(
        [*start, *args], capture_output=True, text=True, timeout=_SECONDS, cwd=folder
    )
    if done.returncode:
        raise RuntimeError(f"{script} failed on the virtual machine:\n{done.stdout}{done.stderr}")
    return done.stdout
