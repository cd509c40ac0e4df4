"""What the firmware packs without names, as dicts and lists: scans of the tape, samples, states."""

import struct

from bms import blackbox, fault_rows, journal, series, tape
from bms.settings import SOURCES
from bms.state import State, size

IN_NAMES = (
    "scan",
    "dt_ms",
    "bits",
    "requests",
    "user_off",
    "flags",
    "fails",
    "trips",
    "alarm",
    "mismatch",
)
READ_NAMES = (
    "stack_mv",
    "pack_mv",
    "ld_mv",
    "pack_ma",
    "fet_ddegc",
    "die_ddegc",
    "fets",
    "verify",
    "spare",
)
OUT_NAMES = (
    "mode",
    "intent",
    "blocks",
    "outputs",
    "commanded",
    "refused",
    "news",
    "latched",
    "soc_pm",
    "charge_uah",
    "bleed",
    "cvl_mv",
    "ccl_ma",
    "dcl_ma",
    "period_ms",
)

SAMPLE_NAMES = (
    "cell_min_mv",
    "cell_max_mv",
    "temp_min_ddegc",
    "temp_max_ddegc",
    "pack_ma",
    "soc_pm",
    "stack_mv",
    "what",
)


COUNTER_NAMES = ("uptime_s", "wall_s", "starts", "cycles", "bus_errors", "events_lost")
_ROW_NAMES = tuple(row[fault_rows.NAME] for row in fault_rows.ROWS)
RESET_NAMES = ("not told", "power", "reset pin", "watchdog", "deep sleep", "software")

_ITEMS = {
    journal.TRIP: _ROW_NAMES,
    journal.CLEAR: _ROW_NAMES,
    journal.LOCK: _ROW_NAMES,
    journal.ACK: _ROW_NAMES,
    journal.RESET: RESET_NAMES,
    journal.SETTINGS: SOURCES,
}


def scan(data, at: int, cell_n: int, ntc_n: int) -> dict:
    """One scan of a tape."""
    out = dict(zip(IN_NAMES, struct.unpack_from(tape.IN, data, at)))
    out.update(zip(READ_NAMES, struct.unpack_from(tape.READ, data, at + tape.IN_N)))
    words = struct.unpack_from(f"<{cell_n + ntc_n}h", data, at + tape.IN_N + tape.READ_N)
    out["cell_mv"] = words[:cell_n]
    out["temp_ddegc"] = words[cell_n:]
    decided = struct.unpack_from(tape.OUT, data, at + tape.size(cell_n, ntc_n) - tape.OUT_N)
    out["decided"] = dict(zip(OUT_NAMES, decided))
    return out


def event(payload: bytes) -> dict:
    """A stored event: a journal record by its names, words for what are numbers there, what the black box adds."""
    ring = journal.Journal(1)
    ring.data[:] = payload[: journal.SIZE]
    ring.n = 1
    out = ring.record(0)
    extra = struct.unpack(blackbox.EXTRA, payload[journal.SIZE :])
    out.update(zip(("wall_s", "delay_ms", "hash"), extra))
    kind, item = out["kind"], out["item"]
    out["kind"] = journal.NAMES[kind]
    words = _ITEMS.get(kind)
    if words is not None and item < len(words):
        out["item"] = words[item]
    return out


def samples(payload: bytes) -> list[list[int]]:
    """The samples of a record of the long run. `IndexError`: it is too short."""
    count = struct.unpack_from(series.HEAD, payload)[1]
    at = struct.calcsize(series.HEAD)
    last = [0] * series.FIELD_N
    out = []
    for _ in range(count):
        mask = payload[at]
        at += 1
        for i in range(series.FIELD_N):
            if mask & (1 << i):
                delta, at = _varint(payload, at)
                last[i] += delta
        out.append(list(last))
    return out


def counters(payload: bytes) -> dict:
    """Totals over the life of a device. `struct.error`: too short."""
    head = struct.calcsize(series.COUNTER_HEAD)
    out = dict(zip(COUNTER_NAMES, struct.unpack_from(series.COUNTER_HEAD, payload)))
    trips = struct.unpack(f"<{(len(payload) - head) // 2}H", payload[head:])
    for i, trip_n in enumerate(trips):
        out["trips_" + (_ROW_NAMES[i] if i < len(_ROW_NAMES) else f"row_{i}")] = trip_n
    return out


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    """(value, where it ended): zigzag, seven bits a byte, low ones first."""
    value = shift = 0
    while True:
        byte = payload[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at


def restore(where: State, data: bytes) -> None:
    """Make a pack and its scan as they were when the block was saved."""
    at = 0
    thing = None
    for part in where.parts:
        if type(part) is not str:
            thing = part
            continue
        value = getattr(thing, part)
        n = size(value)
        _restore_one(thing, part, value, data[at : at + n])
        at += n


def _restore_one(thing, name: str, value, data: bytes) -> None:
    if type(value) is int:
        setattr(thing, name, struct.unpack("<i", data)[0])
    elif type(value) is bool:
        setattr(thing, name, data[0] != 0)
    elif type(value) is bytearray:
        value[:] = data
    else:
        form = {1: "b", 2: "h", 4: "i"}[len(data) // len(value)]
        for i, number in enumerate(struct.unpack(f"<{len(value)}{form}", data)):
            value[i] = number
