"""A pack that runs, and words for what the tests ask of it."""

from bms import bits, fault_rows, faults, journal
from boards.sim.board import FAMILY, make_sim
from roles import BOTH


def running(seconds=5, **more):
    """A simulated pack brought to RUN, its record of extremes begun anew."""
    more.setdefault("soc", 0.5)
    more.setdefault("family", FAMILY)
    sim = make_sim(**more)
    sim.run(seconds)
    assert sim.pack.mode.mode == bits.RUN, events(sim)
    sim.plant.worst.reset(sim.world.now_us)
    return sim


def touch(sim, act):
    """Change the physical world now."""
    sim.world.sync()
    act(sim.plant)
    sim.world.sync()


def tripped(sim):
    """Names of the rows that are not clear."""
    state = sim.pack.protect.state
    return [fault_rows.ROWS[i][fault_rows.NAME] for i in range(faults.ROW_N) if state[i]]


def events(sim):
    """(kind, name or item, cell, value) of all records held."""
    log = sim.pack.journal
    out = []
    for number in range(log.first(), log.n):
        record = log.record(number)
        kind = journal.NAMES[record["kind"]]
        item = record["item"]
        if kind in ("trip", "clear", "lock", "ack"):
            item = fault_rows.ROWS[item][fault_rows.NAME]
        out.append((kind, item, record["cell"], record["value"]))
    return out


def seen(sim, kind, item):
    """Has the journal such a record?"""
    return any(event[:2] == (kind, item) for event in events(sim))


def conducting(sim):
    """FETs that physically conduct."""
    return (1 if sim.plant.chg_on else 0) | (4 if sim.plant.dsg_on else 0)


def open_within(sim, limit_us, name="dsg", since_us=None):
    """Step until that FET opened; time it took from `since_us` (now), or None."""
    since_us = sim.world.now_us if since_us is None else since_us
    while sim.world.now_us < since_us + limit_us:
        if sim.plant.worst.opened_after(name, since_us) is not None:
            break
        sim.step()
    return sim.plant.worst.opened_after(name, since_us)


__all__ = ["BOTH", "conducting", "events", "open_within", "running", "seen", "touch", "tripped"]
