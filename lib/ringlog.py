"""A log on flash that a power cut cannot harm and a changed record gives away.

    from ringlog import Chain, RingLog
    from segments import FileSegments
    log = RingLog(FileSegments("log/e", 17), Chain(key), 1, b"version 1.2")
    log.recover()  # at start
    log.append(5, b"payload")

Records lie one behind the other in segments; when the last segment is full the oldest is erased. A record
is its kind (1), the log (1), length of the payload (2), number (4), payload, MAC (8), 0xFF up to a multiple
of 8 bytes in all, CRC-32 (4), little endian. Numbers count by one for ever: a gap shows. The MAC is the head of
HMAC-SHA256 over the MAC before it and this record, so that no record can be changed, taken out or put
in without the key. Each segment begins with a record of kind SEGMENT which repeats the MAC before it: the
chain can be followed from there when everything older has been overwritten.

A cut while a record is written loses that record; `recover` finds the last whole one, and the next goes
behind what is torn, on fresh ground. Nobody appends without `recover` after an `OSError`.
"""

import binascii
import hashlib
import struct

from micropython import const

SEGMENT = const(0)  # kind of a segment's first record
FORMAT = const(1)  # of that record
HEAD = "<BBHI"
HEAD_N = const(8)
MAC_N = const(8)
TAIL_N = const(12)
PAYLOAD_MAX = const(1024)
SEGMENT_HEAD = (
    "<4sBBHI8s"  # magic, format, log, 0, number of the segment, MAC before it; then the note
)
SEGMENT_N = const(20)
MAGIC = b"CWRL"
_FIRST_N = const(128)  # enough for the first record of a segment
_PAGE = const(256)
_TRIES = const(3)
_BLOCK_N = const(64)  # of SHA-256


def padded(payload_n: int) -> int:
    """Bytes that a record takes."""
    return (HEAD_N + payload_n + TAIL_N + 7) & ~7


def record_at(data, at: int, log: int) -> int:
    """Length of the payload of the whole record at `at`, -1 when there is none."""
    if at + HEAD_N + TAIL_N > len(data) or data[at + 1] != log:
        return -1
    n = data[at + 2] | data[at + 3] << 8
    end = at + padded(n) - 4
    if n > PAYLOAD_MAX or end + 4 > len(data):
        return -1
    crc = data[end] | data[end + 1] << 8 | data[end + 2] << 16
    found = binascii.crc32(memoryview(data)[at:end])
    return n if found & 0xFFFFFF == crc and found >> 24 == data[end + 3] else -1


class Chain:
    """HMAC-SHA256 with one key, cut to 8 bytes."""

    def __init__(self, key: bytes):
        if len(key) > _BLOCK_N:
            key = hashlib.sha256(key).digest()
        key = key + bytes(_BLOCK_N - len(key))
        self._inner = bytes([byte ^ 0x36 for byte in key])
        self._outer = bytes([byte ^ 0x5C for byte in key])

    def mac(self, before, data) -> bytes:
        """MAC of `data` (head and payload) behind the record whose MAC was `before`."""
        inner = hashlib.sha256(self._inner)
        inner.update(before)
        inner.update(data)
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()[:MAC_N]


class RingLog:
    """One log. `ident`: its number, 0..254; `note`: goes into the head of every segment."""

    def __init__(self, segments, chain: Chain, ident: int, note: bytes = b"", buf=None):
        self._segments = segments
        self._chain = chain
        self._ident = ident
        self._note = note
        size = padded(PAYLOAD_MAX)
        self.buf = bytearray(size) if buf is None else buf  # callers may fill it from HEAD_N on
        self._current = -1  # segment that is being filled
        self._segment_n = 0  # its number
        self._at = 0
        self._mac = bytes(MAC_N)
        self._sure = False  # what is on the flash is known
        self.number = 0  # of the next record
        self.torn_n = 0  # bytes that recovery had to skip
        self.last = b""  # payload of the last record that recovery found in the newest segment

    def recover(self) -> None:
        """Find the last whole record; whatever the flash holds, this ends well."""
        self._current = -1
        self._segment_n = 0
        self._at = self._segments.size
        self._mac = bytes(MAC_N)
        self.number = 0
        self.torn_n = 0
        first = bytearray(_FIRST_N)
        for i in range(self._segments.n):
            self._segments.read(i, 0, first)
            found = self._segment_at(first)
            if found > self._segment_n:
                self._segment_n = found
                self._current = i
        if self._current >= 0:
            data = bytearray(self._segments.size)
            self._segments.read(self._current, 0, data)
            self._walk(data)
        self._sure = True

    def append(self, kind: int, payload) -> int:
        """Write one record -> its number. `OSError`: it may or may not be there, all others are."""
        n = len(payload)
        if n > PAYLOAD_MAX:
            raise ValueError("ringlog: payload of " + str(n) + " bytes")
        self.buf[HEAD_N : HEAD_N + n] = payload
        return self.append_filled(kind, n)

    def append_filled(self, kind: int, n: int) -> int:
        """The same with the payload in `buf[HEAD_N:HEAD_N + n]` already."""
        if not self._sure:
            raise OSError("ringlog: recover first")
        if self._at + padded(n) > self._segments.size:
            payload = bytes(memoryview(self.buf)[HEAD_N : HEAD_N + n])
            self._begin_segment()
            self.buf[HEAD_N : HEAD_N + n] = payload
        return self._put(kind, n)

    def head(self) -> bytes:
        """MAC of the last record: noted elsewhere it proves that nothing was cut off behind it."""
        return self._mac

    def _begin_segment(self) -> None:
        current = (self._current + 1) % self._segments.n
        self._segments.erase(current)
        self._current = current
        self._segment_n += 1
        self._at = 0
        struct.pack_into(
            SEGMENT_HEAD,
            self.buf,
            HEAD_N,
            MAGIC,
            FORMAT,
            self._ident,
            0,
            self._segment_n,
            self._mac,
        )
        end = HEAD_N + SEGMENT_N + len(self._note)
        self.buf[HEAD_N + SEGMENT_N : end] = self._note
        self._put(SEGMENT, SEGMENT_N + len(self._note))

    def _put(self, kind: int, n: int) -> int:
        """Finish the record in `buf`, write it, and read it back: flash may refuse a bit."""
        buf = self.buf
        end = HEAD_N + n
        struct.pack_into(HEAD, buf, 0, kind, self._ident, n, self.number)
        view = memoryview(buf)
        mac = self._chain.mac(self._mac, view[:end])
        buf[end : end + MAC_N] = mac
        total = padded(n)
        for i in range(end + MAC_N, total - 4):
            buf[i] = 0xFF
        struct.pack_into("<I", buf, total - 4, binascii.crc32(view[: total - 4]))
        self._write(view[:total], total)
        self._mac = mac
        number = self.number
        self.number = number + 1
        return number

    def _write(self, data, total: int) -> None:
        back = bytearray(total)
        self._sure = False
        for _ in range(_TRIES):
            at = self._at
            if at + total > self._segments.size:
                break
            self._segments.write(self._current, at, data)
            self._at = at + total
            self._segments.read(self._current, at, back)
            if back == data:
                self._sure = True
                return
            self._at = (self._at + _PAGE - 1) // _PAGE * _PAGE
        raise OSError("ringlog: segment does not keep what is written")

    def _segment_at(self, data) -> int:
        """Number of the segment whose beginning this is, 0 when it is none of this log."""
        n = record_at(data, 0, self._ident)
        if n < SEGMENT_N or data[0] != SEGMENT or data[HEAD_N : HEAD_N + 4] != MAGIC:
            return 0
        return struct.unpack_from(SEGMENT_HEAD, data, HEAD_N)[4]

    def _walk(self, data) -> None:
        """Go through a segment: the last whole record, and where fresh ground begins behind it."""
        at = 0
        end = 0
        last_at = last_n = 0
        while at < len(data):
            n = record_at(data, at, self._ident)
            if n < 0:
                at += 8
                continue
            mac_at = at + HEAD_N + n
            self._mac = bytes(data[mac_at : mac_at + MAC_N])
            self.number = struct.unpack_from("<I", data, at + 4)[0] + 1
            self.torn_n += at - end
            last_at = at + HEAD_N
            last_n = n
            at += padded(n)
            end = at
        self.last = bytes(data[last_at : last_at + last_n])
        fresh = len(data)
        while fresh > end and data[fresh - 1] == 0xFF:
            fresh -= 1
        if fresh > end:  # something torn: leave its page alone, bits in there may be weak
            self.torn_n += fresh - end
            end = (fresh + _PAGE - 1) // _PAGE * _PAGE
        self._at = end
