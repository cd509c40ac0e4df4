"""The fake `bluetooth` has MicroPython's limits and errors: what passes on it must pass on a board."""

import bluetooth
import pytest
from bluetooth import ESP32, PICO_W, UUID

from btlink.air import Air

READ, WRITE, NOTIFY = bluetooth.FLAG_READ, bluetooth.FLAG_WRITE, bluetooth.FLAG_NOTIFY
ONE = ((UUID(0xFF00), ((UUID(0xFF01), READ | NOTIFY), (UUID(0xFF02), WRITE))),)
LONG = UUID("8f1c0001-7b3a-4d1e-9c55-0a6b1f2e3d4c")


@pytest.fixture
def air():
    air = Air()
    air.ble.active(True)
    ((air.out, air.into),) = air.ble.gatts_register_services(ONE)
    air.events = []
    air.ble.irq(lambda event, data: air.events.append((event, data)))
    air.ble.gap_advertise(100000, b"\x02\x01\x06")
    return air


@pytest.mark.parametrize(
    "call",
    [
        lambda ble: ble.gap_advertise(100000, b""),
        lambda ble: ble.gatts_register_services(ONE),
        lambda ble: ble.config("mac"),
        lambda ble: ble.gatts_read(12),
        lambda ble: ble.gap_disconnect(64),
    ],
)
def test_nothing_works_before_active(call):
    with pytest.raises(OSError) as caught:
        call(Air().ble)
    assert caught.value.args[0] == bluetooth.ENODEV


def test_an_advert_has_31_bytes(air):
    air.ble.gap_advertise(100000, bytes(31), resp_data=bytes(31))
    for data in ({"adv_data": bytes(32)}, {"resp_data": bytes(32)}):
        with pytest.raises(OSError):
            air.ble.gap_advertise(100000, **data)


def test_the_table_of_a_pico_w_ends_and_that_of_an_esp32_does_not():
    services = tuple((LONG, tuple((LONG, READ | NOTIFY) for _ in range(4))) for _ in range(2))
    for limits, fits in ((PICO_W, False), (ESP32, True)):
        ble = bluetooth.use(limits=limits)
        ble.active(True)
        if fits:
            ble.gatts_register_services(services)
            continue
        with pytest.raises(MemoryError, match="past its end"):
            ble.gatts_register_services(services)


def test_only_one_central_connects_to_a_pico_w_and_four_to_an_esp32():
    for limits, places in ((PICO_W, 1), (ESP32, 4)):
        air = Air(limits)
        air.ble.active(True)
        for place in range(places + 1):
            if place < places:
                air.ble.gap_advertise(100000, b"")
                assert air.connect() is not None
            elif limits is ESP32:
                with pytest.raises(OSError):
                    air.ble.gap_advertise(100000, b"")
            else:
                air.ble.gap_advertise(100000, b"")
                assert air.advert is None


def test_a_connection_ends_advertising(air):
    assert air.connect() is not None
    assert air.advert is None and air.connect() is None


def test_a_long_write_is_cut_until_the_buffer_is_larger(air):
    central = air.connect()
    central.write(air.into, bytes(range(30)))
    assert air.ble.gatts_read(air.into) == bytes(range(20))
    air.ble.gatts_set_buffer(air.into, 40, True)
    central.write(air.into, bytes(30))
    central.write(air.into, bytes(30))
    assert len(air.ble.gatts_read(air.into)) == 40
    assert air.ble.gatts_read(air.into) == b"", "an append buffer is empty once it was read"


def test_a_notification_is_cut_at_the_mtu_without_a_word(air):
    central = air.connect()
    air.ble.gatts_notify(central.conn, air.out, bytes(50))
    central.ask_mtu(100)
    air.ble.gatts_notify(central.conn, air.out, bytes(50))
    assert [len(data) for _, data in central.got] == [20, 50]


def test_a_full_stack_raises_on_an_esp32_and_queues_on_a_pico_w():
    for limits in (PICO_W, ESP32):
        air = Air(limits)
        air.ble.active(True)
        ((out, _),) = air.ble.gatts_register_services(ONE)
        air.ble.gap_advertise(100000, b"")
        central = air.connect()
        central.stalled = True
        if limits is ESP32:
            with pytest.raises(OSError):
                air.ble.gatts_notify(central.conn, out, b"1")
        else:
            air.ble.gatts_notify(central.conn, out, b"1")
            assert air.ble.state.queued_n == 1


def test_a_handler_that_raises_is_called_never_again(air):
    def broken(event, data):
        raise KeyError(event)

    air.ble.irq(broken)
    assert air.connect() is not None
    assert isinstance(air.ble.state.irq_error, KeyError) and air.ble.state.handler is None


def test_what_the_handler_was_given_is_gone_when_it_returns(air):
    central = air.connect()
    _, (_, _, address) = air.events[0]
    assert bytes(address) == b"\xee" * 6 != central.address


def test_there_is_no_pairing_on_a_pico_w():
    ble = bluetooth.use()
    with pytest.raises(ValueError):
        ble.config(bond=True)
    bluetooth.use(limits=ESP32).config(bond=True)


def test_unknown_handles_and_connections_are_errors(air):
    with pytest.raises(OSError) as caught:
        air.ble.gatts_read(999)
    assert caught.value.args[0] == bluetooth.EINVAL
    with pytest.raises(OSError) as caught:
        air.ble.gatts_notify(5, air.out, b"")
    assert caught.value.args[0] == bluetooth.ENOTCONN
    assert air.ble.gap_disconnect(5) is False
