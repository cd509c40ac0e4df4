"""A simulated pack with a black box on a raw flash, and what it has written."""

from bms.blackbox import SEGMENTS, BlackBox
from replay.chain import Log, logs
from replay.decode import event
from ringlog import SEGMENT, Chain
from segments import BlockSegments
from sim.flash import Flash

KEY = bytes(range(1, 33))


def places(flash, sizes=SEGMENTS):
    """Four segment stores one behind the other."""
    out = []
    first = 0
    for n in sizes:
        out.append(BlockSegments(flash, first, n, flash.size))
        first += n
    return out


def box(sim, flash, store=None, cause=0, sizes=SEGMENTS):
    """Put a black box into a simulation."""
    sim.blackbox = BlackBox(sim.scan, places(flash, sizes), Chain(KEY), store, cause)
    return sim.blackbox


def boxed(**more):
    """(sim, flash) of a pack that has a black box from its first scan on."""
    from boards.sim.board import make_sim

    flash = Flash(sum(SEGMENTS))
    more.setdefault("soc", 0.5)
    sim = make_sim(**more)
    box(sim, flash)
    return sim, flash


def log(flash, ident, key=KEY):
    return logs(bytes(flash.data), key, flash.size).get(ident) or Log(ident)


def events(flash):
    """The stored events, in order."""
    records = log(flash, 1).records
    return [event(record.payload) for record in records if record.kind != SEGMENT]
