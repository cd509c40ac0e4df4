"""What a device holds, byte for byte: the same list for a board on a cable and for an emulated one."""

import ast
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks.mpy import compile_one
from checks.source import ROOT
from deploy.needed import needed

CONFIG = "/config.json"
_PLAIN = ("firmware/boot.py", "firmware/main.py")  # MicroPython looks for these two by name
_TREES = (("lib", "/lib/"), ("firmware/bms", "/bms/"))


class CompileError(Exception):
    """mpy-cross refused a file; the text says which and why."""


def boards(root: Path = ROOT) -> list[str]:
    """Names of the boards that can be flashed: those with a manifest to freeze them."""
    return sorted(path.parent.name for path in (root / "boards").glob("*/manifest.py"))


def constant(board: str, name: str, root: Path = ROOT) -> str:
    """A text that a board's `board.py` says of itself: PLATFORM or ARCH."""
    tree = ast.parse((root / "boards" / board / "board.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise ValueError(f"boards/{board}/board.py does not say its {name}")


def files(board: str, root: Path = ROOT) -> list[tuple[str, bytes]]:
    """(path on the device, content) of every file but /config.json, in order."""
    if board not in boards(root):
        raise ValueError(f"no board {board}; there are {', '.join(boards(root))}")
    found = [("/" + Path(path).name, (root / path).read_bytes()) for path in _PLAIN]
    found += _compiled(sources(board, root), constant(board, "ARCH", root), root)
    return sorted(found)


def sources(board: str, root: Path = ROOT) -> list[tuple[str, str]]:
    """(path on the device, path in the repository) of every module that this board can import."""
    common = f"boards/{constant(board, 'PLATFORM', root)}"  # for every board of that port
    trees = [*_TREES, (common, "/"), (f"boards/{board}", "/")]
    pairs = []
    for folder, device in trees:
        for path in sorted((root / folder).rglob("*.py")):
            inner = path.relative_to(root / folder).as_posix()
            if path.name != "manifest.py":
                pairs.append((device + inner.removesuffix(".py") + ".mpy", f"{folder}/{inner}"))
    names = {module_name(device): source for device, source in pairs}
    wanted = needed(names, root)
    return [pair for pair in pairs if module_name(pair[0]) in wanted]


def module_name(device: str) -> str:
    """How a file of the device is imported."""
    return device.removesuffix(".mpy").removeprefix("/lib").strip("/").replace("/", ".")


def _compiled(pairs, arch: str, root: Path) -> list[tuple[str, bytes]]:
    """The compiler is a program of its own: two at a time."""

    def one(pair):
        device, source = pair
        _, problem = compile_one(source, root, Path(out), arch)
        if problem:
            raise CompileError(f"{source}: {problem}")
        return device, (Path(out) / source).with_suffix(".mpy").read_bytes()

    with tempfile.TemporaryDirectory() as out, ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, pairs))
