"""Raspberry Pi Pico or Pico W and an ISL94202: which pin goes where. README.md has the drawing.

Off-pins: 1 permits, 0 or a floating pin raises FETSOFF and so forces both FETs off. They are the first
thing that `make` touches and stay 0 until a scan has earned them.
"""

from machine import I2C, Pin
from micropython import const

from bms.cutoff import Cutoff
from isl94202 import ISL94202
from pico import I2C_TIMEOUT_US, SCL, SDA, PicoBoard, off_pins
from pioguard import PioGate
from regbus import RegBus

NAME = "pico_isl94202"
PLATFORM = "rp2"  # `sys.platform` of the MicroPython it needs
ARCH = "armv6m"  # of native code; a Pico 2 runs it too

# GP numbers; those that every Pico board has are in boards/rp2/pico.py
ALERT = const(6)  # in, pulled up; SD of the monitor pulls it low

# the monitor
ADDRESS = const(0x28)
I2C_HZ = const(400_000)
NTCS = ("xT1",)  # on the cells; xT2 sits on the FETs


def make(config) -> PicoBoard:
    """The hardware with its FETs off. Nothing is said to the monitor yet; the watchdog runs."""
    pins = off_pins()
    alert = Pin(ALERT, Pin.IN, Pin.PULL_UP)
    gate = PioGate(pins, alert, config.stale_ms)
    i2c = I2C(0, scl=Pin(SCL), sda=Pin(SDA), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    bus = RegBus(i2c, ADDRESS, name="isl94202")
    ntc_n = len(NTCS[: config.ntc_n])
    monitor = ISL94202(bus, config.cell_n, config.shunt_uohm, ntc_n, fet_ntc=True)
    cutoff = Cutoff(gate, alert, Pin.IRQ_FALLING)
    return PicoBoard(NAME, cutoff, monitor, NTCS)
