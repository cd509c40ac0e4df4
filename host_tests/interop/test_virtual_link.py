"""The fake `bluetooth` on bumble's virtual link: a real GATT client sees what firmware registered."""

import asyncio

import bluetooth
from bluetooth import UUID
from bumble import core
from bumble.device import Peer
from bumble.link import LocalLink

from btlink.virtual import PHONE, Radio, make_device

READ, WRITE, NOTIFY = bluetooth.FLAG_READ, bluetooth.FLAG_WRITE, bluetooth.FLAG_NOTIFY
LONG = "8f1c0001-7b3a-4d1e-9c55-0a6b1f2e3d4c"
ADVERT = b"\x02\x01\x06\x03\x03\x00\xff"
SERVICES = (
    (
        UUID(0xFF00),
        (
            (UUID(0xFF01), READ | NOTIFY, ((UUID(0x2901), READ),)),
            (UUID(0xFF02), READ | WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE),
        ),
    ),
    (UUID(LONG), ((UUID(LONG), READ),)),
)


async def connected(limits=bluetooth.PICO_W):
    """(radio, handles, phone's connection, its peer, events that the firmware saw)"""
    link = LocalLink()
    radio = await Radio.make(link, limits)
    ble, events = radio.ble, []
    ble.active(True)
    handles = ble.gatts_register_services(SERVICES)
    ble.irq(lambda event, data: events.append((event, data)))
    ble.gap_advertise(100000, ADVERT)
    phone = await make_device(link, "phone", PHONE)
    connection = await phone.connect(radio.device.random_address, timeout=5)
    peer = Peer(connection)
    await peer.discover_services()
    for service in peer.services:
        await service.discover_characteristics()
    return radio, handles, peer, events


def value(peer, uuid):
    return peer.get_characteristics_by_uuid(core.UUID(uuid))[0]


async def until(true):
    while not true():
        await asyncio.sleep(0)


def test_a_client_finds_reads_writes_and_is_notified():
    async def play():
        radio, ((out, note, into), (long,)), peer, events = await connected()
        ble, got = radio.ble, []
        ble.gatts_write(note, b"Rx")
        ble.gatts_write(long, b"long")
        ble.gatts_set_buffer(into, 64, True)
        assert await peer.read_value(value(peer, LONG)) == b"long"
        (note_there,) = [
            each
            for each in await value(peer, "FF01").discover_descriptors()
            if each.type.to_hex_str() == "2901"
        ]
        assert await peer.read_value(note_there) == b"Rx"
        await peer.write_value(value(peer, "FF02"), bytes(30), with_response=True)
        assert events[-1] == (bluetooth.IRQ_GATTS_WRITE, (events[0][1][0], into))
        assert ble.gatts_read(into) == bytes(30)
        await peer.subscribe(value(peer, "FF01"), got.append)
        conn = events[0][1][0]
        ble.gatts_notify(conn, out, bytes(40))
        await until(lambda: got)
        assert got == [bytes(20)]
        await peer.request_mtu(100)
        assert events[-1] == (bluetooth.IRQ_MTU_EXCHANGED, (conn, 100))
        ble.gatts_notify(conn, out, bytes(40))
        await until(lambda: len(got) == 2)
        assert got[1] == bytes(40)
        ble.gap_disconnect(conn)
        await until(lambda: events[-1][0] == bluetooth.IRQ_CENTRAL_DISCONNECT)
        assert not radio.errors
        await radio.close()

    asyncio.run(asyncio.wait_for(play(), 20))
