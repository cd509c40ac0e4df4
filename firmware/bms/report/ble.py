"""JBD and a service of our own over Bluetooth, on MicroPython's `bluetooth`.

The interrupt only tells the task what happened; that answers a piece at a time, and the scan comes in between.
Until somebody writes, who answers is not in memory (`bms.report.ble_room`), nor a minute after the last.
"""

import asyncio
import sys

import bluetooth
from micropython import const

from bms.report.ble_place import FREE, NEW, OPEN, Place

_CENTRAL_CONNECT = const(1)
_CENTRAL_DISCONNECT = const(2)
_GATTS_WRITE = const(3)
_MTU_EXCHANGED = const(21)

_BEAT_MS = const(100)  # looks at times, and at what the interrupt could not tell
_ADVERT_US = const(200_000)
_AGAIN_MS = const(10_000)  # advertised anew: with new values, and in case it stopped by itself
_SLOW_MS = const(1000)
_LOW_B = const(16_384)  # less free heap than this: no central is worth it
_LOW_MS = const(10_000)
_LONG_MS = const(10_000)  # more at once is not believed
_REST_MS = const(60_000)  # nobody is connected: what answers is let go


class BleReporter:
    """`links`: connections that the port has; `clock` as `bms.clock.Clock`, `wake` as
    `asyncio.ThreadSafeFlag`, `mem_free` as `gc.mem_free`, `random` as `os.urandom`.

    `key()`: who proves it may command; None = nobody. `button()`: true while it is pressed; None = there is
    none. `on_config(values)`: stores settings that JBD wrote; None = nobody can. `locks`: of every line, so that
    they have one key.
    """

    def __init__(
        self,
        pack,
        model: str,
        links: int,
        clock,
        wake,
        mem_free,
        random,
        key=None,
        button=None,
        on_config=None,
        locks=None,
    ):
        self.pack = pack
        self.locks = [] if locks is None else locks
        self.random = random
        self.key = key
        self.on_config = on_config
        self._clock = clock
        self._wake = wake
        self._mem_free = mem_free
        self.ble = bluetooth.BLE()
        self._button = None
        if button is not None:
            from bms.report.ble_button import Button

            self._button = Button(button)
        self._advert = self._introduce(model)
        self.links = [Place(self.ble) for _ in range(links)]
        self.room = None
        self._opening = None
        self._wanted = False  # somebody pressed the button: there must be a room
        self._failures = 0
        self._rest_ms = 0
        self._advertises_ms = 0  # until it is said anew; 0: not now
        self._slow_ms = self._low_ms = 0
        self._level = -1
        self._refuse = None  # a connection for which there is no place
        self._handler = self._irq

    def _introduce(self, model: str) -> bytes:
        """Tell the stack who this is; the advert. The code for it is not needed again."""
        from bms.report import ble_advert, ble_table

        ble = self.ble
        ble.active(True)
        address = ble.config("mac")[1]
        name = ble_advert.name_of(self.pack.name, address)
        ble_table.register(ble, self, model, "".join([f"{byte:02X}" for byte in address]))
        ble.config(gap_name=name)
        for module in ("ble_advert", "ble_table"):
            del sys.modules["bms.report." + module]
            delattr(sys.modules["bms.report"], module)
        return ble_advert.advert(name)

    async def run(self) -> None:
        """For ever, or until something breaks: then nobody is connected any more."""
        self.start()
        beat = asyncio.create_task(self._beat())
        clock, last_ms = self._clock, self._clock.ticks_ms()
        try:
            while True:
                await self._wake.wait()
                now_ms = clock.ticks_ms()
                self.advance(max(0, min(clock.ticks_diff(now_ms, last_ms), _LONG_MS)))
                last_ms = now_ms
                while self.work():
                    await asyncio.sleep_ms(0)
        finally:
            beat.cancel()
            self.stop()

    def start(self) -> None:
        """Be there for everybody."""
        self.ble.irq(self._handler)

    def stop(self) -> None:
        """Nobody is connected, nothing is sent."""
        self.ble.active(False)

    async def _beat(self) -> None:
        while True:
            self._wake.set()
            await asyncio.sleep_ms(_BEAT_MS)

    # the interrupt: no waiting, no work, and never an exception: it would be the last one ----------------

    def _irq(self, event, data) -> None:
        if event == _GATTS_WRITE:
            self._written(data[0], data[1])
        elif event == _CENTRAL_CONNECT:
            self._come(data[0])
        elif event == _CENTRAL_DISCONNECT:
            link = self._of(data[0])
            if link is not None:
                link.left = True
        elif event == _MTU_EXCHANGED:
            link = self._of(data[0])
            if link is not None:
                link.mtu = data[1]
        self._wake.set()

    def _written(self, conn, handle) -> None:  # no hints: the stubs have types of their own
        try:
            data = self.ble.gatts_read(handle)  # also when nobody wants it: it empties the buffer
        except OSError:
            return
        except MemoryError:  # it has emptied it all the same
            return
        link = self._of(conn)
        if link is not None:
            link.inbox.put(handle, data)

    def _come(self, conn) -> None:
        for link in self.links:
            if link.state == FREE:
                link.conn = conn
                link.state = NEW
                return
        self._refuse = conn

    def _of(self, conn):
        for link in self.links:
            if link.conn == conn and not link.left:
                return link
        return None

    def advance(self, ms: int) -> None:
        """`ms` have passed: links come and go, and with them the advert."""
        pressed = self._button is not None and self._button.advance(ms)
        if self._refuse is not None:
            self.ble.gap_disconnect(self._refuse)
            self._refuse = None
            self._advertises_ms = 0
        room = self.room
        if room is not None:
            room.advance(ms)
            if pressed:
                room.pressed()
        elif pressed:
            self._wanted = True
        free = 0
        for link in self.links:
            self._tend(link, ms)
            free += link.state == FREE
        if not free:
            self._drop_idle()
        self._rest_ms = 0 if free < len(self.links) else self._rest_ms + ms
        if room is not None and self._rest_ms >= (1 if self._low_ms else _REST_MS):
            if not room.is_needed():
                self._close_room()
        self._slow_ms += ms
        if self._slow_ms >= _SLOW_MS:
            self._look_around(self._slow_ms)
            self._slow_ms = 0
        self._advertises_ms = max(0, self._advertises_ms - ms)
        if free and not self._advertises_ms and not self._low_ms:
            self._advertise()

    def work(self) -> bool:
        """A piece of work on every link; is there more at once?"""
        try:
            if self.room is None:
                return self._find_room()
            more = False
            for link in self.links:
                more = link.work() or more
            return more
        except MemoryError:
            self._shed()
            return False

    def _tend(self, link, ms: int) -> None:
        if link.state == NEW:
            link.begin()
            self._advertises_ms = 0  # a connection ends it
        if link.left:
            link.free()
            self._advertises_ms = 0
        if link.state != FREE:
            link.advance(ms)

    def _find_room(self) -> bool:
        """Somebody wants an answer, or pressed the button: a module at a time. Was there something to do?"""
        if self._opening is None:
            wanted = self._wanted
            for link in self.links:
                wanted = wanted or (link.state == OPEN and link.inbox.waits())
            if not wanted or self._low_ms:
                return False
            self._opening = self._open_room()
        for _ in self._opening:
            return True
        self._opening = None
        return self.room is not None

    def _open_room(self):
        from bms.report import ble_gate  # noqa: F401

        yield
        from bms.report import ble_link  # noqa: F401

        yield
        from bms.report.ble_room import Room

        yield
        self.room = Room(self, self._failures)
        if self._wanted:
            self._wanted = False
            self.room.pressed()

    def _close_room(self) -> None:
        from bms.report.ble_room import forget

        if self.room is not None:
            self._failures = self.room.close()
        self.room = None
        forget()

    def _drop_idle(self) -> None:
        """No place is left: who says nothing must not keep the others away."""
        limit_ms = self.pack.config.ble_idle_s * 1000
        for link in self.links:
            if link.state == OPEN and link.idle_ms >= limit_ms:
                link.close()

    def _shed(self) -> None:
        """Memory is short: nobody for a while, and nothing that answers."""
        self._low_ms = _LOW_MS
        for link in self.links:
            if link.state == OPEN:
                link.close()

    def _look_around(self, ms: int) -> None:
        """Once a second: memory, the handler, who floods, the battery level."""
        self.ble.irq(self._handler)  # the stack drops it for good should it ever raise
        self._low_ms = max(0, self._low_ms - ms)
        if self._mem_free() < _LOW_B:
            self._shed()
        for link in self.links:
            link.inbox.lost_n = 0
        level = min((self.pack.soc.soc_pm + 5) // 10, 100)
        if level != self._level and self.pack.snap.stack_mv and self.pack.config.ble_reads:
            self._level = level
            battery = self.battery  # type: ignore  # `ble_table.register` puts it there
            try:
                self.ble.gatts_write(battery, bytes((level,)), True)
            except OSError:  # it is written; somebody who just leaves was not told
                pass

    def _advertise(self) -> None:
        response = b""
        if self.pack.config.ble_bthome and self.pack.config.ble_reads:
            from bms.report.ble_bthome import bthome

            response = bthome(self.pack, self.pack.protect.blocks != 0)
        try:
            self.ble.gap_advertise(_ADVERT_US, self._advert, resp_data=response)
        except OSError:  # not at this moment: the next beat tries again
            return
        self._advertises_ms = _AGAIN_MS
