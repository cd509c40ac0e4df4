"""What the native service tells: the pack in numbers, each frame whole before anybody waits.

One function a frame; each fills it and returns its length. The order of the fields is docs/ble.md's.
"""

from micropython import const

from bms import faults, journal

LIVE = const(0xC0)
FAULTS = const(0xC1)
EVENT = const(0xC2)

PROTOCOL = const(1)
_FAULT_N = const(12)  # bytes of one row
_NO_CELL = const(0xFF)  # -1 in a byte
_KIND = const(10)  # where a record of the journal has these
_ITEM = const(11)
_CELL = const(12)
_FRESH = const(1)
_CHARGER = const(2)
_LOAD = const(4)
_GUESSED = const(8)
_HELD_SHIFT = const(4)  # 16, 32: pack.HOLD_*
_SETTINGS = const(64)
_NO_CLOCK = const(128)
_LOOK = (3, 4, 5, 8, 9, 10)  # sources of settings.py that somebody should look at


def live(frame, pack) -> int:
    """All readings, what was decided, what is offered."""
    snap = pack.snap
    flags = (_FRESH if snap.fresh else 0) | (_CHARGER if snap.charger else 0)
    flags |= (_LOAD if snap.load else 0) | (_GUESSED if pack.soc.guessed else 0)
    flags |= pack.held << _HELD_SHIFT | (_SETTINGS if pack.journal.settings in _LOOK else 0)
    flags |= 0 if pack.journal.started_s else _NO_CLOCK
    frame.begin(LIVE).number(snap.seq, 2).number(pack.journal.uptime_s, 4)
    frame.number(min(snap.age_ms, 0xFFFF), 2).number(pack.mode.mode, 1).number(flags, 1)
    frame.number(pack.intent, 1).number(snap.fets, 1).number(pack.user_off, 1)
    frame.number(pack.output_bits, 1)
    frame.number(snap.stack_mv, 4).number(snap.pack_mv, 4).number(snap.pack_ma, 4)
    _charge(frame, pack)
    limits = pack.limits
    frame.number(limits.cvl_mv, 4).number(limits.ccl_ma, 4).number(limits.dcl_ma, 4)
    frame.number(pack.balance.mask, 4).number(snap.fet_ddegc, 2).number(snap.die_ddegc, 2)
    frame.number(snap.cell_n, 1)
    for i in range(snap.cell_n):
        frame.number(snap.cell_mv[i], 2)
    frame.number(snap.ntc_n, 1)
    for i in range(snap.ntc_n):
        frame.number(snap.temp_ddegc[i], 2)
    return frame.end()


def _charge(frame, pack) -> None:
    """State of charge and the interval that holds it; an estimator without one tells a point."""
    soc = pack.soc
    low_pm = getattr(soc, "soc_lo_pm", soc.soc_pm)
    high_pm = getattr(soc, "soc_hi_pm", soc.soc_pm)
    frame.number(soc.soc_pm, 2).number(low_pm, 2).number(high_pm, 2)
    frame.number(soc.remaining_mah(), 4).number(soc.capacity_uah // 1000, 4)
    frame.number(min(soc.cycles, 0xFFFF), 2)


def all_faults(frame, pack) -> int:
    """Every row that is not clear: its state, what it blocks, which cell, value and limit of its trip."""
    protect = pack.protect
    cells = _cells_of(pack.journal)
    count = 0
    for i in range(faults.ROW_N):
        count += protect.state[i] != 0
    frame.begin(FAULTS)
    frame.number(min(count, (frame.room() - 1) // _FAULT_N), 1)
    for i in range(faults.ROW_N):
        if protect.state[i] and frame.room() >= _FAULT_N:
            frame.number(i, 1).number(protect.state[i], 1).number(protect.row_blocks[i], 1)
            frame.number(cells[i], 1)
            frame.number(protect.trip_value[i], 4).number(protect.limit(i), 4)
    return frame.end()


def _cells_of(log):
    """Which cell or sensor it was when each row last tripped. One pass, however many rows ask for it."""
    cells = bytearray([_NO_CELL] * faults.ROW_N)
    data = log.data
    trip, lock, size = journal.TRIP, journal.LOCK, journal.SIZE
    at = log.first() % log.depth * size
    for _ in range(log.n - log.first()):
        kind = data[at + _KIND]
        if kind == trip or kind == lock:
            cells[data[at + _ITEM]] = data[at + _CELL]
        at = (at + size) % len(data)
    return cells


def event(frame, log, number: int) -> int:
    """One record of the journal as it is kept there, after its whole number."""
    return frame.begin(EVENT).number(number, 4).raw(log.raw(number)).end()


def about(frame, pack) -> int:
    """What does not change while a link is open, after what has been written to the frame already."""
    config = pack.config
    snap = pack.snap
    frame.number(snap.cell_n, 1).number(snap.ntc_n, 1).number(faults.ROW_N, 1)
    frame.number(config.capacity_mah, 4).number(config.hash, 4)
    for mv in (
        config.cuv_mv,
        config.cuv_warn_mv,
        config.full_mv,
        config.cov_warn_mv,
        config.cov_mv,
    ):
        frame.number(mv, 2)
    frame.number(pack.journal.first(), 4).number(pack.journal.n, 4)
    return frame.raw(pack.name.encode()).end()


def names(frame, kind: int, first: int) -> int:
    """Names of fault rows from `first` on, as many as fit, with commas in between."""
    frame.begin(kind).number(faults.ROW_N, 1).number(first, 1)
    for name in faults.NAMES.split(" ")[first:]:
        text = name.encode() + b","
        if len(text) > frame.room():
            break
        frame.raw(text)
    return frame.end()
