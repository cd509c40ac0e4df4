"""Named stories on the simulator: the same on every interpreter, told by their journal.

Written in the dialect of the device, so that CPython, MicroPython's virtual machine and an emulated board
play exactly the same. `play(name)` returns the simulation when its story is over.
"""

from bms.bits import REQ_CLEAR, REQ_OFF, REQ_ON, REQ_SLEEP
from boards.sim.board import FAMILY, make_sim
from sim.mischief import find
from sim.mischief_bus import BitFlip, NackWrapper
from sim.prng import Prng

_SMALL = {"capacity_mah": 2500, "shunt_uohm": 8000, "bal_max_n": 2}


def _touch(sim, act) -> None:
    sim.world.sync()
    act(sim.plant)
    sim.world.sync()


def _trouble(name: str, seconds: float, after: float = 5):
    """This mischief for a while, and its end."""

    def tell(sim) -> None:
        _touch(sim, lambda plant: plant.outside.load(amps=20))
        sim.run(2)
        find(name).apply(sim)
        sim.run(seconds)
        find(name).clear(sim)
        _touch(sim, lambda plant: plant.outside.load())
        sim.run(after)

    return tell


def _quiet(sim) -> None:
    sim.run(10)


def _day(sim) -> None:
    """Charged, discharged, switched off and on."""
    _touch(sim, lambda plant: plant.outside.attach(3.45 * plant.cell_n, 20))
    sim.run(30)
    _touch(sim, lambda plant: plant.outside.detach())
    _touch(sim, lambda plant: plant.outside.load(amps=40))
    sim.run(30)
    sim.pack.request(REQ_OFF)
    sim.run(3)
    _touch(sim, lambda plant: plant.outside.load())
    sim.pack.request(REQ_ON)
    sim.run(10)


def _lock_out(sim) -> None:
    """Three short circuits, then a person who clears."""
    for _ in range(3):
        _touch(sim, lambda plant: plant.outside.short(0.005))
        sim.run(2)
        _touch(sim, lambda plant: plant.outside.short(0))
        sim.run(65)
    sim.pack.request(REQ_CLEAR)
    sim.run(5)


def _precharge(sim) -> None:
    """An empty capacitor at the terminals, then a load that nothing could precharge."""
    sim.pack.request(REQ_OFF)
    sim.run(2)
    _touch(sim, lambda plant: plant.outside.load(farads=0.01))
    sim.pack.request(REQ_ON)
    sim.run(10)
    sim.pack.request(REQ_OFF)
    sim.run(2)
    _touch(sim, lambda plant: plant.outside.load(ohms=1.0))
    sim.pack.request(REQ_ON)
    sim.run(100)


def _balance(sim) -> None:
    """Cells apart, held at the top."""
    for i in range(4):
        sim.plant.cells.soc[i] = (0.985, 0.99, 0.995, 0.985)[i]
    _touch(sim, lambda plant: plant.outside.attach(4 * 3.46, 0.5))
    sim.run(900)


def _sleep(sim) -> None:
    """Asleep for an hour, then a charger."""
    sim.pack.request(REQ_SLEEP)
    sim.run(3600)
    _touch(sim, lambda plant: plant.outside.attach(4 * 3.5, 10))
    sim.run(20)


def _noise(sim) -> None:
    """Bits flip and bytes are not acknowledged."""
    sim.chip.strict = False  # a flipped register number is nobody's mistake
    sim.monitor.disturb(lambda chip: BitFlip(chip, Prng(7), per_million=3000, written=True))
    sim.run(60)
    sim.monitor.disturb(lambda chip: NackWrapper(chip, per_million=10000, prng=Prng(8), data=True))
    sim.run(60)
    sim.monitor.disturb(None)
    sim.run(20)


# name, how the simulation is made, its story
# fmt: off
SCENARIOS = (
    ("quiet", {}, _quiet),
    ("day", {"soc": 0.6}, _day),
    ("short", {}, _trouble("short", 2)),
    ("lock_out", {"cell_n": 4}, _lock_out),
    ("overload", {"cell_n": 4}, _trouble("heavy_load", 30)),
    ("runaway_charger", {"cell_n": 4}, _trouble("runaway_charger", 900)),
    ("overdischarge", {"cell_n": 4}, _trouble("overdischarge", 300)),
    ("cold_charge", {"cell_n": 4}, _trouble("cold_charge", 30)),
    ("hot_cell", {"cell_n": 4}, _trouble("hot_cell", 120)),
    ("broken_wire", {"cell_n": 8}, _trouble("broken_wire", 5)),
    ("broken_end_wire", {"cell_n": 8}, _trouble("broken_end_wire", 5)),
    ("ntc_open", {"cell_n": 4}, _trouble("ntc_open", 5)),
    ("welded_chg", {"cell_n": 4, "contactor": True}, _trouble("welded_chg", 10)),
    ("interlock", {"cell_n": 4}, _trouble("interlock_open", 3)),
    ("dead_bus", {"cell_n": 4}, _trouble("dead_bus", 5, 15)),
    ("brown_out", {"cell_n": 4}, _trouble("brown_out", 2, 15)),
    ("broken_alert", {"cell_n": 4}, _trouble("broken_alert", 3)),
    ("frozen", {"cell_n": 4}, _trouble("frozen_interpreter", 5, 15)),
    ("precharge", {"cell_n": 16}, _precharge),
    ("balance", {"cell_n": 4, "soc": 0.97, "spread": 0.0, "config": _SMALL}, _balance),
    ("sleep", {"cell_n": 4}, _sleep),
    ("noise", {"cell_n": 4}, _noise),
    ("noise_without_crc", {"cell_n": 4, "crc": False}, _noise),
)
# fmt: on


def play(name: str, prepare=None, family: str = FAMILY):
    """Make the simulation, let it start, tell its story. `prepare(sim)` comes before the first scan."""
    for known, how, story in SCENARIOS:
        if known == name:
            sim = make_sim(**dict(how, soc=how.get("soc", 0.5), family=family))
            if prepare is not None:
                prepare(sim)
            sim.run(5)
            story(sim)
            return sim
    raise LookupError(name)


def told(sim) -> bytes:
    """The journal that a simulation holds, as bytes."""
    log = sim.pack.journal
    out = bytearray()
    for number in range(log.first(), log.n):
        out.extend(log.raw(number))
    return bytes(out)
