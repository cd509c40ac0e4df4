"""`mip install` of one driver brings every module that it imports, and no other."""

import ast
import json
import re

import pytest

from host_tests.shared import ROOT

LIB = ROOT / "lib"
PACKAGES = sorted(path.stem for path in LIB.glob("*.json"))


def imports(module: str) -> set:
    """Modules of lib that a module imports, at the top, in a function, or in its docstring's example."""
    tree = ast.parse((LIB / f"{module}.py").read_text())
    example = ast.get_docstring(tree) or ""
    names = set(re.findall(r"^ +(?:from|import) (\w+)", example, re.MULTILINE))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name for name in names if (LIB / f"{name}.py").exists()}


def needs(module: str) -> set:
    """The same, of those too, and itself."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += imports(name)
    return found


def listed(package: str) -> list:
    return json.loads((LIB / f"{package}.json").read_text())["urls"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_all_that_its_module_imports_and_no_more(package):
    assert {source.removesuffix(".py") for _, source in listed(package)} == needs(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_a_package_is_there_and_keeps_its_name(package):
    for target, source in listed(package):
        assert target == source and (LIB / source).is_file()


def test_every_module_of_lib_can_be_installed():
    everything = {source for package in PACKAGES for _, source in listed(package)}
    assert everything == {path.name for path in LIB.glob("*.py")}


def test_all_packages_have_one_version():
    versions = {json.loads((LIB / f"{name}.json").read_text())["version"] for name in PACKAGES}
    assert len(versions) == 1
