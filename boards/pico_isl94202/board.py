"""Raspberry Pi Pico or Pico W and an ISL94202: which pin goes where. README.md has the drawing.

Off-pins: 1 permits, 0 or a floating pin raises FETSOFF and so forces both FETs off. They are the first
thing that `make` touches and stay 0 until a scan has earned them.
"""

import time

from machine import I2C, UART, WDT, Pin
from micropython import const

from bms.bits import OUT_BUZZER, OUT_FAN, OUT_HEATER, OUT_LED_RUN
from bms.clock import Clock
from bms.cutoff import Cutoff, PinGate
from isl94202 import ISL94202
from pinbits import PinBits
from regbus import RegBus

NAME = "pico_isl94202"
PLATFORM = "rp2"  # `sys.platform` of the MicroPython it needs
ARCH = "armv6m"  # of native code; a Pico 2 runs it too

# GP numbers
UART_TX = const(0)
UART_RX = const(1)
SDA = const(4)
SCL = const(5)
ALERT = const(6)  # in, pulled up; SD of the monitor pulls it low
CFETOFF = const(7)  # both are permissions; both must be 1 or FETSOFF is high
DFETOFF = const(8)
HEATER = const(10)
FAN = const(11)
BUZZER = const(12)
INTERLOCK = const(13)  # in, pulled up; to ground = closed, open = FETs off
SERVICE = const(14)  # in, pulled up; to ground at power-up = no watchdog, to work on the board
LED = "LED"  # the one on the Pico

# the monitor
ADDRESS = const(0x28)
I2C_HZ = const(400_000)
I2C_TIMEOUT_US = const(10_000)
NTCS = ("xT1",)  # on the cells; xT2 sits on the FETs

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
    alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
    i2c = I2C(0, scl=Pin(SCL), sda=Pin(SDA), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    bus = RegBus(i2c, ADDRESS, name="isl94202")
    ntc_n = len(NTCS[: config.ntc_n])
    monitor = ISL94202(bus, config.cell_n, config.shunt_uohm, ntc_n, fet_ntc=True)
    cutoff = Cutoff(PinGate(off_pins), alert, time.ticks_us, Pin.IRQ_FALLING)
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
