"""The checks can fail: every rule is fed something that breaks it, and something close that does not."""

import ast
import subprocess
import sys

import pytest

from checks import census, dialect, imports, mpy, size
from checks.source import ROOT, layer_of, on_device, python_files
from host_tests.shared import ROOT as TEST_ROOT

HOT_FILE = "firmware/bms/cutoff.py"


def said(check, path, code):
    return [message for _, message in check(path, ast.parse(code))]


def test_the_root_is_the_repository():
    assert ROOT == TEST_ROOT


@pytest.mark.parametrize(
    ("path", "layer", "device"),
    [
        ("lib/regbus.py", "lib", True),
        ("firmware/bms/scan.py", "firmware", True),
        ("boards/pico_bq76952/board.py", "boards", True),
        ("boards/pico_bq76952/manifest.py", "boards", False),
        ("tools/sim/plant.py", "sim", True),
        ("tools/fakes/machine.py", "fakes", False),
        ("tools/demo/web.py", "tools", False),
        ("host_tests/unit/test_checks.py", "host_tests", False),
        ("setup.py", "", False),
    ],
)
def test_a_path_belongs_to_one_layer(path, layer, device):
    assert (layer_of(path), on_device(path)) == (layer, device)


WRONG_WAY = [
    ("lib/x.py", "from bms import faults", "lib may not import bms"),
    ("lib/x.py", "import bms.scan", "lib may not import bms.scan"),
    ("lib/x.py", "from boards.sim import board", "lib may not import"),
    ("lib/x.py", "import sim.plant", "lib may not import"),
    ("lib/x.py", "def f():\n    from bms import faults", "lib may not import bms"),
    ("lib/x.py", "from machine import Pin", "`machine` only under"),
    ("lib/x.py", "import time", "`time` does not belong here"),
    ("lib/x.py", "import asyncio", "`asyncio` does not belong here"),
    ("lib/x.py", "import math", "`math` does not belong here"),
    ("lib/x.py", "import functools", "MicroPython has no `functools`"),
    ("lib/x.py", "from . import roles", "no relative import"),
    ("lib/x.py", "__import__('machine')", "import by name only"),
    ("firmware/bms/x.py", "import board", "firmware may not import board"),
    ("firmware/bms/x.py", "from boards.sim.board import make", "firmware may not import"),
    ("firmware/bms/x.py", "from sim import prng", "firmware may not import"),
    ("firmware/bms/x.py", "import host_tests.shared", "firmware may not import"),
    ("firmware/bms/x.py", "from tools.checks import size", "firmware may not import"),
    ("firmware/bms/x.py", "import checks", "firmware may not import"),
    ("firmware/bms/x.py", "import rp2", "`rp2` only under"),
    ("firmware/bms/x.py", "import esp32", "`esp32` only under"),
    ("firmware/bms/x.py", "import bluetooth", "`bluetooth` only under"),
    ("firmware/bms/x.py", "import network", "`network` only under"),
    ("firmware/bms/x.py", "import time", "`time` does not belong here"),
    ("firmware/bms/x.py", "import typing", "MicroPython has no `typing`"),
    ("firmware/bms/x.py", "from dataclasses import dataclass", "MicroPython has no `dataclasses`"),
    ("firmware/bms/x.py", "from enum import IntEnum", "MicroPython has no `enum`"),
    ("boards/pico_bq76952/board.py", "from sim.plant import Plant", "boards may not import"),
    ("boards/pico_bq76952/board.py", "import host_tests", "boards may not import"),
    ("tools/sim/x.py", "import roles", "sim may not import roles"),
    ("tools/sim/x.py", "from bq769x2 import BQ76952", "sim may not import bq769x2"),
    ("tools/sim/x.py", "from bms.faults import ROWS", "sim may not import bms.faults"),
    ("tools/sim/x.py", "import machine", "`machine` only under"),
    ("tools/sim/x.py", "import random", "MicroPython has no `random`"),
    ("tools/sim/x.py", "from math import sqrt, exp", "`math.exp` differs"),
    ("tools/sim/x.py", "import math\nmath.log(2)", "`math.log` differs"),
    ("tools/fakes/x.py", "import bms.scan", "fakes may not import bms.scan"),
]

RIGHT_WAY = [
    (
        "lib/x.py",
        "import struct\nfrom array import array\nfrom micropython import const\nimport roles",
    ),
    ("firmware/bms/start.py", "import asyncio\nimport board\nfrom bms.app import App"),
    ("firmware/bms/x.py", "from bms import faults\nfrom roles import BOTH"),
    ("firmware/bms/clock.py", "import time"),
    ("firmware/bms/app.py", "import asyncio\nimport gc"),
    ("firmware/bms/report/uart.py", "import asyncio\nimport bluetooth\nfrom machine import UART"),
    (
        "boards/pico_bq76952/board.py",
        "import time\nimport machine\nimport bms.cutoff\nimport regbus",
    ),
    ("boards/sim/board.py", "from sim.plant import Plant\nfrom bms.cutoff import Cutoff"),
    ("tools/sim/x.py", "from math import sqrt\nfrom sim.crc8 import TABLE"),
    ("tools/fakes/x.py", "from sim.bus import FakeI2C"),
    ("tools/demo/x.py", "import rich\nimport threading\nfrom bms import scan\nimport machine"),
    ("host_tests/unit/x.py", "import machine\nimport sim.plant\nimport roles"),
]


@pytest.mark.parametrize(("path", "code", "message"), WRONG_WAY)
def test_an_import_in_the_wrong_direction_is_found(path, code, message):
    found = said(imports.check, path, code)
    assert len(found) == 1 and message in found[0]


@pytest.mark.parametrize(("path", "code"), RIGHT_WAY)
def test_an_import_in_the_right_direction_is_not(path, code):
    assert said(imports.check, path, code) == []


LIB, BMS, SIM, BOARD = (
    "lib/x.py",
    "firmware/bms/x.py",
    "tools/sim/x.py",
    "boards/pico_bq76952/board.py",
)

FOREIGN = [
    (SIM, "match x:\n    case 1:\n        pass", "no `match`"),
    (SIM, "try:\n    pass\nexcept* OSError:\n    pass", "no `except*`"),
    (SIM, "def f(a, /):\n    pass", "remove the `/`"),
    (BOARD, "f = lambda a, /: a", "remove the `/`"),
    (SIM, "def f():\n    global x", "no `global`"),
    (SIM, "try:\n    pass\nexcept:\n    pass", "catch what you expect"),
    (SIM, "try:\n    pass\nexcept Exception:\n    pass", "catch what you expect"),
    (SIM, "try:\n    pass\nexcept (OSError, BaseException):\n    pass", "catch what you expect"),
    (SIM, "int.from_bytes(b, 'little', signed=True)", "does not work"),
    (SIM, "n.to_bytes(2, 'little', True)", "does not work"),
    (SIM, "s.removeprefix('a')", "no `.removeprefix()`"),
    (SIM, "s.ljust(4)", "no `.ljust()`"),
    (SIM, "n.bit_length()", "no `.bit_length()`"),
    (SIM, "x = y ** 2", "`**` of floats"),
    (SIM, "f'{f\"{a}\"}'", "cannot nest f-strings"),
    (SIM, "f'{a:{w}}'", "cannot nest braces"),
    (SIM, "f'{a!a}'", "no `!a`"),
    (SIM, "f'{{{a}'", "mixes up braces"),
    (SIM, "f'{a}' '{b}'", "mixes up braces"),
    (SIM, "class A(metaclass=M):\n    pass", "no metaclasses"),
    (SIM, "@micropython.viper\ndef f():\n    pass", "only in files of their own"),
    (LIB, "print(1)", "no print"),
    (BMS, "print(1)", "no print"),
    (LIB, "assert x", "no assert"),
    (BMS, "assert x", "no assert"),
    (LIB, "x = 0.5", "no floats"),
    (BMS, "x = 1e3", "no floats"),
    (BMS, "x = float(y)", "no floats"),
    (LIB, "x = y / 2", "no true division"),
    (BMS, "x /= 2", "no true division"),
    (LIB, "class A(B):\n    pass", "no inheritance from B"),
    (BMS, "class A(base.B):\n    pass", "no inheritance from base.B"),
    (BMS, "def f(*args):\n    pass", "no *args"),
    (BMS, "def f(**words):\n    pass", "no *args"),
    (BMS, "f(*args)", "no *args"),
    (BMS, "f(**words)", "no *args"),
    (BMS, "@property\ndef f(self):\n    pass", "no decorators"),
    (LIB, "x = (1, -9000)", "a long one"),
    (BMS, "x = ((1, 2), (3, 8192))", "a long one"),
    (BMS, "@micropython.native\ndef f():\n    pass", "only in files of their own"),
]

COMMON = [
    (SIM, "x = 0.5 / y\nassert x\nclass A(B):\n    pass\n@property\ndef f(*args):\n    print(1)"),
    (BMS, "try:\n    pass\nexcept (OSError, ValueError) as error:\n    raise Bad(1)"),
    (BMS, "class Bad(ValueError):\n    pass\nclass C(object):\n    pass\nclass D:\n    pass"),
    (BMS, "x = y // 2 % 3\nx //= 2\ndef f(a, b=1):\n    return f'{a} {b!r:>4}' + '{'"),
    (BMS, "int.from_bytes(b, 'little')\nn.to_bytes(2, 'little')\n'a'.join(b)"),
    ("firmware/bms/app.py", "try:\n    pass\nexcept Exception as error:\n    pass"),
    ("lib/bq769x2_memory.py", "x = 7568.4 / y"),
    (BMS, "x = (8191, -8192)\ny = [9000, 100000]\nz = (9000, name)"),
    ("tools/demo/x.py", "match x:\n    case 1:\n        print(f'{a:{w}}')"),
]


@pytest.mark.parametrize(("path", "code", "message"), FOREIGN)
def test_what_a_device_cannot_run_is_found(path, code, message):
    found = said(dialect.check, path, code)
    assert len(found) == 1 and message in found[0]


@pytest.mark.parametrize(("path", "code"), COMMON)
def test_the_common_dialect_is_left_alone(path, code):
    assert said(dialect.check, path, code) == []


ALLOCATES = [
    ("f'{a}'", "no f-string"),
    ("b[1:2]", "no slice"),
    ("x = lambda: 1", "no closure"),
    ("def inner():\n        pass", "no closure"),
    ("[a for a in b]", "no comprehension"),
    ("any(a for a in b)", "no comprehension"),
    ("x = [1]", "allocate it once"),
    ("x = {}", "allocate it once"),
    ("return a, b", "no tuple returned"),
    ("with a:\n        pass", "no `with`"),
    (
        "try:\n        pass\n    except (OSError, ValueError):\n        pass",
        "no tuple of exceptions",
    ),
    ("'%d' % a", "no `%` of text"),
    ("for i, a in enumerate(b):\n        pass", "`enumerate` allocates"),
    ("struct.unpack_from('<h', b)", "`.unpack_from()` allocates"),
    ("bytes(2)", "`bytes` allocates"),
    ("self.log.append(1)", "`.append()` allocates"),
]


@pytest.mark.parametrize(("line", "message"), ALLOCATES)
def test_allocation_inside_a_scan_is_found(line, message):
    found = said(dialect.check, HOT_FILE, f"def f(a, b):\n    {line}")
    assert len(found) == 1 and message in found[0]
    assert found[0].startswith("f runs in the scan")


@pytest.mark.parametrize("line", [line for line, _ in ALLOCATES])
def test_allocation_when_something_is_made_is_not(line):
    code = f"class A:\n    def __init__(self, a, b):\n        {line.replace('    ', '        ')}"
    code = code.replace("return a, b", "return")
    assert [m for m in said(dialect.check, HOT_FILE, code) if "runs in the scan" in m] == []


def test_what_a_raise_allocates_does_not_count():
    code = (
        "def f(a, b):\n    for i in range(4):\n        a[i] = b % 2\n    raise OSError(5, f'{a}')"
    )
    assert said(dialect.check, HOT_FILE, code) == []


def test_a_hot_function_that_is_gone_is_found(monkeypatch):
    monkeypatch.setitem(dialect.HOT, BMS, ("A.step",))
    assert said(dialect.check, BMS, "class A:\n    def step(self):\n        pass") == []
    assert "HOT names A.step" in said(dialect.check, BMS, "class A:\n    pass")[0]


def test_a_table_row_whose_file_is_gone_is_found(monkeypatch):
    paths = python_files()
    assert dialect.stale_tables(paths) == []
    monkeypatch.setitem(dialect.FLOATS, "lib/gone.py", "because")
    assert "lib/gone.py" in dialect.stale_tables(paths)[0]


def test_a_number_that_is_no_small_integer_deserves_a_warning():
    assert said(dialect.warn, BMS, "x = 0x3FFFFFFF") == []
    assert "0x40000000" not in said(dialect.warn, SIM, "x = 0x40000000")
    assert "1073741824 is no small integer" in said(dialect.warn, BMS, "x = 0x40000000")[0]


def test_files_and_functions_that_outgrow_the_screen_are_found():
    assert said(size.check, BMS, "x = 1\n" * 300) == []
    assert "301 lines" in said(size.check, BMS, "x = 1\n" * 301)[0]
    assert said(size.check, BMS, "def f():\n" + "    x = 1\n" * 49) == []
    assert "f has 51 lines" in said(size.check, BMS, "def f():\n" + "    x = 1\n" * 50)[0]
    assert said(size.check, "host_tests/x.py", "x = 1\n" * 301) == []


def test_a_file_that_mpy_cross_refuses_is_found(tmp_path):
    (tmp_path / "good.py").write_text("def f(a):\n    return f'{a}'\n")
    (tmp_path / "bad.py").write_text("def f(a, /):\n    pass\n")
    size_n, problem = mpy.compile_one("good.py", tmp_path, tmp_path / "out")
    assert size_n > 20 and not problem
    assert (tmp_path / "out" / "good.mpy").read_bytes()[:1] == b"M"
    assert "SyntaxError" in mpy.compile_one("bad.py", tmp_path, tmp_path / "out")[1]


def test_a_device_knows_one_name_of_a_file():
    for path, name in (
        ("firmware/bms/report/ble.py", "bms.report.ble"),
        ("lib/bq769x2.py", "bq769x2"),
        ("boards/rp2/pico.py", "pico"),
    ):
        assert mpy.module_name(path) == name


REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"/>
<testcase name="c"><skipped type="pytest.skip" message="NEEDS data/x.csv: set it"/></testcase>
<testcase name="d"><skipped type="pytest.xfail" message="known"/></testcase>
<testcase name="e"><failure message="no"/></testcase>
</testsuite></testsuites>"""


def expected(least, allowed):
    return {"passed": {"alone": least}, "skipped": {"alone": allowed}}


def test_the_census_counts_what_ran():
    passed, skipped = census.census(REPORT)
    assert passed == 2
    assert skipped == {"NEEDS data/x.csv: set it": 1}
    assert census.complaints(passed, skipped, expected(2, ["^NEEDS data/"]), "alone") == []


def test_a_skip_that_nobody_allowed_fails_the_run():
    found = census.complaints(2, {"NEEDS node": 3}, expected(2, ["^NEEDS data/"]), "alone")
    assert found == ["3 tests skipped that should run here: NEEDS node"]


def test_too_few_tests_fail_the_run():
    found = census.complaints(2, {}, expected(3, []), "alone")
    assert "2 tests passed, 3 were expected" in found[0]


def test_the_census_knows_whether_reference_data_are_there(tmp_path, monkeypatch):
    monkeypatch.delenv("CELLWARDEN_SHARED", raising=False)
    root = tmp_path / "repository"
    root.mkdir()
    assert census.place(root) == "alone"
    (tmp_path / "shared").mkdir()
    assert census.place(root) == "with_shared"
    monkeypatch.setenv("CELLWARDEN_SHARED", str(tmp_path / "nowhere"))
    assert census.place(root) == "alone"


def test_a_need_that_is_not_met_is_said_loudly(tmp_path):
    (tmp_path / "conftest.py").write_text((ROOT / "host_tests" / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_a():\n    pytest.skip('NEEDS a moon: set MOON')\n"
        "def test_b():\n    pytest.skip('quietly')\n"
        "def test_c():\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path)
    lines = done.stdout.strip().splitlines()
    assert "NOT TESTED HERE" in done.stdout
    assert "    1 tests: NEEDS a moon: set MOON" in lines
    assert "quietly" not in done.stdout
    assert lines[-1].startswith("1 passed, 2 skipped")


def test_a_python_that_is_too_old_is_not_taken(tmp_path):
    script = ["sh", str(ROOT / "tools" / "find_python.sh")]
    found = subprocess.run([*script, "3.11"], capture_output=True, text=True)
    assert found.returncode == 0 and found.stdout.strip()
    nowhere = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHON": sys.executable}
    none = subprocess.run([*script, "99.1"], capture_output=True, text=True, env=nowhere)
    assert (none.returncode, none.stdout) == (1, "")
