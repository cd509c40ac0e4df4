"""One line that several protocols share: JBD's frames, ours, and ours as lines of text.

The first byte of a frame says whose it is. Our channel is loaded when somebody first asks for it.
"""

from micropython import const

from linkframe import START, Lines, line

_FRAME = const(0xC3)


class Wire:
    """`write(data)` sends; `slave`: a `JbdSlave` or None; `make_link()`: the channel, made when needed."""

    def __init__(self, write, slave, make_link=None):
        self._write = write
        self.slave = slave
        self._make_link = make_link
        self.link = None
        self._lines = Lines()
        self._as_text = False
        self._one = bytearray(1)

    def put(self, byte: int) -> None:
        """One byte from the line; what there is to say to it is sent."""
        lines = self._lines
        link = self.link
        if lines.busy:
            if lines.put(byte):
                self._take(lines.data, True)
        elif link is not None and link.begun():
            self._take_one(byte)
        elif self.slave is not None and self.slave.begun():
            self._jbd(byte)
        elif byte == _FRAME and self._open() is not None:
            self._take_one(byte)
        elif byte == START:
            lines.put(byte)
        elif self.slave is not None:
            self._jbd(byte)

    def quiet(self) -> None:
        """Nothing came for a while: what has begun will not be finished."""
        self._lines.forget()
        if self.slave is not None:
            self.slave.quiet()
        if self.link is not None:
            self.link.quiet()

    def advance(self, ms: int) -> None:
        """Time passes; a watcher is told what is new."""
        if self.slave is not None:
            self.slave.advance(ms)
        if self.link is not None:
            self.link.advance(ms)
            self._send(self.link, self.link.news())

    def _open(self):
        if self.link is None and self._make_link is not None:
            self.link = self._make_link(self.slave)
        return self.link

    def _take_one(self, byte: int) -> None:
        self._one[0] = byte
        self._take(self._one, False)

    def _take(self, data, as_text: bool) -> None:
        link = self._open()
        if link is None:
            return
        self._as_text = as_text
        self._send(link, link.take(data))
        if as_text:
            link.quiet()  # a line holds whole frames

    def _send(self, link, n: int) -> None:
        if n:
            view = link.view[:n]
            self._write(line(view) if self._as_text else view)

    def _jbd(self, byte: int) -> None:
        slave = self.slave
        slave.put(byte)
        n = slave.answer()
        while n:
            self._write(slave.view[:n])
            n = slave.answer()
