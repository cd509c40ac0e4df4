"""Heater, fan, contactors, buzzer and LEDs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms.bits import (
    CHG_ONLY,
    DSG_ONLY,
    FAULT,
    MODE_N,
    OFF,
    OUT_BUZZER,
    OUT_CHG_CONTACTOR,
    OUT_DSG_CONTACTOR,
    OUT_FAN,
    OUT_HEATER,
    OUT_LED_FAULT,
    OUT_LED_RUN,
    PRECHARGE,
    RUN,
    SELFTEST,
    SHUTDOWN,
    SLEEP,
)
from bms.config import Config
from bms.outputs import Outputs
from bms.snapshot import Snapshot
from roles import BOTH, CHG, DSG, PDSG, TEMP_NONE

CONFIG = Config()


class Rig:
    """A cold pack at a charger, too cold to charge."""

    def __init__(self):
        self.outputs = Outputs(CONFIG)
        self.snap = Snapshot(4, 2)
        self.snap.fresh = self.snap.charger = True
        self.snap.temp_min_ddegc = -50
        self.snap.temp_max_ddegc = -40
        self.mode, self.intent, self.blocks, self.latched = DSG_ONLY, DSG, CHG, False

    def step(self):
        return self.outputs.step(self.snap, self.mode, self.intent, self.blocks, self.latched)

    def has(self, bit):
        return self.step() & bit != 0


# heater


def test_a_cold_pack_at_a_charger_is_heated_until_well_above_the_charge_limit():
    rig = Rig()
    assert rig.has(OUT_HEATER)
    rig.snap.temp_min_ddegc = CONFIG.heat_off_ddegc - 1
    assert rig.has(OUT_HEATER)
    assert rig.snap.temp_min_ddegc >= CONFIG.utc_clear_ddegc, "charging has begun by then"
    rig.snap.temp_min_ddegc = CONFIG.heat_off_ddegc
    assert not rig.has(OUT_HEATER)
    rig.snap.temp_min_ddegc = CONFIG.heat_on_ddegc
    assert not rig.has(OUT_HEATER)
    rig.snap.temp_min_ddegc = CONFIG.heat_on_ddegc - 1
    assert rig.has(OUT_HEATER)


@pytest.mark.parametrize(
    "name,value",
    [
        ("charger", False),
        ("fresh", False),
        ("ntc_bad_i", 0),
        ("temp_min_ddegc", TEMP_NONE),
        ("temp_max_ddegc", CONFIG.otc_clear_ddegc),
    ],
)
def test_the_heater_goes_off_when(name, value):
    rig = Rig()
    assert rig.has(OUT_HEATER)
    setattr(rig.snap, name, value)
    assert not rig.has(OUT_HEATER)


@pytest.mark.parametrize("mode", range(MODE_N))
def test_the_heater_works_only_in_awake_modes(mode):
    rig = Rig()
    rig.mode = mode
    assert rig.has(OUT_HEATER) == (mode in (PRECHARGE, RUN, CHG_ONLY, DSG_ONLY, FAULT))


def test_a_pack_too_cold_for_both_directions_is_heated_out_of_its_fault():
    rig = Rig()
    rig.mode, rig.intent, rig.blocks = FAULT, 0, BOTH
    assert rig.has(OUT_HEATER)
    rig.latched = True
    assert not rig.has(OUT_HEATER)


TEMPS = st.one_of(st.just(TEMP_NONE), st.integers(-400, 1200))


@given(
    st.lists(
        st.tuples(TEMPS, TEMPS, st.booleans(), st.booleans(), st.sampled_from((-1, 0))),
        max_size=30,
    )
)
def test_the_heater_never_runs_blind_hot_or_without_a_charger(walk):
    rig = Rig()
    for cold, hot, charger, fresh, bad in walk:
        snap = rig.snap
        snap.temp_min_ddegc, snap.temp_max_ddegc = min(cold, hot), max(cold, hot)
        snap.charger, snap.fresh, snap.ntc_bad_i = charger, fresh, bad
        if rig.has(OUT_HEATER):
            assert charger and fresh and bad < 0
            assert snap.temp_min_ddegc != TEMP_NONE
            assert snap.temp_min_ddegc < CONFIG.heat_off_ddegc
            assert snap.temp_max_ddegc < CONFIG.otc_ddegc


# fan


def warm(ddegc, name="temp_max_ddegc"):
    rig = Rig()
    setattr(rig.snap, name, ddegc)
    return rig


@pytest.mark.parametrize("name", ["temp_max_ddegc", "fet_ddegc"])
def test_the_fan_has_hysteresis(name):
    rig = warm(CONFIG.fan_on_ddegc, name)
    assert not rig.has(OUT_FAN)
    for ddegc, on in (
        (CONFIG.fan_on_ddegc + 1, True),
        (CONFIG.fan_off_ddegc + 1, True),
        (CONFIG.fan_off_ddegc, False),
        (CONFIG.fan_on_ddegc, False),
    ):
        setattr(rig.snap, name, ddegc)
        assert rig.has(OUT_FAN) == on


def test_without_readings_the_fan_stays_as_it_is():
    rig = warm(600)
    assert rig.has(OUT_FAN)
    rig.snap.fresh, rig.snap.temp_max_ddegc = False, 0
    assert rig.has(OUT_FAN)
    rig = warm(600)
    rig.snap.fresh = False
    assert not rig.has(OUT_FAN)


@pytest.mark.parametrize("mode", [SLEEP, SHUTDOWN])
def test_the_fan_sleeps_with_the_pack(mode):
    rig = warm(600)
    assert rig.has(OUT_FAN)
    rig.mode = mode
    assert not rig.has(OUT_FAN)


# contactors, buzzer, LEDs


@pytest.mark.parametrize(
    "intent,bits",
    [
        (0, 0),
        (CHG, OUT_CHG_CONTACTOR | OUT_LED_RUN),
        (DSG, OUT_DSG_CONTACTOR | OUT_LED_RUN),
        (BOTH, OUT_CHG_CONTACTOR | OUT_DSG_CONTACTOR | OUT_LED_RUN),
        (DSG | PDSG, OUT_DSG_CONTACTOR | OUT_LED_RUN),
    ],
)
def test_contactors_and_the_run_led_follow_intent(intent, bits):
    rig = warm(250)
    rig.snap.temp_min_ddegc, rig.mode, rig.intent, rig.blocks = 250, RUN, intent, 0
    assert rig.step() == bits


def test_a_contactor_never_closes_against_a_block():
    rig = Rig()
    rig.intent, rig.blocks = BOTH, BOTH
    assert not rig.has(OUT_CHG_CONTACTOR | OUT_DSG_CONTACTOR)


@pytest.mark.parametrize(
    "mode,latched,bits",
    [
        (OFF, False, 0),
        (SELFTEST, False, 0),
        (FAULT, False, OUT_LED_FAULT),
        (FAULT, True, OUT_LED_FAULT | OUT_BUZZER),
        (CHG_ONLY, True, OUT_LED_FAULT | OUT_BUZZER),
        (CHG_ONLY, False, 0),  # an empty pack is no alarm
    ],
)
def test_what_waits_for_a_person_calls_for_one(mode, latched, bits):
    rig = warm(250)
    rig.snap.temp_min_ddegc = 250
    rig.mode, rig.latched, rig.intent = mode, latched, 0
    assert rig.step() == bits
