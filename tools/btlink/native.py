"""The other end of the native service: frames, their meaning, and proofs; written from docs/ble.md alone."""

import hashlib
import hmac
import os
import struct

SERVICE = "e6440000-415c-491c-bb18-1cb87e010a08"
OUT = "e6440001-415c-491c-bb18-1cb87e010a08"
INTO = "e6440002-415c-491c-bb18-1cb87e010a08"

ABOUT, WATCH, FAULTS, EVENTS, NAMES, HEALTH = 1, 2, 3, 4, 5, 6
HELLO, PROVE, DO, LEAVE = 16, 17, 18, 19
TOLD_LIVE, TOLD_FAULTS, TOLD_EVENT = 0xC0, 0xC1, 0xC2
OK, BAD_FORM, CLOSED, NO_KEY, WAIT, WRONG, OLD, UNKNOWN = range(8)
REQUEST, LOCK_FETS, WINDOW = 1, 2, 3

_LIVE = (
    "seq uptime_s age_ms mode flags intent fets user_off outputs stack_mv pack_mv pack_ma "
    "soc_pm soc_lo_pm soc_hi_pm remaining_mah capacity_mah cycles cvl_mv ccl_ma dcl_ma "
    "bleeding fet_ddegc die_ddegc"
).split()
_LIVE_FORMAT = "<HIHBBBBBBIIiHHHIIHIIIIhh"
_ABOUT = (
    "cell_n ntc_n row_n capacity_mah config_hash cuv_mv cuv_warn_mv full_mv cov_warn_mv cov_mv "
    "first_event next_event"
).split()
_ABOUT_FORMAT = "<BBBIIHHHHHII"
_HEALTH = (
    "age_min energy_wh to_empty_min to_full_min capacity_e4 sigma_e4 spans from_kind to_kind "
    "capacity_min steps steps_min steps_ddegc joints weak in_mah out_mah "
    "hot_min cold_min high_min low_min"
).split()
_HEALTH_FORMAT = "<IIHHHHHBBIIIhHHIIIIII"
_EXTREMES = (
    ("cell_max_mv", 1),
    ("cell_min_mv", -1),
    ("temp_max_ddegc", 1),
    ("temp_min_ddegc", -1),
    ("charge_max_ma", 1),
    ("discharge_max_ma", 1),
)


def crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def frame(kind: int, data: bytes = b"") -> bytes:
    body = bytes([0xC3, kind, len(data)]) + data
    return body + bytes([crc8(body)])


def split(stream: bytes) -> list:
    """[(type, data)] of whole frames; anything else is an error."""
    found = []
    while stream:
        n = 4 + stream[2]
        whole, stream = stream[:n], stream[n:]
        if whole[0] != 0xC3 or len(whole) != n or crc8(whole[:-1]) != whole[-1]:
            raise ValueError(whole.hex())
        found.append((whole[1], whole[3:-1]))
    return found


def live(data: bytes) -> dict:
    n = struct.calcsize(_LIVE_FORMAT)
    values = dict(zip(_LIVE, struct.unpack(_LIVE_FORMAT, data[:n]), strict=True))
    cell_n = data[n]
    values["cells"] = struct.unpack_from(f"<{cell_n}H", data, n + 1)
    at = n + 1 + 2 * cell_n
    values["temps"] = struct.unpack(f"<{data[at]}h", data[at + 1 :])
    return values


def health(data: bytes) -> dict:
    """What the pack is worth. An extreme that was never seen is left out."""
    n = struct.calcsize(_HEALTH_FORMAT)
    values = dict(zip(_HEALTH, struct.unpack(_HEALTH_FORMAT, data[:n]), strict=True))
    for (name, sign), found in zip(_EXTREMES, struct.iter_unpack("<ibI", data[n : n + 54])):
        if found[0] > -0x3FFFFFFF:
            values[name] = {"value": sign * found[0], "which": found[1], "at_min": found[2]}
    at = n + 54
    cells = [data[at + 1 + 5 * i : at + 6 + 5 * i] for i in range(data[at])]
    values["uohm"] = [int.from_bytes(cell[:3], "little") for cell in cells]
    values["delta_e5"] = [int.from_bytes(cell[3:], "little", signed=True) for cell in cells]
    return values


def faults(data: bytes) -> list:
    names = ("row", "state", "blocks", "cell", "value", "limit")
    rows = [dict(zip(names, row, strict=True)) for row in struct.iter_unpack("<BBBbii", data[1:])]
    assert len(rows) == data[0]
    return rows


def about(data: bytes) -> dict:
    """Only the first three when reads are closed."""
    values = dict(zip(("protocol", "access", "wait_s"), struct.unpack_from("<BBH", data)))
    if len(data) > 4:
        n = 4 + struct.calcsize(_ABOUT_FORMAT)
        values |= dict(zip(_ABOUT, struct.unpack(_ABOUT_FORMAT, data[4:n]), strict=True))
        values["name"] = data[n:].decode()
    return values


class Client:
    """What somebody with the key sends; give it what comes back."""

    def __init__(self, key: bytes):
        self._key = key
        self._mine = b""
        self._nonce = b""
        self.counter = 0

    def hello(self) -> bytes:
        self._mine = os.urandom(8)
        return frame(HELLO, self._mine)

    def prove(self, answer: bytes) -> bytes:
        """`answer`: data of the answer to `hello`."""
        assert answer[0] == OK and len(answer) == 17
        self._nonce = answer[1:] + self._mine
        self.counter = 0
        return frame(PROVE, self._tag(b"cellwarden unlock"))

    def believes(self, answer: bytes) -> bool:
        """The answer to `prove`: accepted, and by a device that has the key itself."""
        return answer[:1] == bytes([OK]) and answer[1:] == self._tag(b"cellwarden pack")

    def do(self, command: int, value: int, n: int = 1) -> bytes:
        self.counter += 1
        body = struct.pack("<IB", self.counter, command) + value.to_bytes(n, "little")
        return frame(DO, body + self._tag(b"cellwarden do", body))

    def _tag(self, purpose: bytes, body: bytes = b"") -> bytes:
        message = purpose + self._nonce + body
        return hmac.new(self._key, message, hashlib.sha256).digest()[:16]
