"""The real littlefs, as MicroPython configures it on a Pico, over the flash model with its power cuts."""

import pytest

from bms.blackbox import SEGMENTS
from bms.housekeeping import FOLDERS
from segments import FileSegments
from sim.flash import Flash, PowerCut

BLOCKS = 352  # 1408 KiB, what MicroPython leaves of a Pico's 2 MiB
FIRMWARE_N = 60  # blocks that the firmware and its folders take
_IO = -5


def littlefs():
    """The module, or a loud skip."""
    return pytest.importorskip("littlefs", reason="NEEDS littlefs-python: pip install it")


class Context:
    """What littlefs calls; an error of the model becomes its LFS_ERR_IO."""

    def __init__(self, flash):
        self.flash = flash

    def read(self, cfg, block, off, size):
        buf = bytearray(size)
        try:
            self.flash.readblocks(block, buf, off)
        except PowerCut:
            pass
        return buf

    def prog(self, cfg, block, off, data):
        try:
            self.flash.writeblocks(block, bytes(data), off)
        except PowerCut:
            return _IO
        return 0

    def erase(self, cfg, block):
        try:
            self.flash.ioctl(6, block)
        except PowerCut:
            return _IO
        return 0

    def sync(self, cfg):
        return 0


class Files:
    """`open` as the firmware knows it, on one mounted littlefs."""

    def __init__(self, flash, format=False):
        module = littlefs()
        self._error = module.LittleFSError
        self.flash = flash
        self.fs = module.LittleFS(
            context=Context(flash),
            mount=False,
            block_size=flash.size,
            block_count=flash.block_n,
            read_size=32,
            prog_size=256,
            cache_size=1024,
            lookahead_size=32,
            block_cycles=100,
        )
        if format:
            self.fs.format()
        try:
            self.fs.mount()
        except self._error as error:
            raise OSError("littlefs does not mount") from error

    def open(self, path, mode):
        return _File(self, path, mode)

    def make(self):
        """The folders of the logs, and a firmware that takes its space."""
        for name in FOLDERS:
            self.fs.mkdir(name)
        with self.open("firmware", "wb") as file:
            file.write(bytes(FIRMWARE_N * self.flash.size))

    def places(self):
        return [
            FileSegments(FOLDERS[i] + "/", SEGMENTS[i], self.flash.size, self)
            for i in range(len(FOLDERS))
        ]


class _File:
    """OSError for every trouble; closes as MicroPython does, when its block ends. Below the wrapper's own
    file object: that one closes a second time when the first has failed, and littlefs aborts."""

    def __init__(self, files, path, mode):
        self._lfs = littlefs().lfs
        self._error = files._error
        self._fs = files.fs.fs
        self._raw = self._do(self._lfs.file_open, path, mode, "utf-8", bare=True)

    def _do(self, what, *args, bare=False):
        try:
            return what(self._fs, *args) if bare else what(self._fs, self._raw, *args)
        except self._error as error:
            raise OSError("littlefs") from error

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self._do(self._lfs.file_close)
        except OSError:
            if kind is None:
                raise

    def seek(self, offset, whence=0):
        return self._do(self._lfs.file_seek, offset, whence)

    def readinto(self, buf):
        found = self._do(self._lfs.file_read, len(buf))
        buf[: len(found)] = found
        return len(found)

    def write(self, data):
        return self._do(self._lfs.file_write, bytes(data))


def fresh(seed=1):
    """(flash, files) of a device on which the firmware has just been installed."""
    flash = Flash(BLOCKS, seed=seed)
    files = Files(flash, format=True)
    files.make()
    return flash, files
