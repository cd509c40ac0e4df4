"""The native service over Bluetooth as a line; bleak runs in a thread of its own."""

import asyncio
import contextlib
import queue
import threading

from btlink.native import INTO, OUT
from cellwarden.problem import Lost, Problem

_PIECE_N = 20


class BleTransport:
    """Looks like a serial line. It has no settings and no logs: those need a cable."""

    is_ble = True

    def __init__(self, address: str):
        try:
            from bleak import BleakClient
        except ImportError:
            raise Problem("Bluetooth needs bleak: pip install '.[ble]' (in the clone)") from None
        self.port = f"ble:{address}"
        self._came = queue.Queue()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._client = BleakClient(address)
        self._do(self._begin(), 30)

    async def _begin(self):
        await self._client.connect()
        await self._client.start_notify(OUT, lambda _, data: self._came.put(bytes(data)))

    def _do(self, work, seconds: float):
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)
        except Exception as error:  # bleak has a family of them for each system
            why = " ".join(str(error).split()) or type(error).__name__
            raise Lost(f"{self.port}: {why}: is it near, and no phone connected to it?") from None

    def write(self, data: bytes) -> None:
        for at in range(0, len(data), _PIECE_N):
            self._do(self._client.write_gatt_char(INTO, data[at : at + _PIECE_N]), 10)

    def read(self) -> bytes:
        """What came within some 50 ms."""
        with contextlib.suppress(queue.Empty):
            return self._came.get(timeout=0.05)
        return b""

    def close(self) -> None:
        with contextlib.suppress(Lost):
            self._do(self._client.disconnect(), 10)
        self._loop.call_soon_threadsafe(self._loop.stop)
