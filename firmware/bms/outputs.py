"""Outputs a board may have: heater, fan, contactors, buzzer, LEDs. Decides; the board drives."""

from bms.bits import (
    CHG_ONLY,
    DSG_ONLY,
    FAULT,
    OUT_BUZZER,
    OUT_CHG_CONTACTOR,
    OUT_DSG_CONTACTOR,
    OUT_FAN,
    OUT_HEATER,
    OUT_LED_FAULT,
    OUT_LED_RUN,
    PRECHARGE,
    RUN,
    SHUTDOWN,
    SLEEP,
)
from roles import BOTH, CHG, DSG, TEMP_NONE

# A pack too cold for both directions is in FAULT, and heating is the way out of it.
_HEATED = (1 << PRECHARGE) | (1 << RUN) | (1 << CHG_ONLY) | (1 << DSG_ONLY) | (1 << FAULT)
_ASLEEP = (1 << SLEEP) | (1 << SHUTDOWN)


class Outputs:
    """Remembers what has hysteresis."""

    def __init__(self, config):
        self._config = config
        self._heater = False
        self._fan = False

    def step(self, snap, mode: int, intent: int, blocks: int, any_latched: bool) -> int:
        """OUT_* bits of this scan."""
        here = 1 << mode
        self._heater = self._heat(snap, here & _HEATED != 0 and not any_latched)
        self._fan = not here & _ASLEEP and self._blow(snap)
        bits = OUT_HEATER if self._heater else 0
        if self._fan:
            bits |= OUT_FAN
        if intent & CHG & ~blocks:
            bits |= OUT_CHG_CONTACTOR
        if intent & DSG & ~blocks:
            bits |= OUT_DSG_CONTACTOR
        if any_latched:
            bits |= OUT_BUZZER | OUT_LED_FAULT
        if mode == FAULT:
            bits |= OUT_LED_FAULT
        if intent & BOTH:
            bits |= OUT_LED_RUN
        return bits

    def _heat(self, snap, may: bool) -> bool:
        """Warm a cold pack, on the charger's energy, as long as every sensor can be trusted.

        The hottest sensor ends it below the charge limit: pads heat some cells more than others.
        """
        config = self._config
        if not may or not snap.charger or not snap.fresh:
            return False
        if snap.ntc_bad_i >= 0 or snap.temp_min_ddegc == TEMP_NONE:
            return False
        if snap.temp_max_ddegc >= config.otc_clear_ddegc:
            return False
        until = config.heat_off_ddegc if self._heater else config.heat_on_ddegc
        return snap.temp_min_ddegc < until

    def _blow(self, snap) -> bool:
        """Hottest of cells and MOSFETs; without readings the fan stays as it is."""
        if not snap.fresh:
            return self._fan
        config = self._config
        above = config.fan_off_ddegc if self._fan else config.fan_on_ddegc
        return max(snap.temp_max_ddegc, snap.fet_ddegc) > above
