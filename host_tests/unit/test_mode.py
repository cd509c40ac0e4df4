"""The mode machine with its clocks, tries and requests. The core alone: test_mode_enumeration."""

import random
from array import array

import pytest

from bms import faults
from bms.bits import (
    CHG_ONLY,
    DSG_ONLY,
    FAULT,
    OFF,
    PRECHARGE,
    REQ_CLEAR,
    REQ_OFF,
    REQ_ON,
    REQ_SELFTEST,
    REQ_SHUTDOWN,
    REQ_SLEEP,
    RUN,
    SELFTEST,
    SHUTDOWN,
    SLEEP,
)
from bms.config import Config
from bms.mode import Mode, refuse
from bms.protect import Protect
from roles import BOTH, CHG, DSG, PDSG

DT = 250
FETS_WHILE_PRECHARGING = CHG | DSG | PDSG


class Rig:
    """A machine with a chip that obeys: DSG closes at once unless `load` holds it open."""

    def __init__(self, **fields):
        self.config = Config({"sleep_after_s": 0, **fields})
        self.mode = Mode(self.config)
        self.ready = True
        self.charger = False
        self.idle = False
        self.cell_min_mv = 3300
        self.blocks = 0
        self.load = False  # the capacitor never fills
        self.actual = 0

    def step(self, requests=0, dt_ms=DT):
        intent = self.mode.step(
            requests,
            self.blocks,
            self.ready,
            self.actual,
            self.charger,
            self.idle,
            self.cell_min_mv,
            dt_ms,
        )
        hold = DSG if self.load and intent & PDSG else 0
        self.actual = intent & ~hold
        return intent

    def wait(self, ms, dt_ms=DT):
        for _ in range(ms // dt_ms):
            self.step(dt_ms=dt_ms)
        return self.mode.mode

    def run(self):
        self.step()
        self.step()
        assert self.mode.mode == RUN
        return self


# start and readiness


def test_it_starts_in_self_test_with_both_fets_off():
    rig = Rig()
    rig.ready = False
    assert rig.wait(60000) == SELFTEST
    assert rig.mode.intent == 0


def test_once_ready_it_precharges_and_then_runs():
    rig = Rig()
    assert rig.step() == FETS_WHILE_PRECHARGING
    assert (rig.mode.mode, rig.mode.before, rig.mode.changed) == (PRECHARGE, SELFTEST, True)
    assert rig.step() == BOTH
    assert rig.mode.mode == RUN
    rig.step()
    assert not rig.mode.changed


def test_without_precharge_hardware_it_runs_at_once():
    rig = Rig(precharge_on=0)
    assert rig.step() == BOTH
    assert rig.mode.mode == RUN


def test_a_lost_monitor_opens_both_and_goes_to_self_test():
    rig = Rig().run()
    rig.ready = False
    assert rig.step() == 0
    assert rig.mode.mode == SELFTEST


def test_a_self_test_can_be_requested():
    rig = Rig().run()
    assert rig.step(REQ_SELFTEST) == 0
    assert (rig.mode.mode, rig.mode.refused) == (SELFTEST, 0)


# blocks


@pytest.mark.parametrize(
    "blocks,mode,intent", [(BOTH, FAULT, 0), (CHG, DSG_ONLY, DSG), (DSG, CHG_ONLY, CHG)]
)
def test_blocks_decide_the_mode_in_the_same_step(blocks, mode, intent):
    rig = Rig().run()
    rig.blocks = blocks
    assert rig.step() == intent
    assert rig.mode.mode == mode


def test_charging_blocked_and_free_again_needs_no_precharge():
    rig = Rig().run()
    rig.blocks = CHG
    rig.step()
    rig.blocks = 0
    assert rig.step() == BOTH
    assert rig.mode.mode == RUN


@pytest.mark.parametrize("blocks", [BOTH, DSG])
def test_discharge_blocked_and_free_again_precharges(blocks):
    rig = Rig().run()
    rig.blocks = blocks
    rig.step()
    rig.blocks = 0
    assert rig.step() == FETS_WHILE_PRECHARGING
    assert rig.mode.mode == PRECHARGE


def test_a_discharge_fet_that_the_chip_opened_is_precharged_again():
    rig = Rig().run()
    rig.actual = CHG
    assert rig.step() == FETS_WHILE_PRECHARGING
    rig.actual = BOTH
    assert rig.step() == BOTH


def test_precharge_without_charging_ends_in_discharge_only():
    rig = Rig()
    rig.blocks = CHG
    assert rig.step() == DSG | PDSG
    assert rig.step() == DSG
    assert rig.mode.mode == DSG_ONLY


# precharge


def precharging(**fields):
    rig = Rig(**fields)
    rig.load = True
    rig.step()
    return rig


def test_a_try_lasts_exactly_precharge_ms():
    rig = precharging()
    rig.wait(rig.config.precharge_ms - DT)
    assert rig.mode.intent == FETS_WHILE_PRECHARGING and rig.mode.tries == 0
    assert rig.step() == CHG
    assert (rig.mode.mode, rig.mode.tries) == (PRECHARGE, 1)


def test_success_in_the_last_moment_is_success():
    rig = precharging()
    rig.wait(rig.config.precharge_ms - DT)
    rig.actual |= DSG
    assert rig.step() == BOTH
    assert (rig.mode.mode, rig.mode.tries) == (RUN, 0)


def test_between_two_tries_charging_goes_on_for_the_whole_rest():
    rig = precharging()
    rig.wait(rig.config.precharge_ms)
    rig.wait(rig.config.precharge_wait_ms - DT)
    assert rig.mode.intent == CHG
    assert rig.step() == FETS_WHILE_PRECHARGING


def test_three_tries_then_it_fails():
    rig = precharging()
    for _ in range(2):
        rig.wait(rig.config.precharge_ms + rig.config.precharge_wait_ms)
        assert not rig.mode.precharge_failed
    rig.wait(rig.config.precharge_ms)
    assert rig.mode.precharge_failed and rig.mode.tries == 3
    rig.wait(3600000)
    assert rig.mode.intent == CHG and rig.mode.precharge_failed


def failed():
    rig = precharging(precharge_n=1)
    rig.wait(rig.config.precharge_ms)
    assert rig.mode.precharge_failed
    return rig


def test_the_failure_ends_when_the_fault_row_has_taken_it_over():
    """Else the latched row's condition would still hold when a person clears it."""
    rig = failed()
    rig.blocks = DSG
    assert rig.step() == CHG
    assert rig.mode.mode == CHG_ONLY and not rig.mode.precharge_failed
    rig.wait(60000)
    rig.blocks = 0
    assert rig.step() == CHG, "a row gone for another reason gives no new try"


def test_one_clear_request_brings_back_a_pack_whose_precharge_had_failed():
    """Together with the fault row: trip, latch, clear once, try again after the rest."""
    rig = precharging(precharge_n=1)
    protect = Protect(rig.config)
    q = array("i", [0] * faults.Q_N)
    for i in (faults.Q_CELL_MAX_MV, faults.Q_CELL_MIN_MV, faults.Q_STACK_AVG_MV):
        q[i] = 3300
    for i in (faults.Q_TEMP_MAX_DDEGC, faults.Q_TEMP_MIN_DDEGC):
        q[i] = 250

    def scan(requests=0):
        q[faults.Q_PRECHARGE_FAIL] = rig.mode.precharge_failed
        clear = bool(requests & REQ_CLEAR)
        rig.blocks = protect.step(q, DT, True, False, False, clear)
        return rig.step(requests)

    for _ in range(rig.config.precharge_ms // DT + 2):
        scan()
    assert rig.mode.mode == CHG_ONLY and protect.latched_n == 1
    for _ in range(3600000 // DT):
        assert scan() == CHG
    rig.load = False
    scan(REQ_CLEAR)
    scan()
    assert rig.mode.mode == RUN and protect.latched_n == 0


def test_a_clear_request_gives_the_tries_back_but_not_the_rest():
    rig = failed()
    assert rig.step(REQ_CLEAR) == CHG
    assert rig.mode.tries == 0 and not rig.mode.precharge_failed
    rig.wait(rig.config.precharge_wait_ms - 2 * DT)
    assert rig.mode.intent == CHG
    assert rig.step() == FETS_WHILE_PRECHARGING


def test_an_interrupted_try_goes_on_where_it_was():
    """A fault that comes and goes must not heat the resistor for ever."""
    rig = precharging()
    rig.wait(rig.config.precharge_ms - 2 * DT)
    rig.blocks = BOTH
    rig.wait(5000)
    rig.blocks = 0
    rig.step()
    assert rig.mode.intent == FETS_WHILE_PRECHARGING
    rig.step()
    assert rig.mode.tries == 1 and rig.mode.intent == CHG


def test_a_long_pause_makes_a_whole_new_try():
    rig = precharging()
    rig.wait(rig.config.precharge_ms - 2 * DT)
    rig.blocks = BOTH
    rig.wait(rig.config.precharge_wait_ms + DT)
    rig.blocks = 0
    rig.step()
    rig.wait(rig.config.precharge_ms - DT)
    assert rig.mode.intent == FETS_WHILE_PRECHARGING and rig.mode.tries == 0


def test_success_forgives_earlier_tries():
    rig = precharging()
    rig.wait(rig.config.precharge_ms + rig.config.precharge_wait_ms)
    assert rig.mode.tries == 1
    rig.load = False
    rig.wait(2 * DT)
    assert rig.mode.mode == RUN and rig.mode.tries == 0


def test_success_gives_the_next_precharge_its_whole_time():
    rig = precharging()
    rig.wait(rig.config.precharge_ms - 2 * DT)
    rig.load = False
    rig.wait(2 * DT)
    assert rig.mode.mode == RUN
    rig.load, rig.actual = True, CHG
    rig.step()
    rig.wait(rig.config.precharge_ms - DT)
    assert rig.mode.intent == FETS_WHILE_PRECHARGING and rig.mode.tries == 0


# off


def test_off_stays_off_through_everything_but_a_request():
    rig = Rig().run()
    assert rig.step(REQ_OFF) == 0
    assert rig.mode.mode == OFF
    for rig.ready in (False, True):
        for rig.blocks in (BOTH, 0):
            for rig.charger in (True, False):
                assert rig.wait(5000) == OFF and rig.mode.intent == 0
    rig.step(REQ_ON)
    assert rig.mode.mode == SELFTEST
    rig.wait(2 * DT)
    assert rig.mode.mode == RUN


@pytest.mark.parametrize("request_bits", [REQ_SLEEP, REQ_SHUTDOWN])
def test_off_survives_sleep_and_shutdown(request_bits):
    rig = Rig().run()
    rig.step(REQ_OFF)
    rig.step(request_bits)
    assert rig.mode.mode in (SLEEP, SHUTDOWN)
    rig.charger = True
    rig.step()
    assert rig.mode.mode == SELFTEST
    assert rig.step() == 0 and rig.mode.mode == OFF


def test_off_asked_for_asleep_counts_at_waking():
    rig = Rig().run()
    rig.step(REQ_SLEEP)
    rig.step(REQ_OFF)
    assert rig.mode.mode == SLEEP and rig.mode.refused == 0
    rig.charger = True
    rig.wait(3 * DT)
    assert rig.mode.mode == OFF


def test_a_flat_pack_that_is_off_still_powers_down():
    rig = Rig().run()
    rig.step(REQ_OFF)
    rig.cell_min_mv = 2600
    assert rig.wait(rig.config.shutdown_s * 1000) == OFF
    rig.step()
    assert rig.mode.mode == SHUTDOWN and rig.mode.off


# sleep


def test_idle_long_enough_it_sleeps():
    rig = Rig(sleep_after_s=60).run()
    rig.idle = True
    rig.wait(60000)
    assert rig.mode.mode == RUN
    assert rig.step() == 0 and rig.mode.mode == SLEEP


@pytest.mark.parametrize("disturbance", ["load", "charger"])
def test_any_activity_starts_the_idle_time_again(disturbance):
    rig = Rig(sleep_after_s=60).run()
    rig.idle = True
    rig.wait(59000)
    rig.idle, rig.charger = disturbance == "charger", disturbance == "charger"
    rig.step()
    rig.idle, rig.charger = True, False
    assert rig.wait(60000) == RUN
    rig.step()
    assert rig.mode.mode == SLEEP


def test_zero_means_it_never_sleeps_of_idleness():
    rig = Rig(sleep_after_s=0).run()
    rig.idle = True
    assert rig.wait(86400000, 60000) == RUN


def test_the_longest_idle_time_stays_within_small_integers():
    rig = Rig(sleep_after_s=1000000).run()
    rig.idle = True
    for _ in range(17):
        rig.step(dt_ms=1 << 31)
    assert rig.mode.mode == RUN
    rig.step(dt_ms=1 << 31)
    assert rig.mode.mode == SLEEP
    assert rig.mode._idle_ms + 60000000 < 1 << 30


def empty():
    """Under-voltage has just opened the discharge FET."""
    rig = Rig().run()
    rig.cell_min_mv = 2790
    rig.blocks = DSG
    rig.step()
    assert rig.mode.mode == CHG_ONLY
    return rig


def test_an_empty_pack_sleeps_although_its_cells_recover_without_load():
    rig = empty()
    rig.cell_min_mv = 3050
    rig.wait(rig.config.empty_sleep_s * 1000 - DT)
    assert rig.mode.mode == CHG_ONLY
    rig.step()
    assert rig.mode.mode == SLEEP


def test_an_empty_pack_at_a_charger_stays_awake():
    rig = empty()
    rig.charger = True
    assert rig.wait(2000 * 1000, 1000) == CHG_ONLY


def test_an_unplugged_charger_gives_an_empty_pack_its_whole_delay_again():
    rig = empty()
    rig.wait(rig.config.empty_sleep_s * 1000 - DT)
    rig.charger = True
    rig.step()
    rig.charger = False
    assert rig.wait(rig.config.empty_sleep_s * 1000) == CHG_ONLY
    rig.step()
    assert rig.mode.mode == SLEEP


@pytest.mark.parametrize("cell_min_mv,blocks", [(3100, DSG), (2790, 0)])
def test_a_pack_that_is_no_longer_empty_stays_awake(cell_min_mv, blocks):
    rig = empty()
    rig.cell_min_mv, rig.blocks = cell_min_mv, blocks
    rig.wait(2000 * 1000, 1000)
    assert rig.mode.mode in (CHG_ONLY, RUN)


def test_discharge_blocked_for_another_reason_is_not_empty():
    rig = Rig().run()
    rig.blocks = DSG
    assert rig.wait(2000 * 1000, 1000) == CHG_ONLY


def asleep():
    rig = Rig().run()
    assert rig.step(REQ_SLEEP) == 0
    assert (rig.mode.mode, rig.mode.refused) == (SLEEP, 0)
    return rig


def test_sleep_wakes_on_a_charger_through_self_test():
    rig = asleep()
    assert rig.wait(60000) == SLEEP
    rig.charger = True
    assert rig.step() == 0
    assert rig.mode.mode == SELFTEST


def test_sleep_wakes_on_request_through_self_test():
    rig = asleep()
    rig.step(REQ_ON)
    assert rig.mode.mode == SELFTEST


def test_a_lost_monitor_does_not_wake_a_sleeping_pack():
    rig = asleep()
    rig.ready = False
    assert rig.wait(60000) == SLEEP


# shutdown


def test_a_flat_cell_powers_everything_down_after_its_delay():
    rig = asleep()
    rig.cell_min_mv = rig.config.shutdown_mv
    rig.wait(rig.config.shutdown_s * 1000)
    assert rig.mode.mode == SLEEP
    rig.step()
    assert rig.mode.mode == SHUTDOWN


def test_one_low_reading_powers_nothing_down_however_long_the_step():
    rig = asleep()
    rig.cell_min_mv = 2500
    rig.step(dt_ms=3600000)
    rig.cell_min_mv = 2601
    rig.step(dt_ms=3600000)
    assert rig.mode.mode == SLEEP


def test_a_reading_that_is_not_known_neither_starts_nor_stops_the_clock():
    rig = Rig()
    rig.ready = False
    rig.cell_min_mv = 0
    assert rig.wait(3600000, 1000) == SELFTEST
    rig.cell_min_mv = 2500
    rig.wait(59000, 1000)
    rig.cell_min_mv = 0
    assert rig.wait(60000, 1000) == SELFTEST
    rig.cell_min_mv = 2500
    assert rig.wait(2000, 1000) == SHUTDOWN


def test_a_charger_keeps_a_flat_pack_awake():
    rig = Rig().run()
    rig.charger, rig.cell_min_mv, rig.blocks = True, 2500, DSG
    assert rig.wait(3600000, 1000) == CHG_ONLY


def test_an_unplugged_charger_gives_a_flat_pack_its_whole_delay_again():
    rig = Rig().run()
    rig.charger, rig.cell_min_mv, rig.blocks = True, 2500, DSG
    rig.wait(3600000, 1000)
    rig.charger = False
    assert rig.wait(rig.config.shutdown_s * 1000) == CHG_ONLY
    rig.step()
    assert rig.mode.mode == SHUTDOWN


def down():
    rig = Rig().run()
    assert rig.step(REQ_SHUTDOWN) == 0
    assert rig.mode.mode == SHUTDOWN
    return rig


def test_shutdown_ends_with_a_charger():
    rig = down()
    rig.charger = True
    rig.step()
    assert rig.mode.mode == SELFTEST


def test_shutdown_ends_when_the_monitor_was_gone_and_answers_again():
    rig = Rig()
    rig.ready = False
    rig.wait(60000)
    rig.ready = True
    rig.step(REQ_SHUTDOWN)
    assert rig.wait(60000) == SHUTDOWN, "a monitor that never went is not back"
    rig.ready = False
    assert rig.wait(60000) == SHUTDOWN
    rig.ready = True
    rig.step()
    assert rig.mode.mode == SELFTEST


def test_a_flat_pack_woken_by_hand_has_its_whole_delay_again():
    rig = down()
    rig.cell_min_mv = 2500
    rig.ready = False
    rig.wait(120000)
    rig.ready = True
    rig.step()
    rig.blocks = DSG
    assert rig.wait(rig.config.shutdown_s * 1000) == CHG_ONLY
    rig.step()
    assert rig.mode.mode == SHUTDOWN


# refusals

ALL = REQ_ON | REQ_OFF | REQ_SLEEP | REQ_SHUTDOWN | REQ_CLEAR | REQ_SELFTEST


@pytest.mark.parametrize(
    "mode,requests,charger,refused",
    [
        (RUN, REQ_SLEEP | REQ_SHUTDOWN, True, REQ_SLEEP | REQ_SHUTDOWN),
        (RUN, REQ_SLEEP, False, 0),
        (RUN, REQ_ON, False, 0),
        (OFF, REQ_SELFTEST, False, REQ_SELFTEST),
        (SLEEP, REQ_SELFTEST, False, REQ_SELFTEST),
        (SHUTDOWN, REQ_ON | REQ_SLEEP | REQ_SELFTEST, False, REQ_ON | REQ_SLEEP | REQ_SELFTEST),
        (SHUTDOWN, REQ_OFF | REQ_SHUTDOWN, False, 0),
        (RUN, REQ_ON | REQ_OFF, False, REQ_ON),
        (RUN, REQ_SELFTEST | REQ_SLEEP, False, REQ_SELFTEST),
        (RUN, REQ_ON | REQ_SLEEP, True, REQ_SLEEP),
        (RUN, 1 << 20, False, 1 << 20),
    ],
)
def test_refusals(mode, requests, charger, refused):
    assert refuse(mode, requests, charger) == refused


def test_off_and_clear_are_never_refused():
    for mode in range(9):
        for requests in range(ALL + 1):
            for charger in (False, True):
                assert not refuse(mode, requests, charger) & (REQ_OFF | REQ_CLEAR)


def test_a_refused_request_is_reported_and_has_no_effect():
    rig = Rig().run()
    rig.charger = True
    rig.step(REQ_SLEEP)
    assert (rig.mode.mode, rig.mode.refused) == (RUN, REQ_SLEEP)
    rig.step()
    assert rig.mode.refused == 0


def test_a_refused_on_does_not_end_the_wish_to_be_off():
    rig = Rig().run()
    rig.step(REQ_OFF | REQ_ON)
    assert rig.mode.mode == OFF and rig.mode.off
    rig.step(REQ_SHUTDOWN)
    rig.step(REQ_ON)
    assert (rig.mode.refused, rig.mode.off) == (REQ_ON, True)


# everything at once


@pytest.mark.parametrize("seed", range(8))
def test_random_walk_keeps_the_promises_of_the_design(seed):
    """Random inputs, no obedient chip: nothing blocked, nothing unready, nothing off conducts."""
    rng = random.Random(seed)
    rig = Rig(sleep_after_s=5, empty_sleep_s=10, shutdown_s=5, precharge_ms=500)
    for _ in range(4000):
        rig.ready = rng.random() < 0.97
        rig.blocks = rng.choice((0, 0, 0, 0, 0, CHG, DSG, BOTH))
        rig.charger = rng.random() < 0.2
        rig.idle = rng.random() < 0.9
        rig.cell_min_mv = rng.choice((0, 2500, 2700, 3000, 3300, 3300, 3300))
        requests = 1 << rng.randrange(6) if rng.random() < 0.05 else 0
        rig.actual = rng.choice((0, CHG, DSG, BOTH)) & rig.mode.intent
        before, actual = rig.mode.intent, rig.actual
        intent = rig.step(requests, rng.choice((63, 250, 250, 1000)))
        assert not intent & rig.blocks
        assert rig.ready or not intent
        assert not (rig.mode.off and intent)
        assert rig.mode.changed == (rig.mode.mode != rig.mode.before)
        if intent & DSG and not intent & PDSG:
            assert before & DSG and actual & DSG, "closed without precharge"


def test_the_resistor_never_carries_current_longer_than_a_try_per_rest():
    """Whatever faults, requests and readings do, over any window of one rest."""
    rng = random.Random(1)
    rig = Rig(precharge_n=10)
    warm = []
    for _ in range(20000):
        rig.blocks = rng.choice((0, 0, 0, 0, 0, 0, DSG, BOTH))
        rig.ready = rng.random() < 0.99
        rig.load = True
        requests = rng.choice((0, 0, 0, 0, 0, 0, REQ_CLEAR, REQ_ON))
        warm.append(bool(rig.step(requests) & PDSG))
    window = rig.config.precharge_wait_ms // DT
    most = max(sum(warm[i : i + window]) for i in range(len(warm) - window))
    assert 0 < most * DT <= rig.config.precharge_ms


# clocks, to the millisecond


def test_a_new_machine_wants_nothing_and_knows_nothing():
    mode = Mode(Config())
    assert (mode.mode, mode.before, mode.changed) == (SELFTEST, SELFTEST, False)
    assert (mode.intent, mode.refused, mode.off) == (0, 0, False)
    assert (mode.tries, mode.precharge_failed) == (0, False)


def test_without_precharge_hardware_an_unready_monitor_still_gets_no_fet():
    rig = Rig(precharge_on=0)
    rig.ready = False
    for _ in range(5):
        assert rig.step() == 0 and rig.mode.mode == SELFTEST


def test_a_mode_just_entered_is_left_at_once_when_the_next_scan_says_nothing_good():
    rig = Rig(precharge_on=0)
    assert rig.step() == BOTH
    rig.ready, rig.actual = False, 0
    assert rig.step() == 0 and rig.mode.mode == SELFTEST


def idle_until(rig, ms):
    """Idle since the last step, up to `ms`."""
    rig.idle = True
    rig.step()
    rig.step(dt_ms=ms)
    return rig.mode.mode


def test_idle_time_ends_in_sleep_at_its_last_millisecond():
    rig = Rig(sleep_after_s=10).run()
    assert idle_until(rig, 9999) == RUN
    rig.step(dt_ms=1)
    assert rig.mode.mode == SLEEP


def test_time_that_stands_or_runs_backwards_is_no_time():
    rig = Rig(sleep_after_s=10).run()
    idle_until(rig, 9999)
    for dt_ms in (0, 0, -1, -5000):
        rig.step(dt_ms=dt_ms)
        assert rig.mode.mode == RUN
    rig.step(dt_ms=1)
    assert rig.mode.mode == SLEEP


def test_idle_time_in_a_fault_does_not_count_when_the_fault_is_over():
    rig = Rig(sleep_after_s=10, precharge_on=0)
    rig.idle = True
    rig.blocks = BOTH
    assert rig.wait(60000) == FAULT
    rig.blocks = 0
    assert rig.wait(9750) == RUN
    assert rig.wait(1000) == SLEEP


def test_flat_cells_power_down_at_the_last_millisecond_and_at_the_very_voltage():
    for cell_mv, after in ((2600, SHUTDOWN), (2601, CHG_ONLY)):
        rig = Rig(shutdown_s=60, empty_sleep_s=100000).run()
        rig.blocks = DSG
        rig.cell_min_mv = cell_mv
        rig.step()
        rig.step(dt_ms=59999)
        assert rig.mode.mode == CHG_ONLY
        rig.step(dt_ms=1)
        assert rig.mode.mode == after


@pytest.mark.parametrize("cell_mv, after", [(2800, SLEEP), (2801, CHG_ONLY), (3099, CHG_ONLY)])
def test_only_cells_that_were_empty_make_a_pack_sleep_that_may_not_discharge(cell_mv, after):
    """Another fault than under-voltage blocks discharging too."""
    rig = Rig(empty_sleep_s=10)
    rig.blocks = DSG
    rig.cell_min_mv = cell_mv
    rig.step()
    rig.step()
    rig.step(dt_ms=60000)
    assert rig.mode.mode == after


def test_time_spent_empty_in_self_test_does_not_count():
    rig = Rig(empty_sleep_s=10)
    rig.blocks = DSG
    rig.cell_min_mv = 2700
    rig.ready = False
    assert rig.wait(60000) == SELFTEST
    rig.ready = True
    assert rig.wait(9750) == CHG_ONLY
    assert rig.wait(1000) == SLEEP
