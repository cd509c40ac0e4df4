"""A JBD slave on a pseudo terminal: any program that opens a serial port can talk to it."""

import os
import tty


class PtyServer:
    """`path` is the port to open; `poll()` answers what has come. `slave` may be exchanged any time."""

    def __init__(self, slave):
        self.slave = slave
        self._ours, self._theirs = os.openpty()  # theirs stays open: a client may come and go
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)

    def poll(self, ms: int = 0) -> None:
        """Read, answer; `ms` passed since the last call."""
        self.slave.advance(ms)
        try:
            data = os.read(self._ours, 4096)
        except BlockingIOError:
            return
        for byte in data:
            self.slave.put(byte)
            n = self.slave.answer()
            while n:
                os.write(self._ours, bytes(self.slave.view[:n]))
                n = self.slave.answer()

    def close(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)
