"""The Pico's file system on this side: built from files, and read back from what is in the flash chip."""

from pathlib import PurePosixPath

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

BLOCK_N = 4096
_VERSION = 0x00020000  # what is built here: every MicroPython reads it
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
    where = "mounting"
    try:
        system = _system(content)
        system.mount()
        found = {}
        for folder, _, names in system.walk("/"):
            for name in names:
                where = f"{folder.rstrip('/')}/{name}"
                with system.open(where, "rb") as file:
                    found[where] = file.read()
    except LittleFSError as error:
        raise Broken(f"{where}: {error}") from None
    return found
