"""Libre Solar BMS C1, from v0.4 on (ESP32-C3 and BQ76952 on one board): which pin goes where.

README.md names the source. This board has no off-pins: CFETOFF is not connected, and DFETOFF carries
a thermistor. So the firmware opens FETs over I2C only, and what acts without it is the monitor alone.
"""

import time

from machine import I2C, UART, WDT, Pin, reset_cause
from micropython import const

from bms.bits import OUT_LED_FAULT, OUT_LED_RUN
from bms.clock import Clock
from bms.cutoff import Cutoff, PinGate
from bq769x2 import BQ76952, BQ769x2
from pinbits import PinBits
from regbus import RegBus

NAME = "libresolar_bms_c1"
PLATFORM = "esp32"  # `sys.platform` of the MicroPython it needs
ARCH = "rv32imc"  # of native code

# GPIO numbers
LED = const(0)  # green
LED_FAULT = const(1)  # red
ALERT = const(2)  # in; 1 Mohm on the board pulls it up, the monitor pulls it low
RS485_DE = const(6)
RS485_RE = const(7)
SDA = const(8)
SCL = const(9)
UART_RX = const(20)
UART_TX = const(21)

# the monitor
ADDRESS = const(0x08)
CRC = False
I2C_HZ = const(400_000)
I2C_TIMEOUT_US = const(10_000)  # of one transfer; the longest takes 2 ms
NTCS = ("TS1", "TS3")  # TS2 is the button that wakes
FET_NTC = "DCHG"

REPL_BAUD = const(115200)
UART_BAUD = const(9600)
WATCHDOG_MS = const(2000)
BLE_LINKS = const(3)  # connections that may be open at once, of the 4 that NimBLE has


class NotWired:
    """Stands for an off-pin that the board does not have."""

    def __call__(self, level: int) -> None:
        """Nothing moves."""


class Board:
    """What the firmware gets: one object a role, and the rest of the hardware."""

    def __init__(self, monitor, cutoff, outputs, watchdog, uart):
        self.name = NAME
        self.ntcs = NTCS
        self.cells = self.shunt = self.temps = monitor
        self.switch = self.bleed = self.guard = self.alert = monitor
        self.cutoff = cutoff
        self.outputs = outputs
        self.interlock = None
        self.clock = Clock()
        self.watchdog = watchdog
        self.uart = uart
        self.ble_links = BLE_LINKS
        self.button = None
        self.reset_cause = reset_cause()


def make(config) -> Board:
    """The hardware. Nothing is said to the monitor yet; the watchdog runs."""
    Pin(RS485_DE, Pin.OUT, value=0)  # it shares the wires with CAN: neither drives nor listens
    Pin(RS485_RE, Pin.OUT, value=1)
    alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
    i2c = I2C(0, scl=Pin(SCL), sda=Pin(SDA), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    bus = RegBus(i2c, ADDRESS, CRC, NAME)
    ntc = NTCS[: config.ntc_n]
    monitor = BQ769x2(bus, BQ76952, config.cell_n, time.sleep_us, ntc, FET_NTC)
    monitor.off_pins = False
    cutoff = Cutoff(PinGate((NotWired(),)), alert, Pin.IRQ_FALLING, hard=False)
    outputs = PinBits(
        (
            (OUT_LED_RUN, Pin(LED, Pin.OUT, value=0)),
            (OUT_LED_FAULT, Pin(LED_FAULT, Pin.OUT, value=0)),
        )
    )
    return Board(monitor, cutoff, outputs, WDT(timeout=WATCHDOG_MS), _uart())


def _uart():
    """The serial connector. MicroPython's second prompt listens there too, and a request for register
    3 of JBD contains its Ctrl-C: so that prompt gets another ear first, a line that stays high.
    """
    UART(0, REPL_BAUD, rx=Pin(RS485_RE))
    return UART(1, UART_BAUD, tx=Pin(UART_TX), rx=Pin(UART_RX), rxbuf=256, txbuf=512)
