"""A simulated board behind a pseudo terminal, in a thread or as a program."""

import contextlib
import os
import select
import threading
import time
import tty

from simboard.board import SimBoard

_LOOK_S = 0.01
_SCAN_S = 0.25


class Served:
    """`path` is the port to open. `cut(n)`: the cable comes off after so many more bytes to the client."""

    def __init__(self, folder, speed: float = 4.0, **board):
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self.board = SimBoard(folder, self._send, **board)
        self.speed = speed
        self.sent_n = 0
        self._left = None  # bytes until the cable comes off
        self._stop = threading.Event()
        self.lock = threading.Lock()  # hold it to look into the board from another thread
        self._thread = threading.Thread(target=self.run, daemon=True)
        self.error = None

    def begin(self):
        """Serve from a thread."""
        self._thread.start()
        return self

    def end(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)
        for end in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(end)

    def cut(self, n: int | None) -> None:
        """None: the cable is in again."""
        self._left = n

    def run(self) -> None:
        """Until `end`: answer at once, scan at `speed` times real time."""
        last = scanned = time.monotonic()
        while not self._stop.is_set():
            ready, _, _ = select.select([self._ours], [], [], _LOOK_S)
            now = time.monotonic()
            with self.lock:
                self.board.wire.advance(int((now - last) * 1000))
                last = now
                if ready:
                    self._receive()
                if (now - scanned) * self.speed >= _SCAN_S:
                    scanned = now
                    self.board.step()

    def _receive(self) -> None:
        try:
            data = os.read(self._ours, 4096)
        except OSError:
            return
        if self._left == 0:
            return
        for byte in data:
            self.board.wire.put(byte)

    def _send(self, data) -> int:
        out = bytes(data)
        if self._left is not None:
            out = out[: self._left]
            self._left -= len(out)
        self.sent_n += len(out)
        with contextlib.suppress(OSError):
            os.write(self._ours, out)
        return len(data)
