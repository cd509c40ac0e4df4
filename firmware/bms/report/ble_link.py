"""One connection: what came in, who answers it, what is on its way out.

An answer is made only when the one before is out, so a central that takes nothing gets nothing, costs
one frame of memory and is let go after a while. Answers have a rate: BTstack keeps what it cannot
send yet on the heap and tells nobody, so nobody may make it keep much.
"""

from micropython import const

from bms.report.ble_inbox import Inbox
from bms.report.ble_module import is_for_module
from bms.report.jbd_slave import JbdSlave

# states. The interrupt turns FREE into NEW, the task does the rest.
FREE = const(0)
NEW = const(1)
OPEN = const(2)
CLOSING = const(3)

_NOBODY = const(-1)
_MTU_MIN = const(23)
_HEAD_N = const(3)  # of a notification
_CHUNKS = const(4)  # notifications in a row, before the scan may come in
_ANSWER_MS = const(20)  # what an answer costs: 50 a second in the long run
_NOISE_MS = const(40)  # what costs as much work and has no answer
_SLICE_N = const(16)  # bytes of noise in a row
_CREDIT_MS = const(500)  # and in a row
_QUIET_MS = const(500)  # a request that has begun does not pause this long
_STUCK_MS = const(5000)
_CLOSING_MS = const(3000)  # a stack that does not tell the end of a link has forgotten it
_LONG_MS = const(0x0FFFFFFF)


class Link:
    """`table`: handles. `module` answers FF AA, `slave` JBD, `native` the service of our own."""

    def __init__(self, ble, table, module, slave: JbdSlave, native):
        self._ble = ble
        self._table = table
        self._module = module
        self._native = native
        self.slave = slave
        self.inbox = Inbox()
        self.state = FREE
        self.left = False  # says the interrupt: the central is gone
        self.conn = _NOBODY
        self.mtu = _MTU_MIN
        self.idle_ms = 0  # since the central last said anything
        self.since_ms = 0  # since the state changed
        self._data = None  # write being worked on
        self._at = 0
        self._out = slave.view  # frame being sent
        self._out_n = 0
        self._out_at = 0
        self._out_handle = 0
        self._stuck_ms = 0
        self._credit_ms = 0

    def begin(self) -> None:
        """A central has come: nothing is left of the one before."""
        self.slave.reset()
        self._native.reset()
        self._data = None
        self._out_n = self._out_at = 0
        self.idle_ms = self.since_ms = self._stuck_ms = 0
        self._credit_ms = _CREDIT_MS
        self.state = OPEN

    def free(self) -> None:
        """The central is gone; another may have the place."""
        self._native.reset()
        self.inbox.clear()
        self.conn = _NOBODY
        self.mtu = _MTU_MIN
        self.left = False
        self.state = FREE  # last: from now on the interrupt may take the place

    def close(self) -> None:
        """Send the central away."""
        self.state = CLOSING
        self.since_ms = 0
        if not self._ble.gap_disconnect(self.conn):
            self.left = True

    def advance(self, ms: int) -> None:
        """Time passes."""
        self.idle_ms = min(self.idle_ms + ms, _LONG_MS)
        self.since_ms = min(self.since_ms + ms, _LONG_MS)
        self._credit_ms = min(self._credit_ms + ms, _CREDIT_MS)
        self.slave.advance(ms)
        self._native.advance(ms)
        if self._out_at < self._out_n:
            self._stuck_ms += ms
        if self.state == OPEN and self._stuck_ms >= _STUCK_MS:
            self.close()
        elif self.state == CLOSING and self.since_ms >= _CLOSING_MS:
            self.left = True

    def work(self) -> bool:
        """Some of what there is to do; is there more at once?"""
        if self.state != OPEN:
            return False
        if self._out_at < self._out_n:
            return self._send()
        if self._credit_ms < _ANSWER_MS:
            return False
        if self._data is None:
            self._data = self.inbox.take()
            self._at = 0
            if self._data is None:
                return self._news()
            if self.idle_ms >= _QUIET_MS:
                self.slave.quiet()
                self._native.quiet()
            self.idle_ms = 0
        self._consume()
        return True

    def _send(self) -> bool:
        """A few pieces of the frame; True when all of it went or more may go."""
        room = self.mtu - _HEAD_N
        for _ in range(_CHUNKS):
            if self._out_at >= self._out_n:
                return True
            end = min(self._out_at + room, self._out_n)
            try:
                self._ble.gatts_notify(self.conn, self._out_handle, self._out[self._out_at : end])
            except OSError:  # no room in the stack, or just gone: later
                return False
            self._out_at = end
            self._stuck_ms = 0
        return True

    def _consume(self) -> None:
        """Work on the write at hand, up to the first answer."""
        data = self._data
        if self.inbox.handle == self._table.native_in:
            self._data = None
            self._put(self._native.view, self._native.take(data), self._table.native_out)
        elif is_for_module(data):
            self._data = None
            self._put(self._module.view, self._module.answer(data), self._table.jbd_out)
        else:
            self._ask_slave(data)

    def _ask_slave(self, data) -> None:
        slave = self.slave
        n = slave.answer()  # one write may hold more than one request
        begin = self._at
        last = min(begin + _SLICE_N, len(data))
        while not n and self._at < last:
            slave.put(data[self._at])
            self._at += 1
            n = slave.answer()
        if n or self._at > begin:
            self._put(slave.view, n, self._table.jbd_out)
        if not n and self._at >= len(data):
            self._data = None

    def _news(self) -> bool:
        """What the native service has to tell without being asked again."""
        n = self._native.news()
        if n:
            self._put(self._native.view, n, self._table.native_out)
        return n > 0

    def _put(self, view, n: int, handle: int) -> None:
        """A frame to send, or what cost as much work and has none."""
        self._credit_ms -= _ANSWER_MS if n else _NOISE_MS
        self._out = view
        self._out_n = n
        self._out_at = 0
        self._out_handle = handle
