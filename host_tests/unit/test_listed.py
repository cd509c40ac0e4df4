"""Names listed once answer every import; files stay where they are, and nothing is left behind."""

import os
import sys
import types

import pytest
import vfs

import listed

FOLDER, FILE = 0x4000, 0x8000
TREE = {
    "/": [
        ("main.py", FILE),
        ("board.mpy", FILE),
        ("bms", FOLDER),
        ("lib", FOLDER),
        ("fast.mpy", FILE),
    ],
    "/lib/": [("fast.mpy", FILE), ("crc8.mpy", FILE)],
    "/bms/": [("scan.mpy", FILE), ("report", FOLDER)],
    "/bms/report/": [("uart.mpy", FILE)],
}


@pytest.fixture
def device(monkeypatch):
    """A device's folders, its `sys.path`, and what was asked of the file system."""
    asked = []

    def ilistdir(path):
        asked.append(path)
        if path not in TREE:
            raise OSError(2)
        return iter([(name, kind, 0, 0) for name, kind in TREE[path]])

    monkeypatch.setattr(os, "ilistdir", ilistdir, raising=False)
    monkeypatch.setattr(sys, "path", ["", ".frozen", "/lib"])
    monkeypatch.setattr(vfs, "mounted", {})
    return asked


def begin():
    held = listed.begin(("/", "/lib"))
    return held, vfs.mounted["/listed"]


def is_there(fs, path):
    try:
        return fs.stat(path)[0]
    except OSError as error:
        assert error.args == (2,)
        return 0


def test_a_folder_is_listed_once_and_only_when_something_in_it_is_wanted(device):
    _, fs = begin()
    assert sorted(device) == ["/", "/lib/"]
    for _ in range(3):
        assert is_there(fs, "/bms/scan.mpy") == FILE and not is_there(fs, "/bms/scan.py")
    assert sorted(device) == ["/", "/bms/", "/lib/"]
    assert is_there(fs, "/bms/report/uart.mpy") == FILE
    assert sorted(device) == sorted(TREE)


def test_names_are_found_below_the_mount_whatever_place_they_are_in(device):
    _, fs = begin()
    assert sys.path == [".frozen", "/listed"]
    assert is_there(fs, "/board.mpy") == is_there(fs, "/crc8.mpy") == FILE
    assert is_there(fs, "/bms") == is_there(fs, "/bms/report") == FOLDER
    assert is_there(fs, "/bms/scan.mpy") == is_there(fs, "/bms/report/uart.mpy") == FILE
    assert not is_there(fs, "/bms/scan.py") and not is_there(fs, "/nobody")


def test_a_place_of_its_own_is_no_package(device):
    _, fs = begin()
    assert not is_there(fs, "/lib") and not is_there(fs, "/lib/crc8.mpy")


def test_the_first_place_wins(device, tmp_path):
    _, fs = begin()
    assert fs.where["/fast.mpy"] == "/fast.mpy" and fs.where["/crc8.mpy"] == "/lib/crc8.mpy"


def test_a_file_is_opened_where_it_is(device, tmp_path):
    _, fs = begin()
    (tmp_path / "x").write_bytes(b"code")
    fs.where["/x.mpy"] = str(tmp_path / "x")
    with fs.open("/x.mpy", "rb") as file:
        assert file.read() == b"code"


def test_a_place_that_is_not_there_is_no_error(device):
    listed.begin(("/", "/lib", "/sd"))
    assert is_there(vfs.mounted["/listed"], "/crc8.mpy")


def test_afterwards_packages_know_their_real_folders(device, monkeypatch):
    """Else a submodule that is imported later is looked for where nothing is mounted any more."""
    held, fs = begin()
    assert is_there(fs, "/bms/report") == FOLDER
    packages = {"bms": "/listed/bms", "bms.report": "/listed/bms/report", "other": "/other"}
    for name, path in packages.items():
        module = types.ModuleType(name)
        module.__path__ = path
        monkeypatch.setitem(sys.modules, name, module)
    listed.end(held)
    found = [sys.modules[name].__path__ for name in packages]
    assert found == ["/bms", "/bms/report", "/other"]
    assert sys.path == ["", ".frozen", "/lib"] and not vfs.mounted
