"""One connection: what came in, who answers it, what is on its way out.

An answer is made only when the one before is out, so a central that takes nothing gets nothing, costs
one frame of memory and is let go after a while. Answers have a rate: BTstack keeps what it cannot
send yet on the heap and tells nobody, so nobody may make it keep much.
"""

from micropython import const

from bms.report.ble_place import OPEN

_HEAD_N = const(3)  # of a notification
_CHUNKS = const(4)  # notifications in a row, before the scan may come in
_ANSWER_MS = const(20)  # what an answer costs: 50 a second in the long run
_NOISE_MS = const(40)  # what costs as much work and has no answer
_HEALTH = const(0x06)  # of our own service: its code is loaded each time
_HEALTH_MS = const(200)
_SLICE_N = const(16)  # bytes of noise in a row
_CREDIT_MS = const(500)  # and in a row
_QUIET_MS = const(500)  # a request that has begun does not pause this long
_STUCK_MS = const(5000)


class Link:
    """Of one place. Who answers JBD, FF AA and the service of our own comes when somebody first asks."""

    def __init__(self, place, room):
        self._place = place
        self._room = room
        self._radio = room.radio
        self.slave = None
        self.module = None
        self.native = None
        self._loading = None
        self._out = b""  # frame being sent
        self._out_handle = 0
        self.begin()

    def begin(self) -> None:
        """A central has come: nothing is left of the one before."""
        if self.slave is not None:
            self.slave.reset()
        self.end()
        self._data = None  # write being worked on
        self._at = 0
        self._out_n = self._out_at = 0
        self._stuck_ms = 0
        self._credit_ms = _CREDIT_MS

    def end(self) -> None:
        """The central is gone, and what it proved."""
        if self.native is not None:
            self.native.reset()

    def advance(self, ms: int) -> None:
        """Time passes."""
        self._credit_ms = min(self._credit_ms + ms, _CREDIT_MS)
        if self.slave is not None:
            self.slave.unlock(self._room.gate.open_ms)
            self.slave.advance(ms)
        if self.native is not None:
            self.native.advance(ms)
        if self._out_at < self._out_n:
            self._stuck_ms += ms
        if self._place.state == OPEN and self._stuck_ms >= _STUCK_MS:
            self._place.close()

    def work(self) -> bool:
        """Some of what there is to do; is there more at once?"""
        if self._out_at < self._out_n:
            return self._send()
        if self._credit_ms < _ANSWER_MS:
            return False
        if self._data is None:
            self._data = self._place.inbox.take()
            self._at = 0
            if self._data is None:
                return self._news()
            if self._place.idle_ms >= _QUIET_MS:
                self._quiet()
            self._place.idle_ms = 0
        self._consume()
        return True

    def _quiet(self) -> None:
        if self.slave is not None:
            self.slave.quiet()
        if self.native is not None:
            self.native.quiet()

    def _send(self) -> bool:
        """A few pieces of the frame; True when all of it went or more may go."""
        room = self._place.mtu - _HEAD_N
        notify = self._radio.ble.gatts_notify
        for _ in range(_CHUNKS):
            if self._out_at >= self._out_n:
                return True
            end = min(self._out_at + room, self._out_n)
            try:
                notify(self._place.conn, self._out_handle, self._out[self._out_at : end])
            except OSError:  # no room in the stack, or just gone: later
                return False
            self._out_at = end
            self._stuck_ms = 0
        return True

    def _consume(self) -> None:
        """Work on the write at hand, up to the first answer."""
        data = self._data
        if data is None:
            return
        if self._place.inbox.handle == self._radio.native_in:
            if self.native is None:
                self._load(self._room.make_native)
            else:
                self._data = None
                n = self.native.take(data)
                self._put(self.native.view, n, self._radio.native_out)
                if n and self.native.requests.kind == _HEALTH:
                    self._credit_ms -= _HEALTH_MS
        elif len(data) > 1 and data[0] == 0xFF and data[1] == 0xAA:
            if self.module is None:
                self._load(self._room.make_module)
            else:
                self._data = None
                self._put(self.module.view, self.module.answer(data), self._radio.jbd_out)
        elif self.slave is None:
            self._load(self._room.make_slave)
        else:
            self._ask_slave(self.slave, data)

    def _load(self, steps) -> None:
        """One step nearer to who can answer this write."""
        if self._loading is None:
            self._loading = steps(self)
        for _ in self._loading:
            return
        self._loading = None

    def _ask_slave(self, slave, data) -> None:
        n = slave.answer()  # one write may hold more than one request
        begin = self._at
        last = min(begin + _SLICE_N, len(data))
        while not n and self._at < last:
            slave.put(data[self._at])
            self._at += 1
            n = slave.answer()
        if n or self._at > begin:
            self._put(slave.view, n, self._radio.jbd_out)
        if not n and self._at >= len(data):
            self._data = None

    def _news(self) -> bool:
        """What the native service has to tell without being asked again."""
        native = self.native
        if native is None:
            return False
        n = native.news()
        if n:
            self._put(native.view, n, self._radio.native_out)
        return n > 0

    def _put(self, view, n: int, handle: int) -> None:
        """A frame to send, or what cost as much work and has none."""
        self._credit_ms -= _ANSWER_MS if n else _NOISE_MS
        self._out = view
        self._out_n = n
        self._out_at = 0
        self._out_handle = handle
