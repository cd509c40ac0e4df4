"""Binary frames as lines of text, for a console on which a byte 03 would be Ctrl-C.

    lines = Lines()
    if lines.put(byte): use(lines.data)  # what was between `~` and the end of line
    out.write(line(view[:n]))

A line is `~`, base64 (RFC 4648), end of line. Anything else on the console is passed over.
"""

import binascii

from micropython import const

START = const(0x7E)  # ~
_CR = const(13)
_LF = const(10)
_MOST = const(360)  # characters: a frame of 254 bytes has 340


class Lines:
    """Finds lines in a stream. `busy`: one has begun."""

    def __init__(self):
        self.data = b""
        self.busy = False
        self._text = bytearray(_MOST)
        self._n = 0

    def forget(self) -> None:
        """What has begun does not go on."""
        self.busy = False

    def put(self, byte: int) -> bool:
        """One byte; was it the last of a line that can be read?"""
        if byte == START:
            self.busy = True
            self._n = 0
            return False
        if not self.busy:
            return False
        if byte != _CR and byte != _LF:
            if self._n == _MOST:
                self.busy = False
            else:
                self._text[self._n] = byte
                self._n += 1
            return False
        self.busy = False
        try:
            self.data = binascii.a2b_base64(bytes(self._text[: self._n]))
        except ValueError:
            return False
        return True


def line(data) -> bytes:
    """The line that holds these bytes."""
    return b"~" + binascii.b2a_base64(data)
