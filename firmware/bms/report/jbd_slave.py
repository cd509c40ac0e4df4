"""The pack as a JBD BMS: every request gets its reply, nothing is ever said unasked.

Reads are open. Writing needs what the real boards do not ask for: the settings answer 81 unless
somebody at the pack has called `unlock`. What is allowed to everybody can only make the pack safer, or
take that back: the FET lock (E1, FB) and clearing a fault whose cause has gone (0A 0400).
"""

from micropython import const

from bms import bits, faults
from bms.report import jbd_map
from jbd import OK, REFUSED, UNKNOWN, Reply, Requests
from roles import BOTH, CHG, DSG, TEMP_NONE

VERSION = const(0x10)  # 1.0
_MADE = const((26 << 9) | (11 << 5) | 1)  # "production date" of this protocol's version
_MAKER = "Cellwarden"
_FACTORY = const(0x5678)
_COMMIT = const(0x2828)
_FACTORY_MS = const(60000)  # without a request for settings the factory mode ends
_CLEAR_FAULTS = const(0x0400)
_FUNCTIONS = const(0x0006)  # of register 2D: balances, a load that goes ends a short
_FB_FETS = ((0x00, DSG), (0x01, CHG), (0x0A, BOTH))


class JbdSlave:
    """Answers for one pack. `on_config(values)`: stores a whole new configuration; None = nobody can.

    `gate`: what may be asked over the air (`JbdGate`); None = a wire, whoever holds it is at the pack.
    """

    def __init__(self, pack, on_config=None, gate=None):
        self._pack = pack
        self._on_config = on_config
        self._gate = gate
        self._requests = Requests()
        self.begun = self._requests.begun
        self._reply = Reply()
        self._row_bits = _row_bits()
        self._cleared = [0] * len(jbd_map.COUNTERS)
        self._changes = {}
        self._factory_ms = 0
        self._unlocked_ms = 0
        self.view = self._reply.view
        self._reads = {
            0x00: self._chip_type,
            0x03: self._basic,
            0x04: self._cells,
            0x05: self._name,
            0xAA: self._counters,
        }
        self._writes = {
            0x00: self._enter_factory,
            0x01: self._leave_factory,
            0x06: self._accept,  # passwords: nothing hangs on them, so none is kept or compared
            0x07: self._accept,
            0x09: self._accept,
            0x0A: self._command,
            0xE1: self._lock_fets,
            0xFB: self._lock_one,
        }

    # what the transport calls ----------------------------------------------------------------------

    def put(self, byte: int) -> None:
        """One byte from the line; then `answer` until it says 0."""
        self._requests.put(byte)

    def answer(self) -> int:
        """Length of the reply to the next request; it is `view[:n]`. 0: nothing to say."""
        requests = self._requests
        while requests.take():
            if self._gate is not None and not self._gate.allows(requests, self._pack.lock):
                return self._say(REFUSED)
            n = self._write() if requests.writes else self._read()
            if n:
                return n
        return 0

    def quiet(self) -> None:
        """Nothing came for a while: a request that has begun will not be finished."""
        self._requests.forget()

    def advance(self, ms: int) -> None:
        """Time passes for factory mode and unlocking."""
        self._factory_ms = max(0, self._factory_ms - ms)
        self._unlocked_ms = max(0, self._unlocked_ms - ms)
        if not self._factory_ms:
            self._changes.clear()

    def unlock(self, ms: int) -> None:
        """Somebody at the pack lets settings be written for this long."""
        self._unlocked_ms = ms

    def reset(self) -> None:
        """Another client: nothing of the last one is left."""
        self._requests.forget()
        self._changes.clear()
        self._factory_ms = self._unlocked_ms = 0

    # reading ----------------------------------------------------------------------------------------

    def _read(self) -> int:
        register = self._requests.register
        read = self._reads.get(register)
        if read is not None:
            return read()
        if not (0x10 <= register <= 0x47 or 0xA0 <= register <= 0xA2):
            return self._say(UNKNOWN)
        if not self._factory_ms:
            return self._say(REFUSED)
        self._factory_ms = _FACTORY_MS
        return self._setting(register)

    def _setting(self, register: int) -> int:
        config = self._pack.config
        row = jbd_map.setting(register)
        if row is not None:
            return self._value(jbd_map.encode(row, config))
        if register == 0x15:
            return self._value(_MADE)
        if register == 0x17:
            return self._value(self._pack.soc.cycles)
        if register == 0x2D:
            return self._value(_FUNCTIONS)
        if register == 0x2E:
            return self._value((1 << config.ntc_n) - 1)
        if register in (0x14, 0x16, 0x30, 0x31):  # self-discharge, serial number, times of others
            return self._value(0)
        if register in (0xA0, 0xA1, 0xA2):
            text = (_MAKER, self._pack.name, "")[register - 0xA0]
            return self._begin().byte(min(len(text), 31)).text(text).end()
        return self._say(UNKNOWN)

    def _chip_type(self) -> int:
        return self._value(0)  # TI

    def _name(self) -> int:
        return self._begin().text(self._pack.name).end()

    def _basic(self) -> int:
        """03. Silent before the first reading: there is nothing true to say."""
        pack = self._pack
        snap = pack.snap
        if not snap.stack_mv:
            return 0
        bleeding = pack.balance.mask
        reply = self._begin().word(snap.stack_mv // 10).signed(_tenth(snap.pack_ma))
        reply.word(max(1, pack.soc.remaining_mah() // 10))  # 0 is a fault to some clients
        reply.word(pack.config.capacity_mah // 10).word(pack.soc.cycles).word(_MADE)
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
        snap = self._pack.snap
        if not snap.stack_mv:
            return 0
        reply = self._begin()
        for i in range(snap.cell_n):
            reply.word(max(1, snap.cell_mv[i]))  # some clients take a trailing 0 for no cell
        return reply.end()

    def _counters(self) -> int:
        reply = self._begin()
        for i in range(len(jbd_map.COUNTERS)):
            reply.word(self._count(i) - self._cleared[i])
        return reply.word(0).end()  # restarts: not kept yet

    def _count(self, i: int) -> int:
        trips = self._pack.protect.trips
        bit = 1 << jbd_map.COUNTERS[i]
        return sum(trips[row] for row in range(faults.ROW_N) if self._row_bits[row] & bit)

    def protection(self) -> int:
        """The protection word: what blocks now, and a lock by hand."""
        state = self._pack.protect.state
        word = 0
        for i in range(faults.ROW_N):
            if state[i]:
                word |= self._row_bits[i]
        if self._pack.user_off or self._pack.mode.off:
            word |= 1 << jbd_map.BIT_LOCKED
        if self._pack.snap.age_ms:
            word |= 1 << jbd_map.BIT_AFE
        return word

    # writing ----------------------------------------------------------------------------------------

    def _write(self) -> int:
        register = self._requests.register
        write = self._writes.get(register)
        if write is not None:
            return self._say(write())
        if 0x10 <= register <= 0x47 or 0xA0 <= register <= 0xD7 or 0xE0 <= register <= 0xE3:
            return self._say(self._change(register))
        return self._say(UNKNOWN)

    def _accept(self) -> int:
        return OK

    def _enter_factory(self) -> int:
        if self._requests.n != 2 or self._requests.word() != _FACTORY:
            return REFUSED
        self._factory_ms = _FACTORY_MS
        self._changes.clear()
        return OK

    def _leave_factory(self) -> int:
        """With 2828: settings written meanwhile take effect all or not at all, and counters start over."""
        commit = self._requests.n == 2 and self._requests.word() == _COMMIT and self._factory_ms
        self._factory_ms = 0
        status = OK
        if commit:
            for i in range(len(self._cleared)):
                self._cleared[i] = self._count(i)
            status = self._commit()
        self._changes.clear()
        return status

    def _change(self, register: int) -> int:
        row = jbd_map.setting(register)
        allowed = self._factory_ms and self._unlocked_ms and self._on_config is not None
        if not allowed or row is None or self._requests.n != 2:
            return REFUSED
        meant = jbd_map.decode(row, self._requests.word())
        if meant is None:
            return REFUSED
        self._factory_ms = _FACTORY_MS
        self._changes[meant[0]] = meant[1]
        return OK

    def _commit(self) -> int:
        if not self._changes or self._on_config is None:
            return OK
        from bms.config import Config, ConfigError, as_dict  # not in memory otherwise

        values = as_dict(self._pack.config)
        values.update(self._changes)
        try:
            Config(values)
            self._on_config(values)
        except (ConfigError, OSError):  # not valid, or not stored: nothing has changed
            return REFUSED
        return OK

    def _command(self) -> int:
        """0A: of its commands only the one that a careful person may give to any BMS."""
        if self._requests.n != 2 or self._requests.word() != _CLEAR_FAULTS:
            return REFUSED
        self._pack.request(bits.REQ_CLEAR)
        return OK

    def _lock_fets(self) -> int:
        if self._requests.n != 2 or self._requests.word() > 3:
            return REFUSED
        wish = self._requests.word()
        self._pack.lock_fets((CHG if wish & 1 else 0) | (DSG if wish & 2 else 0))
        return OK

    def _lock_one(self) -> int:
        """FB YY XX: which FET, 1 = off."""
        which, off = self._requests.data[0], self._requests.data[1]
        for code, fets in _FB_FETS:
            if self._requests.n == 2 and which == code and off <= 1:
                locked = self._pack.lock
                self._pack.lock_fets(locked | fets if off else locked & ~fets)
                return OK
        return UNKNOWN

    # replies ----------------------------------------------------------------------------------------

    def _begin(self):
        return self._reply.begin(self._requests.register, OK)

    def _say(self, status: int) -> int:
        return self._reply.begin(self._requests.register, status).end()

    def _value(self, word: int) -> int:
        return self._begin().word(word).end()


def _tenth(value: int) -> int:
    """Towards zero, so that a small current is none either way."""
    return value // 10 if value >= 0 else -(-value // 10)


def _row_bits():
    """Protection bits of every fault row."""
    masks = [0] * faults.ROW_N
    for bit in range(len(jbd_map.BITS)):
        for name in jbd_map.BITS[bit]:
            masks[faults.row_index(name)] |= 1 << bit
    return masks
