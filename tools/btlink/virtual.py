"""A radio for the fake `bluetooth` on a virtual Bluetooth link: bumble's controllers, any GATT client.

    link = LocalLink()
    radio = await Radio.make(link)
    ...  # firmware uses `bluetooth`
    phone = await make_device(link, "phone", PHONE)

Bumble's side is asynchronous, MicroPython's is not: what firmware asks for is done in order, soon.
"""

import asyncio

import bluetooth
from bumble.controller import Controller
from bumble.core import UUID
from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Descriptor, Service
from bumble.hci import Address
from bumble.host import Host

PRODUCT = "A5:C2:37:06:1B:C9"
PHONE = "F0:F1:F2:F3:F4:F5"
_ADVERT_MS = (
    20  # so that a test need not wait; the product's own interval is kept in `interval_us`
)


async def make_device(link, name: str, address: str):
    """A whole Bluetooth device on the link."""
    controller = Controller(name, link=link)
    host = Host()
    host.controller = controller
    device = Device(name, address=Address(address), host=host)
    await device.power_on()
    return device


class Radio:
    """What the fake asks of a radio, done by bumble."""

    def __init__(self, device, limits):
        self.device = device
        self.address = bytes.fromhex(PRODUCT.replace(":", ""))
        self.interval_us = 0
        self.connections = {}  # handle -> bumble's connection
        self._values = {}  # value handle -> bumble's characteristic
        self._services = []
        self._todo = asyncio.Queue()
        self._worker = asyncio.create_task(self._work())
        self.errors = []
        self.ble = bluetooth.use(self, limits)
        device.on("connection", self._connected)

    @classmethod
    async def make(cls, link, limits=bluetooth.PICO_W):
        return cls(await make_device(link, "product", PRODUCT), limits)

    async def close(self) -> None:
        for conn in list(self.connections):
            self.disconnect(conn)
        self.advertise(None, b"", b"", True)
        await self._todo.join()
        self._worker.cancel()

    # what the fake asks for ------------------------------------------------------------------------

    def services(self, table) -> None:
        server = self.device.gatt_server
        for service in self._services:
            server.services.remove(service)
        self._services = [self._service(*row) for row in table]
        self.device.add_services(self._services)
        server.max_mtu = self.ble.state.mtu

    def advertise(self, interval_us, data, response, connectable) -> None:
        if interval_us is None:
            self._todo.put_nowait(self.device.stop_advertising)
            return
        self.interval_us = interval_us
        self._todo.put_nowait(lambda: self._advertise(data, response))

    def notify(self, conn, handle, data) -> bool:
        server, value = self.device.gatt_server, self._values[handle]
        # Whether anybody subscribed does not matter, as in MicroPython.
        coroutine = server.notify_subscriber(self.connections[conn], value, data, force=True)
        _finish(coroutine)
        return True

    def update(self, handle, data) -> None:
        value = self._values[handle]
        self._todo.put_nowait(lambda: self.device.notify_subscribers(value, data))

    def disconnect(self, conn) -> None:
        self._todo.put_nowait(lambda: self._disconnect(conn))

    # what bumble tells -----------------------------------------------------------------------------

    def _connected(self, connection) -> None:
        conn, address = connection.handle, bytes(connection.peer_address)[::-1]
        if not self.ble.on_connect(conn, address):
            self._todo.put_nowait(connection.disconnect)
            return
        self.connections[conn] = connection
        mtu_update = connection.EVENT_CONNECTION_ATT_MTU_UPDATE
        connection.on(mtu_update, lambda: self.ble.on_mtu(conn, connection.att_mtu))
        connection.on(connection.EVENT_DISCONNECTION, lambda reason: self._gone(conn, address))

    def _gone(self, conn, address) -> None:
        del self.connections[conn]
        self.ble.on_disconnect(conn, address)

    # in between ------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            make = await self._todo.get()
            try:
                await make()
            except Exception as error:  # a connection that has just gone, mostly: tests look
                self.errors.append(error)
            self._todo.task_done()

    async def _disconnect(self, conn) -> None:
        connection = self.connections.get(conn)
        if connection is not None:  # asked once more, a stack would wait for ever
            await connection.disconnect()

    async def _advertise(self, data, response) -> None:
        if self.device.is_advertising:
            await self.device.stop_advertising()
        await self.device.start_advertising(
            advertising_data=data,
            scan_response_data=response,
            advertising_interval_min=_ADVERT_MS,
            advertising_interval_max=_ADVERT_MS,
        )

    def _service(self, uuid, rows, handles) -> Service:
        handles = iter(handles)
        found = []
        for row in rows:
            handle = next(handles)
            inner = [self._descriptor(item, next(handles)) for item in row[2:3] for item in item]
            value = Characteristic(
                _uuid(row[0]),
                Characteristic.Properties(row[1]),
                Characteristic.READABLE | Characteristic.WRITEABLE,
                self._access(handle),
                inner,
            )
            self._values[handle] = value
            found.append(value)
        return Service(_uuid(uuid), found)

    def _descriptor(self, row, handle: int) -> Descriptor:
        return Descriptor(_uuid(row[0]), Descriptor.READABLE, self._access(handle))

    def _access(self, handle: int) -> CharacteristicValue:
        return CharacteristicValue(
            read=lambda connection: self.ble.on_read(handle),
            write=lambda connection, data: self._written(connection, handle, data),
        )

    def _written(self, connection, handle: int, data) -> None:
        if connection.handle in self.connections:
            self.ble.on_write(connection.handle, handle, bytes(data))


def _uuid(uuid) -> UUID:
    return UUID.from_bytes(uuid.data)


def _finish(coroutine) -> None:
    """Run what is a coroutine only in form."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("bumble waited in the middle of a notification")
