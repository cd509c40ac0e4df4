"""The Pico's console on a TCP port, for the real mpremote: `connect socket://127.0.0.1:PORT`.

The Pico's time stands still while nobody is connected, so that nothing it says is lost, and never runs ahead
of the other side's clock, so that a watchdog does not bite a computer that is merely slow.
"""

import select
import socket
import time

_STEP_MS = 1
_CHUNK_N = 4096


class Console:
    """Serves one client at a time, as a serial port does. Close it when done."""

    def __init__(self, pico, port: int = 0):
        self._pico = pico
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._client = None

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def serve(self, until) -> None:
        """Let the Pico run and talk until `until()`."""
        rest_s = 0.0
        while not until():
            self._listen(rest_s if self._client else 0.05)
            rest_s = self._run() if self._client else 0.0

    def cut(self) -> None:
        """Whoever is connected is so no longer."""
        self._hang_up()

    def close(self) -> None:
        self._hang_up()
        self._listener.close()

    def _run(self) -> float:
        """One step; how long the other side must then be waited for."""
        start_s = time.monotonic()
        self._pico.run_ms(_STEP_MS)
        if self._pico.out:
            self._tell(bytes(self._pico.out))
            self._pico.out.clear()
        return max(0.0, _STEP_MS / 1000 - (time.monotonic() - start_s))

    def _listen(self, rest_s: float) -> None:
        sockets = [self._client] if self._client else [self._listener]
        ready, _, _ = select.select(sockets, (), (), rest_s)
        if not ready:
            return
        if self._client is None:
            self._client, _ = self._listener.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return
        try:
            data = self._client.recv(_CHUNK_N)
        except OSError:
            data = b""
        if data:
            self._pico.send(data)
        else:
            self._hang_up()

    def _tell(self, data: bytes) -> None:
        try:
            self._client.sendall(data)
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
