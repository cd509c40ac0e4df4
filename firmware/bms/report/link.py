"""The native service over a cable: the same frames and proofs, and what only a cable has. docs/link.md.

Reads are open to whoever holds the cable; what changes something needs the key.
"""

import hashlib

from micropython import const

from auth import KEY_N
from bms.report.ble_native import BAD_FORM, CLOSED, OK, Native, _number

# requests
_OWN = const(0x14)
_CLOCK = const(0x15)
_LIST = const(0x20)
_READ = const(0x21)
_SUM = const(0x22)
_PUT = const(0x23)
_EXTRA_FIRST = const(0x30)
_EXTRA_LAST = const(0x4F)

# status, after those of the native service
REFUSED = const(8)
NO_OBJECT = const(9)

# commands
_CONFIGURE = const(4)
_RESTART = const(5)
_ACKNOWLEDGE = const(6)
_KEY = const(8)
_EXTRA_DO = const(0x20)

_READ_MAX = const(160)
_SUM_MAX = const(4096)
_INBOX_MAX = const(4096)
_DIGEST_N = const(16)
_RESTART_MS = const(300)  # so that the answer is out


class Gate:
    """On a cable everybody may read; a window lets JBD's programs on the same line write."""

    def __init__(self, slave):
        self._slave = slave
        self.open_ms = 0

    def may_read(self) -> bool:
        return True

    def open(self, ms: int) -> None:
        self.open_ms = ms
        if self._slave is not None:
            self._slave.unlock(ms)

    def advance(self, ms: int) -> None:
        self.open_ms = max(0, self.open_ms - ms)


class Link:
    """One cable's channel: `take`, `news`, `view` as `Native`.

    `store`: what can be read. `host`: what commands reach outside the pack; what it raises, `OSError` or
    `ValueError`, is the reason of a refusal. `extra`: requests 30..4F, commands 20..3F.
    """

    def __init__(self, pack, slave, lock, random, store, host, extra=None):
        self.gate = Gate(slave)
        native = Native(pack, self.gate, lock, random, self)
        self._native = native
        self._log = pack.journal
        self.begun = native.requests.begun
        self.take = native.take
        self.news = native.news
        self.quiet = native.quiet
        self.view = native.view
        self._lock = lock
        self._store = store
        self._host = host
        self._extra = extra
        self._inbox = bytearray()
        self._restart_ms = 0
        self._answers = {
            _OWN: self._own,
            _CLOCK: self._take_time,
            _LIST: self._list,
            _READ: self._read,
            _SUM: self._sum,
            _PUT: self._put,
        }

    def advance(self, ms: int) -> None:
        """Time passes."""
        self._native.advance(ms)
        self._lock.advance(ms)
        self.gate.advance(ms)
        if self._restart_ms:
            self._restart_ms = max(0, self._restart_ms - ms)
            if not self._restart_ms:
                self._host.restart()

    # what `Native` does not know ----------------------------------------------------------------------

    def answer(self, kind: int, data) -> int:
        """Length of the answer, -1 when this request is not known here either."""
        known = self._answers.get(kind)
        if known is not None:
            return known(data)
        if not _EXTRA_FIRST <= kind <= _EXTRA_LAST or self._extra is None:
            return -1
        said = self._extra.ask(kind, data, self._native.session.open)
        return self._native.begin(said[0]).raw(said[1:]).end()

    def command(self, command: int, arguments) -> int:
        """Status of a command whose proof was right, -1 when it is not known here."""
        if command == _CONFIGURE:
            return self._with_inbox(arguments, self._configure)
        if command == _KEY:
            return self._with_inbox(arguments, self._take_key)
        if command == _RESTART:
            self._restart_ms = _RESTART_MS
            return OK
        if command == _ACKNOWLEDGE:
            return self._try(self._acknowledge, None)
        if command >= _EXTRA_DO and self._extra is not None:
            status = self._extra.do(command, arguments)
            self._store.refusal = self._extra.error
            return status
        return -1

    # reading ----------------------------------------------------------------------------------------

    def _list(self, data) -> int:
        frame = self._native.begin(OK)
        for number, size in self._store.all():
            frame.number(number, 1).number(size, 4)
        return frame.end()

    def _read(self, data) -> int:
        if len(data) != 6 or data[5] > _READ_MAX:
            return self._native.say(BAD_FORM)
        offset = _number(data, 1, 4)
        try:
            found = self._store.read(data[0], offset, data[5])
        except OSError as error:
            return self._refuse(error)
        if found is None:
            return self._native.say(NO_OBJECT)
        return self._native.begin(OK).number(data[0], 1).number(offset, 4).raw(found).end()

    def _sum(self, data) -> int:
        if len(data) != 7 or _number(data, 5, 2) > _SUM_MAX:
            return self._native.say(BAD_FORM)
        try:
            found = self._store.sum(data[0], _number(data, 1, 4), _number(data, 5, 2))
        except OSError as error:
            return self._refuse(error)
        return (
            self._native.say(NO_OBJECT)
            if found is None
            else self._native.begin(OK).number(found, 4).end()
        )

    # changing ---------------------------------------------------------------------------------------

    def _put(self, data) -> int:
        if len(data) < 2:
            return self._native.say(BAD_FORM)
        if not self._native.session.open:
            return self._native.say(CLOSED)
        offset = _number(data, 0, 2)
        if offset > len(self._inbox) or offset + len(data) - 2 > _INBOX_MAX:
            return self._native.say(BAD_FORM)
        self._inbox = self._inbox[:offset] + data[2:]
        return self._native.begin(OK).number(len(self._inbox), 2).end()

    def _own(self, data) -> int:
        """The first key, by whoever holds the cable."""
        if len(data) != KEY_N:
            return self._native.say(BAD_FORM)
        if self._lock.key is not None or self._host.owned():
            return self._native.say(CLOSED)
        return self._native.say(self._try(self._take_key, data))

    def _take_time(self, data) -> int:
        """By whoever holds the cable, while nobody has told it; later it takes the key."""
        if self._log.started_s and not self._native.session.open:
            return self._native.say(CLOSED)
        return self._native.say(self._native.take_time(data))

    def _with_inbox(self, digest, use) -> int:
        """Only what was meant: the command's proof covers the digest."""
        inbox = bytes(self._inbox)
        if len(digest) != _DIGEST_N:
            return BAD_FORM
        if hashlib.sha256(inbox).digest()[:_DIGEST_N] != digest:
            self._store.refusal = "the inbox is not what was meant: send it again"
            return REFUSED
        self._inbox = bytearray()
        return self._try(use, inbox)

    def _configure(self, data) -> None:
        self._host.configure(str(data, "utf-8"))

    def _take_key(self, data) -> None:
        if len(data) != KEY_N:
            raise ValueError("a key has 16 bytes")
        self._host.set_key(bytes(data))

    def _acknowledge(self, _) -> None:
        self._host.acknowledge()

    def _try(self, function, argument) -> int:
        self._store.refusal = ""
        try:
            function(argument)
        except (
            OSError,
            ValueError,
            RuntimeError,
            MemoryError,
        ) as error:  # RuntimeError: nested too deep
            self._keep(error)
            return REFUSED
        return OK

    def _refuse(self, error) -> int:
        self._keep(error)
        return self._native.say(REFUSED)

    def _keep(self, error) -> None:
        self._store.refusal = " ".join(str(error).split()) or type(error).__name__
