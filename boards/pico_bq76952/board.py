"""Raspberry Pi Pico or Pico W and a BQ76952: which pin goes where. README.md has the drawing.

Off-pins: 1 permits, 0 or a floating pin forces the monitor's FETs off. They are the first thing that
`make` touches and stay 0 until a scan has earned them.
"""

import time

from machine import I2C, Pin
from micropython import const

from bms.cutoff import Cutoff
from bq769x2 import BQ76952, BQ769x2
from pico import I2C_TIMEOUT_US, SCL, SDA, PicoBoard, off_pins
from pioguard import PioGate
from regbus import RegBus

NAME = "pico_bq76952"
PLATFORM = "rp2"  # `sys.platform` of the MicroPython it needs
ARCH = "armv6m"  # of native code; a Pico 2 runs it too

# GP numbers; those that every Pico board has are in boards/rp2/pico.py
ALERT = const(6)  # in, pulled up; the monitor pulls it low

# the monitor
ADDRESS = const(0x08)
CRC = False  # True for a part that powers up with CRC
I2C_HZ = const(400_000)
NTCS = ("TS1", "TS3", "HDQ")  # cell thermistors; TS2 is left to the wake button
FET_NTC = "DCHG"


def make(config) -> PicoBoard:
    """The hardware with its FETs off. Nothing is said to the monitor yet; the watchdog runs."""
    pins = off_pins()
    alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
    gate = PioGate(pins, alert, config.stale_ms)
    i2c = I2C(0, scl=Pin(SCL), sda=Pin(SDA), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    bus = RegBus(i2c, ADDRESS, CRC, NAME)
    ntc = NTCS[: config.ntc_n]
    monitor = BQ769x2(bus, BQ76952, config.cell_n, time.sleep_us, ntc, FET_NTC)
    cutoff = Cutoff(gate, alert, Pin.IRQ_FALLING)
    return PicoBoard(NAME, cutoff, monitor, NTCS)
