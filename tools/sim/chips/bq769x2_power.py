"""States of the BQ769x2 model: power-up, NORMAL, SLEEP, DEEPSLEEP, CONFIG_UPDATE, SHUTDOWN.

Start-up times SLUSE91 section 16.4; SLEEP and SHUTDOWN TRM chapter 7.
"""

from sim.chips.bq769x2_bits import (
    BOOT,
    CONFIG,
    DEEPSLEEP,
    INIT,
    NEVER,
    NORMAL,
    OFF,
    QUARTER_US,
    SECOND_US,
    SLEEP,
)

_ANSWERS_US = 5000
_INITSTART_US = 23000
_INITCOMP_US = 88000
_FETS_US = 280000
_CONFIG_ENTER_US = 2000
_CONFIG_EXIT_US = 1000
_TWICE_US = 4000000  # SHUTDOWN and DEEPSLEEP sent twice within this
_WAKE_LD_V = 1.45

_SLEEP_BIT = 0x0100  # Power Config

SEC_INIT = 0
FULLACCESS = 1
UNSEALED = 2
SEALED = 3


class Power:
    """What state the chip is in, and the deadlines that move it to another."""

    def __init__(self, chip):
        self.chip = chip
        self.supplied = True
        self._ld_was_high = False
        self.clear()

    def clear(self) -> None:
        """Everything a loss of power forgets."""
        self.due_us = NEVER
        self._next = None
        self._started_us = 0
        self.por = False
        self.sec = SEC_INIT
        self.sleep_allowed = False
        self.sleep_from_us = 0
        self.fets_off = False
        self.shutting = False
        self.shut_us = NEVER
        self._shut_stage = 0
        self._last_shutdown_us = self._last_deepsleep_us = -NEVER
        self._low_s = self._hot_s = 0
        self.low_voltage = False
        self.init_start = self.init_done = False

    def run(self, now_us: int) -> None:
        """Take the steps that are due."""
        while now_us >= self.due_us:
            step = self._next
            self.due_us = NEVER
            step(now_us)
        if now_us >= self.shut_us:
            self._shutdown_step(now_us)

    def _then(self, us: int, step) -> None:
        self.due_us = us
        self._next = step

    # -- power-up ------------------------------------------------------------------------------

    def boot(self, now_us: int) -> None:
        """Reset: registers and configuration are gone, the chip is deaf for 5 ms."""
        self.chip.forget()
        self.chip.set_state(BOOT)
        self._started_us = now_us
        self.por = True
        self._then(now_us + _ANSWERS_US, self._answer)

    def _answer(self, now_us: int) -> None:
        self.chip.configure(True)
        self.chip.set_state(INIT)
        self._then(self._started_us + _INITSTART_US, self._init_start)

    def _init_start(self, now_us: int) -> None:
        self.init_start = True
        self.sec = FULLACCESS
        self.chip.changed = True
        self._then(self._started_us + _INITCOMP_US, self._init_done)

    def _init_done(self, now_us: int) -> None:
        self.init_done = True
        self._go(now_us, self._started_us + _FETS_US)

    def _go(self, now_us: int, fets_us: int) -> None:
        """Firmware runs: measurement, protections, FET control."""
        self.chip.set_state(NORMAL)
        self.chip.begin(now_us)
        self.chip.fets.start(fets_us)

    def off(self) -> None:
        """SHUTDOWN, or no supply."""
        self.chip.forget()
        self.chip.set_state(OFF)
        self._ld_was_high = self.chip.plant.ld_v > _WAKE_LD_V

    def watch_wake(self, now_us: int) -> None:
        """In SHUTDOWN: a charger that lifts LD wakes the chip."""
        high = self.chip.plant.ld_v > _WAKE_LD_V
        if high and not self._ld_was_high and self.supplied:
            self.boot(now_us)
        self._ld_was_high = high

    # -- CONFIG_UPDATE -------------------------------------------------------------------------

    def enter_config(self, now_us: int) -> int:
        """SET_CFGUPDATE; returns when it is done."""
        if self.chip.state == CONFIG:
            return now_us
        self._then(now_us + _CONFIG_ENTER_US, self._in_config)
        return now_us + _CONFIG_ENTER_US

    def _in_config(self, now_us: int) -> None:
        self.init_done = self.init_start = True
        self.chip.set_state(CONFIG)
        self.chip.halt()

    def exit_config(self, now_us: int) -> int:
        """EXIT_CFGUPDATE; clears POR at the same time."""
        if self.chip.state != CONFIG:
            self.por = False
            self.chip.changed = True
            return now_us
        self._then(now_us + _CONFIG_EXIT_US, self._out_of_config)
        return now_us + _CONFIG_EXIT_US

    def _out_of_config(self, now_us: int) -> None:
        self.por = False
        self.chip.configure(False)
        self._go(now_us, now_us + QUARTER_US)

    # -- SHUTDOWN and DEEPSLEEP ----------------------------------------------------------------

    def shutdown(self, now_us: int) -> None:
        """Sealed: only the second command counts. Unsealed: the second skips the delays."""
        twice = now_us - self._last_shutdown_us <= _TWICE_US
        self._last_shutdown_us = now_us
        if self.sec == SEALED and not twice:
            return
        self._begin_shutdown(now_us, twice and self.sec != SEALED)

    def _begin_shutdown(self, now_us: int, at_once: bool) -> None:
        if not self.shutting:
            self.shutting = True
            self._shut_stage = 0
            self.shut_us = now_us + self.chip.memory.u1(0x9252) * QUARTER_US
            self.chip.changed = True
        if at_once:
            if self._shut_stage == 0:
                self._shutdown_step(now_us)
            self.shut_us = now_us

    def _shutdown_step(self, now_us: int) -> None:
        if self._shut_stage == 0:
            self._shut_stage = 1
            self.fets_off = True
            self.chip.fets.update()
            self.shut_us = now_us + self.chip.memory.u1(0x9253) * QUARTER_US
        elif self.chip.plant.ld_v > _WAKE_LD_V:
            self.shut_us = now_us + QUARTER_US  # would wake again: wait for LD to fall
        else:
            self.off()

    def deepsleep(self, now_us: int) -> None:
        """DEEPSLEEP, the second time within 4 s."""
        twice = now_us - self._last_deepsleep_us <= _TWICE_US
        self._last_deepsleep_us = now_us
        if twice and self.chip.state in (NORMAL, SLEEP):
            self.chip.set_state(DEEPSLEEP)
            self.chip.halt()

    def exit_deepsleep(self, now_us: int) -> None:
        """Measures first, then lets FETs on again."""
        if self.chip.state == DEEPSLEEP:
            self._go(now_us, now_us + QUARTER_US)

    # -- SLEEP, and what sends the chip to SHUTDOWN by itself ------------------------------------

    def configure(self) -> None:
        """SLEEP is allowed or not by Power Config."""
        self.sleep_allowed = bool(self.chip.memory.u2(0x9234) & _SLEEP_BIT)

    def allow_sleep(self, allowed: bool, now_us: int) -> None:
        """SLEEP_ENABLE, SLEEP_DISABLE."""
        self.sleep_allowed = allowed
        self.chip.changed = True
        if not allowed:
            self.wake(now_us)

    def wake(self, now_us: int) -> None:
        """SLEEP -> NORMAL, for at least the hysteresis time."""
        if self.chip.state == SLEEP:
            self.sleep_from_us = now_us + self.chip.memory.u1(0x924D) * SECOND_US
            self.chip.set_state(NORMAL)
            self.chip.measure.pace(now_us, False)
            self.chip.alarm.woken = True
            self.chip.fets.update()

    def _charger(self) -> bool:
        plant = self.chip.plant
        memory = self.chip.memory
        above = plant.pack_v - plant.stack_v > memory.i2(0x9250) * 0.01
        return above and plant.pack_v > memory.i2(0x924E) * 0.01

    def watch_current(self, now_us: int) -> None:
        """In SLEEP the wake comparator looks every 12 ms."""
        if abs(self.chip.measure.ma) >= self.chip.memory.u2(0x924B) or self._charger():
            self.wake(now_us)

    def _try_sleep(self, now_us: int) -> None:
        chip = self.chip
        idle = abs(chip.measure.ma) < chip.memory.i2(0x9248)
        guard = chip.protect
        alert = guard.alert_a | guard.alert_b | guard.alert_c
        if idle and not alert and now_us >= self.sleep_from_us and not self._charger():
            chip.set_state(SLEEP)
            chip.measure.pace(now_us, True)
            chip.fets.update()

    def tick(self, now_us: int) -> None:
        """Once a second."""
        chip = self.chip
        if chip.state == NORMAL and self.sleep_allowed and not self.shutting:
            self._try_sleep(now_us)
        plant = chip.plant
        memory = chip.memory
        low = plant.stack_v * 100.0 < memory.i2(0x9241)
        limit_mv = memory.i2(0x923F)
        low = low or bool(limit_mv and min(chip.measure.used_mv()) < limit_mv)
        if low != self.low_voltage:
            self.low_voltage = low
            chip.changed = True
        self._low_s = self._low_s + 1 if low else 0
        limit = memory.u1(0x9244) * 10 + 2732
        self._hot_s = self._hot_s + 1 if chip.measure.die > limit else 0
        if self._low_s > memory.u1(0x9243) or self._hot_s > memory.u1(0x9245):
            self._begin_shutdown(now_us, False)

    def status_word(self) -> int:
        """Battery Status 0x12 without the bits of other parts."""
        word = self.sec << 8 | (0x8000 if self.chip.state == SLEEP else 0)
        word |= 0x2000 if self.shutting else 0
        word |= 0x08 if self.por else 0
        word |= 0x04 if self.sleep_allowed else 0
        return word | (0x01 if self.chip.state == CONFIG else 0)
