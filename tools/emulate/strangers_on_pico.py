"""`extra` for `on_pico`: strangers in reach of the pack. A pin says which of them is at it.

They come as the stack's interrupt does, between any two bytecodes, so also in the middle of a scan, and
500 times a second: more than a radio can carry. Who is sent away comes back after a tenth of a second.
"""

import asyncio

from bluetooth import radio
from machine import Pin, Timer

PINS = (17, 18, 19, 20, 21)
END = 22  # nobody comes any more: Ctrl-C would be lost in an interrupt
_BEAT_MS = 2
_AWAY_BEATS = 50
_CONNECTED, _GONE, _WRITTEN, _MTU = 1, 2, 3, 21
_JBD, _NATIVE = 0, 3  # services
_REQUESTS = 1  # characteristic
NOISE = (b"\xdd\xa5\x04\x39" + b"\xdd\xa5\x03" * 20) * 2
BASIC = b"\xdd\xa5\x03\x00\xff\xfd\x77"


def frame(kind, data):
    from crc8 import crc8

    body = bytes([0xC3, kind, len(data)]) + data
    return body + bytes([crc8(body, len(body))])


class Strangers:
    def __init__(self):
        self._asked = [Pin(pin, Pin.IN, Pin.PULL_DOWN) for pin in PINS]
        self._end = Pin(END, Pin.IN, Pin.PULL_DOWN)
        self._acts = (self.noise, self.storm, self.guess, self.ask, self.read)
        self._hello = frame(0x10, bytes(8))
        self._prove = frame(0x11, bytes(16))
        self._do = frame(0x12, bytes(22))
        self._dear = (frame(0x06, b""), frame(0x03, b""), frame(0x05, b"\0"))
        self._n = 0
        self._here = False
        self._away = 0  # beats until one who was sent away is back
        self.connections_n = 0

    async def run(self):
        while radio.handler is None:
            await asyncio.sleep_ms(100)
        radio.gap_disconnect = self.sent_away
        self._timer = Timer(period=_BEAT_MS, mode=Timer.PERIODIC, callback=self.beat)
        while True:
            await asyncio.sleep_ms(1000)

    def sent_away(self, _conn):
        self._away = _AWAY_BEATS
        return True

    def beat(self, _timer):
        if self._end():
            self._timer.deinit()
            return
        if self._away:
            if self._away == _AWAY_BEATS:
                self.leave()
            self._away -= 1
            return
        for i in range(len(PINS)):
            if self._asked[i]():
                self._n += 1
                self._acts[i](self._n)

    def come(self):
        if not self._here:
            self._here = True
            self.connections_n += 1
            radio.handler(_CONNECTED, (64, 0, bytes(6)))
            radio.handler(_MTU, (64, 247))

    def leave(self):
        radio.handler(_GONE, (64, 0, bytes(6)))
        self._here = False

    def write(self, service, data):
        radio.data = data
        radio.handler(_WRITTEN, (64, radio.handles[service][_REQUESTS]))

    def noise(self, _n):
        """Bytes that cost most and ask for nothing."""
        self.come()
        self.write(_JBD, NOISE)

    def storm(self, n):
        """83 connections a second, and each asks for something dear before it goes."""
        step = n % 6
        if step == 0:
            self.come()
        elif step == 5:
            self.leave()
        else:
            self.write((_JBD, _NATIVE)[step % 2], (self._hello, BASIC)[step % 2])

    def guess(self, n):
        """Wrong keys and wrong commands."""
        self.come()
        self.write(_NATIVE, (self._hello, self._prove, self._do)[n % 3])

    def ask(self, n):
        """Requests of our own service that cost most."""
        self.come()
        self.write(_NATIVE, self._dear[n % 3])

    def read(self, n):
        """Not a stranger: an app that reads twice a second."""
        self.come()
        if n % 250 == 0:
            self.write(_JBD, BASIC)


strangers = Strangers()


def tasks():
    return [strangers]
