"""A board on a line: asks, hears, proves its key, reads objects on from where a cut left them."""

import contextlib
import hashlib
import json
import struct
import time
from collections import deque

from btlink import native
from btlink.native import Client, frame
from cellwarden.answers import STATUS_REFUSED, WORDS
from cellwarden.problem import Lost, Problem, Refused
from cellwarden.stream import Stream
from cellwarden.transport import open_transport
from linkframe import line

OWN, TELL_TIME, LIST, READ, SUM, PUT = 0x14, 0x15, 0x20, 0x21, 0x22, 0x23
CONFIGURE, RESTART, ACKNOWLEDGE, TIME, NEW_KEY = 4, 5, 6, 7, 8
WHO, CONFIG, REFUSAL = 0, 1, 6
JBD_CELLS = bytes.fromhex("dda50400fffc77")
CHUNK_N = 160
_PUT_N = 60
_WAIT_S = 1.2
_TRIES = 3
_READINGS_S = 4
_GOING_S = 0.5  # a board that was told to start again still answers
_CLOCK_S = 10  # a clock that is off by more is put right
_AGAIN_S = 30  # a line that broke in a transfer may come back


class Board:
    """`port` as a person gives it; `key`: 16 bytes or None; `patience`: so many times as long is waited."""

    def __init__(
        self,
        port: str,
        baud: int = 9600,
        key: bytes | None = None,
        open=open_transport,
        patience: float = 1,
    ):
        self.port = port
        self.patience = patience
        self._baud = baud
        self._key = key
        self._open = open
        self._line = open(port, baud)
        self._stream = Stream()
        self._client = None
        # On a board's console a byte 03 is Ctrl-C and ends the firmware: text has none.
        self._as_text = not self._line.is_ble
        self._refusal = None  # of the key: what was wrong once is not tried again
        self.about = {}
        self.told = deque(maxlen=1000)  # (type, data) that came unasked

    # the line ---------------------------------------------------------------------------------------

    def find(self) -> dict:
        """Whoever is there: what it says about itself."""
        for _ in range(_TRIES):
            try:
                found = native.about(self.ask(native.ABOUT, tries=1))
            except Lost as error:
                if self._line.is_ble or "line broke" in str(error):
                    raise
                continue
            if found["protocol"] != 1:
                raise Problem("the board's channel is newer than this program: update it")
            return found
        raise self._nobody()

    def _nobody(self) -> Problem:
        """Who is it that does not know us? Asked without a byte that would stop a firmware that is only slow."""
        self._stream.forget()
        for question in (b"\r\n", JBD_CELLS):
            self._line.write(question)
            end = time.monotonic() + _WAIT_S / 2 * self.patience
            data = b""
            while time.monotonic() < end:
                data += self._line.read()
                if b"\xdd\x04" in data:
                    return Problem(
                        f"{self.port}: speaks JBD alone: an old firmware (`cellwarden flash` "
                        "updates it) or another BMS"
                    )
                if b">>>" in data:
                    return Problem(
                        f"{self.port}: MicroPython's prompt, no firmware runs: reset it"
                    )
        return Lost(f"{self.port}: nobody answers: is this the board's port, and does it run?")

    @property
    def is_ble(self) -> bool:
        return self._line.is_ble

    def close(self) -> None:
        self._line.close()

    def again(self, seconds: float | None = None) -> None:
        """Open the line anew, for so long; what was proved has to be proved again."""
        self._line.close()
        self._client = None
        self._stream.forget()
        end = time.monotonic() + (_AGAIN_S if seconds is None else seconds) * self.patience
        while True:
            try:
                self._line = self._open(self.port, self._baud)
                self.ask(native.ABOUT, tries=1)
                return
            except Lost:
                if time.monotonic() > end:
                    raise Lost(
                        f"{self.port}: the line broke and did not come back: look at the cable, "
                        "then run it again; what was read is kept"
                    ) from None
                time.sleep(0.2)

    def ask(self, kind: int, data: bytes = b"", tries: int = _TRIES) -> bytes:
        """Data of the answer. Asks again when nothing comes: no request does anything twice."""
        for _ in range(tries):
            self._send(frame(kind, data))
            found = self._answer(kind | 0x80)
            if found is not None:
                return found
        raise Lost(f"{self.port}: no answer any more: look at the cable, then try again")

    def _send(self, data: bytes) -> None:
        self._line.write(line(data) if self._as_text else data)

    def _answer(self, kind: int):
        end = time.monotonic() + _WAIT_S * self.patience * (1 if not self._line.is_ble else 4)
        while time.monotonic() < end:
            for found, data in self._stream.feed(self._line.read()):
                if found == kind:
                    return data
                self.told.append((found, data))
        return None

    def hear(self) -> None:
        """Take in what a watched board tells."""
        self.told.extend(self._stream.feed(self._line.read()))

    def asked(self, kind: int, data: bytes = b"") -> bytes:
        """The answer behind a good status; any other is `Refused`, in words."""
        found = self.ask(kind, data)
        if not found or found[0] != native.OK:
            raise Refused(self._words(found))
        return found[1:]

    def _words(self, found: bytes) -> str:
        status = found[0] if found else native.UNKNOWN
        if status == native.WAIT:
            return f"a wrong key was tried: wait {int.from_bytes(found[1:3], 'little')} s"
        if status == STATUS_REFUSED:
            return "the board refuses: " + self.read(REFUSAL).decode(errors="replace")
        return WORDS.get(status, f"the board answers {status}, which this program does not know")

    # reading ----------------------------------------------------------------------------------------

    def who(self) -> dict | None:
        """What the board says of itself on a cable, None by Bluetooth."""
        try:
            return None if self._line.is_ble else json.loads(self.read(WHO))
        except (Refused, ValueError):
            return None

    def live(self) -> dict:
        """All readings now."""
        self.told.clear()
        self.asked(native.WATCH, bytes([100, 0, 60]))
        end = time.monotonic() + _READINGS_S * self.patience
        while time.monotonic() < end:
            self.hear()
            for kind, data in self.told:
                if kind == native.TOLD_LIVE:
                    self.asked(native.WATCH, bytes(3))
                    return native.live(data)
        raise Lost(f"{self.port}: the board answers but has no readings: is its monitor dead?")

    def faults(self) -> list:
        return native.faults(self.ask_told(native.FAULTS, native.TOLD_FAULTS))

    def ask_told(self, kind: int, told: int) -> bytes:
        """For requests whose answer is what a watcher is told, too."""
        for _ in range(_TRIES):
            self._send(frame(kind))
            found = self._answer(told)
            if found is not None:
                return found
        raise Lost(f"{self.port}: no answer any more: look at the cable, then try again")

    def objects(self) -> dict:
        """Length of every object."""
        if self._line.is_ble:
            raise Problem("over Bluetooth a board has no settings and logs to read: use a cable")
        return dict(struct.iter_unpack("<BI", self.asked(LIST)))

    def read(self, number: int, at: int = 0, end: int | None = None) -> bytes:
        """Bytes of an object from `at` to `end` or to its own end."""
        return b"".join(self.pieces(number, at, end))

    def pieces(self, number: int, at: int = 0, end: int | None = None):
        """The same as they come; after a cut it goes on at the same offset once the line is back."""
        while end is None or at < end:
            n = CHUNK_N if end is None else min(CHUNK_N, end - at)
            where = struct.pack("<BI", number, at)
            try:
                found = self.asked(READ, where + bytes([n]))
            except Lost:
                self.again()
                continue
            piece = found[5:]
            if found[:5] != where:  # the late answer to an earlier question
                continue
            if not piece:
                return
            at += len(piece)
            yield piece

    def sum(self, number: int, at: int, n: int) -> int:
        return struct.unpack("<I", self.asked(SUM, struct.pack("<BIH", number, at, n)))[0]

    # changing ---------------------------------------------------------------------------------------

    def prove(self) -> None:
        """Prove the key, once a connection."""
        if self._client is not None:
            return
        if self._key is None:
            keyless = self.about and not self.about["access"] & 1
            raise Problem(WORDS[native.NO_KEY if keyless else native.CLOSED])
        if self._refusal is None:
            try:
                self._client = self._proved(Client(self._key))
            except Refused as refused:
                self._refusal = refused
        if self._refusal is not None:
            raise self._refusal

    def _proved(self, client):
        answer = self._of_key(client.hello(), native.HELLO, lambda said: len(said) == 17)
        answer = self._of_key(client.prove(answer), native.PROVE, lambda said: not said[0])
        if not client.believes(answer):
            raise Refused("this device does not know the key itself: it is not your board")
        return client

    def _of_key(self, data: bytes, kind: int, good) -> bytes:
        self._send(data)
        answer = self._answer(kind | 0x80)
        if not answer:
            raise Lost(f"{self.port}: no answer")
        if not good(answer):
            raise Refused(self._words(answer))
        return answer

    def tell_time(self) -> None:
        """A board that does not know the time is told; one that is wrong only with the key, if that is right."""
        wall_s = (self.who() or {}).get("wall_s")
        now_s = int(time.time())
        if wall_s == 0:
            self.ask(TELL_TIME, struct.pack("<I", now_s))
        elif wall_s is not None and abs(wall_s - now_s) > _CLOCK_S and self._key is not None:
            with contextlib.suppress(Refused):
                self.do(TIME, now_s, 4)

    def do(self, command: int, value: int, n: int = 1) -> None:
        """A command, with the key. It is never sent twice."""
        self.prove()
        self._send(self._client.do(command, value, n))
        found = self._answer(native.DO | 0x80)
        if found is None:
            raise Lost(f"{self.port}: no answer: look whether it was done, then try again")
        if found[0]:
            raise Refused(self._words(found))

    def restart(self) -> None:
        """Start the board again, and be back when it is."""
        self.do(RESTART, 0)
        end = time.monotonic() + _GOING_S * self.patience
        with contextlib.suppress(Lost):  # over USB the line goes with it
            while time.monotonic() < end:
                self.hear()
        self.again()

    def give(self, command: int, data: bytes, tell=lambda n: None) -> None:
        """Put `data` into the board's inbox and tell it to use that."""
        self.prove()
        for at in range(0, max(len(data), 1), _PUT_N):
            self.asked(PUT, struct.pack("<H", at) + data[at : at + _PUT_N])
            tell(min(at + _PUT_N, len(data)))
        digest = hashlib.sha256(data).digest()[:16]
        self.do(command, int.from_bytes(digest, "little"), 16)

    def own(self, key: bytes) -> None:
        """Give the first key to a board that has none."""
        self.asked(OWN, key)
        self._key = key
        self._client = None
