"""What went on around a trip: some 10 s before it and 5 s after, so that it can be replayed exactly.

Between scans the whole state is set aside now and then (`keep`), in two places in turn, so that the
older is always at least half a tape old. A window on the flash is: its head, the configuration, that
older state, every scan since, and a checksum of the state after the last. One record a call.
"""

import binascii
import struct

from micropython import const

from bms.tape import Tape
from bms.version import VERSION
from ringlog import HEAD_N
from squeeze import longest, squeeze

FORMAT = const(1)  # of all records here and of the tape

# kinds
BEGIN = const(1)
CONFIG = const(2)
STATE = const(3)
SCANS = const(4)
END = const(5)

# format, cells, sensors, row, bytes of a scan and of a state, first scan, uptime, wall time, config hash,
# bleed refresh; then the version
HEAD = "<BBBBHHIIIII"
PART = "<HH"  # offset in the state, bytes of it
SCAN_PART = "<IH"  # number of the first scan since the window began, scans
TAIL = "<IIB"  # scans in all, checksum of the state after the last, 1 = whole
_PART_N = const(4)
_SCAN_PART_N = const(6)
_CHUNK = const(512)
_SCANS_N = const(900)  # bytes of scans in one record at most
_AFTER_MS = const(5000)
_LONGEST_N = const(1000)  # scans
_RESERVE_N = const(24)  # scans of the tape that are not counted on, as in `tape.depth`

_IDLE = const(0)
_PARTS = const(1)
_SCANS = const(2)


class Window:
    """Writes windows of one scan's tape to one log."""

    def __init__(self, scan, state, log):
        self._scan = scan
        self._state = state
        self._log = log
        self.tape = Tape(scan.pack.config)
        self._batch_n = min(_RESERVE_N // 2, _SCANS_N // longest(self.tape.size))
        self._every_n = max(1, (self.tape.depth - _RESERVE_N) // 2)
        # four zeros before each, to squeeze the first word against
        self._kept = (bytearray(4 + state.n), bytearray(4 + state.n))
        self._kept_n = [0, 0]  # scans on the tape then
        self._newer = 0
        self._phase = _IDLE
        self._offset = 0  # of the state, or -2 the head, -1 the configuration
        self._from_n = 0  # first scan of the window
        self._next_n = 0  # next scan to write
        self._row = 0
        self._end_ms = 0  # time left after the trip
        self._stop_n = -1  # scans on the tape when that was over, -1 = not yet
        self._stop_crc = 0  # of the state then
        self._next_row = -1  # tripped while a window was being finished
        self.wall_s = 0  # for the head
        self.written = 0  # windows begun
        scan.tape = self.tape
        self._save(0)
        self._save(1)

    def busy(self) -> bool:
        return self._phase != _IDLE

    def trip(self, row: int) -> None:
        """A row has tripped in the last scan: begin, or go on for longer."""
        if self._stop_n >= 0:
            self._next_row = row
            return
        self._end_ms = _AFTER_MS
        if self._phase == _IDLE:
            self._row = row
            self._phase = _PARTS
            self._offset = -2
            self._from_n = self._next_n = self._kept_n[1 - self._newer]
            self.written += 1

    def keep(self, dt_ms: int) -> None:
        """Between two scans, `dt_ms` after the last call: set the state aside when it is time."""
        self._end_ms = max(0, self._end_ms - dt_ms)
        if self._phase != _PARTS and self.tape.n - self._kept_n[self._newer] >= self._every_n:
            self._save(1 - self._newer)
        long = self.tape.n - self._from_n >= _LONGEST_N
        if self._phase != _IDLE and self._stop_n < 0 and (long or not self._end_ms):
            self._stop_n = self.tape.n
            self._stop_crc = self._checksum()

    def step(self) -> bool:
        """Write the next record of the window; False when there is nothing to write now."""
        if self._phase == _IDLE:
            return False
        if self._phase == _PARTS:
            self._write_part()
            return True
        if self.tape.first() > self._next_n:  # the flash was not fast enough
            self._finish(0)
            return True
        if self._next_n == self._stop_n:
            self._finish(1)
            return True
        if self._stop_n < 0 and self.tape.n - self._next_n < self._batch_n:
            return False  # wait until a record is full
        self._write_scans()
        return True

    def _checksum(self) -> int:
        block = bytearray(4 + self._state.n)
        self._state.save(block, 4)
        return binascii.crc32(block)

    def _save(self, which: int) -> None:
        self._state.save(self._kept[which], 4)
        self._kept_n[which] = self.tape.n
        self._newer = which

    def _write_part(self) -> None:
        if self._offset == -2:
            self._write_head()
            self._offset = -1
        elif self._offset == -1:
            self._log.append(CONFIG, self._scan.pack.config.packed)
            self._offset = 0
        else:
            n = min(_CHUNK, self._state.n - self._offset)
            buf = self._log.buf
            kept = self._kept[1 - self._newer]
            struct.pack_into(PART, buf, HEAD_N, self._offset, n)
            end = squeeze(kept, 4 + self._offset, self._offset, n, buf, HEAD_N + _PART_N)
            self._log.append_filled(STATE, end - HEAD_N)
            self._offset += n
            if self._offset >= self._state.n:
                self._phase = _SCANS

    def _write_head(self) -> None:
        pack = self._scan.pack
        head = struct.pack(
            HEAD,
            FORMAT,
            pack.config.cell_n,
            pack.config.ntc_n,
            self._row,
            self.tape.size,
            self._state.n,
            self._from_n,
            pack.journal.uptime_s,
            self.wall_s,
            pack.config.hash,
            self._scan.board.bleed.bleed_refresh_ms,
        )
        self._log.append(BEGIN, head + VERSION.encode())

    def _write_scans(self) -> None:
        tape = self.tape
        buf = self._log.buf
        end = HEAD_N + _SCAN_PART_N
        most = end + _SCANS_N - longest(tape.size)
        number = self._next_n
        last = tape.n if self._stop_n < 0 else self._stop_n
        other = -1
        while number < last and end <= most:
            at = tape.at(number)
            end = squeeze(tape.data, at, other, tape.size, buf, end)
            other = at
            number += 1
        first = self._next_n - self._from_n
        struct.pack_into(SCAN_PART, buf, HEAD_N, first, number - self._next_n)
        self._log.append_filled(SCANS, end - HEAD_N)
        self._next_n = number

    def _finish(self, whole: int) -> None:
        scans = self._next_n - self._from_n
        self._log.append(END, struct.pack(TAIL, scans, self._stop_crc, whole))
        self._phase = _IDLE
        self._stop_n = -1
        if self._next_row >= 0:
            row = self._next_row
            self._next_row = -1
            self.trip(row)
