"""Which files the checks look at, and in which layer of the product each one is."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# layer: folder. The longest folder that a path begins with decides.
LAYERS = {
    "lib": "lib/",
    "firmware": "firmware/",
    "boards": "boards/",
    "sim": "tools/sim/",
    "fakes": "tools/fakes/",
    "tools": "tools/",
    "host_tests": "host_tests/",
}

# What runs on a device as well; `manifest.py` is read by MicroPython's build, not by a device.
DEVICE_LAYERS = ("lib", "firmware", "boards", "sim")
PRODUCT_LAYERS = ("lib", "firmware")
_NOT_DEVICE = ("manifest.py",)


def layer_of(path: str) -> str:
    """Layer of a path relative to the repository, empty when it is in none."""
    found = [layer for layer, folder in LAYERS.items() if path.startswith(folder)]
    return max(found, key=lambda layer: len(LAYERS[layer])) if found else ""


def on_device(path: str) -> bool:
    """Whether a file must run on MicroPython."""
    return layer_of(path) in DEVICE_LAYERS and path.split("/")[-1] not in _NOT_DEVICE


def python_files(root: Path = ROOT) -> list[str]:
    """Every source file in a layer, relative to the root, in order."""
    tops = sorted({folder.split("/")[0] for folder in LAYERS.values()})
    files = [path for top in tops for path in (root / top).rglob("*.py")]
    return sorted(path.relative_to(root).as_posix() for path in files)


def parse(path: str, root: Path = ROOT) -> ast.Module:
    return ast.parse((root / path).read_text(encoding="utf-8"), path)


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions of a module and methods of its classes by name, as `name` and `Class.name`."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                    found[f"{node.name}.{item.name}"] = item
    return found
