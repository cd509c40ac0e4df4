"""Monitors that lie: what a driver reads is bent behind the bus, where no CRC sees it. Prints every reason it gave.

Heap locked on MicroPython, as in a scan: what tells of a failure must not need it. `FAMILY [FIELD=VALUE ...]`
"""

import sys

if "firmware" not in "".join(sys.path):  # a native micropython starts with nothing
    sys.path[:] = ["lib", "firmware", "tools", ""] + sys.path
if sys.implementation.name == "micropython":
    sys.path.append("tools/vm")
else:  # whatever folder a test has gone to
    sys.path.append(__file__.replace("host_tests/common/say_trouble.py", "tools/vm"))

import play

sys.path.pop()
from boards.sim.board import make_sim
from bq769x0 import BQ76920, BQ76940
from bq769x2 import BQ76942
from bq769x2_spi import SpiBus
from failure import Failure
from ina22x import INA226
from ltc681x import LTC6813
from ltc681x_link import Link
from regbus import RegBus
from sim.prng import Prng

_SECONDS = 2  # of each lie
_TRUE_SECONDS = 1  # after it
_MOST = 40
_VALUES = (0, 255, 0x20, 0xC3)
_ONE_IN = (400, 40, 40, 40, 10, 4)
_OTHERS = (BQ76942, BQ76920, BQ76940, INA226, LTC6813)


class Liar:
    """One read of `one_in` has a byte bent; or each of `reg` reads `value`, `most` bytes of it."""

    def __init__(self, seed: int):
        self.between = Prng(seed).between
        self.one_in = 0
        self.reg = -1
        self.value = 0
        self.most = 0
        self.regs = bytearray(_MOST)  # that were read so far: worth lying about
        self.reg_n = 0

    def bend(self, reg: int, data, n: int) -> None:
        self._note(reg & 0xFF)
        if self.one_in and self.between(1, self.one_in) == 1:
            data[self.between(0, n - 1)] = self.between(0, 255)
        if reg & 0xFF == self.reg:
            for i in range(min(n, self.most)):
                data[i] = self.value

    def _note(self, reg: int) -> None:
        for i in range(self.reg_n):
            if self.regs[i] == reg:
                return
        if self.reg_n < _MOST:
            self.regs[self.reg_n] = reg
            self.reg_n += 1

    def rest(self) -> None:
        self.one_in = 0
        self.reg = -1


class Heard:
    """Every reason once, in the order of their coming."""

    def __init__(self):
        self.of = [Failure("") for _ in range(_MOST)]
        self.n = 0
        self.args = [None]  # as an `OSError` has them: `keep` takes it from there

    def note(self, told) -> None:
        for i in range(self.n):
            if self.of[i]._why == told._why and self.of[i].name == told.name:
                return
        self.args[0] = told
        self.of[self.n].keep(self)
        self.n += 1


liar = Liar(5)
heard = Heard()
_of_regs, _of_spi, _of_chain, _answers = RegBus.read, SpiBus.read, Link.read, Link.answer_n
_tell = Failure.tell


# between the drivers and what they read; no closures: those with many arguments would allocate


def bend(reg, data, n):
    was = play.lock.drop()
    liar.bend(reg, data, n)
    play.lock.back(was)


def read(self, reg, n):
    _of_regs(self, reg, n)
    bend(reg, self.data, n)


def read_spi(self, reg, n):
    _of_spi(self, reg, n)
    bend(reg, self.data, n)


def read_chain(self, code):
    _of_chain(self, code)
    bend(code, self.data, len(self.data))


def answer_n(self, code):
    found = _answers(self, code)
    return liar.value & 3 if liar.reg == code & 0xFF else found


def tell(self, where, why, number=5, a=0, b=0, c=0, device=0):
    try:
        _tell(self, where, why, number, a, b, c, device)
    finally:
        heard.note(self)


def come_between(on: bool) -> None:
    """Or leave: the tests of this process go on."""
    RegBus.read = read if on else _of_regs
    SpiBus.read = read_spi if on else _of_spi
    Link.read = read_chain if on else _of_chain
    Link.answer_n = answer_n if on else _answers
    Failure.tell = tell if on else _tell


def other_parts(sim) -> None:
    """What is wired is not what the board's file says."""
    guard = sim.board.guard
    for chip in getattr(guard, "_parts", (guard,)):
        part = getattr(chip, "_part", None)
        if part is None:
            continue
        frame = getattr(chip, "_frame", chip)
        for other in _OTHERS:
            if other[0][:3] == part[0][:3] and type(other[2]) is type(part[2]):
                chip._part = frame._part = other
                sim.scan.act.disarm()
                sim.run(_SECONDS)
        chip._part = frame._part = part


def during(sim) -> None:
    sim.run(1)
    sim.scan.act.disarm()
    sim.run(_SECONDS)
    liar.rest()
    sim.run(_TRUE_SECONDS)


def live(family: str):
    config = {}
    for word in sys.argv[2:]:  # a field
        name, value = word.split("=")
        config[name] = int(value)
    sim = make_sim(config=config, family=family, cell_n=8, soc=0.5)
    sim.chip.strict = False
    sim.run(10)
    for one_in in _ONE_IN:
        liar.one_in = one_in
        during(sim)
    i = 0
    while i < liar.reg_n:
        for k in range(2 * len(_VALUES)):
            liar.value = _VALUES[k // 2]
            liar.most = 1 if k % 2 else 99
            liar.reg = liar.regs[i]
            during(sim)
        i += 1
    other_parts(sim)
    sim.run(20)
    return sim


def main() -> None:
    if sys.implementation.name == "micropython":
        play.guard()
    come_between(True)
    try:
        sim = live(sys.argv[1])
    finally:
        come_between(False)
    print(sim.pack.snap.fresh, sim.scan.act.armed, sim.pack.snap.bus_errors)
    for i in range(heard.n):
        print(repr(heard.of[i]))


main()
