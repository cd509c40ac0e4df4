"""Commissioning and calibration, asked for from outside: what a command channel plugs in.

`Desk.request(name, given)` is the whole of it, dictionaries both ways; `ask` and `do` are the same in
the bytes of docs/link.md. The rehearsal is loaded when somebody begins it: few boards do it twice.
"""

import asyncio
import json
import struct

from micropython import const

from bms.forget import forget
from bms.pack import HOLD_COMMISSION

_LOOK_MS = const(10)
# status, as in `ble_native` and `link`
_OK = const(0)
_BAD_FORM = const(1)
_UNKNOWN = const(7)
_REFUSED = const(8)
_ANSWER_MAX = const(199)
_PROBLEM_MAX = const(100)  # so that the answer stays whole

# request -> name; answers are JSON
ASK = {0x30: "state", 0x38: "calibration"}
# command -> name, names of its s32 arguments, name of the text behind them
DO = {
    0x20: ("begin", (), ""),
    0x21: ("answer", ("ma",), ""),
    0x22: ("retry", (), ""),
    0x23: ("stop", (), ""),
    0x24: ("waive", (), "who"),
    0x25: ("forget", (), ""),
    0x26: ("date", (), "date"),
    0x30: ("point", ("which", "true"), "kind"),
    0x31: ("calibrate", (), "date"),
    0x32: ("uncalibrate", ("which",), "kind"),
}


class Desk:
    """One board's. `scan`, its `store` (a CommissionStore), `has_key()`, `ticks_ms()`."""

    def __init__(self, scan, store, has_key, clock=None, slots=None):
        self._scan = scan
        self._store = store
        self._has_key = has_key
        self._clock = clock
        self._slots = slots  # of the calibration, None = files
        self._calibrator = None
        self._rehearsal = None
        self.error = ""  # why the last command was refused

    # a person asks

    def request(self, name: str, given: dict) -> dict:
        """What a host's transport comes to; {"error": words} when it is refused."""
        try:
            return getattr(self, "_do_" + name)(given)
        except (AttributeError, KeyError, TypeError):
            return {"error": "no such request: " + name}
        except (OSError, ValueError, MemoryError) as error:
            return {"error": str(error)}

    def _do_state(self, _given) -> dict:
        """Where it is."""
        store = self._store
        found = {
            "state": store.state,
            "passed": len(store.passed),
            "held": bool(self._scan.pack.held & HOLD_COMMISSION),
        }
        rehearsal = self._rehearsal
        if rehearsal is None or not rehearsal.begun:
            return found
        machine = rehearsal.machine
        found["state"] = rehearsal.told()
        found["step"] = machine.name()
        if machine.prompt:
            found["prompt"] = machine.prompt
            found["which"] = machine.which
        if machine.finding is not None:
            found["finding"] = machine.finding.what
            found["which"] = machine.finding.which
            found["value"] = machine.finding.value
        return found

    def _do_report(self, _given) -> dict:
        """All that passed, as the board keeps it."""
        return self._store.report()

    def _do_begin(self, given) -> dict:
        """Go on from the first step that has not passed."""
        if given.get("date"):
            self._store.date = given["date"]
        self.rehearsal().begin()
        return self._do_state(given)

    def _do_answer(self, given) -> dict:
        if not self._begun().machine.answer({"ma": given["ma"]}):
            raise ValueError("nothing was asked")
        return self._do_state(given)

    def _do_retry(self, given) -> dict:
        self._begun().machine.retry()
        return self._do_state(given)

    def _do_stop(self, given) -> dict:
        self._begun().stop()
        return self._do_state(given)

    def _do_waive(self, given) -> dict:
        if not given["who"].strip():
            raise ValueError("a waiver needs a name")
        self.rehearsal().waive(given["who"])
        return self._do_state(given)

    def _do_forget(self, given) -> dict:
        """Everything anew; FETs off from the next scan on."""
        self._scan.pack.hold(HOLD_COMMISSION)
        self._store.forget()
        if self._rehearsal is not None:
            self._rehearsal.stop()
        return self._do_state(given)

    def _do_point(self, given) -> dict:
        """A meter shows `true`: kind, which (0 = first), true in mV, mA or 0.1 degC."""
        self.calibrator().point(given["kind"], given["which"], given["true"])
        return self._do_calibration(given)

    def _do_calibrate(self, given) -> dict:
        """Store what the points make; refused when implausible."""
        gain, offset = self.calibrator().store(given["date"])
        return {"gain": gain, "offset": offset}

    def _do_uncalibrate(self, given) -> dict:
        self.calibrator().clear(given["kind"], given["which"])
        return {}

    def _do_calibration(self, _given) -> dict:
        """How far the points are; who only asks loads nothing."""
        calibrator = self._calibrator
        if calibrator is None:
            return {"points": [], "busy": False, "problem": ""}
        return {
            "points": calibrator.points,
            "busy": calibrator.busy(),
            "problem": calibrator.problem[:_PROBLEM_MAX],
        }

    def calibrator(self):
        """The one, made when first asked for."""
        if self._calibrator is None:
            from bms.calibrator import Calibrator

            self._calibrator = Calibrator(self._scan, self._scan.board.name, self._slots)
            self._calibrator.load()
        return self._calibrator

    def _do_date(self, given) -> dict:
        self._store.date = given["date"]
        return {}

    def rehearsal(self):
        """The one, made when first asked for."""
        if self._rehearsal is None:
            from bms.rehearsal import Rehearsal

            self._rehearsal = Rehearsal(self._scan, self._store, self._has_key)
        return self._rehearsal

    def _begun(self):
        if self._rehearsal is None or not self._rehearsal.begun:
            raise ValueError("begin first")
        return self._rehearsal

    # in bytes

    def ask(self, kind: int, _data, _proved: bool) -> bytes:
        """A request of the channel: status, then JSON."""
        name = ASK.get(kind)
        if name is None:
            return bytes((_UNKNOWN,))
        text = json.dumps(self.request(name, {})).encode()
        return bytes((_OK,)) + text[:_ANSWER_MAX]

    def do(self, command: int, arguments) -> int:
        """A proved command of the channel: status; `error` has the words of a refusal."""
        row = DO.get(command)
        if row is None:
            return _UNKNOWN
        name, numbers, text = row
        end = 4 * len(numbers)
        if len(arguments) < end:
            return _BAD_FORM
        given = {}
        for i in range(len(numbers)):
            given[numbers[i]] = struct.unpack("<i", bytes(arguments[4 * i : 4 * i + 4]))[0]
        if text:
            try:
                given[text] = str(bytes(arguments[end:]), "utf-8")
            except ValueError:
                return _BAD_FORM
        said = self.request(name, given)
        self.error = said.get("error", "")
        return _REFUSED if self.error else _OK

    # beside the scan

    def slack(self, dt_ms: int) -> None:
        """A scan may have ended."""
        if self._rehearsal is not None:
            self._rehearse(self._rehearsal, dt_ms)
        if self._calibrator is not None:
            self._calibrator.slack()

    def _rehearse(self, rehearsal, dt_ms: int) -> None:
        """A step of it; once nobody is at it any more its code goes."""
        try:
            rehearsal.slack(dt_ms)
        except MemoryError:
            rehearsal.give_up("no_memory")
        except ValueError:  # of the monitor's driver
            rehearsal.give_up("no_tight")
        except OSError:  # of the store
            rehearsal.give_up("not_kept")
        if rehearsal.over():
            self._rehearsal = None
            forget()

    async def run(self) -> None:
        """For ever, as the reporters."""
        clock = self._clock
        if clock is None:
            return
        seq = self._scan.pack.snap.seq
        last_ms = clock.ticks_ms()
        while True:
            if self._scan.pack.snap.seq != seq:
                seq = self._scan.pack.snap.seq
                now_ms = clock.ticks_ms()
                self.slack(clock.ticks_diff(now_ms, last_ms))
                last_ms = now_ms
            await asyncio.sleep_ms(_LOOK_MS)
