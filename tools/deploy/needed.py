"""Which modules a board's firmware can ever import: no more than those go onto the device."""

import ast
from pathlib import Path

_ENTRY = ("bms.start", "listed", "board")


def needed(modules: dict[str, str], root: Path, entry=_ENTRY) -> set[str]:
    """Of `modules` (name -> path in the repository) those that `entry` imports, at the top or later."""
    found, todo = set(), [name for name in entry if name in modules]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        tree = ast.parse((root / modules[name]).read_text(encoding="utf-8"))
        todo += [other for other in _imports(tree) if other in modules]
    return found


def _imports(tree: ast.Module):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
