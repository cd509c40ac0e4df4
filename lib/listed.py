"""Imports that do not ask the file system: a start of 50 modules takes half the time.

An import looks for a folder, a .py and a .mpy of its name in every place of `sys.path`, and each look
costs 2 to 6 ms on a microcontroller's littlefs. This lists each place once and answers from memory.

    import listed
    path = listed.begin(("/", "/lib"))
    import everything
    listed.end(path)

Modules that the port has built in are found first. Files that appear between `begin` and `end` are not seen.
"""

import sys

from micropython import const

_AT = "/listed"
_ENOENT = const(2)
_FOLDER = const(0x4000)
_FILE = const(0x8000)


class Listed:
    """A file system for imports alone; files are opened where they are."""

    def __init__(self, places, ilistdir):
        self._ilistdir = ilistdir
        self._unread = {}  # folder in here -> real path; most are never asked for
        self.where = {}  # path in here -> real path; of a folder with / at its end
        for place in reversed(places):  # the first one wins
            self._add(place.rstrip("/") + "/", "/", places)

    def _add(self, place: str, prefix: str, places=()) -> None:
        try:
            for entry in self._ilistdir(place):
                name, path = prefix + entry[0], place + entry[0]
                if entry[1] != _FOLDER:
                    self.where[name] = path
                elif path not in places and path != _AT:
                    self.where[name] = self._unread[name] = path + "/"
        except OSError:
            return

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        """As `os.stat`; only the first number is looked at by an import."""
        folder = path[: path.rfind("/")]
        if folder in self._unread:
            self._add(self._unread.pop(folder), folder + "/")
        if path not in self.where:
            raise OSError(_ENOENT)
        kind = _FOLDER if self.where[path].endswith("/") else _FILE
        return (kind, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def open(self, path, mode):
        """The file itself."""
        return open(self.where[path], mode)


def begin(places):
    """Imports are answered from a list of `places` from now on; what `end` needs."""
    before = sys.path[:]
    sys.path[:] = []  # a built-in module is looked for in the file system as well, and first
    import os

    import vfs

    listed = Listed(places, os.ilistdir)
    vfs.mount(listed, _AT, readonly=True)
    sys.path[:] = [".frozen", _AT]
    return before, listed.where


def end(begun) -> None:
    """As it was; packages know their folders by the real names from now on."""
    before, where = begun
    import vfs

    for module in sys.modules.values():
        path = getattr(module, "__path__", "")
        if path[: len(_AT)] == _AT:
            module.__path__ = where[path[len(_AT) :]][:-1]
    vfs.umount(_AT)
    sys.path[:] = before
    where.clear()  # a stale pointer somewhere on the stack keeps the rest: 8 KiB otherwise
