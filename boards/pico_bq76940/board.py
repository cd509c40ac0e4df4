"""Raspberry Pi Pico or Pico W and a BQ76940 with high-side MOSFETs: which pin goes where. README.md has the drawing.

Off-pins: 1 permits, 0 or a floating pin holds the MOSFETs open through a gate of its own. They are the first
thing that `make` touches and stay 0 until a scan has earned them. The same gates want a dead-man's stroke.
"""

import time

from machine import ADC, I2C, UART, WDT, Pin
from micropython import const

from bms.bits import OUT_BUZZER, OUT_FAN, OUT_HEATER, OUT_LED_RUN
from bms.clock import Clock
from bms.cutoff import Cutoff
from bq769x0 import BQ76940, BQ769x0
from pinbits import PinBits
from regbus import RegBus
from strokegate import StrokedGate
from terminals import Terminals

NAME = "pico_bq76940"
PLATFORM = "rp2"  # `sys.platform` of the MicroPython it needs
ARCH = "armv6m"  # of native code; a Pico 2 runs it too

# GP numbers
UART_TX = const(0)
UART_RX = const(1)
SDA = const(4)
SCL = const(5)
TRIPPED = const(6)  # in, pulled up; the monitor's DSG output, low = it does not drive
CFETOFF = const(7)
DFETOFF = const(8)
PDSG = const(9)
HEATER = const(10)
FAN = const(11)
BUZZER = const(12)
INTERLOCK = const(13)  # in, pulled up; to ground = closed, open = FETs off
SERVICE = const(14)  # in, pulled up; to ground at power-up = no watchdog, to work on the board
LIFT = const(15)
BOOT = const(16)
STROKE = const(17)
PACK = const(26)  # ADC0
STACK = const(27)  # ADC1
LED = "LED"  # the one on the Pico

# the monitor
ADDRESS = const(0x08)
CRC = True  # BQ7694003; False for a BQ7694002
I2C_HZ = const(100_000)  # the most it can
I2C_TIMEOUT_US = const(30_000)  # of one transfer; the longest takes 10 ms
BURST_N = const(52)
NTCS = ("TS1", "TS2")
FET_NTC = "TS3"
FULL_MV = const(
    82_500
)  # at which PACK and STACK read full scale: 3.3 V times 250/10; measure yours

UART_BAUD = const(9600)
WATCHDOG_MS = const(2000)


class Board:
    """What the firmware gets: one object a role, and the rest of the hardware."""

    def __init__(self, monitor, cutoff, outputs, interlock, watchdog, uart):
        self.name = NAME
        self.cells = self.shunt = self.temps = monitor
        self.switch = self.bleed = self.guard = self.alert = monitor
        self.cutoff = cutoff
        self.outputs = outputs
        self.interlock = interlock
        self.clock = Clock()
        self.watchdog = watchdog
        self.uart = uart


def make(config) -> Board:
    """The hardware with its FETs off. Nothing is said to the monitor yet; the watchdog runs."""
    off_pins = (Pin(CFETOFF, Pin.OUT, value=0), Pin(DFETOFF, Pin.OUT, value=0))
    pdsg = Pin(PDSG, Pin.OUT, value=0)
    lift = Pin(LIFT, Pin.OUT, value=0)
    boot = Pin(BOOT, Pin.OUT, value=0)
    stroke = Pin(STROKE, Pin.OUT, value=0)
    tripped = Pin(TRIPPED, Pin.IN, Pin.PULL_UP)
    i2c = I2C(0, scl=Pin(SCL), sda=Pin(SDA), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    bus = RegBus(i2c, ADDRESS, CRC, NAME, BURST_N, True)
    terminals = Terminals(ADC(PACK), FULL_MV, pdsg, lift, ADC(STACK))
    ntc = NTCS[: config.ntc_n]
    cell_n = config.cell_n
    monitor = BQ769x0(bus, BQ76940, cell_n, time.sleep_us, ntc, FET_NTC, boot, terminals)
    cutoff = Cutoff(StrokedGate(off_pins, stroke), tripped, time.ticks_us, Pin.IRQ_FALLING)
    outputs = PinBits(
        (
            (OUT_HEATER, Pin(HEATER, Pin.OUT, value=0)),
            (OUT_FAN, Pin(FAN, Pin.OUT, value=0)),
            (OUT_BUZZER, Pin(BUZZER, Pin.OUT, value=0)),
            (OUT_LED_RUN, Pin(LED, Pin.OUT, value=0)),
        )
    )
    interlock = Pin(INTERLOCK, Pin.IN, Pin.PULL_UP)
    uart = UART(0, UART_BAUD, tx=Pin(UART_TX), rx=Pin(UART_RX), rxbuf=256, txbuf=512)
    guarded = Pin(SERVICE, Pin.IN, Pin.PULL_UP)()
    watchdog = WDT(timeout=WATCHDOG_MS) if guarded else None
    return Board(monitor, cutoff, outputs, interlock, watchdog, uart)
