"""`bluetooth` for the host: MicroPython's names and limits, on top of a radio that a test plugs in.

Behaviour is read from MicroPython 1.28 (extmod/modbluetooth.c, btstack/, nimble/): errors, truncation at
MTU - 3, append buffers that a read empties, an interrupt handler that is switched off once it raises.
A memoryview given to the handler is overwritten when the handler returns, as its memory would be.

`use(radio, limits)` starts over. A radio has `services(table)`, `advertise(interval_us, data, response,
connectable)`, `notify(conn, handle, data) -> sent` and `disconnect(conn)`, and tells what happens by
the `on_*` methods of `BLE`.
"""

from micropython import const

from bluetooth_parts import (
    ESP32,
    FLAG_INDICATE,
    FLAG_NOTIFY,
    PICO_W,
    UUID,
    Value,
    table_n,
)

FLAG_READ = const(0x0002)
FLAG_WRITE_NO_RESPONSE = const(0x0004)
FLAG_WRITE = const(0x0008)

IRQ_CENTRAL_CONNECT = const(1)
IRQ_CENTRAL_DISCONNECT = const(2)
IRQ_GATTS_WRITE = const(3)
IRQ_GATTS_INDICATE_DONE = const(20)
IRQ_MTU_EXCHANGED = const(21)

ENOMEM, ENODEV, EINVAL, ENOTCONN = 12, 19, 22, 128
ADVERT_MAX = 31
MTU_MIN = 23

__all__ = ["BLE", "ESP32", "PICO_W", "UUID", "use"]


class NoRadio:
    """Nobody is out there."""

    address = bytes.fromhex("a5c237061bc9")

    def services(self, table):
        pass

    def advertise(self, interval_us, data, response, connectable):
        pass

    def notify(self, conn, handle, data):
        return True

    def disconnect(self, conn):
        pass


class _State:
    """Of the one radio; `use` starts it over."""

    def __init__(self, radio, limits):
        self.radio = radio
        self.limits = limits
        self.on = False
        self.handler = None
        self.irq_error = None  # what the interrupt handler raised; it is off since
        self.services = ()
        self.values = {}  # value handle -> Value
        self.mtu = limits.mtu
        self.mtus = {}  # connection -> its MTU
        self.name = b"MPY BTSTACK"
        self.queued_n = 0  # notifications that the stack had to keep for later


_state = _State(NoRadio(), PICO_W)


def use(radio=None, limits=PICO_W) -> "BLE":
    """Start over with this radio; the object that firmware gets from `BLE()`."""
    _state.__init__(radio or NoRadio(), limits)
    return BLE()


class BLE:
    """As `bluetooth.BLE`: every object of it is the same radio."""

    def __init__(self):
        self.state = _state

    # what firmware calls -----------------------------------------------------------------------

    def active(self, on=None):
        if on is None:
            return self.state.on
        if not on and self.state.on:
            for conn in list(self.state.mtus):
                self.state.radio.disconnect(conn)
            self.state.radio.advertise(None, b"", b"", True)
        self.state.on = bool(on)
        return self.state.on

    def config(self, *names, **values):
        state = self.state
        if names:
            self._need()
            known = {
                "mac": (0, state.radio.address),
                "mtu": state.mtu,
                "gap_name": state.name,
            }
            if len(names) != 1 or values:
                raise TypeError("must query one param")
            if names[0] not in known:
                raise ValueError("unknown config param")
            return known[names[0]]
        for name, value in values.items():
            if name == "gap_name":
                state.name = bytes(value, "utf-8") if isinstance(value, str) else bytes(value)
            elif name == "mtu":
                self._need()
                if not MTU_MIN <= value <= 517:
                    raise OSError(EINVAL)
                state.mtu = value
            elif name not in ("addr_mode", "rxbuf") and not (
                state.limits.pairing and name in ("bond", "mitm", "io", "le_secure")
            ):
                raise ValueError("unknown config param")
        return None

    def irq(self, handler):
        if handler is not None and not callable(handler):
            raise ValueError("invalid handler")
        self.state.handler = handler

    def gap_advertise(self, interval_us, adv_data=None, resp_data=None, connectable=True):
        if interval_us is None:
            self.state.radio.advertise(None, b"", b"", True)
            return
        self._need()
        for data in (adv_data, resp_data):
            if data is not None and len(data) > ADVERT_MAX:
                raise OSError(EINVAL)
        state = self.state
        if connectable and len(state.mtus) >= state.limits.connections:
            if state.limits.full_raises:
                raise OSError(ENOMEM)
            return
        data, response = bytes(adv_data or b""), bytes(resp_data or b"")
        state.radio.advertise(interval_us, data, response, connectable)

    def gap_disconnect(self, conn_handle):
        self._need()
        if conn_handle not in self.state.mtus:
            return False
        self.state.radio.disconnect(conn_handle)
        return True

    def gatts_register_services(self, services):
        self._need()
        state = self.state
        size = table_n(services)
        if state.limits.table_n is not None and size > state.limits.table_n:
            raise MemoryError(f"attribute table of {size} bytes: BTstack would write past its end")
        handle = 10
        values, found = {}, []
        for _, characteristics in services:
            handle += 1
            row_handles = []
            for row in characteristics:
                handle += 2
                values[handle] = Value(row[0], row[1])
                row_handles.append(handle)
                if row[1] & (FLAG_NOTIFY | FLAG_INDICATE):
                    handle += 1
                for inner in row[2] if len(row) > 2 else ():
                    handle += 1
                    values[handle] = Value(inner[0], inner[1])
                    row_handles.append(handle)
            found.append(tuple(row_handles))
        state.services, state.values = services, values
        state.radio.services([(row[0], row[1], found[i]) for i, row in enumerate(services)])
        return tuple(found)

    def gatts_read(self, value_handle):
        value = self._value(value_handle)
        data = value.data
        if value.append:
            value.data = b""
        return data

    def gatts_write(self, value_handle, data, send_update=False):
        value = self._value(value_handle)
        value.data = bytes(data)
        value.room = max(value.room, len(value.data))
        if send_update:
            self.state.radio.update(value_handle, value.data)
        return len(value.data)

    def gatts_notify(self, conn_handle, value_handle, data=None):
        value = self._value(value_handle)
        if conn_handle not in self.state.mtus:
            raise OSError(ENOTCONN)
        data = value.data if data is None else bytes(data)
        data = data[: self.state.mtus[conn_handle] - 3]
        if not self.state.radio.notify(conn_handle, value_handle, data):
            if self.state.limits.full_raises:
                raise OSError(ENOMEM)
            self.state.queued_n += 1

    def gatts_indicate(self, conn_handle, value_handle, data=None):
        self.gatts_notify(conn_handle, value_handle, data)
        self._irq(IRQ_GATTS_INDICATE_DONE, (conn_handle, value_handle, 0))

    def gatts_set_buffer(self, value_handle, n, append=False):
        value = self._value(value_handle)
        value.room, value.append, value.data = n, append, b""

    # what the radio tells ----------------------------------------------------------------------

    def on_connect(self, conn: int, address: bytes) -> bool:
        """A central is there; whether it may stay."""
        if len(self.state.mtus) >= self.state.limits.connections:
            return False
        self.state.mtus[conn] = MTU_MIN
        self._irq(IRQ_CENTRAL_CONNECT, (conn, 0, address))
        return True

    def on_disconnect(self, conn: int, address: bytes) -> None:
        if self.state.mtus.pop(conn, None) is not None:
            self._irq(IRQ_CENTRAL_DISCONNECT, (conn, 0, address))

    def on_mtu(self, conn: int, mtu: int) -> None:
        self.state.mtus[conn] = mtu
        self._irq(IRQ_MTU_EXCHANGED, (conn, mtu))

    def on_write(self, conn: int, handle: int, data: bytes) -> None:
        self.state.values[handle].take(data)
        self._irq(IRQ_GATTS_WRITE, (conn, handle))

    def on_read(self, handle: int) -> bytes:
        """What a central reads: the stack answers alone."""
        return self.state.values[handle].data

    def _irq(self, event, data) -> None:
        state = self.state
        if state.handler is None or not state.on:
            return
        buffers = [bytearray(item) for item in data if isinstance(item, bytes)]
        views = iter([memoryview(buffer) for buffer in buffers])
        data = tuple(next(views) if isinstance(item, bytes) else item for item in data)
        try:
            state.handler(event, data)
        except Exception as error:
            state.irq_error, state.handler = error, None
        for buffer in buffers:
            buffer[:] = b"\xee" * len(buffer)

    def _need(self) -> None:
        if not self.state.on:
            raise OSError(ENODEV)

    def _value(self, handle: int) -> Value:
        self._need()
        if handle not in self.state.values:
            raise OSError(EINVAL)
        return self.state.values[handle]
