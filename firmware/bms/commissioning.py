"""Commissioning: is this pack wired as its configuration says? A dialogue, one step after the other.

Pure: looks at the snapshot and at what `Rehearsal` tells it after each scan, and says what it wants
done: FETs on trial, a cell bled, a pin dropped, silence on the bus, a temporary tight limit. It never
weakens anything: the scan and all its fault rows stay in force, and may refuse what is on trial.

`commission_steps` and `commission_power` have the steps. Each is a generator that yields once a scan
and ends, or raises `Finding`. A step that was cut short begins anew, a step that passed is not asked again.
"""

from micropython import const

from bms.commission_store import STEPS
from bms.finding import Finding

# what the machine is doing
WORKING = const(0)
WAITING = const(1)  # for a person, see `prompt`
FAILED = const(2)  # the step found something; `retry` begins it anew
DONE = const(3)
STATES = ("working", "waiting", "failed", "done")

_ANSWER_MS = const(600000)  # both FETs may conduct so long, waiting for a number

FETS_OFF = STEPS[:5]


class Commissioning:
    """The machine. `steps(name)`: a step's generator function; `passed`: results of steps already passed.

    Wanted of `Rehearsal`, until the next step of the machine: `fets`, `bleed`, `drop`, `mute_ms`,
    `tight`, `clear`. `news` is true when a step has just passed: time to store `passed`.
    """

    def __init__(self, config, snap, steps, passed=None, off_pins: bool = True, has_key=None):
        self.config = config
        self.snap = snap
        self.off_pins = off_pins
        self.has_key = has_key
        self.passed = {} if passed is None else passed
        self.state = WORKING
        self.prompt = ""
        self.which = -1
        self.finding = None
        self.news = False
        self.now_ms = 0
        # what the rehearsal saw of the last scan
        self.ready = False  # the monitor is armed and verified
        self.on = 0  # FETs that the scan wants on
        self.hits = 0  # edges of ALERT since start
        self.edge_ms = 0  # how long the bus had been silent when the last one came
        self._steps = steps
        self._answer = None
        self._run = None
        self._name = ""
        self.want_nothing()

    def want_nothing(self) -> None:
        """FETs off, nothing bled, no limit but the configured ones."""
        self.fets = 0
        self.bleed = 0
        self.drop = False
        self.mute_ms = 0
        self.tight = ""
        self.clear = False

    def name(self) -> str:
        """The step that is on."""
        for name in STEPS:
            if name not in self.passed:
                return name
        return ""

    def step(self, dt_ms: int) -> None:
        """A scan has ended."""
        self.now_ms += dt_ms
        self.news = False
        self.drop = False
        self.mute_ms = 0
        if self.state == FAILED:
            return
        name = self.name()
        if not name:
            self.state = DONE
            self.want_nothing()
            return
        if self._run is None or self._name != name:
            self._begin(name)
        try:
            next(self._run)  # type: ignore  # made above
        except StopIteration as end:
            self._pass(name, end.value)
        except Finding as finding:
            self.fail(finding)

    def fail(self, finding) -> None:
        """This step has found that."""
        self._run = None
        self.finding = finding
        self.state = FAILED
        self.want_nothing()

    def answer(self, values: dict) -> bool:
        """A person answers the prompt; False when nothing was asked."""
        if self.state != WAITING:
            return False
        self._answer = values
        return True

    def retry(self) -> None:
        """A person says: begin the step anew, after the fault was mended."""
        self._rewind()
        self.clear = True  # rows that the fault had latched

    def _rewind(self) -> None:
        self._run = None
        self._answer = None
        self.finding = None
        self.prompt = ""
        self.which = -1
        self.want_nothing()
        if self.state != DONE:
            self.state = WORKING

    def _begin(self, name: str) -> None:
        clear = self.clear
        self._rewind()
        self.clear = clear
        self._name = name
        self._run = self._steps(name)(self)

    def _pass(self, name: str, result) -> None:
        self._run = None
        self.passed[name] = {} if result is None else result
        self.prompt = ""
        self.which = -1
        self.want_nothing()
        self.news = True
        self.state = WORKING if self.name() else DONE

    # words of the steps

    def say(self, prompt: str, which: int = -1) -> None:
        """What the person shall do; the machine finds out by itself that it was done."""
        self.prompt = prompt
        self.which = which
        self.state = WAITING

    def said(self):
        """The person has done it."""
        self.prompt = ""
        self.which = -1
        self._answer = None
        self.state = WORKING

    def ask(self, prompt: str, name: str):
        """Wait for a number from the person, not for ever (generator)."""
        self.say(prompt)
        end_ms = self.now_ms + _ANSWER_MS
        while self.now_ms < end_ms:
            yield
            given = self._answer
            self._answer = None
            if given is not None and type(given.get(name)) is int:
                self.said()
                return given[name]
        raise Finding("no_answer")

    def wait(self, ms: int):
        """Let time pass, and at least one fresh scan (generator)."""
        end_ms = self.now_ms + ms
        while True:
            yield
            if self.now_ms >= end_ms and self.snap.fresh:
                return

    def until(self, condition, ms: int):
        """Wait for it, no longer than this; did it come true in a fresh scan? (generator)"""
        end_ms = self.now_ms + ms
        while True:
            yield
            if self.snap.fresh and condition():
                return True
            if self.now_ms >= end_ms:
                return False
