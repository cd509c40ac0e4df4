"""Raspberry Pi Pico, one or two LTC6811-1, an INA228 and gate drivers: which pin goes where. README.md has the drawing.

Permissions: 1 permits, 0 or a floating pin keeps the gates off. They are the first thing that `make`
touches and stay 0 until a scan has earned them. The monitor has no FETs and no comparators of its own, so the
comparator with its latch and the dead-man's timer on this board are what opens the FETs when nobody scans.
"""

import time

from machine import I2C, SPI, UART, WDT, Pin
from micropython import const

from bms.bits import OUT_BUZZER, OUT_FAN, OUT_HEATER, OUT_LED_RUN
from bms.clock import Clock
from bms.cutoff import Cutoff
from gateswitch import GateSwitch
from ina22x import INA228, INA22x
from latch import Latch
from ltc681x import LTC6811, LTC681x
from pinbits import PinBits
from regbus import RegBus
from split import Alerts, Cells, Guards
from strokegate import StrokedGate

NAME = "pico_ltc6811"
PLATFORM = "rp2"  # `sys.platform` of the MicroPython it needs
ARCH = "armv6m"  # of native code; a Pico 2 runs it too

# GP numbers
UART_TX = const(0)
UART_RX = const(1)
LATCHED = const(2)  # in, pulled up; low while the comparator's latch holds the FETs open
UNLATCH = const(3)  # out; high resets the latch
SDA = const(4)
SCL = const(5)
ALERT = const(6)  # in, pulled up; the INA228 and the latch pull it low
CFETOFF = const(7)  # permission of the charge FET
DFETOFF = const(8)  # and of the discharge and precharge FETs
STROKE = const(9)  # to the dead-man's timer: a pulse a scan while the FETs are permitted
HEATER = const(10)
FAN = const(11)
BUZZER = const(12)
INTERLOCK = const(13)  # in, pulled up; to ground = closed, open = FETs off
SERVICE = const(14)  # in, pulled up; to ground at power-up = no watchdog, to work on the board
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
LED = "LED"  # the one on the Pico

# the chips
ADDRESS = const(0x40)  # INA228
I2C_HZ = const(400_000)
I2C_TIMEOUT_US = const(10_000)
SPI_HZ = const(1_000_000)
INPUT_N = const(12)  # cells that one LTC6811 takes
NTCS = ((0, 1), (0, 2), (0, 3))  # device, GPIO
FET_NTC = (0, 4)
SCD_MV = const(150)  # the comparator's threshold at the shunt, set by resistors
SCD_US = const(195)  # its delay, set by a capacitor

UART_BAUD = const(9600)
WATCHDOG_MS = const(2000)


class Board:
    """What the firmware gets: one object a role, and the rest of the hardware."""

    def __init__(self, chain, meter, latch, cutoff):
        self.name = NAME
        self.cells = Cells(chain, meter)
        self.shunt = meter
        self.temps = self.bleed = chain
        self.switch = _switch(self.cells, meter, chain)
        self.guard = Guards((chain, meter), (latch,), (self.switch,))
        self.alert = Alerts((meter, latch))
        self.cutoff = cutoff
        self.outputs = _outputs()
        self.interlock = Pin(INTERLOCK, Pin.IN, Pin.PULL_UP)
        self.clock = Clock()
        self.uart = UART(0, UART_BAUD, tx=Pin(UART_TX), rx=Pin(UART_RX), rxbuf=256, txbuf=512)
        guarded = Pin(SERVICE, Pin.IN, Pin.PULL_UP)()
        self.watchdog = WDT(timeout=WATCHDOG_MS) if guarded else None


def share(cell_n: int):
    """Cells of each device, the lowest first: one device, or two with half of them each."""
    if cell_n <= INPUT_N:
        return (cell_n,)
    return ((cell_n + 1) // 2, cell_n // 2)


def make(config) -> Board:
    """The hardware with its FETs off. Nothing is said to the chips yet; the watchdog runs."""
    permits = (Pin(CFETOFF, Pin.OUT, value=0), Pin(DFETOFF, Pin.OUT, value=0))
    alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
    stroke = Pin(STROKE, Pin.OUT, value=0)
    gate = StrokedGate(permits, stroke, Pin(ALIVE, Pin.IN))
    cutoff = Cutoff(gate, alert, time.ticks_us, Pin.IRQ_FALLING)
    limit_ma = SCD_MV * 1_000_000 // config.shunt_uohm
    latch = Latch(
        Pin(LATCHED, Pin.IN, Pin.PULL_UP), Pin(UNLATCH, Pin.OUT, value=0), limit_ma, SCD_US
    )
    return Board(_chain(config), _meter(config), latch, cutoff)


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


def _outputs() -> PinBits:
    return PinBits(
        (
            (OUT_HEATER, Pin(HEATER, Pin.OUT, value=0)),
            (OUT_FAN, Pin(FAN, Pin.OUT, value=0)),
            (OUT_BUZZER, Pin(BUZZER, Pin.OUT, value=0)),
            (OUT_LED_RUN, Pin(LED, Pin.OUT, value=0)),
        )
    )
