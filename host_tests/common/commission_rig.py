"""A pack that is commissioned: simulator, rehearsal, and a person who does what is asked."""

from bms import commissioning
from bms.commission_store import CommissionStore
from bms.pack import HOLD_COMMISSION
from bms.report.commission import Desk
from boards.sim.board import make_sim
from sim.flash import Slot
from sim.miswire import miswire
from simboard.person import Person

_OPENING_N = 3  # scans from the end of a trial to FETs that are off


class Bench:
    """Everything on the table; each step asserts that nothing conducts that is not on trial."""

    def __init__(self, cell_n=4, has_key=True, **more):
        more.setdefault("soc", 0.5)
        more.setdefault("capacity_ah", 20.0)
        self.sim = make_sim(cell_n=cell_n, **more)
        self.wires = miswire(self.sim)
        self.slots = (Slot(), Slot())
        self.cal_slots = (Slot(), Slot())
        self.key = has_key
        self.person = Person(self.sim)
        self.boot()

    def boot(self):
        """The device starts, as `bms.start` does."""
        sim = self.sim
        sim.release_pins()
        sim.boot()
        self.store = CommissionStore(sim.pack.config, "sim", self.slots)
        self.store.load()
        if self.store.held():
            sim.pack.hold(HOLD_COMMISSION)
        self.desk = Desk(sim.scan, self.store, lambda: self.key, None, self.cal_slots)
        sim.blackbox = _Slack(self)

    @property
    def rehearsal(self):
        """The present one: the desk lets go of it when it is over."""
        return self.desk.rehearsal()

    @property
    def machine(self):
        return self.rehearsal.machine

    def cut(self):
        """Power goes and comes back."""
        sim = self.sim
        sim.release_pins()
        sim.chip.brown_out()
        sim.world.advance(300000)
        self.person.doing = ("", -1)
        plant = sim.plant
        plant.outside.load()
        plant.outside.detach()
        self.boot()

    def request(self, name, **given):
        """As a host's transport does."""
        return self.desk.request(name, given)

    def begin(self):
        self.rehearsal.begin()

    def step(self):
        machine = self.machine
        mine = self.answers or not machine.prompt.endswith("_ma")
        if self.rehearsal.begun and machine.state == commissioning.WAITING and mine:
            given = self.person.act(machine.prompt, machine.which)
            if given and given.get("ma"):
                machine.answer(given)
        elif not machine.prompt:
            self.person.act("", -1)
        self.sim.step()
        self.guard()

    def guard(self):
        """While the pack is held nothing conducts but what is on trial, or was until just now."""
        plant = self.sim.plant
        wanted = self.machine.fets if self.rehearsal.begun else 0
        on = plant.chg_on or plant.dsg_on or plant.pdsg_on or plant.pchg_on
        self.wrong_n = self.wrong_n + 1 if on and not wanted and self.sim.pack.held else 0
        assert self.wrong_n <= _OPENING_N, self.machine.name()

    wrong_n = 0
    answers = True  # False: somebody else gives the numbers

    def run(self, seconds=900, until=None):
        """Until done, failed or `until()`; the finding as (what, which), or None when done."""
        end_us = self.sim.world.now_us + seconds * 1000000
        while self.sim.world.now_us < end_us:
            self.step()
            if until is not None and until():
                return None
            if self.machine.state == commissioning.FAILED:
                return self.machine.finding.what, self.machine.finding.which
            if not self.rehearsal.begun and not self.machine.name():
                return None
        raise AssertionError(("too slow", self.machine.name(), self.machine.prompt))


class _Slack:
    """Called by the simulator between two scans."""

    def __init__(self, bench):
        self._bench = bench
        self._last_us = bench.sim.world.now_us

    def slack(self):
        now_us = self._bench.sim.world.now_us
        self._bench.desk.slack((now_us - self._last_us) // 1000)
        self._last_us = now_us
