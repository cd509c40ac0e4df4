"""The language that device code is written in: what MicroPython has, and what a scan can afford."""

import ast

from checks.allowed import ALL, CATCH_ALL, FLOATS, HOT, LONG, NATIVE
from checks.source import PRODUCT_LAYERS, functions, layer_of, on_device

_FROZEN = 0x2000  # mpy-tool's small integers: those of any machine
_SMALL_MAX = 0x3FFFFFFF  # small integers are -2**30 .. 2**30 - 1

_MISSING_METHODS = (
    "bit_count bit_length capitalize casefold expandtabs format_map frombytes isalnum isidentifier "
    "ljust removeprefix removesuffix rjust swapcase title tobytes zfill"
).split()
_ALLOCATING_CALLS = (
    "bytearray bytes dict enumerate filter format list map memoryview print reversed set sorted str "
    "tuple zip"
).split()
_ALLOCATING_METHODS = (
    "append",
    "format",
    "items",
    "join",
    "keys",
    "unpack",
    "unpack_from",
    "values",
)


def check(path: str, tree: ast.Module):
    """Yield (line, message) for everything that a device could not run or the scan not afford."""
    if not on_device(path):
        return
    for node in ast.walk(tree):
        for rule in _RULES:
            message = rule(path, node)
            if message:
                yield node.lineno, message
    yield from _check_hot(path, tree)


def warn(path: str, tree: ast.Module):
    """Yield (line, message) for what deserves a second look."""
    if layer_of(path) not in PRODUCT_LAYERS:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) is int:
            if node.value > _SMALL_MAX:
                yield node.lineno, f"{node.value} is no small integer on a device: it allocates"


def stale_tables(paths) -> list[str]:
    """Rows of the tables above whose file is gone."""
    tables = (
        ("HOT", HOT),
        ("FLOATS", FLOATS),
        ("CATCH_ALL", CATCH_ALL),
        ("LONG", LONG),
        ("NATIVE", NATIVE),
    )
    return [
        f"tools/checks/dialect.py: {name} names {path}, which is not there"
        for name, table in tables
        for path in table
        if path not in paths
    ]


def _syntax(path: str, node):
    if isinstance(node, ast.Match):
        return "MicroPython has no `match`: use `if` or a table"
    if isinstance(node, ast.TryStar):
        return "MicroPython has no `except*`"
    if isinstance(node, ast.arguments) and node.posonlyargs:
        return None  # reported by `_function`, which has a line
    if isinstance(node, ast.Global):
        return "no `global`: hand the object to who needs it"
    return None


def _function(path: str, node):
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return None
    if node.args.posonlyargs:
        return "MicroPython has no positional-only parameters: remove the `/`"
    if layer_of(path) == "firmware" and (node.args.vararg or node.args.kwarg):
        return "no *args or **kwargs in firmware: they allocate and hide what is passed"
    return None


def _call(path: str, node):
    if not isinstance(node, ast.Call):
        return None
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if method in ("from_bytes", "to_bytes") and _is_signed(node):
        return f"`{method}(signed)` does not work on MicroPython: use struct, or add the sign"
    if method in _MISSING_METHODS:
        return f"MicroPython has no `.{method}()`"
    if layer_of(path) == "firmware" and _unpacks(node):
        return "no *args or **kwargs in firmware: they allocate and hide what is passed"
    if layer_of(path) in PRODUCT_LAYERS:
        if name == "print":
            return "no print: note it in the journal, or return it"
        if name == "float" and path not in FLOATS:
            return "no floats: use integers in milli-units"
    return None


def _is_signed(call: ast.Call) -> bool:
    return any(word.arg == "signed" for word in call.keywords) or len(call.args) > 2


def _unpacks(call: ast.Call) -> bool:
    starred = any(isinstance(arg, ast.Starred) for arg in call.args)
    return starred or any(word.arg is None for word in call.keywords)


def _handler(path: str, node):
    if not isinstance(node, ast.ExceptHandler) or path in CATCH_ALL:
        return None
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = [getattr(item, "id", None) for item in caught]
    if node.type is None or "Exception" in names or "BaseException" in names:
        return "catch what you expect, by name, or list the file and the reason in CATCH_ALL"
    return None


def _number(path: str, node):
    if layer_of(path) == "sim" and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return "`**` of floats differs between C libraries: multiply"
    if layer_of(path) not in PRODUCT_LAYERS or path in FLOATS:
        return None
    if isinstance(node, ast.Constant) and type(node.value) in (float, complex):
        return "no floats: use integers in milli-units, or list the file and the reason in FLOATS"
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        return "no true division: use //, and say which way it rounds"
    return None


def _statement(path: str, node):
    if layer_of(path) in PRODUCT_LAYERS and isinstance(node, ast.Assert):
        return "no assert: it vanishes when frozen; raise, or make it a fault"
    return None


def _class(path: str, node):
    if not isinstance(node, ast.ClassDef):
        return None
    if node.keywords:
        return "no metaclasses"
    bases = [ast.unparse(base) for base in node.bases]
    if layer_of(path) in PRODUCT_LAYERS:
        for base in bases:
            if base != "object" and not base.endswith(("Error", "Exception")):
                return f"no inheritance from {base}: hand the object in"
    return None


def _decorator(path: str, node):
    names = [ast.unparse(item) for item in getattr(node, "decorator_list", ())]
    for name in names:
        if name in ("micropython.native", "micropython.viper"):
            if path not in NATIVE:
                return (
                    f"`{name}` only in files of their own: list this one and the reason in NATIVE"
                )
        elif layer_of(path) == "firmware":
            return f"no decorators in firmware: @{name}"
    return None


def _fstring(path: str, node):
    if not isinstance(node, ast.JoinedStr):
        return None
    for part in node.values:
        if isinstance(part, ast.Constant) and ("{" in part.value or "}" in part.value):
            return "MicroPython mixes up braces next to an f-string: join with +"
        if not isinstance(part, ast.FormattedValue):
            continue
        if part.conversion == ord("a"):
            return "MicroPython has no `!a`"
        if any(isinstance(inner, ast.JoinedStr) for inner in ast.walk(part.value)):
            return "MicroPython cannot nest f-strings: name the inner one first"
        spec = part.format_spec
        if spec is not None and any(isinstance(i, ast.FormattedValue) for i in spec.values):
            return "MicroPython cannot nest braces in a format"
    return None


def _tuple(path: str, node):
    """Only of literals: a name that is no `const` of the file makes it a tuple of its own at each run."""
    if not isinstance(node, ast.Tuple) or path in LONG or layer_of(path) not in PRODUCT_LAYERS:
        return None
    try:
        values = ast.literal_eval(node)
    except ValueError:
        return None
    if any(type(each) is int and not -_FROZEN <= each < _FROZEN for each in values):
        return "frozen, an integer of more than 14 bits is a long one: use an array, or see LONG"
    return None


_RULES = (
    _syntax,
    _function,
    _call,
    _handler,
    _number,
    _statement,
    _class,
    _decorator,
    _fstring,
    _tuple,
)


def _check_hot(path: str, tree: ast.Module):
    names = HOT.get(path, ())
    there = functions(tree)
    if names == ALL:
        names = [name for name in there if not name.endswith(("__init__", ".load"))]
    for name in names:
        if name not in there:
            yield 1, f"HOT names {name}, which is not in this file"
            continue
        for node in _running(there[name]):
            message = _allocates(node)
            if message:
                yield node.lineno, f"{name} runs in the scan: {message}"


def _running(function):
    """Nodes that run each time: no annotations, defaults, and nothing behind a `raise`."""
    todo = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.Raise | ast.FunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.AnnAssign):
            todo += [node.value] if node.value is not None else []
        else:
            todo += ast.iter_child_nodes(node)


def _allocates(node):
    if isinstance(node, ast.JoinedStr):
        return "no f-string"
    if isinstance(node, ast.Slice):
        return "no slice: loop by index"
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        return "no closure"
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return "no comprehension: loop by index"
    if isinstance(node, ast.List | ast.Dict | ast.Set) and not _is_target(node):
        return "allocate it once, in __init__"
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        return None if _is_constant(node.value) else "no tuple returned: fill a buffer"
    if isinstance(node, ast.With):
        return "no `with`"
    if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Tuple):
        return "no tuple of exceptions: it is made when one has come"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return "no `%` of text" if _is_text(node.left) else None
    if isinstance(node, ast.Call):
        return _allocating_call(node)
    return None


def _is_target(node) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _is_constant(node: ast.Tuple) -> bool:
    return all(isinstance(item, ast.Constant) for item in node.elts)


def _is_text(node) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _allocating_call(node: ast.Call):
    if isinstance(node.func, ast.Name) and node.func.id in _ALLOCATING_CALLS:
        return f"`{node.func.id}` allocates"
    if isinstance(node.func, ast.Attribute) and node.func.attr in _ALLOCATING_METHODS:
        return f"`.{node.func.attr}()` allocates"
    return None
