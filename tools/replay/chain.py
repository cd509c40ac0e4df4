"""Reads dumped segments of `ringlog` and says what is damaged, missing or forged, and where.

A dump is the segments of one or more logs behind each other, in any order. Without the key damage and
gaps are found; with it, every change.
"""

from dataclasses import dataclass, field

from ringlog import HEAD_N, MAC_N, SEGMENT, SEGMENT_N, Chain, padded, record_at

SIZE = 4096


@dataclass
class Record:
    """One whole record and where it lies."""

    number: int
    kind: int
    payload: bytes
    mac: bytes
    covered: bytes  # what its MAC covers besides the MAC before
    place: str


@dataclass
class Damage:
    """Bytes between two records that are none."""

    place: str
    data: bytes


@dataclass
class Log:
    """What is known of one log."""

    ident: int
    records: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    torn_n: int = 0  # bytes that cuts have left; no record is missing there
    checked: bool = False  # with the key


def logs(dump: bytes, key: bytes | None = None, size: int = SIZE) -> dict[int, Log]:
    """Every log of a dump by its number, its records in order."""
    pieces = {}
    for start in range(0, len(dump), size):
        block = dump[start : start + size]
        found = list(walk(block, start))
        whole = [item for item in found if isinstance(item, Record)]
        if whole:
            ident = whole[0].covered[1]
            pieces.setdefault(ident, []).append((whole[0].number, found))
    chain = Chain(key) if key is not None else None
    ordered = {i: sorted(parts, key=lambda part: part[0]) for i, parts in sorted(pieces.items())}
    return {ident: _check(ident, parts, chain) for ident, parts in ordered.items()}


def walk(block: bytes, start: int = 0):
    """Records and damage of one segment, in order."""
    ident = _ident(block)
    at = bad = 0
    while at < len(block):
        n = record_at(block, at, ident)
        if n < 0:
            at += 8
            continue
        if at > bad:
            yield Damage(f"byte {start + bad}", block[bad:at])
        end = at + HEAD_N + n
        yield Record(
            int.from_bytes(block[at + 4 : at + 8], "little"),
            block[at],
            block[at + HEAD_N : end],
            block[end : end + MAC_N],
            block[at:end],
            f"byte {start + at}",
        )
        at += padded(n)
        bad = at
    if block[bad:].strip(b"\xff"):
        yield Damage(f"byte {start + bad}", block[bad:].rstrip(b"\xff"))


def _ident(block: bytes) -> int:
    """The log that this segment belongs to: what its first whole record says."""
    for at in range(0, len(block) - HEAD_N, 8):
        if block[at + 1] != 0xFF and record_at(block, at, block[at + 1]) >= 0:
            return block[at + 1]
    return 0xFF


def _check(ident: int, parts, chain) -> Log:
    log = Log(ident, checked=chain is not None)
    damage = None
    before = None
    for _, found in parts:
        for item in found:
            if isinstance(item, Damage):
                damage = item
                continue
            _check_number(log, before, item, damage)
            if chain is not None:
                _check_mac(log, before, item, damage, chain)
            log.records.append(item)
            before = item
            damage = None
    if damage is not None:
        log.torn_n += len(damage.data)
        if before is not None and _one_bit_off(ident, before.number + 1, damage.data):
            log.problems.append(f"record {before.number + 1} at {damage.place} damaged")
    return log


def _one_bit_off(ident: int, number: int, data: bytes) -> bool:
    """Is it the next record but for one bit? A cut ends in bits of the last byte that are not 0 yet: those are its."""
    data = bytearray(data) + b"\xff" * (HEAD_N + MAC_N)  # of the sum, too, what is FF
    for bit in range(8 * len(data)):
        at, mask = bit // 8, 1 << bit % 8
        data[at] ^= mask
        n = record_at(data, 0, ident)
        if n >= 0 and data[4:8] == number.to_bytes(4, "little"):
            last = len(bytes(data[: padded(n)]).rstrip(b"\xff")) - 1  # that is programmed
            return at != last or data[at] & mask != 0
        data[at] ^= mask
    return False


def _check_number(log: Log, before, record: Record, damage) -> None:
    if before is None:
        if damage is not None:
            log.problems.append(f"record {record.number - 1} at {damage.place} damaged")
        return
    missing = record.number - before.number - 1
    if missing < 0:
        log.problems.append(
            f"record {record.number} at {record.place} comes after {before.number}"
        )
    elif missing == 0:
        log.torn_n += len(damage.data) if damage is not None else 0
    elif damage is not None:
        names = _range(before.number + 1, record.number - 1)
        log.problems.append(f"{names} at {damage.place} damaged")
    else:
        names = _range(before.number + 1, record.number - 1)
        log.problems.append(f"{names} missing before {record.place}")


def _range(first: int, last: int) -> str:
    return f"record {first}" if first == last else f"records {first} to {last}"


def _check_mac(log: Log, before, record: Record, damage, chain: Chain) -> None:
    """The link to the record before, or to what a damaged one has left, or to the segment's anchor."""
    links = [bytes(MAC_N)] if before is None else [before.mac]
    if record.kind == SEGMENT and len(record.payload) >= SEGMENT_N:
        anchor = record.payload[SEGMENT_N - MAC_N : SEGMENT_N]
        if before is None or damage is not None:
            links = [anchor]
    elif damage is not None and before is not None:
        links += _damaged_macs(before, damage, chain)
    if before is None and record.kind != SEGMENT:
        return  # its anchor is damaged: nothing to hold on to
    if not any(chain.mac(link, record.covered) == record.mac for link in links):
        log.problems.append(
            f"record {record.number} at {record.place} was changed, or the key differs"
        )


def _damaged_macs(before: Record, damage: Damage, chain: Chain) -> list:
    """What the MAC of a damaged record was, if either its MAC or all the rest of it is still right."""
    data = damage.data
    ends = [HEAD_N + n for n in range(len(data)) if padded(n) == len(data)]
    return [data[end : end + MAC_N] for end in ends] + [
        chain.mac(before.mac, data[:end]) for end in ends
    ]
