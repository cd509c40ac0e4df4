"""Who may import whom: boards -> firmware -> lib, and a simulator that knows none of them."""

import ast

from checks.source import ROOT, layer_of, on_device

# layer: layers it may import
_MAY = {
    "lib": ("lib",),
    "firmware": ("lib", "firmware"),
    "boards": ("lib", "firmware", "boards"),
    "sim": ("sim",),
    "fakes": ("sim", "fakes"),
}
_WHY = {
    "lib": "lib is policy-free and usable alone",
    "firmware": "imports point one way: boards -> firmware -> lib",
    "boards": "the product must not depend on host tools or tests",
    "sim": "the simulator is written from the data sheets, so that no mistake is on both sides",
    "fakes": "the fakes stand for MicroPython and rest on the simulator alone",
}
# file or folder: layers and modules it may import besides
_EXCEPT = {
    "firmware/bms/start.py": ("board",),  # this is where a board meets the firmware
    "boards/sim/": ("sim",),  # the simulator is just another board
}

# layer: folder whose modules are imported by their own names
_FOLDERS = (
    ("lib", "lib/"),
    ("firmware", "firmware/"),
    ("boards", "boards/rp2/"),
    ("tools", "tools/"),
)

_HARDWARE = ("machine", "rp2", "esp32", "esp", "bluetooth", "network", "_thread")
_HARDWARE_IN = ("boards/", "firmware/bms/report/", "firmware/boot.py")

# Modules that MicroPython has, and where they may be used; "" is everywhere.
_MICROPYTHON = {
    "array": ("",),
    "asyncio": (
        "firmware/bms/start.py",
        "firmware/bms/app.py",
        "firmware/bms/housekeeping.py",
        "firmware/bms/report/",
        "boards/",
    ),
    "binascii": ("",),
    "collections": ("",),
    "errno": ("",),
    "gc": ("",),
    "hashlib": ("",),
    "io": ("",),
    "json": ("",),
    "math": ("tools/sim/", "boards/sim/"),
    "micropython": ("",),
    "os": ("",),
    "re": ("",),
    "select": ("firmware/bms/report/", "boards/"),
    "struct": ("",),
    "sys": ("",),
    "time": ("firmware/bms/clock.py", "firmware/bms/report/", "boards/"),
    "uctypes": ("",),
    "vfs": ("lib/listed.py",),
}
_WHY_NOT = {
    "asyncio": "cores are synchronous, waiting is somebody else's job",
    "math": "no floats here; the simulator may use `math.sqrt`",
    "select": "cores are synchronous, waiting is somebody else's job",
    "time": "take `dt_ms`, `sleep_us` or a clock as an argument",
}
_MATH = ("sqrt",)  # correctly rounded everywhere, so simulations are equal to the bit


def check(path: str, tree: ast.Module):
    """Yield (line, message) for every import that points the wrong way."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _check_one(path, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "write the whole name of the module, no relative import"
            else:
                yield from _check_one(path, node.lineno, node.module or "")
                yield from _check_math(path, node)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if on_device(path) and node.value.id == "math" and node.attr not in _MATH:
                yield node.lineno, _not_math(node.attr)
        elif isinstance(node, ast.Name) and node.id == "__import__" and on_device(path):
            yield node.lineno, "import by name only, so that this check can see it"


def target_of(module: str) -> str:
    """Layer that a module is in, or its top-level name when it is none of ours."""
    top = module.split(".")[0]
    if top in ("boards", "host_tests"):
        return top
    if top == "bms":
        return "firmware"
    if top in ("tools", "sim", "fakes"):
        return "sim" if "sim" in module.split(".")[:2] else "tools"
    for layer, folder in _FOLDERS:
        if (ROOT / folder / top).is_dir() or (ROOT / folder / f"{top}.py").is_file():
            return layer
    return top


def _check_one(path: str, line: int, module: str):
    layer = layer_of(path)
    top = module.split(".")[0]
    if top in _HARDWARE and layer in ("lib", "firmware", "boards", "sim"):
        if not path.startswith(_HARDWARE_IN):
            yield line, f"`{top}` only under {' and '.join(_HARDWARE_IN)}; take it as an argument"
        return
    target = target_of(module)
    besides = [
        name for prefix, names in _EXCEPT.items() if path.startswith(prefix) for name in names
    ]
    if layer not in _MAY or target in _MAY[layer] or target in besides or top in besides:
        return
    if target in ("lib", "firmware", "boards", "sim", "tools", "host_tests", "board"):
        yield line, f"{layer} may not import {module} ({target}): {_WHY[layer]}"
    elif on_device(path):
        yield from _check_platform(path, line, top)


def _check_platform(path: str, line: int, top: str):
    if top not in _MICROPYTHON:
        yield line, f"MicroPython has no `{top}`"
    elif not path.startswith(_MICROPYTHON[top]):
        yield line, f"`{top}` does not belong here: {_WHY_NOT[top]}"


def _check_math(path: str, node: ast.ImportFrom):
    if node.module == "math" and on_device(path):
        for alias in node.names:
            if alias.name not in _MATH:
                yield node.lineno, _not_math(alias.name)


def _not_math(name: str) -> str:
    return f"`math.{name}` differs between C libraries; use + - * / and sqrt"
