"""Who drives the FETs of an ISL94202: the chip itself, or the host by uCFET.

Under uCFET the chip opens nothing, it only pulls SD low; and while SD is low for one fault it tells of no
other. So the host drives only while it forbids a FET that the chip would close.
"""

from micropython import const

from isl94202_burst import CHARGE_FAULTS, DISCHARGE_FAULTS
from roles import BOTH, CHG, DSG

_CTRL1 = const(0x86)
_CTRL2 = const(0x87)
_DFET = const(0x01)  # CTRL1
_CFET = const(0x02)
_CMONEN = const(0x10)
_LMONEN = const(0x40)
_CBAL_ON = const(0x01)  # CTRL2
_UCCBAL = const(0x20)  # always set: a chip without it has forgotten everything
_UCFET = const(0x40)


class Fets:
    """CTRL1 and CTRL2. `burst` is told that the bus was used."""

    def __init__(self, bus, burst):
        self._bus = bus
        self._burst = burst
        self._out = bytearray(1)
        self._faults = 0  # of the last burst
        self._drives = True  # the host does
        self.permitted = 0
        self.bleeds = False

    def write(self, bits: int) -> None:
        """Permit exactly these; where the chip would drive the same by itself, it does."""
        self.permitted = bits
        self._drives = self._host_drives()
        chosen = (_CFET if bits & CHG else 0) | (_DFET if bits & DSG else 0)
        if self._drives:
            self.write_ctrl2()
        self._write(_CTRL1, chosen | _CMONEN | _LMONEN)
        if not self._drives:
            self.write_ctrl2()

    def follow(self, faults: int, ctrl2: int) -> None:
        """Hand the drive over when a fault of the chip came or went, or when its watchdog took it."""
        self._faults = faults
        if self._host_drives() != self._drives or (ctrl2 & _UCFET != 0) != self._drives:
            self.write(self.permitted)

    def write_ctrl2(self) -> None:
        """Who drives, and whether cells bleed."""
        bleeds = _CBAL_ON if self.bleeds else 0
        self._write(_CTRL2, _UCCBAL | (_UCFET if self._drives else 0) | bleeds)

    def _write(self, reg: int, value: int) -> None:
        self._burst.forget()
        self._out[0] = value
        self._bus.write(reg, self._out, 1)

    def _host_drives(self) -> bool:
        bits = self.permitted & BOTH
        if not bits:
            return True
        if not bits & CHG and not self._faults & CHARGE_FAULTS:
            return True
        return not bits & DSG and not self._faults & DISCHARGE_FAULTS
