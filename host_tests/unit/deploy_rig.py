"""A board in memory: its file system, its power cord, and mpremote's transport to it."""

import builtins
import errno
import io
import traceback
import types
from pathlib import Path

from mpremote.transport import TransportExecError
from serial import SerialException

from deploy.flash import Flash
from deploy.link import Link
from deploy.plan import with_list

BLOCK_N = 4096
VERSION = (1, 28, 0, "")
MPY = 4870  # of a Pico: version 6, sub-version 3, armv6m


class PowerCut(BaseException):
    """Not caught by anything that runs on the board."""


class Disk:
    """Files and folders. Every change is a step, and power may be cut before any of them.

    `fat`: rename does not replace, and what was written shows at once. Both kinds are as bad as can
    be: a file that was begun is there and short. A rename to another folder has two steps with
    littlefs, and cut between them it hides two files until something is changed: that of 1.28 does.
    """

    def __init__(self, files=None, block_n=350, fat=False):
        self.files = dict(files or {})
        self.folders = {"/"}
        for path in self.files:
            for i, letter in enumerate(path):
                if letter == "/" and i:
                    self.folders.add(path[:i])
        self.block_n = block_n
        self.fat = fat
        self.steps = []
        self.cut_at = None  # number of the step that no longer happens
        self.moving = None  # a file whose rename was cut in half: it has both names

    def step(self, what: str) -> None:
        if len(self.steps) == self.cut_at:
            raise PowerCut(what)
        self.steps.append(what)

    def free(self) -> int:
        return self.block_n - sum(-(-len(data) // BLOCK_N) for data in self.files.values())

    def whole(self, path: str) -> str:
        return path if path.startswith("/") else "/" + path

    def settle(self) -> None:
        """Ends the rename that was cut; littlefs does so before it changes anything."""
        self.files.pop(self.moving, None)
        self.moving = None

    def seen(self) -> dict:
        """The files without those that a cut rename hides: the moved one and the next in its folder."""
        if self.moving is None:
            return self.files
        folder = self.moving.rsplit("/", 1)[0]
        beside = sorted(path for path in self.files if path.rsplit("/", 1)[0] == folder)
        first = beside.index(self.moving)
        hidden = beside[first : first + 2]
        return {path: data for path, data in self.files.items() if path not in hidden}

    def stat(self, path):
        path = self.whole(path)
        if path not in self.seen() and path.rstrip("/") not in self.folders | {""}:
            raise OSError(errno.ENOENT, "ENOENT")
        return (0, 0, 0, 0, 0, 0, len(self.files.get(path, b"")), 0, 0, 0)

    def rename(self, old, new):
        self.settle()
        if old not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        if self.fat and new in self.files:
            raise OSError(errno.EEXIST, "EEXIST")
        self._in_folder(new)
        self.step(f"rename {new}")
        self.files[new] = self.files[old]
        self.moving = old
        if not self.fat and old.rsplit("/", 1)[0] != new.rsplit("/", 1)[0]:
            self.step(f"the end of rename {new}")
        self.settle()

    def remove(self, path):
        self.settle()
        if path not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        self.step(f"remove {path}")
        del self.files[path]

    def mkdir(self, path):
        if path in self.folders:
            raise OSError(errno.EEXIST, "EEXIST")
        self.step(f"mkdir {path}")
        self.folders.add(path)

    def rmdir(self, path):
        if self.listdir(path):
            raise OSError(errno.ENOTEMPTY, "ENOTEMPTY")
        self.step(f"rmdir {path}")
        self.folders.remove(path)

    def listdir(self, path="/"):
        start = path.rstrip("/") + "/"
        there = [*self.seen(), *self.folders]
        inner = {item[len(start) :].split("/")[0] for item in there if item.startswith(start)}
        return sorted(inner - {""})

    def statvfs(self, path):
        return (BLOCK_N, BLOCK_N, self.block_n, self.free(), self.free(), 0, 0, 0, 0, 255)

    def _in_folder(self, path):
        folder = path.rsplit("/", 1)[0] or "/"
        if folder not in self.folders:
            raise OSError(errno.ENOENT, "ENOENT")

    def open(self, path, mode="r"):
        path = self.whole(path)
        if "w" in mode:
            self._in_folder(path)
            return Written(self, path)
        if path in self.folders:
            raise OSError(errno.EISDIR, "EISDIR")
        if path not in self.seen():
            raise OSError(errno.ENOENT, "ENOENT")
        data = self.files[path]
        return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())


class Written:
    def __init__(self, disk, path):
        self._disk, self._path = disk, path
        disk.settle()
        disk.step(f"open {path}")
        disk.files[path] = b""

    def write(self, data):
        if self._disk.free() < 1:
            raise OSError(errno.ENOSPC, "ENOSPC")
        self._disk.step(f"write {self._path}")
        self._disk.files[self._path] += bytes(data)
        return len(data)

    def close(self):
        self._disk.step(f"close {self._path}")


class Implementation(tuple):
    _mpy = MPY


class Device:
    """A microcontroller with MicroPython on it. `says`: its console after a reset."""

    def __init__(self, disk, platform="rp2", version=VERSION, mpy=MPY, frozen=(), says=()):
        self.disk = disk
        self.frozen = frozen
        self.says = list(says)
        self.alive = True
        self.resets = 0
        self.fed = 0
        self.watchdog_ms = None
        about = Implementation(("micropython", version))
        about._mpy = mpy
        self._modules = {
            "os": disk,
            "sys": types.SimpleNamespace(
                platform=platform, implementation=about, path=["", "/lib"]
            ),
            "machine": types.SimpleNamespace(WDT=self._dog, reset=self._reset),
            "micropython": types.SimpleNamespace(alloc_emergency_exception_buf=lambda n: None),
        }

    def _dog(self, timeout):
        self.watchdog_ms = timeout
        return types.SimpleNamespace(feed=self._feed)

    def _feed(self):
        self.fed += 1

    def _reset(self):
        self.resets += 1

    def _import(self, name, *args):
        if name in self._modules:
            return self._modules[name]
        if name in ("binascii", "hashlib"):
            return __import__(name, *args)
        if name in self.frozen:
            return types.ModuleType(name)
        raise ImportError(f"no module named '{name}'")

    def fresh(self, out) -> dict:
        """Globals of a program on the board that prints into `out`."""
        words = dict(vars(builtins))
        words["open"] = self.disk.open
        words["__import__"] = self._import
        words["print"] = lambda *args, end="\n": print(*args, end=end, file=out)
        return {"__builtins__": words, "__name__": "__main__"}

    def boot(self) -> bool:
        """Power comes back: boot.py runs. Whether main.py may run after it."""
        self.alive = True
        boot = self.disk.files.get("/boot.py")
        if boot is not None:
            try:
                exec(compile(boot, "/boot.py", "exec"), self.fresh(io.StringIO()))
            except OSError:
                return False
        return True


class Serial:
    """The bytes that a board prints after a reset."""

    def __init__(self, device):
        self._data = "".join(line + "\r\n" for line in device.says).encode()

    def inWaiting(self):
        return len(self._data)

    def read(self, n):
        data, self._data = self._data[:n], self._data[n:]
        return data


class Transport:
    """What mpremote's SerialTransport offers, without a wire."""

    def __init__(self, device):
        self._device = device
        self.serial = Serial(device)
        self.calls = []

    def enter_raw_repl(self, soft_reset=True, timeout_overall=10):
        self._out = io.StringIO()
        self._globals = self._device.fresh(self._out)
        self._alive(self._device.boot)

    def _alive(self, function):
        if not self._device.alive:
            raise SerialException("device reports readiness to read but returned no data")
        try:
            return function()
        except PowerCut:
            self._device.alive = False
            raise SerialException("device disconnected") from None

    def exec(self, command, data_consumer=None):
        return self._alive(lambda: self._exec(command))

    def _exec(self, command):
        self.calls.append(command)
        self._out.seek(0)
        self._out.truncate()
        try:
            exec(compile(command, "<stdin>", "exec"), self._globals)
        except Exception:
            raise TransportExecError(1, traceback.format_exc()) from None
        return self._out.getvalue().encode()

    def exec_raw_no_follow(self, command):
        self._alive(lambda: self._exec(command))

    def close(self):
        pass


BOOT = (Path(__file__).parents[2] / "firmware" / "boot.py").read_bytes()
MPY_HEAD = b"M\x06\x00\x1f"
OLD = [
    ("/bms/gone.mpy", MPY_HEAD + b"old gone"),
    ("/bms/report/uart.mpy", MPY_HEAD + b"same"),
    ("/board.mpy", MPY_HEAD + b"old board"),
    ("/boot.py", b"import micropython\n"),
    ("/config.json", b'{"cell_n": 8}'),
    ("/lib/crc8.mpy", MPY_HEAD + b"old" * 2000),
    ("/main.py", b"old main"),
]
NEW = [
    ("/bms/report/uart.mpy", MPY_HEAD + b"same"),
    ("/board.mpy", MPY_HEAD + b"new board"),
    ("/boot.py", BOOT),
    ("/config.json", b'{"cell_n": 16}'),
    ("/lib/added.mpy", MPY_HEAD + b"new" * 700),
    ("/lib/crc8.mpy", MPY_HEAD + b"new" * 2000),
    ("/main.py", b"new main"),
]


def link_to(device) -> Link:
    return Link("/dev/fake", open=lambda port: Transport(device))


def update(device, wanted, tell=lambda text: None, replace=False) -> None:
    Flash(link_to(device), "rp2", with_list(wanted), tell, replace).install()


def installed(wanted=OLD, **kwargs) -> Device:
    """A board with a version on it."""
    return Device(Disk(dict(with_list(wanted)), **kwargs))


def version(disk) -> dict:
    """What boots: all but boot.py, which fits both, and what is not yet valid."""
    return {
        path: data
        for path, data in disk.files.items()
        if path != "/boot.py" and not path.startswith(("/staged/", "/previous/"))
    }


def files_of(device) -> dict:
    """All files but those of the version before."""
    kept = device.disk.files.items()
    return {path: data for path, data in kept if not path.startswith("/previous/")}


def prove(device) -> None:
    """What the first verified scan does."""
    device.disk.files.pop("/previous/trial", None)
    device.disk.files.pop("/previous/tried", None)


def whole(wanted) -> dict:
    return {path: data for path, data in with_list(wanted) if path != "/boot.py"}
