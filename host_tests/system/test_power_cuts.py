"""Power cuts at every step of a month: at most the record being written is lost, and every boot goes well."""

import pytest

from abstore import ABStore, BlockSlot
from bms.blackbox import EVENTS, LOG_N, SEGMENTS
from boards.sim.board import make_sim
from host_tests.boxed import KEY, box, log, places
from host_tests.month import DAYS, Month
from replay.chain import Damage, walk
from ringlog import Chain, RingLog
from sim.flash import Flash
from sim.prng import Prng

_CYCLES = 100000  # of a NOR sector, by the data sheets of common parts
_BOOT_EACH = 150  # cuts: a whole start of the black box, and a run after it


class Sweep:
    """Watches a flash being written; before each step it sees what a cut in it would leave."""

    def __init__(self, flash, seeds=(1,)):
        self.flash = flash
        self.seeds = seeds
        self.done = [0] * (LOG_N + 1)  # next record number of each log, by its completed records
        self.cuts = self.boots = self.lost = self.lost_most = self.failed = 0
        self.owner = [ident + 1 for ident in range(LOG_N) for _ in range(SEGMENTS[ident])]
        flash.before_step = self.step

    def note(self, ident, number):
        self.done[ident] = number + 1

    def step(self, at, piece):
        block = at // self.flash.size
        if block >= len(self.owner):
            return
        for seed in self.seeds:
            torn = self.flash.twin(seed * 7919 + self.cuts)
            torn.power(0)
            with pytest.raises(OSError):
                if piece is None:
                    torn.ioctl(6, block)
                else:
                    torn.writeblocks(block, piece, at % self.flash.size)
            torn.power()
            self.look(torn, self.owner[block], block, piece is None)

    def look(self, torn, ident, block, erased):
        """Start after the cut: what is there, and does it go on?"""
        self.cuts += 1
        part = RingLog(places(torn)[ident - 1], Chain(KEY), ident)
        part.recover()
        lost = self.done[ident] - part.number
        self.lost += max(0, lost)
        self.lost_most = max(self.lost_most, lost)
        if not erased:
            before = numbers(self.flash, block)
            after = numbers(torn, block)
            assert before == after[: len(before)], "a record that was whole is not any more"
        number = part.append(9, b"after the cut")
        assert numbers(torn, part_block(part, ident))[-1] == number
        if self.cuts % _BOOT_EACH == 0:
            self.boot(torn)

    def boot(self, torn):
        sim = make_sim(cell_n=4, soc=0.5)
        blackbox = box(sim, torn)
        sim.run(8)
        self.boots += 1
        self.failed += bool(blackbox.errors) or blackbox._ready_n != LOG_N
        assert sim.pack.intent, "the pack runs, whatever the flash holds"
        assert log(torn, EVENTS).records[-1].kind


def part_block(part, ident):
    return sum(SEGMENTS[: ident - 1]) + part._current


def numbers(flash, block):
    data = bytes(flash.data[block * flash.size : (block + 1) * flash.size])
    return [item.number for item in walk(data) if not isinstance(item, Damage)]


def test_a_month_with_a_cut_at_every_step(record_property):
    flash = Flash(sum(SEGMENTS))
    month = Month(places(flash))
    sweep = Sweep(flash)
    month.run(sweep.note)
    assert month.blackbox.errors == 0 and month.blackbox.lost == 0
    assert sweep.cuts > 3000 and sweep.boots > 20
    assert sweep.lost_most <= 0, "a completed record was lost"
    assert sweep.failed == 0
    flash.before_step = None
    for ident in range(1, LOG_N + 1):
        assert log(flash, ident).problems == []
    record_property(
        "truth",
        f"{month.records} records in {DAYS} days, {sweep.cuts} power cuts: {sweep.lost} whole records "
        f"lost, {sweep.failed} of {sweep.boots} boots failed; {wear(flash)}",
    )


def wear(flash):
    """In words; the busiest sector decides."""
    each = [0] + list(SEGMENTS)
    years = []
    for ident in range(1, LOG_N + 1):
        first = sum(each[:ident])
        erases = sum(flash.erases[first : first + SEGMENTS[ident - 1]])
        a_year = max(erases, 1) / DAYS * 365 / SEGMENTS[ident - 1]
        years.append(_CYCLES / a_year)
    assert min(years) > 1000
    return f"raw flash, {sum(flash.erases)} erases, lasts {min(years):.0f} years"


@pytest.mark.parametrize("cut_every", [1, 2, 3, 5, 9])
def test_power_that_fails_again_and_again_wipes_out_nothing(cut_every):
    """Each start is cut a few steps later: what was there before stays, but for what space costs."""
    flash = Flash(sum(SEGMENTS))
    sim = make_sim(cell_n=4, soc=0.5)
    box(sim, flash)
    sim.run(60)
    whole = {item.number: item.payload for item in log(flash, EVENTS).records}
    prng = Prng(cut_every)
    for i in range(60):
        flash = flash.twin(i)
        sim.boot()
        box(sim, flash)
        flash.power(prng.below(cut_every))
        sim.run(4)
        flash.power()
    left = {item.number: item.payload for item in log(flash, EVENTS).records}
    assert all(left.get(number) == payload for number, payload in whole.items())
    sim.boot()
    blackbox = box(sim, flash)
    sim.run(10)
    assert blackbox.errors == 0 and log(flash, EVENTS).problems == []


def test_counters_survive_a_cut_at_every_step():
    base = Flash(2)
    slots = (BlockSlot(base, 0, base.size), BlockSlot(base, 1, base.size))
    ABStore(slots, 1).save(b"1" * 100)
    for cut in range(6):
        flash = base.twin(cut + 3)
        slots = (BlockSlot(flash, 0, flash.size), BlockSlot(flash, 1, flash.size))
        store = ABStore(slots, 1)
        store.load()
        flash.power(cut)
        try:
            store.save(b"2" * 100)
        except OSError:
            pass
        flash.power()
        assert ABStore(slots, 1).load() in (b"1" * 100, b"2" * 100)
