"""Windows of a log, put together again: head, configuration, state at its beginning, scans, end."""

import struct
from dataclasses import dataclass, field

from bms import window
from bms.config import hash_of
from bms.tape import size as scan_size
from replay.decode import scan
from squeeze import unsqueeze


class Unreadable(Exception):
    """This window cannot be read; the text says why and where."""


@dataclass
class Recorded:
    """One window as the device wrote it."""

    number: int  # of its first record
    version: str = ""
    cell_n: int = 0
    ntc_n: int = 0
    row: int = 0
    uptime_s: int = 0
    wall_s: int = 0
    config_hash: int = 0
    bleed_refresh_ms: int = 0
    packed: bytes = b""  # configuration
    state: bytearray = field(default_factory=bytearray)
    state_n: int = 0  # bytes of it that are here
    scans: list = field(default_factory=list)  # dicts of `decode.scan`
    numbers: list = field(default_factory=list)  # the log's record that each scan came from
    end: tuple | None = None  # scans in all, checksum of the state, whole
    problems: list = field(default_factory=list)


def windows(log) -> list[Recorded]:
    """Every window of a checked log that has a beginning."""
    found = []
    now = None
    expected = 0
    for item in log.records:
        if item.kind == window.BEGIN:
            now = _begin(item)
            found.append(now)
        elif now is not None and item.kind != 0:
            if item.number > expected:
                now.problems.append(f"record {expected} is not there")
            try:
                _add(now, item)
            except (IndexError, struct.error, ValueError) as error:
                now.problems.append(f"record {item.number} at {item.place}: {error}")
        expected = item.number + 1
    return found


def _begin(item) -> Recorded:
    size = struct.calcsize(window.HEAD)
    if len(item.payload) < size:
        raise Unreadable(
            f"record {item.number} at {item.place}: the head of a window is too short"
        )
    head = struct.unpack_from(window.HEAD, item.payload)
    if head[0] != window.FORMAT:
        raise Unreadable(
            f"record {item.number}: format {head[0]}, this program reads {window.FORMAT}"
        )
    now = Recorded(item.number, item.payload[size:].decode("ascii", "replace"))
    _, now.cell_n, now.ntc_n, now.row, scan_n, state_n, _, *rest = head
    now.uptime_s, now.wall_s, now.config_hash, now.bleed_refresh_ms = rest
    now.state = bytearray(state_n)
    if scan_n != scan_size(now.cell_n, now.ntc_n):
        now.problems.append(f"record {item.number}: scans of {scan_n} bytes")
    return now


def _add(now: Recorded, item) -> None:
    data = item.payload
    if item.kind == window.CONFIG:
        if hash_of(data) != now.config_hash:
            raise ValueError("the configuration is not the one whose hash is in the head")
        now.packed = data
    elif item.kind == window.STATE:
        offset, n = struct.unpack_from(window.PART, data)
        out = bytearray(4 + n)
        out[:4] = now.state[offset - 4 : offset] if offset else bytes(4)
        unsqueeze(data, struct.calcsize(window.PART), out, 4, 0, n)
        now.state[offset : offset + n] = out[4:]
        now.state_n += n
    elif item.kind == window.SCANS:
        _add_scans(now, item)
    elif item.kind == window.END:
        now.end = struct.unpack(window.TAIL, data)


def _add_scans(now: Recorded, item) -> None:
    first, count = struct.unpack_from(window.SCAN_PART, item.payload)
    if first != len(now.scans):
        raise ValueError(f"scans from {first} on, {len(now.scans)} were expected")
    size = scan_size(now.cell_n, now.ntc_n)
    out = bytearray(size * count)
    at = struct.calcsize(window.SCAN_PART)
    for i in range(count):
        at = unsqueeze(item.payload, at, out, i * size, (i - 1) * size if i else -1, size)
        now.scans.append(scan(out, i * size, now.cell_n, now.ntc_n))
        now.numbers.append(item.number)
