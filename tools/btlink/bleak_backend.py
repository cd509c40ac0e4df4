"""bleak 3 on a virtual link: programs that use bleak run unmodified against a bumble device.

`install(central)` makes bleak take this backend everywhere. `settings` says what the link is like.
"""

import bleak
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError
from bleak.uuids import normalize_uuid_str
from bumble.core import AdvertisingData
from bumble.device import Peer
from bumble.gatt import Characteristic
from bumble.hci import Address

_NAMES = {
    Characteristic.Properties.READ: "read",
    Characteristic.Properties.WRITE_WITHOUT_RESPONSE: "write-without-response",
    Characteristic.Properties.WRITE: "write",
    Characteristic.Properties.NOTIFY: "notify",
    Characteristic.Properties.INDICATE: "indicate",
}


class Settings:
    """`mtu`: what a client asks for after connecting, 23 = it does not ask. `lose_n`: so many of the
    next writes are lost on the way.
    """

    central = None
    mtu = 23
    lose_n = 0
    lost_n = 0
    connection = None  # the one opened last


settings = Settings()


def text(uuid) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-" if len(uuid.uuid_bytes) == 16 else ""))


class Client(BaseBleakClient):
    """A client on bumble's central."""

    def __init__(self, address_or_ble_device, *, services=None, **more):
        gone = more.get("disconnected_callback")
        timeout = more.get("timeout", 10)
        super().__init__(address_or_ble_device, disconnected_callback=gone, timeout=timeout)
        details = getattr(address_or_ble_device, "details", None)
        self._to = getattr(details, "address", None) or Address(self.address)
        self._wanted = services
        self._connection = None
        self._peer = None
        self._subscribed = {}

    @property
    def name(self):
        return self.address

    @property
    def mtu_size(self):
        return self._connection.att_mtu if self._connection else 23

    @property
    def is_connected(self):
        return self._connection is not None

    async def connect(self, pair=False, **more):
        try:
            self._connection = await settings.central.connect(self._to, timeout=self._timeout)
        except Exception as error:
            raise BleakDeviceNotFoundError(self.address, str(error)) from error
        settings.connection = self._connection
        self._connection.on("disconnection", self._gone)
        self._peer = Peer(self._connection)
        try:
            if settings.mtu > 23:
                await self._peer.request_mtu(settings.mtu)
            self.services = await self._discover()
        except Exception as error:
            raise BleakError(str(error)) from error

    async def _discover(self):
        found = BleakGATTServiceCollection()
        await self._peer.discover_services()
        for service in self._peer.services:
            if self._wanted and text(service.uuid) not in self._wanted:
                continue
            mine = BleakGATTService(service, service.handle, text(service.uuid))
            found.add_service(mine)
            for value in await service.discover_characteristics():
                names = [name for flag, name in _NAMES.items() if value.properties & flag]
                room = self._room
                inner = BleakGATTCharacteristic(
                    value, value.handle, text(value.uuid), names, room, mine
                )
                found.add_characteristic(inner)
                for each in await value.discover_descriptors():
                    found.add_descriptor(
                        BleakGATTDescriptor(each, each.handle, text(each.type), inner)
                    )
        return found

    def _room(self) -> int:
        return self.mtu_size - 3

    def _gone(self, reason):
        self._connection = self._peer = None
        self._subscribed.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self):
        if self._connection:
            await self._connection.disconnect()

    async def pair(self, *args, **more):
        raise BleakError("no pairing on this link")

    async def unpair(self):
        pass

    async def _do(self, make):
        if self._peer is None:
            raise BleakError("not connected")
        try:
            return await make(self._peer)
        except Exception as error:
            raise BleakError(str(error)) from error

    async def read_gatt_char(self, characteristic, **more):
        return bytearray(await self._do(lambda peer: peer.read_value(characteristic.obj)))

    async def read_gatt_descriptor(self, descriptor, **more):
        return bytearray(await self._do(lambda peer: peer.read_value(descriptor.obj)))

    async def write_gatt_char(self, characteristic, data, response):
        if settings.lose_n:
            settings.lose_n -= 1
            settings.lost_n += 1
            return
        value, data = characteristic.obj, bytes(data)
        await self._do(lambda peer: peer.write_value(value, data, with_response=response))

    async def write_gatt_descriptor(self, descriptor, data):
        await self._do(lambda peer: peer.write_value(descriptor.obj, bytes(data), True))

    async def start_notify(self, characteristic, callback, **more):
        def hear(data):
            callback(bytearray(data))

        self._subscribed[characteristic.handle] = hear
        await self._do(lambda peer: peer.subscribe(characteristic.obj, hear))

    async def stop_notify(self, characteristic):
        hear = self._subscribed.pop(characteristic.handle, None)
        await self._do(lambda peer: peer.unsubscribe(characteristic.obj, hear))


class Scanner(BaseBleakScanner):
    """A scanner on bumble's central."""

    def __init__(
        self, detection_callback=None, service_uuids=None, scanning_mode="active", **more
    ):
        super().__init__(detection_callback, service_uuids)

    async def start(self):
        self.seen_devices = {}
        settings.central.on("advertisement", self._seen)
        await settings.central.start_scanning(filter_duplicates=False)

    async def stop(self):
        settings.central.remove_listener("advertisement", self._seen)
        await settings.central.stop_scanning()

    def _seen(self, advert):
        def part(kind):
            return advert.data.get(kind, raw=True)

        name = part(AdvertisingData.COMPLETE_LOCAL_NAME)
        short = part(AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS) or b""
        service = part(AdvertisingData.SERVICE_DATA_16_BIT_UUID)
        seen = AdvertisementData(
            local_name=name.decode() if name else None,
            manufacturer_data={},
            service_data={_long(service[:2]): service[2:]} if service else {},
            service_uuids=[_long(short[i : i + 2]) for i in range(0, len(short), 2)],
            tx_power=None,
            rssi=advert.rssi,
            platform_data=(),
        )
        address = advert.address.to_string(False)
        device = self.create_or_update_device(address, address, seen.local_name, advert, seen)
        self.call_detection_callbacks(device, seen)


def _long(short: bytes) -> str:
    return normalize_uuid_str(short[::-1].hex())


def install(central) -> Settings:
    """Make bleak use this backend; the settings of the link."""
    bleak.get_platform_client_backend_type = lambda: (Client, "bumble")
    bleak.get_platform_scanner_backend_type = lambda: (Scanner, "bumble")
    settings.__dict__.clear()
    settings.central = central
    return settings
