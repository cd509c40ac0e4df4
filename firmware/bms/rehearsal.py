"""The hands of commissioning: does, between two scans, what the machine wants; keeps what it found.

A pack that was never commissioned is held (HOLD_COMMISSION): its FETs stay off. What the machine puts on
trial is permitted for a few scans only, so that whatever stops here also opens the FETs.
"""

from micropython import const

from bms import commissioning
from bms.bits import REQ_CLEAR
from bms.finding import Finding
from bms.forget import forget
from bms.pack import HOLD_COMMISSION

_SCANS = const(8)  # a FET on trial stays permitted so long without another word from here
_CLEAR_N = const(40)
_TIGHT_MV = const(150)  # beyond the cells
_TIGHT_DDEGC = const(100)
_TIGHT_MS = const(3000)  # the FET has closed by then


class Rehearsal:
    """Drives the machine beside a scan. `slack(dt_ms)` after each; `store`: see commission_store."""

    def __init__(self, scan, store, has_key=None):
        self.scan = scan
        self.pack = scan.pack
        self.store = store
        off_pins = getattr(scan.board.guard, "off_pins", True)
        self.machine = commissioning.Commissioning(
            scan.pack.config,
            scan.pack.snap,
            step,
            store.passed,
            off_pins,
            has_key,
        )
        self.begun = False  # nobody rehearses before a person has asked for it
        self._used = False
        self._bled = 0
        self._tight = ""
        self._clear_n = 0
        self._seq = 0

    def slack(self, dt_ms: int) -> None:
        """A scan has just ended."""
        machine = self.machine
        if not self.begun:
            self._tighten("")
            return
        if self.pack.snap.seq == self._seq:
            return
        self._seq = self.pack.snap.seq
        self._look(machine)
        machine.step(dt_ms)
        self.pack.permit(machine.fets, _SCANS)
        self._bleed(machine.bleed)
        self._tighten(machine.tight)
        self._clear(machine)
        if machine.drop:
            self.scan.board.cutoff.block()
        if machine.mute_ms:
            self.scan.mute(machine.mute_ms)
        if machine.news:
            self.store.save()
        if machine.state == commissioning.DONE:
            self.finish()

    def finish(self) -> None:
        """All steps passed: the hold ends."""
        self._tighten("")
        self.store.done()
        self.begun = False
        self.pack.permit(0, 0)
        self.pack.unhold(HOLD_COMMISSION)

    def waive(self, who: str) -> None:
        """A person takes it on himself, explicitly."""
        self._used = True
        self.stop()
        self.store.waive(who)
        self.pack.unhold(HOLD_COMMISSION)

    def begin(self) -> None:
        """From the first step that has not passed; held again, over resets too, until all have."""
        self._used = True
        if not self.machine.name():
            if self.store.held() or self.pack.held & HOLD_COMMISSION:
                self.finish()
            return
        self.pack.hold(HOLD_COMMISSION)
        if not self.store.held():
            self.store.doubt()
        self.begun = True
        self.machine.retry()

    def stop(self) -> None:
        """Leave it; FETs stay off, steps that passed stay passed."""
        self.machine.retry()
        self.begun = False
        self.pack.permit(0, 0)
        self._bleed(0)
        self._tighten("")

    def over(self) -> bool:
        """It has been at work and is no longer, and the limits are those of every day."""
        return self._used and not self.begun and self._tight == ""

    def give_up(self, what: str) -> None:
        """What the machine wanted cannot be done: that is what this step has found."""
        self.machine.fail(Finding(what))
        self.pack.permit(0, 0)

    def told(self) -> str:
        """What the machine is doing, in a word."""
        return commissioning.STATES[self.machine.state]

    def _look(self, machine) -> None:
        scan = self.scan
        machine.ready = scan.ready()
        machine.on = self.pack.intent
        machine.hits = scan.board.cutoff.hits
        machine.edge_ms = scan.muted_ms

    def _clear(self, machine) -> None:
        """What was latched when a person said "again": a row may need some scans to see that all is well."""
        if machine.clear:
            machine.clear = False
            self._clear_n = _CLEAR_N
        if self._clear_n and self.pack.protect.latched_n and not machine.fets:
            if self._clear_n % 4 == 0:  # each leaves a record
                self.pack.request(REQ_CLEAR)
            self._clear_n -= 1
        else:
            self._clear_n = 0

    def _bleed(self, mask: int) -> None:
        if mask == self._bled:
            return
        try:
            self.scan.board.bleed.write_bleed(mask)
            self._bled = mask
        except OSError as error:
            self.scan.sense.failed(error)

    def _tighten(self, name: str) -> None:
        """Load the configuration, tighter in one place, and have it armed and verified."""
        if name == self._tight:
            return
        config = self.pack.config
        self._tight = None  # nobody knows, should this fail: it is done again
        self.scan.act.disarm()
        forget()  # what the last one has left
        self.scan.board.guard.load(tight(config, self.pack.snap, name) if name else config)
        forget()
        self._tight = name


def step(name: str):
    """Generator function of a step; those with the FETs on need the memory of the others."""
    if name in commissioning.FETS_OFF:
        from bms.commission_steps import TABLE
    else:
        from bms.commission_power import TABLE
    return TABLE[name]


class Tight:
    """A configuration, a few of its values otherwise."""

    def __init__(self, config, limits: dict):
        self._config = config
        self._limits = limits

    def __getattr__(self, name: str):
        found = self._limits.get(name)
        return getattr(self._config, name) if found is None else found


def tight(config, snap, name: str):
    """The same configuration with one limit of the monitor on the wrong side of what is measured."""
    limits = {"temp_ms": _TIGHT_MS, "chip_cov_ms": _TIGHT_MS, "chip_cuv_ms": _TIGHT_MS}
    if name == "cov":
        limit = snap.cell_min_mv - _TIGHT_MV
        limits["chip_cov_mv"] = limit
        limits["cov_clear_mv"] = limit - _TIGHT_MV
    elif name == "cuv":
        limit = snap.cell_max_mv + _TIGHT_MV
        limits["chip_cuv_mv"] = limit
        limits["cuv_clear_mv"] = limit + _TIGHT_MV
    else:  # otc, otd
        limit = snap.temp_min_ddegc - _TIGHT_DDEGC
        limits[name + "_ddegc"] = limit
        limits[name + "_clear_ddegc"] = limit - _TIGHT_DDEGC
    return Tight(config, limits)
