"""Analog Devices LTC6811-1, LTC6813-1 and ADBMS1818: 12 or 18 cells each, up to 8 in a daisy chain.

    from array import array
    from time import sleep_us
    from machine import SPI, Pin
    from ltc681x import LTC6811, LTC681x

    spi = SPI(0, 1_000_000, polarity=1, phase=1, sck=Pin(18), mosi=Pin(19), miso=Pin(16))
    chain = LTC681x(spi, Pin(17, Pin.OUT, value=1), LTC6811, (12,), sleep_us)
    chain.probe()
    chain.arm()
    cells = array("i", [0] * 12)
    chain.read_cells(cells)
    print(cells, chain.stack_mv)
It fills the roles cells, temps, bleed and guard of `roles.py`: no FETs, no shunt, no comparators of its
own. Its limits are looked at when the host asks for a conversion and at no other time, so that what
opens the FETs when the host stops must be somebody else. Cells stop bleeding 2 s after the last command.

`cells`: how many each device carries, from C1 up, nearest device first; that one carries the lowest
cells. Order in the chain is the only address there is: devices swapped in it are noticed if they do
not carry equally many cells (unused inputs are tied to the highest used one and must read nothing).
Sources: LTC6811 and LTC6813 data sheets. The constructor touches nothing; after it only `load` allocates.
"""

import errno

from micropython import const

from ltc681x_check import CLRAUX, CLRCELL, Check
from ltc681x_config import RDCFGA, Settings
from ltc681x_link import Link
from ltc681x_parts import ADBMS1818, AUX_US, CELL_US, HAS_B, LTC6811, LTC6813, NAME, Layout
from ltc681x_read import Reader
from ntc import Semitec103AT
from roles import FLAG_RESET, STEP_BUSY, STEP_DIFFERS, STEP_PASS, TEMP_NONE

__all__ = ("ADBMS1818", "LTC6811", "LTC6813", "LTC681x")

# Commands (LTC6813 data sheet "Command Codes"); conversions at 7 kHz, none with discharge permitted
_ADCVSC = const(0x567)  # all cells, and their sum in between
_ADAX = const(0x560)
_ADSTAT_ITMP = const(0x56A)
_MUTE = const(0x028)
_UNMUTE = const(0x029)
_RDCVE = const(0x009)  # only parts with 18 inputs know it

_REFUP_US = const(4400)
_SC_US = const(500)  # more than the cells alone
_ITMP_US = const(405)
_DIE_AGE_MAX = const(20)  # scans
_STEP_N = const(5)


class LTC681x:
    """A chain. `ntc`: (device, GPIO) of each cell thermistor, devices from 0; `fet_ntc` the same.

    `thermistor`: of `ntc`, Semitec 103AT if not given; `pull_ohm`: the resistor from it to VREF2.
    `settle_us`: what the filters at the C pins need after bleeding has stopped.
    """

    def __init__(
        self,
        spi,
        cs,
        part,
        cells,
        sleep_us,
        ntc=(),
        fet_ntc=None,
        thermistor=None,
        pull_ohm=10000,
        settle_us=1000,
    ):
        self._part = part
        self._sleep_us = sleep_us
        self._settle_us = settle_us
        self._layout = Layout(part, cells, ntc, fet_ntc)
        self.link = Link(spi, cs, self._layout.device_n, sleep_us, part[NAME].lower())
        self._settings = Settings(part, self._layout)
        self._check = Check(self.link, part, self._layout)
        if thermistor is None:
            thermistor = Semitec103AT()
        self._reader = Reader(
            self.link, part, self._layout, self._check.open, thermistor, pull_ohm
        )
        self._bleeds = False
        self._asleep = False
        self._differs = False
        self._step = 0
        self._die_age = _DIE_AGE_MAX
        self.applied = {}
        self.mismatch = 0
        self.flags = FLAG_RESET
        self.stack_mv = 0
        self.pack_mv = 0  # not known to this chip
        self.ld_mv = 0
        self.fet_ddegc = TEMP_NONE
        self.die_ddegc = TEMP_NONE
        self.bleed_refresh_ms = 2000

    # guard

    def probe(self) -> None:
        """Count the devices and see that they are what they should be."""
        link = self.link
        link.wake(True)
        link.read(RDCFGA)
        link.wake(True)  # and whoever sits behind the last
        if link.answer_n(RDCFGA) > link.device_n:
            link.fail(RDCFGA, "{} devices expected, there are more", errno.EIO, link.device_n)
        wide = link.answer_n(_RDCVE) > 0
        if wide != self._part[HAS_B]:
            why = "expected {}, found {} cell inputs"
            link.fail(_RDCVE, why, errno.ENODEV, self._part[NAME], 18 if wide else 12)

    def load(self, config) -> None:
        """Take the limits from a configuration; `ValueError` when the chain cannot hold them."""
        layout = self._layout
        for name, wired in (("cell_n", layout.cell_n), ("ntc_n", layout.ntc_n)):
            if getattr(config, name) != wired:
                raise ValueError(f"{name}: {getattr(config, name)}, wired are {wired}")
        cuv, cov = self._settings.limit(config.chip_cuv_mv, config.chip_cov_mv)
        reader = self._reader
        reader.cov_n = max(1, config.chip_cov_ms // config.scan_ms)
        reader.cuv_n = max(1, config.chip_cuv_ms // config.scan_ms)
        self.applied = {
            "chip_cuv_mv": cuv,
            "chip_cuv_ms": reader.cuv_n * config.scan_ms,
            "chip_cov_mv": cov,
            "chip_cov_ms": reader.cov_n * config.scan_ms,
        }

    def arm(self) -> None:
        """Write the configuration and run the self-tests; nothing bleeds then."""
        link = self.link
        self._asleep = self._bleeds = False
        self._settings.bleed(0)
        link.wake(True)
        self._settings.write(link)
        self._sleep_us(_REFUP_US)
        link.wake()
        self._check.all()
        self._check.up()
        self._check.down()
        link.command(CLRCELL)
        link.convert(_ADCVSC, self._part[CELL_US] + _SC_US)
        self._reader.expect_layout()
        self._differs = False

    def verify_all(self) -> int:
        """Read everything back now; how many bytes differ."""
        link = self.link
        link.wake()
        a_n = self._settings.differ_n(link)
        b_n = self._settings.differ_b_n(link)
        self.mismatch = RDCFGA if a_n else 0x026 if b_n else 0
        return a_n + b_n

    def verify_step(self) -> int:
        """Die temperature, group B, both halves of the wire test, a self-test: one of them a call.

        Group A is read back by every `read_cells`. Asleep there is nothing to do: each reading brings
        its own configuration, and nobody depends on a wire.
        """
        if self._asleep:
            return STEP_PASS
        link = self.link
        link.wake()
        step = self._step
        self._step = (step + 1) % _STEP_N
        if self._differs:
            self.mismatch = RDCFGA
            return STEP_DIFFERS
        if step == 0:
            link.convert(_ADSTAT_ITMP, _ITMP_US)
            self._reader.read_die()
            self._die_age = 0
        elif step == 1:
            if self._settings.differ_b_n(link):
                self.mismatch = 0x026
                return STEP_DIFFERS
        elif step == 2:
            self._check.up()
        elif step == 3:
            self._check.down()
        else:
            self._check.step()
            return STEP_PASS
        return STEP_BUSY

    def read_status(self) -> int:
        """TRIP_* bits of the last `read_cells`, whose conversion they belong to."""
        return self._reader.trips

    def sleep(self, on: bool) -> None:
        """Scans may be so rare now that every device forgets its configuration in between."""
        self._asleep = on

    # cells, temps

    def read_cells(self, cell_mv) -> None:
        """All cells, their sum and the limit flags; a cell with an open wire reads 0."""
        link = self.link
        self.stack_mv = 0
        self.flags = FLAG_RESET
        link.wake(self._asleep)
        bleeds = self._bleeds
        if self._asleep:
            self._settings.write(link)
            self._sleep_us(_REFUP_US)
            link.wake()
        elif bleeds:
            self._mute()
        self._differs = self._settings.differ_n(link, not bleeds or self._part[HAS_B]) != 0
        link.command(CLRCELL)
        link.convert(_ADCVSC, self._part[CELL_US] + _SC_US)
        self._reader.read_cells(cell_mv)
        self.stack_mv = self._reader.read_sum()
        self._reader.read_limits()
        if bleeds:
            self._unmute()
        self.flags = FLAG_RESET if self._settings.lost else 0

    def read_temps(self, temp_ddegc) -> None:
        """Thermistors. The hottest die comes with every fifth `verify_step`, and ages."""
        if self._die_age < _DIE_AGE_MAX:
            self._die_age += 1
        self.die_ddegc = self._reader.die_ddegc if self._die_age < _DIE_AGE_MAX else TEMP_NONE
        if self._layout.place_n:
            self.link.wake()
            self.link.command(CLRAUX)
            self.link.convert(_ADAX, self._part[AUX_US])
            self._reader.read_temps(temp_ddegc)
            self.fet_ddegc = self._reader.fet_ddegc

    # bleed

    def write_bleed(self, mask: int) -> None:
        """Bleed exactly these cells, until 2 s after the last command at most."""
        link = self.link
        link.wake()
        self._bleeds = mask != 0
        self._settings.bleed(mask)
        for _ in range(2):
            self._settings.write(link)
            if not self._settings.differ_n(link) + self._settings.differ_b_n(link):
                return
        link.fail(RDCFGA, "discharge bits are not what was written")

    # pieces

    def _mute(self) -> None:
        if self._part[HAS_B]:
            self.link.command(_MUTE)
        else:
            self._settings.write(self.link, False)
        self._sleep_us(self._settle_us)

    def _unmute(self) -> None:
        if self._part[HAS_B]:
            self.link.command(_UNMUTE)
        else:
            self._settings.write(self.link)
