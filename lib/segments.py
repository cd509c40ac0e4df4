"""Where a log lies: `n` segments of `size` bytes that are written forwards and erased whole.

Two kinds with the same four methods: erase blocks of a raw device (MicroPython's extended block
interface), or files of one folder. `read` fills `buf`, with 0xFF where nothing has been written.
`write` is durable when it returns. `erase` may be put off until the segment's first `write`.
"""


class BlockSegments:
    """Erase blocks `first` .. `first + n - 1` of a device."""

    def __init__(self, device, first: int, n: int, size: int = 4096):
        self._device = device
        self._first = first
        self.n = n
        self.size = size

    def read(self, segment: int, offset: int, buf) -> None:
        self._device.readblocks(self._first + segment, buf, offset)

    def write(self, segment: int, offset: int, data) -> None:
        self._device.writeblocks(self._first + segment, data, offset)

    def erase(self, segment: int) -> None:
        self._device.ioctl(6, self._first + segment)


class FileSegments:
    """Files `<path>00`, `<path>01` ... On littlefs a file changes as a whole, when it is closed."""

    def __init__(self, path: str, n: int, size: int = 4096, files=None):
        self._path = path
        self._open = open if files is None else files.open
        self._fresh = -1  # segment that its next write begins anew
        self.n = n
        self.size = size

    def read(self, segment: int, offset: int, buf) -> None:
        got = 0
        if segment != self._fresh:
            try:
                with self._open(self._name(segment), "rb") as file:
                    file.seek(offset)
                    got = file.readinto(buf) or 0
            except OSError:
                pass
        for i in range(got, len(buf)):
            buf[i] = 0xFF

    def write(self, segment: int, offset: int, data) -> None:
        name = self._name(segment)
        mode = "wb" if segment == self._fresh else "ab"
        self._fresh = -1  # should this fail: littlefs keeps the old file
        with self._open(name, mode) as file:
            missing = offset - (0 if mode == "wb" else file.seek(0, 2))
            if missing > 0:
                file.write(b"\xff" * missing)
            file.write(data)

    def erase(self, segment: int) -> None:
        self._fresh = segment

    def is_there(self, segment: int) -> bool:
        """It has been written."""
        try:
            self._open(self._name(segment), "rb").close()
        except OSError:
            return False
        return True

    def _name(self, segment: int) -> str:
        return self._path + str(segment // 10) + str(segment % 10)
