"""Register-level model of one LTC6811-1, LTC6813-1 or ADBMS1818; `ltc681x_chain` puts them in a row.

The awkward parts: the port falls idle and the core asleep, after which all registers are what a reset
leaves; conversions take their time and a reference that is off takes more; a cleared or never converted
result reads 0xFFFF; GPIO inputs read near zero while their pull-down is on, and GPIO bits read the pin;
bleeding bends readings and goes on bending them for a while; unused inputs read nothing. Times are the
earliest of the data sheet, so who relies on the typical ones fails here. Not modelled, and refused:
COMM, PWM, S control, redundant and single-channel conversions of GPIOs.
"""

from sim.chips.ltc681x_codes import NEVER, ONLY_18, PARTS, REFUP_US, conversion
from sim.chips.ltc681x_measure import FET_NODE, Measure
from sim.errors import SimError

__all__ = ("FET_NODE", "LTC681xModel")

IDLE_US = 4300  # port, after the last edge
SLEEP_US = 1800000  # core, after the last good command
READY_US = 10
_REFON = 0x04
_RESET_A = 0xF8  # GPIO pull-downs off
_LIVE_A0 = 0xFD  # all but DTEN, which is a pin
_MUTE = 0x80  # byte 1 of group B
_DCTO_MIN = (0, 0.5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 60, 75, 90, 120)


class LTC681xModel:
    """A device that carries cells `first` .. `first + cell_n - 1` of the plant on C1 up.

    `gpios`: GPIO number -> NTC node of the plant, or FET_NODE; the others float.
    """

    def __init__(self, world, plant, part="LTC6811", first=0, cell_n=12, gpios=None, strict=True):
        self.world = world
        self.plant = plant
        self.part = part
        self.input_n, self.gpio_n, self.sum_step, _, _, self.wake_us = PARTS[part]
        if not 1 <= cell_n <= self.input_n:
            raise ValueError(f"{part} has {self.input_n} inputs")
        self.strict = strict
        self.illegal = []
        self.pec_errors = 0  # commands and groups that were not understood
        self.ready_us = NEVER  # the port passes on from here on; NEVER = idle
        self.edge_us = 0
        self.heard_us = 0  # last good command
        self.awake = False
        self.until_us = NEVER  # end of a conversion
        self.bleed_until_us = NEVER  # discharge timer
        self.measure = Measure(self, first, cell_n, gpios or {})
        self.reset()

    # -- what scenarios do to the chip -----------------------------------------------------------

    def brown_out(self) -> None:
        """The supply dips: everything is forgotten, and the core sleeps."""
        self.awake = False
        self.ready_us = NEVER
        self.reset()

    def refuse(self, what: str) -> None:
        """Somebody used the chip against its manual."""
        self.illegal.append(what)
        if self.strict:
            raise SimError(f"{self.part}: {what}")

    # -- time ------------------------------------------------------------------------------------

    def next_us(self) -> int:
        """When something happens by itself."""
        due_us = min(self.until_us, self.bleed_until_us)
        if self.awake:
            due_us = min(due_us, self.heard_us + SLEEP_US)
        return due_us

    def run(self, now_us: int) -> None:
        """End what is due."""
        if now_us >= self.until_us:
            self.until_us = NEVER
            self.measure.finish(now_us)
            self.discharge(now_us)
        if now_us >= self.bleed_until_us:
            self.bleed_until_us = NEVER
            self._clear_dcc()
            self.discharge(now_us)
        if self.awake and now_us - self.heard_us >= SLEEP_US:
            self._fall_asleep(now_us)
        if self.ready_us != NEVER and now_us - self.edge_us > IDLE_US:
            self.ready_us = NEVER

    def _fall_asleep(self, now_us: int) -> None:
        self.awake = False
        self.ready_us = NEVER
        a = bytes(self.a)
        b = bytes(self.b)
        self.reset()
        if self.bleed_until_us != NEVER:  # the discharge timer keeps the switches on
            self.a[4], self.a[5] = a[4], a[5]
            self.b[0], self.b[1] = b[0] & 0xF0 | self.b[0] & 0x0F, b[1]
        self.discharge(now_us)

    def reset(self) -> None:
        """Registers as after power-on."""
        self.a = bytearray([_RESET_A, 0, 0, 0, 0, 0])
        self.b = bytearray([0x0F, 0, 0, 0, 0, 0])
        self.reference_us = NEVER  # settled from here on
        self.until_us = NEVER
        self.measure.reset()
        self.discharge(self.world.now_us)

    # -- the port --------------------------------------------------------------------------------

    def pulse(self, now_us: int) -> bool:
        """An edge of chip select; is it passed on to the next device?"""
        self.run(now_us)
        if self.ready_us == NEVER:
            self.edge_us = now_us
            self.ready_us = now_us + (READY_US if self.awake else self.wake_us)
            if not self.awake:
                self.awake = True
                self.heard_us = now_us
            return False
        if now_us < self.ready_us:
            return False
        self.edge_us = now_us
        return True

    # -- commands ----------------------------------------------------------------------------------

    def busy(self) -> bool:
        """Does a conversion run?"""
        return self.until_us != NEVER

    def knows(self, name: str) -> bool:
        """Has this part such a register or command?"""
        return self.input_n > 12 or name not in ONLY_18

    def command(self, name: str) -> None:
        """A command that neither reads nor writes."""
        if name == "MUTE":
            self.b[1] |= _MUTE
        elif name == "UNMUTE":
            self.b[1] &= ~_MUTE
        elif name != "PLADC":
            self.measure.clear(name)
        self.discharge(self.world.now_us)

    def convert(self, code: int) -> None:
        """Start a conversion."""
        asked = conversion(code)
        if self.until_us != NEVER:
            self.refuse(f"0x{code:03X} while a conversion runs")
        now_us = self.world.now_us
        from_us = now_us
        if not self.a[0] & _REFON:
            from_us = now_us + REFUP_US
        elif self.reference_us > now_us:
            from_us = self.reference_us
        self.until_us = from_us + self.measure.begin(asked, self.a[0] & 1)
        self.discharge(now_us)

    def group(self, name: str) -> bytes:
        """Six bytes of a register group."""
        if name == "CFGA":
            return bytes([self.a[0] & 0x07 | self.measure.pins()]) + bytes(self.a[1:])
        if name == "CFGB":
            return bytes(self.b)
        return self.measure.group(name)

    def write(self, name: str, data) -> None:
        """A register group with a good PEC."""
        now_us = self.world.now_us
        if name == "CFGA":
            was_on = self.a[0] & _REFON
            self.a[:] = data
            self.a[0] &= _LIVE_A0
            if self.a[0] & _REFON and not was_on:
                self.reference_us = now_us + REFUP_US
            minutes = _DCTO_MIN[self.a[5] >> 4]
            self.bleed_until_us = now_us + int(minutes * 60000000) if minutes else NEVER
        else:
            self.b[:] = data
            if any(data[2:]):
                self.refuse("reserved bytes of CFGRB must be 0")
        self.discharge(now_us)

    # -- bleeding ----------------------------------------------------------------------------------

    def dcc(self) -> int:
        """Discharge bits of all inputs."""
        a = self.a
        b = self.b
        mask = a[4] | (a[5] & 0x0F) << 8
        if self.input_n > 12:
            mask |= (b[0] >> 4) << 12 | (b[1] & 0x03) << 16
        return mask

    def discharge(self, now_us: int) -> None:
        """Let the switches follow DCC, MUTE and a conversion that pauses them."""
        mask = self.dcc()
        if self.b[1] & _MUTE or self.measure.pauses(self.until_us != NEVER):
            mask = 0
        self.measure.set_bleed(mask, now_us)

    def _clear_dcc(self) -> None:
        self.a[4] = 0
        self.a[5] &= 0xF0
        self.b[0] &= 0x0F
        self.b[1] &= ~0x03
