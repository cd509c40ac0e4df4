"""The native service of one link: who asks gets an answer, who watches gets news, who proves the key commands.

A watcher asks for a number of frames at a time, so one who no longer listens is no longer told. Commands
are wishes like those of a button: the next scan takes them and may refuse.
"""

from micropython import const

from auth import TAG_N, Session
from bms.forget import forget
from bms.report import ble_tell
from bms.report.ble_frame import Frame, Requests
from roles import BOTH

# requests; the answer is the same with the top bit set
_ABOUT = const(0x01)
_WATCH = const(0x02)
_FAULTS = const(0x03)
_EVENTS = const(0x04)
_NAMES = const(0x05)
_HEALTH = const(0x06)
_HELLO = const(0x10)
_PROVE = const(0x11)
_DO = const(0x12)
_LEAVE = const(0x13)
_ANSWER = const(0x80)

# status, the first byte of most answers
OK = const(0)
BAD_FORM = const(1)
CLOSED = const(2)  # reads are closed, or the key has not been proved
NO_KEY = const(3)
WAIT = const(4)  # after failures; the seconds follow
WRONG = const(5)
OLD = const(6)  # a counter that was used
UNKNOWN = const(7)

# commands
_REQUEST = const(1)  # REQ_* bits, u8
_LOCK_FETS = const(2)  # exactly these FETs off by hand, u8
_WINDOW = const(3)  # JBD may write for so many seconds, u16
_TIME = const(7)  # seconds since 1970, u32

_REQUESTS_ALL = const(0x3F)
_WINDOW_MAX_S = const(600)
_PERIOD_MIN_MS = const(100)
_FRAMES_MAX = const(60)  # a watcher that wants more asks again
_COUNTER_N = const(4)
_PAST_S = const(1_000_000_000)  # before this nobody can be


class Native:
    """`take` what came, `news` when nothing did: length of `view` to be sent, 0 = nothing.

    `more`: knows further requests and commands: `answer(kind, data)` -> length, `command(command,
    arguments)` -> status; -1: it does not know this one either.
    """

    def __init__(self, pack, gate, lock, random, more=None):
        self._more = more
        self._pack = pack
        self._gate = gate
        self._lock = lock
        self.session = Session(lock, random)
        self.requests = Requests()
        self.frame = Frame()
        self.view = self.frame.view
        self._period_ms = 0
        self._due_ms = 0
        self._left = 0  # frames that the watcher still wants
        self._event_at = 0  # journal record to tell next
        self._faults_of = -1  # journal length when the faults were told
        self._answers = {
            _ABOUT: self._about,
            _WATCH: self._watch,
            _FAULTS: self._tell_faults,
            _EVENTS: self._from_event,
            _NAMES: self._names,
            _HEALTH: self._health,
            _HELLO: self._hello,
            _PROVE: self._prove,
            _DO: self._do,
            _LEAVE: self._leave,
        }

    def reset(self) -> None:
        """Another central, or none: nothing of the last one is left."""
        self.session.close()
        self.requests.forget()
        self._left = 0

    def quiet(self) -> None:
        """Nothing came for a while: what has begun will not be finished."""
        self.requests.forget()

    def advance(self, ms: int) -> None:
        """Time passes. The lock is everybody's: the reporter advances it."""
        self.session.advance(ms)
        self._due_ms = max(0, self._due_ms - ms)

    def take(self, data) -> int:
        """Length of the answer to the request that these bytes complete. One request at a time."""
        requests = self.requests
        for i in range(len(data)):
            if requests.put(data[i]):
                answer = self._answers.get(requests.kind)
                if answer is not None:
                    return answer(requests.data)
                n = -1 if self._more is None else self._more.answer(requests.kind, requests.data)
                return n if n >= 0 else self.say(UNKNOWN)
        return 0

    def news(self) -> int:
        """The next frame for a watcher: an event, faults that changed, or readings when they are due."""
        pack = self._pack
        if not self._left or not self._may_read():
            return 0
        log = pack.journal
        if self._event_at < log.n:
            self._event_at = max(self._event_at, log.first())
            self._event_at += 1
            self._left -= 1
            return ble_tell.event(self.frame, log, self._event_at - 1)
        if self._faults_of != log.n:  # rows change only with a record
            self._faults_of = log.n
            self._left -= 1
            return ble_tell.all_faults(self.frame, pack)
        if self._due_ms or not pack.snap.seq:
            return 0
        self._due_ms = self._period_ms
        self._left -= 1
        return ble_tell.live(self.frame, pack)

    # everybody, unless reads are closed -----------------------------------------------------------------

    def _may_read(self) -> bool:
        return self.session.open or self._gate.may_read()

    def _about(self, data) -> int:
        access = (1 if self._lock.key is not None else 0) | (2 if self.session.open else 0)
        access |= (4 if self._may_read() else 0) | (8 if self._gate.open_ms else 0)
        frame = self.frame.begin(_ABOUT | _ANSWER).number(ble_tell.PROTOCOL, 1).number(access, 1)
        frame.number(self._wait_s(), 2)
        return ble_tell.about(frame, self._pack) if self._may_read() else frame.end()

    def _watch(self, data) -> int:
        """period_ms u16, frames u8; 0 frames = no more."""
        if len(data) != 3:
            return self.say(BAD_FORM)
        if not self._may_read():
            return self.say(CLOSED)
        if not self._left:  # begins afresh
            self._event_at = self._pack.journal.n
            self._faults_of = -1
        self._period_ms = max(_PERIOD_MIN_MS, data[0] | data[1] << 8)
        self._due_ms = min(self._due_ms, self._period_ms)
        self._left = min(data[2], _FRAMES_MAX)
        return self.say(OK)

    def _tell_faults(self, data) -> int:
        if not self._may_read():
            return self.say(CLOSED)
        return ble_tell.all_faults(self.frame, self._pack)

    def _from_event(self, data) -> int:
        """number u32: a watcher is told every record from this one on."""
        if len(data) != 4:
            return self.say(BAD_FORM)
        if not self._may_read():
            return self.say(CLOSED)
        self._event_at = number(data, 0, 4)
        return self.say(OK)

    def _names(self, data) -> int:
        if len(data) != 1:
            return self.say(BAD_FORM)
        return ble_tell.names(self.frame, _NAMES | _ANSWER, data[0])

    def _health(self, data) -> int:
        if not self._may_read():
            return self.say(CLOSED)
        from bms.report import tell_health

        n = tell_health.health(self.begin(OK), self._pack)
        forget("bms.report.tell_health")
        return n

    # who has the key ------------------------------------------------------------------------------------

    def _hello(self, data) -> int:
        """client nonce, 8 bytes -> status, nonce of 16."""
        nonce = self.session.challenge(data)
        if nonce:
            return self.begin(OK).raw(nonce).end()
        if self._lock.key is None:
            return self.say(NO_KEY)
        if self._lock.wait_ms:
            return self._say_wait()
        return self.say(BAD_FORM)

    def _prove(self, data) -> int:
        """proof, 16 bytes -> status, our own proof."""
        if self._lock.wait_ms:
            return self._say_wait()
        if not self.session.prove(data):
            return self.say(WRONG)
        return self.begin(OK).raw(self.session.proof()).end()

    def _do(self, data) -> int:
        """counter u32, command u8, its arguments, proof -> status, counter."""
        n = len(data) - TAG_N
        session = self.session
        if n <= _COUNTER_N:
            return self.say(BAD_FORM)
        if not session.open:
            return self.say(CLOSED)
        counter = number(data, 0, _COUNTER_N)
        if session.is_old(counter):
            return self.say(OLD)
        if not session.accept(counter, data[:n], data[n:]):
            return self.say(WRONG)
        command, arguments = data[_COUNTER_N], data[_COUNTER_N + 1 : n]
        status = -1 if self._more is None else self._more.command(command, arguments)
        if status < 0:
            status = self._command(command, arguments)
        return self.begin(status).number(counter, 4).end()

    def _command(self, command: int, arguments) -> int:
        if command == _TIME:
            return self.take_time(arguments)
        value = number(arguments, 0, len(arguments)) if 0 < len(arguments) < 3 else -1
        if value < 0:
            return BAD_FORM
        if command == _REQUEST and 0 < value <= _REQUESTS_ALL:
            self._pack.request(value)
        elif command == _LOCK_FETS and value & BOTH == value:
            self._pack.lock_fets(value)
        elif command == _WINDOW and value <= _WINDOW_MAX_S:
            self._gate.open(value * 1000)
        else:
            return UNKNOWN
        return OK

    def take_time(self, data) -> int:
        """Status of being told the time."""
        now_s = number(data, 0, 4) if len(data) == 4 else 0
        if now_s < _PAST_S:
            return BAD_FORM
        self._pack.journal.set_wall(now_s, self._pack)
        return OK

    def _leave(self, data) -> int:
        """No more commands, and no more window: of use only to who has proved the key."""
        if self.session.open:
            self.session.close()
            self._gate.open(0)
        return self.say(OK)

    # answers --------------------------------------------------------------------------------------------

    def begin(self, status: int):
        return self.frame.begin(self.requests.kind | _ANSWER).number(status, 1)

    def say(self, status: int) -> int:
        return self.begin(status).end()

    def _say_wait(self) -> int:
        return self.begin(WAIT).number(self._wait_s(), 2).end()

    def _wait_s(self) -> int:
        return (self._lock.wait_ms + 999) // 1000


def number(data, at: int, n: int) -> int:
    """A little endian number."""
    value = 0
    for i in range(n):
        value |= data[at + i] << 8 * i
    return value
