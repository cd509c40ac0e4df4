"""A short circuit on an emulated Pico, from its start until it conducts again, in the Pico's own time."""

from emulate.bench import Bench
from emulate.serial import Jbd

CONFIG = {"cell_n": 16, "sc_hold_ms": 5000}  # the default of a minute would be a long film
_SHORT_OHM = 0.005
_START_MS = 8000
_HELD_MS = 2 * CONFIG["sc_hold_ms"]
_STATUS = b"cellwarden "


class Silent(Exception):
    """Something that had to happen did not; the text says what, and what the console said."""


class Story:
    """Plays on a bench whose Pico has the firmware. `tell`: gets (ms, text) of each thing that happens."""

    def __init__(self, bench: Bench, tell):
        self.bench = bench
        self.seen = {}  # what happened on a wire -> ns of the Pico's time, the first since cleared
        self._tell = tell
        self._zero_ns = 0.0
        self._jbd = Jbd(bench.pico)
        for line in (bench.alert, bench.cfetoff, bench.dfetoff):
            line.watch(lambda level, name=line.name: self._note(f"{name} {level}"))

    def play(self) -> None:
        """All of it; `Silent` when something did not happen."""
        self.start()
        self.short()
        self.recover()

    def start(self) -> None:
        """Reset, as the RUN pin does, until the console says how it goes."""
        bench = self.bench
        bench.pico.out.clear()
        self._zero_ns = bench.pico.now_ns
        self.seen.clear()
        bench.pico.reset()
        self._say("reset; MicroPython is there")
        self._await(bench.conducting, _START_MS, "FET permission")
        self._say("a scan permits: DFETOFF high", self.seen["DFETOFF 1"])
        self._say(f"both FETs conduct, {bench.plant.pack_v:.2f} V at the terminals")
        self._await(self._status, _START_MS, "status line")
        self._say(f"console: {self._status()}")

    def short(self) -> None:
        """A short circuit, and what became of it."""
        bench = self.bench
        bench.pico.run_ms(500)
        self.seen.clear()
        bench.touch(lambda plant: plant.outside.short(_SHORT_OHM))
        at_ns = bench.pico.now_ns
        flowed = -bench.plant.current_a
        self._say(f"short of {_SHORT_OHM * 1000:.0f} mOhm, {flowed:.0f} A flow")
        off_ns = self._watch_off()
        bench.pico.run_ms(1)
        for name in ("ALERT 0", "CFETOFF 0", "DFETOFF 0"):
            if name not in self.seen:
                raise Silent(f"{name} never came")
            after_us = (self.seen[name] - at_ns) / 1000
            self._say(f"{name[:-2]} low, {after_us:.1f} us after the short", self.seen[name])
        self._say(f"both FETs off, {(off_ns - at_ns) / 1000:.0f} us after the short", off_ns)
        bench.pico.run_ms(300)
        self._say(f"asked over the UART: {self._jbd.protection()}")

    def recover(self) -> None:
        """The short goes; the FETs come back when their time is over, not before."""
        bench = self.bench
        bench.touch(lambda plant: plant.outside.short(0))
        self._say("the short is gone")
        self._await(bench.conducting, _HELD_MS, "second permission")
        self._say(f"both FETs conduct again; asked over the UART: {self._jbd.protection()}")

    def _watch_off(self) -> float:
        """Run in small steps until neither FET conducts; when that was."""
        if not self.bench.pico.run_until(self.bench.off, 20, 0.005):
            raise Silent("the FETs still conduct 20 ms after the short")
        return self.bench.pico.now_ns

    def _note(self, what: str) -> None:
        self.seen.setdefault(what, self.bench.pico.now_ns)

    def _say(self, text: str, at_ns=None) -> None:
        now_ns = self.bench.pico.now_ns if at_ns is None else at_ns
        self._tell((now_ns - self._zero_ns) / 1e6, text)

    def _await(self, condition, limit_ms: float, what: str) -> None:
        if not self.bench.pico.run_until(condition, limit_ms, 5):
            said = bytes(self.bench.pico.out[-400:])
            raise Silent(f"no {what} within {limit_ms / 1000:.0f} s; the console said {said!r}")

    def _status(self) -> str:
        """The last whole line that the firmware said."""
        lines = [line for line in self.bench.pico.out.splitlines(True) if line.endswith(b"\n")]
        ours = [line for line in lines if line.startswith(_STATUS)]
        return ours[-1].decode().strip() if ours else ""
