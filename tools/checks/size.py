"""Files and functions that have outgrown the screen. Numbers are generous; style asks for less."""

import ast

from checks.source import layer_of

_FILE_MAX = 300
_FUNCTION_MAX = 50

# Files that are long for a reason: tables, mostly.
LONG_FILES = {}


def check(path: str, tree: ast.Module):
    """Yield (line, message) for what should be split. Tests are not looked at."""
    if layer_of(path) == "host_tests":
        return
    last = max((node.end_lineno or 0 for node in tree.body), default=0)
    if last > LONG_FILES.get(path, _FILE_MAX):
        yield 1, f"{last} lines: split it, at most {LONG_FILES.get(path, _FILE_MAX)}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            if length > _FUNCTION_MAX:
                yield (
                    node.lineno,
                    f"{node.name} has {length} lines: split it, at most {_FUNCTION_MAX}",
                )
