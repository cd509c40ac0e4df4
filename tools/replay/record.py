"""Keeps every scan of a simulation, in the format of the black box's windows."""

from bms.state import State
from bms.window import Window
from ringlog import Chain, RingLog

NO_ROW = 0xFF


class Sink:
    """Segments in memory that never wrap."""

    size = 4096

    def __init__(self, n: int = 2000):
        self.n = n
        self.data = bytearray()

    def read(self, segment: int, offset: int, buf) -> None:
        start = segment * self.size + offset
        found = self.data[start : start + len(buf)]
        buf[:] = found + b"\xff" * (len(buf) - len(found))

    def write(self, segment: int, offset: int, data) -> None:
        start = segment * self.size + offset
        self.data += b"\xff" * (start + len(data) - len(self.data))
        self.data[start : start + len(data)] = data

    def erase(self, segment: int) -> None:
        pass


class Recording:
    """Stands where the black box does, and stops at nothing."""

    def __init__(self, sim, key: bytes = b""):
        self.sink = Sink()
        log = RingLog(self.sink, Chain(key), 2, b"recording")
        log.recover()
        self.window = Window(sim.scan, State(sim.scan), log)
        self.window.trip(NO_ROW)
        self._pack = sim.pack

    def slack(self) -> None:
        """After every scan: go on, and write what there is."""
        self.window.keep(1)
        self.window.trip(NO_ROW)
        while self.window.step():
            pass

    def dump(self) -> bytes:
        """The log, with its window brought to an end."""
        self.window._next_row = -1
        self.window.keep(1 << 20)
        while self.window.step():
            self.window._next_row = -1
        return bytes(self.sink.data)
