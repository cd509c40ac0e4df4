"""The pack as a JBD BMS: every request gets its reply, nothing is ever said unasked.

Reads are open. Writing needs what the real boards do not ask for: the settings answer 81 unless
somebody at the pack has called `unlock`. What is allowed to everybody can only make the pack safer, or
take that back: the FET lock (E1, FB) and clearing a fault whose cause has gone (0A 0400).
"""

from micropython import const

from bms import faults
from bms.report import jbd_map
from jbd import OK, REFUSED, UNKNOWN, Reply, Requests
from roles import CHG, DSG, TEMP_NONE

VERSION = const(0x10)  # 1.0
MADE = const((26 << 9) | (11 << 5) | 1)  # "production date" of this protocol's version
_LEAVE_FACTORY = const(0x01)
_PASSWORDS = b"\x06\x07\x09"  # nothing hangs on them, so none is kept or compared
_CHANGES = b"\x00\x01\x0a\xe1\xfb"


class JbdSlave:
    """Answers for one pack. `on_config(values)`: stores a whole new configuration; None = nobody can.

    `gate`: what may be asked over the air (`JbdGate`); None = a wire, whoever holds it is at the pack.
    """

    def __init__(self, pack, on_config=None, gate=None):
        self.pack = pack
        self.on_config = on_config
        self._gate = gate
        self.requests = Requests()
        self.begun = self.requests.begun
        self._reply = Reply()
        self._row_bits = _row_bits()
        self.cleared = [0] * len(jbd_map.COUNTERS)
        self.changes = {}
        self.factory_ms = 0
        self.unlocked_ms = 0
        self.view = self._reply.view

    # what the transport calls ----------------------------------------------------------------------

    def put(self, byte: int) -> None:
        """One byte from the line; then `answer` until it says 0."""
        self.requests.put(byte)

    def answer(self) -> int:
        """Length of the reply to the next request; it is `view[:n]`. 0: nothing to say."""
        requests = self.requests
        while requests.take():
            if self._gate is not None and not self._gate.allows(requests, self.pack.lock):
                return self.say(REFUSED)
            n = self._write() if requests.writes else self._read()
            if n:
                return n
        return 0

    def quiet(self) -> None:
        """Nothing came for a while: a request that has begun will not be finished."""
        self.requests.forget()

    def advance(self, ms: int) -> None:
        """Time passes for factory mode and unlocking."""
        self.factory_ms = max(0, self.factory_ms - ms)
        self.unlocked_ms = max(0, self.unlocked_ms - ms)
        if not self.factory_ms:
            self.changes.clear()

    def unlock(self, ms: int) -> None:
        """Somebody at the pack lets settings be written for this long."""
        self.unlocked_ms = ms

    def reset(self) -> None:
        """Another client: nothing of the last one is left."""
        self.requests.forget()
        self.changes.clear()
        self.factory_ms = self.unlocked_ms = 0

    # reading ----------------------------------------------------------------------------------------

    def _read(self) -> int:
        register = self.requests.register
        if register == 0x03:
            return self._basic()
        if register == 0x04:
            return self._cells()
        if register == 0x05:
            return self.begin().text(self.pack.name).end()
        if register == 0xAA:
            return self._counters()
        if register == 0x00:
            return self.value(0)  # the monitor is one of TI
        if not (0x10 <= register <= 0x47 or 0xA0 <= register <= 0xA2):
            return self.say(UNKNOWN)
        if not self.factory_ms:
            return self.say(REFUSED)
        from bms.report.jbd_change import read

        return read(self, register)

    def _basic(self) -> int:
        """03. Silent before the first reading: there is nothing true to say."""
        pack = self.pack
        snap = pack.snap
        if not snap.stack_mv:
            return 0
        bleeding = pack.balance.mask
        reply = self.begin().word(snap.stack_mv // 10).signed(_tenth(snap.pack_ma))
        reply.word(max(1, pack.soc.remaining_mah() // 10))  # 0 is a fault to some clients
        reply.word(pack.config.capacity_mah // 10).word(pack.soc.cycles).word(MADE)
        reply.word(bleeding & 0xFFFF).word(bleeding >> 16).word(self.protection())
        reply.byte(VERSION).byte(min((pack.soc.soc_pm + 5) // 10, 100))
        reply.byte((1 if snap.fets & CHG else 0) | (2 if snap.fets & DSG else 0))
        reply.byte(snap.cell_n).byte(snap.ntc_n + (snap.fet_ddegc != TEMP_NONE))
        for i in range(snap.ntc_n):  # a broken sensor shows 0 K or what it says
            reply.word(snap.temp_ddegc[i] + jbd_map.KELVIN_0)
        if snap.fet_ddegc != TEMP_NONE:
            reply.word(snap.fet_ddegc + jbd_map.KELVIN_0)
        return reply.end()

    def _cells(self) -> int:
        snap = self.pack.snap
        if not snap.stack_mv:
            return 0
        reply = self.begin()
        for i in range(snap.cell_n):
            reply.word(max(1, snap.cell_mv[i]))  # some clients take a trailing 0 for no cell
        return reply.end()

    def _counters(self) -> int:
        reply = self.begin()
        for i in range(len(jbd_map.COUNTERS)):
            reply.word(self.count(i) - self.cleared[i])
        return reply.word(0).end()  # restarts: not kept yet

    def count(self, i: int) -> int:
        trips = self.pack.protect.trips
        bit = 1 << jbd_map.COUNTERS[i]
        return sum(trips[row] for row in range(faults.ROW_N) if self._row_bits[row] & bit)

    def protection(self) -> int:
        """The protection word: what blocks now, and a lock by hand."""
        state = self.pack.protect.state
        word = 0
        for i in range(faults.ROW_N):
            if state[i]:
                word |= self._row_bits[i]
        if self.pack.user_off or self.pack.mode.off:
            word |= 1 << jbd_map.BIT_LOCKED
        if self.pack.snap.age_ms:
            word |= 1 << jbd_map.BIT_AFE
        return word

    # writing ----------------------------------------------------------------------------------------

    def _write(self) -> int:
        register = self.requests.register
        if register in _PASSWORDS:
            return self.say(OK)
        if register not in _CHANGES:
            if not _is_setting(register):
                return self.say(UNKNOWN)
            if not self.factory_ms:
                return self.say(REFUSED)
        elif register == _LEAVE_FACTORY and not self.factory_ms:
            return self.say(OK)  # who is not in it leaves nothing behind
        from bms.report.jbd_change import write  # hardly ever asked for

        return self.say(write(self))

    # replies ----------------------------------------------------------------------------------------

    def begin(self):
        return self._reply.begin(self.requests.register, OK)

    def say(self, status: int) -> int:
        return self._reply.begin(self.requests.register, status).end()

    def value(self, word: int) -> int:
        return self.begin().word(word).end()


def _tenth(value: int) -> int:
    """Towards zero, so that a small current is none either way."""
    return value // 10 if value >= 0 else -(-value // 10)


def _is_setting(register: int) -> bool:
    return 0x10 <= register <= 0x47 or 0xA0 <= register <= 0xD7 or 0xE0 <= register <= 0xE3


def _row_bits():
    """Protection bits of every fault row."""
    masks = [0] * faults.ROW_N
    names = faults.NAMES.split(" ")
    for bit in range(len(jbd_map.BITS)):
        for name in jbd_map.BITS[bit]:
            masks[names.index(name)] |= 1 << bit
    return masks
