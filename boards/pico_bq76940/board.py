"""Raspberry Pi Pico or Pico W and a BQ76940 with high-side MOSFETs: which pin goes where. README.md has the drawing.

Off-pins: 1 permits, 0 or a floating pin holds the MOSFETs open through a gate of its own. They are the first
thing that `make` touches and stay 0 until a scan has earned them. The same gates want a dead-man's stroke.
"""

import time

from machine import ADC, I2C, Pin
from micropython import const

from bms.cutoff import Cutoff, PinGate
from bq769x0 import BQ76940, BQ769x0
from pico import SCL, SDA, PicoBoard, off_pins
from regbus import RegBus
from strokegate import StrokedGate
from terminals import Terminals

NAME = "pico_bq76940"
PLATFORM = "rp2"  # `sys.platform` of the MicroPython it needs
ARCH = "armv6m"  # of native code; a Pico 2 runs it too

# GP numbers; those that every Pico board has are in boards/rp2/pico.py
TRIPPED = const(6)  # in, pulled up; the monitor's DSG output, low = it does not drive
PDSG = const(9)
LIFT = const(15)
BOOT = const(16)
STROKE = const(17)
PACK = const(26)  # ADC0
STACK = const(27)  # ADC1

# the monitor
ADDRESS = const(0x08)
CRC = True  # BQ7694003; False for a BQ7694002
I2C_HZ = const(100_000)  # the most it can
I2C_TIMEOUT_US = const(30_000)  # of one transfer; the longest takes 10 ms
BURST_N = const(52)
NTCS = ("TS1", "TS2")
FET_NTC = "TS3"
FULL_MV = const(82_500)  # where PACK and STACK read full scale: 3.3 V times 250/10; measure yours


def make(config) -> PicoBoard:
    """The hardware with its FETs off. Nothing is said to the monitor yet; the watchdog runs."""
    pins = off_pins()
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
    gate = StrokedGate(PinGate(pins), stroke)
    cutoff = Cutoff(gate, tripped, Pin.IRQ_FALLING, rests_high=False)
    return PicoBoard(NAME, cutoff, monitor, NTCS)
