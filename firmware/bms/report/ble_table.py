"""The attribute table: which services a board has, and the handles of what changes. Needed once, at the start.

JBD's own service first; its two characteristics as on the real modules, FF02 with both kinds of write
since clients use either. All of it must fit the 512 bytes that BTstack has on a Pico W.
"""

from bluetooth import (
    FLAG_NOTIFY,
    FLAG_READ,
    FLAG_WRITE,
    FLAG_WRITE_NO_RESPONSE,
    UUID,
)
from micropython import const

_WRITES = FLAG_WRITE | FLAG_WRITE_NO_RESPONSE
_REQUEST_N = const(128)  # longer than any request; what the stack keeps of one write
_COMMAND_N = const(128)
_MAKER = "Cellwarden"
_VERSION = "0.1"


def _uuid(n: int):
    """The native service and its characteristics: one random number, counted."""
    return UUID(f"e644{n:04x}-415c-491c-bb18-1cb87e010a08")


def register(ble, radio, model: str, serial: str) -> None:
    """Registers the services; `radio` gets the handles that it needs later."""
    info = (0x2A29, 0x2A24, 0x2A25, 0x2A26)
    jbd, device, battery, native = ble.gatts_register_services(
        (
            (
                UUID(0xFF00),
                (
                    (UUID(0xFF01), FLAG_READ | FLAG_NOTIFY),
                    (UUID(0xFF02), FLAG_READ | _WRITES),
                ),
            ),
            (UUID(0x180A), tuple([(UUID(number), FLAG_READ) for number in info])),
            (UUID(0x180F), ((UUID(0x2A19), FLAG_READ | FLAG_NOTIFY),)),
            (
                _uuid(0),
                ((_uuid(1), FLAG_NOTIFY), (_uuid(2), _WRITES)),
            ),
        )
    )
    radio.jbd_out, radio.jbd_in = jbd
    radio.native_out, radio.native_in = native
    (radio.battery,) = battery
    # A read empties these buffers, so nobody reads what somebody else has written.
    ble.gatts_set_buffer(radio.jbd_in, _REQUEST_N, True)
    ble.gatts_set_buffer(radio.native_in, _COMMAND_N, True)
    texts = (_MAKER, model, serial, _VERSION)  # aiobmsble and phones read it without asking
    for i in range(len(texts)):
        ble.gatts_write(device[i], texts[i].encode())
