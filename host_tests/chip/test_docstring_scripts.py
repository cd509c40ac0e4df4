"""The ten lines at the top of a driver, run as they stand against the model of its chip."""

import time

import machine
import pytest

import gateswitch
import ina22x
import isl94202
import isl94202_eeprom
import latch
import ltc681x
from host_tests.chip import test_ina22x, test_isl94202
from host_tests.chip.ltc681x_rig import Rig
from sim.pins import PinBank


def run(module, names=None) -> int:
    """Run the script of a module's docstring; how many lines it has."""
    lines = [line[4:] for line in module.__doc__.splitlines() if line.startswith("    ")]
    exec("\n".join(lines), dict(names or {}))
    return len([line for line in lines if line])


@pytest.fixture
def plug(monkeypatch):
    """`plug(rig)`: `machine` and `time` belong to this rig."""

    def use(rig, bank=None):
        bus = getattr(rig, "i2c", None)
        machine.use(world=rig.world, bank=bank, buses={0: bus} if bus else None)
        monkeypatch.setattr(time, "sleep_us", rig.world.advance, raising=False)

    yield use
    machine.use()


def test_an_ltc6811_reads_its_cells(plug, monkeypatch, capsys):
    rig = Rig()
    bank = PinBank()
    bank.connect(17, rig.cs_line)
    plug(rig, bank)

    def spi(number, baudrate, polarity, phase, **pins):
        rig.spi.init(baudrate, polarity, phase)
        return rig.spi

    monkeypatch.setattr(machine, "SPI", spi)
    assert run(ltc681x) == 11
    cells = [3300 + i for i in range(12)]
    assert capsys.readouterr().out == f"array('i', {cells}) 39666\n"


def test_an_ina228_reads_current_and_voltage(plug, capsys):
    rig = test_ina22x.Rig()
    plug(rig)
    rig.plant.current_a = -12.5
    rig.model.run(0)
    advance = rig.world.advance
    monkey = test_ina22x.INA22x.arm

    def arm(self):
        monkey(self)
        advance(100000)

    test_ina22x.INA22x.arm = arm
    try:
        assert run(ina22x) == 9
    finally:
        test_ina22x.INA22x.arm = monkey
    assert capsys.readouterr().out == "-12500 mA 52800 mV\n"


def test_an_isl94202_reads_cells_and_current(plug, capsys):
    rig = test_isl94202.Rig()
    plug(rig)
    rig.amps(-12.5)
    assert run(isl94202) == 10
    assert capsys.readouterr().out == "array('i', [3300, 3310, 3320, 3330]) -12501 mA\n"


def test_the_number_of_cells_goes_into_the_eeprom(plug, capsys):
    rig = test_isl94202.Rig(4, cells_set=3)
    plug(rig)
    assert run(isl94202_eeprom) == 6
    assert capsys.readouterr().out == "True\n" and rig.model.eeprom[0x49] == 0xC3


@pytest.mark.parametrize("module", [latch])
def test_pieces_of_a_board_are_made_of_pins(plug, module):
    plug(test_isl94202.Rig())
    assert run(module) <= 10


def test_a_gate_switch_is_made_of_pins(plug):
    plug(test_isl94202.Rig())
    cells = type("Cells", (), {"stack_mv": 13000, "pack_mv": 13000})
    shunt = type("Shunt", (), {"pack_ma": 0})
    names = {"cells": cells, "shunt": shunt, "CHG": 1, "DSG": 4}
    assert run(gateswitch, names) <= 10
    assert [machine.bench.bank.line(n).level for n in (20, 21, 22)] == [1, 1, 0]
