"""Every family, started on a bus where something is not as wired: no FET ever closes, and the error names it."""

import json

import pytest

from bms.report.link_store import WHO, Store
from boards.sim.board import make_sim
from bq769x0 import BQ76940
from bq769x2 import BQ76942
from host_tests.system.rig import BOTH, conducting, events
from sim.chips.ina22x import INA22xModel
from sim.chips.ltc681x import LTC681xModel
from sim.mischief import find
from sim.mischief_bus import Garbage
from sim.mischief_spi import StuckMiso
from sim.prng import Prng


def wrong_crc(sim):
    sim.monitor._crc = not sim.crc
    sim.chip.strict = False
    sim.boot()


def detach(addr):
    def act(sim):
        bus = getattr(sim.monitor, "_i2c", None) or sim.monitor.bus
        bus.detach(addr)

    return act


def garbage(sim):
    noise = Garbage(sim.chip, Prng(7))
    noise.on = True
    sim.monitor.disturb(lambda _: noise)


def stuck(sim):
    find("dead_bus").apply(sim)


def stuck_miso(level):
    def act(sim):
        slot = sim.monitor._slot
        slot.device = StuckMiso(slot.device, level)

    return act


def another_part_40(sim):
    sim.monitor._part = BQ76940
    sim.chip.strict = False  # balancing is switched off whatever it is
    sim.boot()


def wide_device(sim):
    gpios = {1: 0, 2: 1, 3: 2}
    sim.chip.chain.devices[0] = LTC681xModel(sim.world, sim.plant, "LTC6813", 0, 8, gpios)


def swapped(sim):
    sim.chip.chain.devices.reverse()


def one_more(sim):
    chain = sim.chip.chain
    chain.devices.append(LTC681xModel(sim.world, sim.plant, "LTC6811", 0, 4, {}))
    chain.cut = 3


def one_less(sim):
    sim.chip.chain.cut = 1


def small_meter(sim):
    sim.monitor._i2c.detach(0x40)
    sim.monitor._i2c.attach(INA22xModel(sim.world, sim.plant, "INA226", strict=False))


def three_cells(sim):
    sim.chip.eeprom[0x49] = 0x83
    sim.chip.brown_out()


CASES = {
    "bq769x2": (
        ("another part", 4, "BQ76942", "expected BQ76942, found 0x7695 BQ76952"),
        ("crc", 4, wrong_crc, "bq769x2"),
        ("nobody", 4, detach(0x08), "bq769x2 0x3e: write refused"),
        ("stuck", 4, stuck, "bq769x2 0x3e: write refused"),
        ("noise", 4, garbage, "bq769x2"),
    ),
    "bq769x2_spi": (
        ("crc", 4, wrong_crc, "bq769x2"),
        ("miso 0", 4, stuck_miso(0), "bq769x2"),
        ("miso 1", 4, stuck_miso(1), "refused"),
    ),
    "bq769x0": (
        ("another part", 10, another_part_40, "expected BQ76940, found cells in 2 of 3 groups"),
        ("crc", 15, wrong_crc, "bq769x0 0x"),
        ("nobody", 15, detach(0x08), "bq769x0 0x00: read refused"),
        ("stuck", 15, stuck, "bq769x0 0x00: read refused"),
        ("noise", 15, garbage, "bq769x0"),
    ),
    "ltc681x": (
        ("another part", 8, wide_device, "expected LTC6811, found 18 cell inputs"),
        ("swapped", 15, swapped, "device 2 of 2: C8 has"),
        ("one missing", 15, one_less, "device 2 of 2: no answer, MISO stays high"),
        ("one more", 15, one_more, "2 devices expected, there are more"),
        ("miso 0", 4, stuck_miso(0), "device 1 of 1: no answer, MISO stays low"),
        ("miso 1", 4, stuck_miso(1), "device 1 of 1: no answer, MISO stays high"),
        ("no meter", 4, detach(0x40), "ina228 0x3e: read refused"),
        ("another meter", 4, small_meter, "expected INA228, found 0x"),
    ),
    "isl94202": (
        ("other cells", 4, three_cells, "set to 3 cells, not 4"),
        ("noise", 4, garbage, "isl94202 0x49"),
        ("nobody", 4, detach(0x28), "isl94202 0x48: read refused"),
        ("stuck", 4, stuck, "isl94202 0x48: read refused"),
    ),
}
FLAT = [
    pytest.param(family, *case[1:], id=f"{family}-{case[0]}")
    for family, cases in CASES.items()
    for case in cases
]


@pytest.mark.parametrize("monitor, cell_n, spoil, words", FLAT)
def test_what_is_not_as_wired_closes_no_fet_and_is_named(
    monitor, cell_n, spoil, words, monkeypatch
):
    if spoil == "BQ76942":
        monkeypatch.setattr("boards.sim.bq769x2.BQ76952", BQ76942)
    sim = make_sim(family=monitor, cell_n=cell_n, soc=0.5)
    if callable(spoil):
        spoil(sim)
    assert not sim.run_until(lambda: conducting(sim), 12), events(sim)
    assert words in str(sim.scan.act.error), sim.scan.act.error
    assert words in who(sim)["bus"], "and whoever asks is told"


def who(sim):
    return json.loads(Store(sim.pack, "sim", tuple).read(WHO, 0, 999))


PACKS = sorted({(family, case[1]) for family, cases in CASES.items() for case in cases})


@pytest.mark.parametrize("monitor, cell_n", PACKS)
def test_as_wired_it_starts(monitor, cell_n):
    sim = make_sim(family=monitor, cell_n=cell_n, soc=0.5)
    assert sim.run_until(lambda: conducting(sim) == BOTH, 12), events(sim)
    assert "bus" not in who(sim)
