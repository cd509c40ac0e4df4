"""The Pico's file system on this side: built from files, and read back from what is in the flash chip."""

import io
from pathlib import PurePosixPath

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

BLOCK_N = 4096
_VERSION = 0x00020000  # what is built here: every MicroPython reads it
_CORRUPT = -84
_SIZES = {"read_size": 256, "prog_size": 256, "cache_size": 1024, "lookahead_size": 32}


class Broken(Exception):
    """It cannot be mounted, or not be read; the text says where."""


class _Content(UserContext):
    """Blocks in memory."""

    def __init__(self, content):
        super().__init__(len(content))
        self.buffer = bytearray(content)


def _system(content, **more) -> LittleFS:
    """Not mounted: when that fails in the constructor, it formats."""
    block_n = len(content) // BLOCK_N
    sizes = {"block_size": BLOCK_N, "block_count": block_n, **_SIZES}
    return LittleFS(_Content(content), mount=False, **sizes, **more)


def build(pairs, size: int) -> bytes:
    """A fresh file system with these (path, bytes)."""
    system = _system(b"\xff" * size, disk_version=_VERSION)
    system.format()
    system.mount()
    for path, data in pairs:
        system.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        with system.open(path, "wb") as file:
            file.write(data)
    return bytes(system.context.buffer)


def read(content) -> dict[str, bytes]:
    """Path -> bytes of every file."""
    return Disk(content).files


class Disk:
    """A mounted file system, with as much of MicroPython's `os` as an update needs."""

    def __init__(self, content):
        self._system = _system(content)
        self._do("mounting", self._system.mount)

    def _do(self, what: str, call, *args):
        """littlefs's own errors as `OSError`; what no file system should come to as `Broken`."""
        try:
            return call(*args)
        except LittleFSError as error:
            if error.code == _CORRUPT:
                raise Broken(f"{what}: {error}") from None
            raise OSError(-error.code, str(error)) from None

    @property
    def free_n(self) -> int:
        """Bytes that nothing lies in."""
        used_n = self._do("looking for room", lambda: self._system.used_block_count)
        return (len(self._system.context.buffer) // BLOCK_N - used_n) * BLOCK_N

    @property
    def files(self) -> dict[str, bytes]:
        found = {}
        for folder, _, names in self._system.walk("/"):
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                found[path] = self._do(path, self._bytes, path)
        return found

    def _bytes(self, path: str) -> bytes:
        with self._system.open(path, "rb") as file:
            return file.read()

    def open(self, path: str, mode: str = "r"):
        data = self._do(path, self._bytes, path)
        return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())

    def stat(self, path: str):
        return self._do(path, self._system.stat, path)

    def rename(self, old: str, new: str) -> None:
        self._do(old, self._system.rename, old, new)

    def remove(self, path: str) -> None:
        self._do(path, self._system.remove, path)

    def rmdir(self, path: str) -> None:
        self.remove(path)
