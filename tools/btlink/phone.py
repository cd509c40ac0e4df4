"""A raw GATT client of the product: bumble's central on FF01 and FF02, or on the native service."""

import asyncio
import time

from bumble import core
from bumble.device import Peer

from btlink.native import INTO, OUT
from btlink.virtual import PHONE, make_device

JBD = ("FF01", "FF02")
NATIVE = (OUT, INTO)


class Phone:
    """`pieces`: what was notified, `at_s`: when; `heard` is set whenever something has."""

    def __init__(self, connection, ends):
        self.connection = connection
        self.peer = Peer(connection)
        self.pieces = []
        self.at_s = []  # when
        self.heard = asyncio.Event()
        self._out, self._into = ends

    @classmethod
    async def make(cls, link, product, mtu=23, address=PHONE, ends=JBD):
        """Connected, services found, notifications wanted."""
        device = await make_device(link, "phone", address)
        connection = await device.connect(product.radio.device.random_address, timeout=5)
        phone = cls(connection, ends)
        if mtu > 23:
            await phone.peer.request_mtu(mtu)
        await phone.peer.discover_services()
        for service in phone.peer.services:
            await service.discover_characteristics()
        await phone.peer.subscribe(phone.value(phone._out), phone._hear)
        return phone

    def value(self, uuid):
        return self.peer.get_characteristics_by_uuid(core.UUID(uuid))[0]

    def _hear(self, data) -> None:
        self.pieces.append(data)
        self.at_s.append(time.perf_counter())
        self.heard.set()

    def forget(self) -> None:
        """What was heard so far is of no interest."""
        self.pieces.clear()
        self.at_s.clear()

    async def write(self, data: bytes, with_response: bool = False) -> None:
        await self.peer.write_value(self.value(self._into), data, with_response=with_response)

    async def ask(self, frame: bytes, with_response: bool) -> bytes:
        """What comes back until it has been quiet for a second."""
        self.forget()
        await self.write(frame, with_response)
        await asyncio.sleep(1)
        return b"".join(self.pieces)

    async def first(self, frame: bytes, n: int) -> bytes:
        """What comes back, as soon as it has `n` bytes."""
        self.forget()
        await self.write(frame)
        while sum(map(len, self.pieces)) < n:
            self.heard.clear()
            await self.heard.wait()
        return b"".join(self.pieces)
