"""ESP32 development board (WROOM-32) and a BQ76952: which pin goes where. README.md has the drawing.

Off-pins: 1 permits, 0 or a floating pin forces the monitor's FETs off. They are the first thing that
`make` touches and stay 0 until a scan has earned them. None of the pins below is a strapping pin or has a
level of its own while the ESP32 boots, but the LED.

The cut-off is slower here than on RP2: this port runs pin interrupts in its scheduler.
"""

import time

from machine import I2C, UART, WDT, Pin, reset_cause
from micropython import const

from bms.bits import OUT_BUZZER, OUT_FAN, OUT_HEATER, OUT_LED_RUN
from bms.clock import Clock
from bms.cutoff import Cutoff, PinGate
from bq769x2 import BQ76952, BQ769x2
from pinbits import PinBits
from regbus import RegBus

NAME = "esp32_bq76952"
PLATFORM = "esp32"  # `sys.platform` of the MicroPython it needs
ARCH = "xtensawin"  # of native code

# GPIO numbers
LED = const(2)  # the one on most boards
UART_RX = const(16)  # 16 and 17 belong to the memory of a WROVER: take others there
UART_TX = const(17)
HEATER = const(18)
FAN = const(19)
SDA = const(21)
SCL = const(22)
BUZZER = const(23)
CFETOFF = const(25)
DFETOFF = const(26)
ALERT = const(27)  # in, pulled up; the monitor pulls it low
INTERLOCK = const(32)  # in, pulled up; to ground = closed, open = FETs off
# in, pulled up; to ground at power-up = no watchdog; pressed later: a window for JBD writes
SERVICE = const(33)

# the monitor
ADDRESS = const(0x08)
CRC = False  # True for a part that powers up with CRC
I2C_HZ = const(400_000)
I2C_TIMEOUT_US = const(10_000)  # of one transfer; the longest takes 2 ms
NTCS = ("TS1", "TS3", "HDQ")  # cell thermistors; TS2 is left to the wake button
FET_NTC = "DCHG"

UART_BAUD = const(9600)
WATCHDOG_MS = const(2000)
BLE_LINKS = const(3)  # connections that may be open at once, of the 4 that NimBLE has


class Board:
    """What the firmware gets: one object a role, and the rest of the hardware."""

    def __init__(self, monitor, cutoff, outputs, interlock, watchdog, uart, service):
        self.name = NAME
        self.ntcs = NTCS
        self.cells = self.shunt = self.temps = monitor
        self.switch = self.bleed = self.guard = self.alert = monitor
        self.cutoff = cutoff
        self.outputs = outputs
        self.interlock = interlock
        self.clock = Clock()
        self.watchdog = watchdog
        self.uart = uart
        self.ble_links = BLE_LINKS
        self.button = lambda: not service()  # pressed
        self.reset_cause = reset_cause()


def make(config) -> Board:
    """The hardware with its FETs off. Nothing is said to the monitor yet; the watchdog runs."""
    off_pins = (Pin(CFETOFF, Pin.OUT, value=0), Pin(DFETOFF, Pin.OUT, value=0))
    alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
    i2c = I2C(0, scl=Pin(SCL), sda=Pin(SDA), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    bus = RegBus(i2c, ADDRESS, CRC, NAME)
    ntc = NTCS[: config.ntc_n]
    monitor = BQ769x2(bus, BQ76952, config.cell_n, time.sleep_us, ntc, FET_NTC)
    cutoff = Cutoff(PinGate(off_pins), alert, Pin.IRQ_FALLING, hard=False)
    outputs = PinBits(
        (
            (OUT_HEATER, Pin(HEATER, Pin.OUT, value=0)),
            (OUT_FAN, Pin(FAN, Pin.OUT, value=0)),
            (OUT_BUZZER, Pin(BUZZER, Pin.OUT, value=0)),
            (OUT_LED_RUN, Pin(LED, Pin.OUT, value=0)),
        )
    )
    interlock = Pin(INTERLOCK, Pin.IN, Pin.PULL_UP)
    uart = UART(2, UART_BAUD, tx=Pin(UART_TX), rx=Pin(UART_RX), rxbuf=256, txbuf=512)
    service = Pin(SERVICE, Pin.IN, Pin.PULL_UP)
    watchdog = WDT(timeout=WATCHDOG_MS) if service() else None
    return Board(monitor, cutoff, outputs, interlock, watchdog, uart, service)
