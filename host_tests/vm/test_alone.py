"""`mip install` of one driver into an empty folder, then the script of its docstring, here and on MicroPython."""

import ast
import json
import os
import shutil
import subprocess
import sys

import pytest

import vm

SAID = {
    "bq769x0": "-12500 mA",
    "bq769x2": "-12349 mA",  # by the gain that the chip is made with
    "bq769x2_spi": "3300 mV in cell 1",
    "ina22x": "-12500 mA 52919 mV",
    "isl94202": "array('i', [3300, 3301, 3302, 3303]) -12501 mA",
    "isl94202_eeprom": "True",
    "ltc681x": f"array('i', {list(range(3300, 3312))}) 39666",
}
PACKAGES = sorted(SAID)


def install(package: str, folder) -> str:
    """What `mip install .../lib/PACKAGE.json` brings; the script of the docstring."""
    lib = vm.ROOT / "lib"
    for target, source in json.loads((lib / f"{package}.json").read_text())["urls"]:
        path = folder / "lib" / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(lib / source, path)
    doc = ast.get_docstring(ast.parse((lib / f"{package}.py").read_text()))
    lines = [line[4:] for line in doc.splitlines() if line.startswith("    ")]
    assert 0 < len([line for line in lines if line]) <= 11
    return "\n".join(lines) + "\n"


@pytest.fixture
def device(tmp_path, request):
    """An empty device with one package, a bench beside it."""
    script = install(request.param, tmp_path)
    (tmp_path / "script.py").write_text(script)
    shutil.copytree(vm.ROOT / "tools/sim", tmp_path / "tools/sim")
    (tmp_path / "tools/fakes").mkdir()
    (tmp_path / "cpython").mkdir()
    (tmp_path / "host_tests/common").mkdir(parents=True)
    for source, target in (
        ("tools/fakes/machine.py", "tools/fakes/machine.py"),
        ("tools/fakes/micropython.py", "cpython/micropython.py"),
        ("host_tests/common/play_alone.py", "host_tests/common/play_alone.py"),
    ):
        shutil.copyfile(vm.ROOT / source, tmp_path / target)
    return request.param, tmp_path


@pytest.mark.parametrize("device", PACKAGES, indirect=True)
def test_a_driver_alone_runs_the_script_of_its_docstring(device):
    package, folder = device
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "host_tests/common/play_alone.py", package]
    done = subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == SAID[package], done.stderr


@pytest.mark.parametrize("device", PACKAGES, indirect=True)
def test_a_driver_alone_runs_the_script_of_its_docstring_on_micropython(device):
    package, folder = device
    try:
        vm.command()
    except vm.Missing as missing:
        pytest.skip(str(missing))
    said = vm.run(folder, "host_tests/common/play_alone.py", package)
    assert said.strip() == SAID[package]


@pytest.mark.parametrize("device", ["isl94202"], indirect=True)
def test_a_module_that_was_not_brought_is_missed(device):
    package, folder = device
    (folder / "lib/ntc.py").unlink()
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "host_tests/common/play_alone.py", package]
    done = subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, text=True, timeout=60
    )
    assert "No module named 'ntc'" in done.stderr
