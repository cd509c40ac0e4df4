"""What every board on a Raspberry Pi Pico has besides its monitor, and on which pin."""

from machine import UART, WDT, Pin, reset_cause
from micropython import const
from rp2 import Flash

from bms.bits import OUT_BUZZER, OUT_FAN, OUT_HEATER, OUT_LED_RUN
from bms.clock import Clock
from pinbits import PinBits

# GP numbers
UART_TX = const(0)
UART_RX = const(1)
SDA = const(4)
SCL = const(5)
CFETOFF = const(7)  # permission of the charge FET
DFETOFF = const(8)  # of the discharge FET; the neighbour, so that one PIO program sets both
HEATER = const(10)
FAN = const(11)
BUZZER = const(12)
INTERLOCK = const(13)  # in, pulled up; to ground = closed, open = FETs off
SERVICE = const(14)  # in, pulled up; to ground at power-up = no watchdog, later = local button
LED = "LED"  # the one on the Pico

I2C_TIMEOUT_US = const(10_000)  # of one transfer; the longest takes 2 ms
UART_BAUD = const(9600)
WATCHDOG_MS = const(2000)
_BLOCKS = const(4)  # of MicroPython's block devices: how many there are
BLE_LINKS = const(1)  # connections that BTstack has on a Pico W; a Pico without W has no Bluetooth


def off_pins():
    """Permissions of both FETs, taken away: the first thing that a board does."""
    return (Pin(CFETOFF, Pin.OUT, value=0), Pin(DFETOFF, Pin.OUT, value=0))


class PicoBoard:
    """What the firmware gets: one object a role, and the rest of the hardware. The watchdog runs.

    `monitor` fills every role; a board that splits them assigns its own. `ntcs`: places for cell thermistors.
    """

    def __init__(self, name: str, cutoff, monitor, ntcs):
        self.name = name
        self.ntcs = ntcs
        self.cells = self.shunt = self.temps = monitor
        self.switch = self.bleed = self.guard = self.alert = monitor
        self.cutoff = cutoff
        self.outputs = PinBits(
            (
                (OUT_HEATER, Pin(HEATER, Pin.OUT, value=0)),
                (OUT_FAN, Pin(FAN, Pin.OUT, value=0)),
                (OUT_BUZZER, Pin(BUZZER, Pin.OUT, value=0)),
                (OUT_LED_RUN, Pin(LED, Pin.OUT, value=0)),
            )
        )
        self.interlock = Pin(INTERLOCK, Pin.IN, Pin.PULL_UP)
        self.clock = Clock()
        self.uart = UART(0, UART_BAUD, tx=Pin(UART_TX), rx=Pin(UART_RX), rxbuf=256, txbuf=512)
        service = Pin(SERVICE, Pin.IN, Pin.PULL_UP)
        self.button = lambda: not service()  # pressed
        self.ble_links = BLE_LINKS
        self.flash_n = Flash().ioctl(_BLOCKS, 0)  # blocks that are there for files
        self.reset_cause = reset_cause()
        self.watchdog = WDT(timeout=WATCHDOG_MS) if service() else None
