"""Raspberry Pi Pico, one or two LTC6811-1, an INA228 and gate drivers: which pin goes where. README.md has the drawing.

Permissions: 1 permits, 0 or a floating pin keeps the gates off. They are the first thing that `make`
touches and stay 0 until a scan has earned them. The monitor has no FETs and no comparators of its own, so the
comparator with its latch and the dead-man's timer on this board are what opens the FETs when nobody scans.
"""

import time

from machine import I2C, SPI, Pin
from micropython import const

from bms.cutoff import Cutoff
from gateswitch import GateSwitch
from ina22x import INA228, INA22x
from latch import Latch
from ltc681x import LTC6811, LTC681x
from pico import I2C_TIMEOUT_US, SCL, SDA, PicoBoard, off_pins
from pioguard import PioGate
from regbus import RegBus
from split import Alerts, Cells, Guards
from strokegate import StrokedGate

NAME = "pico_ltc6811"
PLATFORM = "rp2"  # `sys.platform` of the MicroPython it needs
ARCH = "armv6m"  # of native code; a Pico 2 runs it too

# GP numbers; those that every Pico board has are in boards/rp2/pico.py
LATCHED = const(2)  # in, pulled up; low while the comparator's latch holds the FETs open
UNLATCH = const(3)  # out; high resets the latch
ALERT = const(6)  # in, pulled up; the INA228 and the latch pull it low
STROKE = const(9)  # to the dead-man's timer: a pulse a scan
ALIVE = const(15)  # in; high while the dead-man's timer runs
MISO = const(16)
CS = const(17)
SCK = const(18)
MOSI = const(19)
CHG = const(20)
DSG = const(21)
PDSG = const(22)
CHG_ON = const(26)  # in; what the gate of the charge FET really gets
DSG_ON = const(27)
LIFT = const(28)  # pulls PACK+ up through a large resistor, to see whether a load is there

# the chips
ADDRESS = const(0x40)  # INA228
I2C_HZ = const(400_000)
SPI_HZ = const(1_000_000)
INPUT_N = const(12)  # cells that one LTC6811 takes
NTCS = ((0, 1), (0, 2), (0, 3))  # device, GPIO
FET_NTC = (0, 4)
SCD_MV = const(150)  # the comparator's threshold at the shunt, set by resistors
SCD_US = const(195)  # its delay, set by a capacitor


def share(cell_n: int):
    """Cells of each device, the lowest first: one device, or two with half of them each."""
    if cell_n <= INPUT_N:
        return (cell_n,)
    return ((cell_n + 1) // 2, cell_n // 2)


def make(config) -> PicoBoard:
    """The hardware with its FETs off. Nothing is said to the chips yet; the watchdog runs."""
    pins = off_pins()
    alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
    stroke = Pin(STROKE, Pin.OUT, value=0)
    gate = PioGate(pins, alert, config.stale_ms)
    gate = StrokedGate(gate, stroke, Pin(ALIVE, Pin.IN))
    cutoff = Cutoff(gate, alert, Pin.IRQ_FALLING)
    limit_ma = SCD_MV * 1_000_000 // config.shunt_uohm
    latch = Latch(
        Pin(LATCHED, Pin.IN, Pin.PULL_UP), Pin(UNLATCH, Pin.OUT, value=0), limit_ma, SCD_US
    )
    return _roles(PicoBoard(NAME, cutoff, None, NTCS), _chain(config), _meter(config), latch)


def _roles(board, chain, meter, latch) -> PicoBoard:
    board.cells = Cells(chain, meter)
    board.shunt = meter
    board.temps = board.bleed = chain
    board.switch = _switch(board.cells, meter, chain)
    board.guard = Guards((chain, meter), (latch,), (board.switch,))
    board.alert = Alerts((meter, latch))
    return board


def _chain(config) -> LTC681x:
    spi = SPI(0, SPI_HZ, polarity=1, phase=1, sck=Pin(SCK), mosi=Pin(MOSI), miso=Pin(MISO))
    cs = Pin(CS, Pin.OUT, value=1)
    cells = share(config.cell_n)
    return LTC681x(spi, cs, LTC6811, cells, time.sleep_us, NTCS[: config.ntc_n], FET_NTC)


def _meter(config) -> INA22x:
    i2c = I2C(0, scl=Pin(SCL), sda=Pin(SDA), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    return INA22x(RegBus(i2c, ADDRESS, name="ina228"), INA228, config.shunt_uohm)


def _switch(cells, meter, chain) -> GateSwitch:
    gates = [Pin(pin, Pin.OUT, value=0) for pin in (CHG, DSG, PDSG)]
    sense = [Pin(pin, Pin.IN) for pin in (CHG_ON, DSG_ON)]
    return GateSwitch(gates, sense, cells, meter, Pin(LIFT, Pin.OUT, value=0), (chain,))
