"""A radio for the fake `bluetooth` with no air in it: centrals are objects of the test itself."""

import bluetooth


class Central:
    """Somebody's phone: what it was sent is in `got`, as (value handle, bytes)."""

    def __init__(self, air, conn: int):
        self.air = air
        self.conn = conn
        self.got = []
        self.stalled = False  # takes nothing any more
        self.there = True
        self.address = bytes([conn & 0xFF, 2, 3, 4, 5, 6])

    def write(self, handle: int, data) -> None:
        self.air.ble.on_write(self.conn, handle, bytes(data))

    def read(self, handle: int) -> bytes:
        return self.air.ble.on_read(handle)

    def ask_mtu(self, mtu: int) -> None:
        self.air.ble.on_mtu(self.conn, min(mtu, self.air.ble.state.mtu))

    def leave(self) -> None:
        self.air.disconnect(self.conn)

    def take(self, handle: int) -> bytes:
        """Everything notified of this value so far, put together."""
        data = b"".join(part for at, part in self.got if at == handle)
        self.got = [row for row in self.got if row[0] != handle]
        return data


class Air:
    """`advert` is None while nothing is sent; as with a real radio a connection ends it."""

    address = bytes.fromhex("a5c237061bc9")

    def __init__(self, limits=bluetooth.PICO_W):
        self.advert = None
        self.response = b""
        self.interval_us = 0
        self.centrals = {}
        self.table = ()
        self._conn = 64
        self.ble = bluetooth.use(self, limits)

    def connect(self):
        """A new central, or None: nobody advertises, or no place is left."""
        if self.advert is None:
            return None
        self._conn += 1
        central = Central(self, self._conn)
        self.centrals[self._conn] = central
        self.advert = None
        if not self.ble.on_connect(self._conn, central.address):
            del self.centrals[self._conn]
            return None
        return central

    # what the fake asks of a radio ------------------------------------------------------------------

    def services(self, table) -> None:
        self.table = table

    def advertise(self, interval_us, data, response, connectable) -> None:
        self.advert = None if interval_us is None else data
        self.response = response
        self.interval_us = interval_us

    def notify(self, conn, handle, data) -> bool:
        central = self.centrals[conn]
        if central.stalled:
            return False
        central.got.append((handle, data))
        return True

    def update(self, handle, data) -> None:
        for central in self.centrals.values():
            central.got.append((handle, data))

    def disconnect(self, conn) -> None:
        central = self.centrals.pop(conn, None)
        if central is not None:
            central.there = False
            self.ble.on_disconnect(conn, central.address)
