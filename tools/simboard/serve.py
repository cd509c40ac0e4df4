"""A simulated board behind a pseudo terminal and, if wanted, a TCP port; in a thread or as a program."""

import contextlib
import os
import select
import socket
import threading
import time
import tty
from pathlib import Path

from simboard.board import SimBoard

_LOOK_S = 0.01
_SCAN_S = 0.25


class Served:
    """`path` is the port to open; it keeps its name when the cable comes off and on again.

    `tcp`: a port of this computer as well, 0 = any; `url` is what to open then.
    """

    def __init__(self, folder, speed: float = 4.0, tcp: int | None = None, **board):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = str(folder.resolve() / "port")
        self._ours = self._theirs = -1
        self._client = None  # who came by TCP last
        self._server = None
        if tcp is not None:
            self._server = socket.create_server(("127.0.0.1", tcp))
            self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self.plug()
        self.board = SimBoard(folder, self._send, **board)
        self.speed = speed
        self.sent_n = 0
        self.ctrl_c_n = 0  # bytes that would have stopped the firmware on a console
        self._left = None  # bytes until the cable comes off
        self._back = True
        self._stop = threading.Event()
        self.lock = threading.Lock()  # hold it to look into the board from another thread
        self._thread = threading.Thread(target=self.run, daemon=True)

    def begin(self):
        """Serve from a thread."""
        self._thread.start()
        return self

    def end(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)
        self.unplug()
        if self._server is not None:
            self._server.close()

    def cut(self, n: int, back: bool = True) -> None:
        """The cable comes off after `n` more bytes to the client, and on again if it comes `back`."""
        self._left = n
        self._back = back

    def plug(self) -> None:
        """A new pseudo terminal under the same name."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        Path(self.path).unlink(missing_ok=True)
        Path(self.path).symlink_to(os.ttyname(self._theirs))

    def unplug(self) -> None:
        Path(self.path).unlink(missing_ok=True)
        for end in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(end)
        self._ours = self._theirs = -1
        self._hang_up()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def run(self) -> None:
        """Until `end`: answer at once, scan at `speed` times real time."""
        last = scanned = time.monotonic()
        while not self._stop.is_set():
            ends = [end for end in (self._server, self._client) if end is not None]
            if self._ours >= 0:
                ends.append(self._ours)
            ready = select.select(ends, [], [], _LOOK_S)[0]
            now = time.monotonic()
            with self.lock:
                self.board.wire.advance(int((now - last) * 1000))
                last = now
                if ready:
                    self._receive(ready)
                if (now - scanned) * self.speed >= _SCAN_S:
                    scanned = now
                    self.board.step()

    def _receive(self, ready) -> None:
        data = b""
        with contextlib.suppress(OSError):
            if self._ours in ready:
                data = os.read(self._ours, 4096)
            elif self._client in ready:
                data = self._client.recv(4096)
                if not data:
                    self._hang_up()
        if self._server in ready:
            self._hang_up()
            self._client = self._server.accept()[0]
        self.ctrl_c_n += data.count(3)
        for byte in data:
            self.board.wire.put(byte)

    def _send(self, data) -> int:
        out = bytes(data)
        off = self._left is not None and len(out) >= self._left
        if self._left is not None:
            out = out[: self._left]
            self._left -= len(out)
        self.sent_n += len(out)
        with contextlib.suppress(OSError):
            if self._client is not None:
                self._client.sendall(out)
            elif self._ours >= 0 and out:
                os.write(self._ours, out)
        if off:
            self._left = None
            self.unplug()
            if self._back:
                self.plug()
        return len(data)
