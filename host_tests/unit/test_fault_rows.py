"""Every row of the fault table at its edges. One test, all rows it applies to."""

import pytest

from bms import faults
from bms.faults import ACK, CHARGER_GONE, CLEAR_MS, LATCH, LOAD_GONE, NO_LOAD, OC_LOCK, SC_LOCK
from host_tests.unit.protect_rig import Rig, Row
from roles import BOTH, CHG, DSG

CLEAR, TRIPPED, LOCKED, ACKED = range(4)
EVER_MS = 400_000_000
FIRST = [Row(i, Rig().config) for i in range(faults.ROW_N)]


def rows(wanted=lambda row: True):
    """Parametrise over the rows that fit, by name."""
    names = [row.name for row in FIRST if wanted(row)]
    assert names
    return pytest.mark.parametrize("name", names)


def delayed(row):
    return row.delay_ms > 0


def by_itself(row):
    return not row.end & LATCH


def held(row):
    return row.hold_ms > 0


def locking(row):
    return row.lock_n > 0


def start(name, values=None):
    rig = Rig(values)
    rig.step()
    return rig, rig.row(name)


def tripped(name, values=None):
    rig, row = start(name, values)
    rig.trip(row)
    return rig, row


@rows()
def test_a_row_tells_its_numbers(name):
    rig, row = start(name)
    protect = rig.protect
    assert protect.quantity(row.index) == row.quantity
    assert protect.limit(row.index) == row.trip
    assert protect.delay_ms(row.index) == row.delay_ms


# trip


@rows()
def test_healthy_readings_never_trip(name):
    rig, row = start(name)
    for dt_ms in (0, 250, 1000, 60000, EVER_MS):
        assert rig.heal(row, dt_ms) == CLEAR
    assert rig.protect.blocks == 0


@rows()
def test_just_inside_the_limit_never_trips(name):
    rig, row = start(name)
    for dt_ms in (0, 250, 1000, 60000, EVER_MS):
        assert rig.read(row, row.worse(row.trip, -1), dt_ms) == CLEAR


@rows(delayed)
@pytest.mark.parametrize("beyond", [0, 1, 5000])
def test_at_or_beyond_the_limit_trips_when_the_delay_is_over_and_not_a_millisecond_before(
    name, beyond
):
    rig, row = start(name)
    value = row.worse(row.trip, beyond)
    assert rig.read(row, value, 60000) == CLEAR  # first reading, however long since the last
    assert rig.read(row, value, row.delay_ms - 1) == CLEAR
    assert rig.read(row, value, 1) == TRIPPED
    assert rig.protect.blocks & row.blocks == row.blocks


@rows(lambda row: not delayed(row))
@pytest.mark.parametrize("beyond", [0, 1, 5000])
def test_a_fact_trips_at_its_first_reading(name, beyond):
    rig, row = start(name)
    assert rig.read(row, row.worse(row.trip, beyond), 0) == TRIPPED


@rows(delayed)
def test_one_wild_reading_does_not_trip(name):
    rig, row = start(name)
    for _ in range(5):
        assert rig.read(row, row.worse(row.trip, 9999), EVER_MS) == CLEAR
        assert rig.heal(row, EVER_MS) == CLEAR
    assert rig.protect.trips[row.index] == 0


@rows(delayed)
def test_a_good_reading_starts_the_delay_again(name):
    rig, row = start(name)
    rig.read(row, row.trip)
    rig.read(row, row.trip, row.delay_ms - 1)
    rig.read(row, row.worse(row.trip, -1), 1)
    assert rig.read(row, row.trip, 60000) == CLEAR
    assert rig.read(row, row.trip, row.delay_ms - 1) == CLEAR
    assert rig.read(row, row.trip, 1) == TRIPPED


@rows(delayed)
def test_no_time_between_readings_proves_nothing(name):
    rig, row = start(name)
    for _ in range(100):
        assert rig.read(row, row.trip, 0) == CLEAR


@rows(delayed)
def test_the_slowest_scan_trips_with_its_second_reading(name):
    rig, row = start(name)
    assert rig.read(row, row.trip, 60000) == CLEAR
    assert rig.read(row, row.trip, 60000) == TRIPPED


@rows()
def test_what_is_recorded_of_a_trip(name):
    rig, row = start(name)
    value = row.worse(row.trip, 7)
    rig.read(row, value)
    rig.read(row, value, row.delay_ms)
    assert rig.protect.trips[row.index] == 1
    assert rig.protect.trip_value[row.index] == value
    assert rig.protect.limit(row.index) == row.trip


# clear


@rows()
def test_a_row_stays_tripped_one_unit_before_its_clear_value(name):
    rig, row = tripped(name)
    rig.load = rig.charger = False
    for _ in range(5):
        assert rig.read(row, row.worse(row.clear), EVER_MS) == TRIPPED


@rows(lambda row: by_itself(row) and not held(row))
@pytest.mark.parametrize("inside", [0, 1])
def test_a_row_clears_at_its_clear_value_after_the_clear_time_and_not_before(name, inside):
    rig, row = tripped(name)
    value = row.worse(row.clear, -inside)
    assert rig.read(row, value, 60000) == TRIPPED
    assert rig.read(row, value, CLEAR_MS - 1) == TRIPPED
    assert rig.read(row, value, 1) == CLEAR


@rows(lambda row: by_itself(row) and not held(row))
def test_one_good_reading_does_not_clear(name):
    rig, row = tripped(name)
    for _ in range(5):
        assert rig.read(row, row.clear, EVER_MS) == TRIPPED
        assert rig.read(row, row.worse(row.clear), EVER_MS) == TRIPPED


@rows(lambda row: by_itself(row) and not held(row))
def test_the_clear_time_starts_again_after_a_bad_reading(name):
    rig, row = tripped(name)
    rig.read(row, row.clear)
    rig.read(row, row.clear, CLEAR_MS - 1)
    rig.read(row, row.worse(row.clear))
    assert rig.read(row, row.clear, 60000) == TRIPPED
    assert rig.read(row, row.clear, CLEAR_MS - 1) == TRIPPED
    assert rig.read(row, row.clear, 1) == CLEAR


@rows()
def test_a_cleared_row_can_trip_again_and_needs_its_delay_again(name):
    rig, row = tripped(name)
    assert rig.calm(row, clear=True) == CLEAR
    if row.delay_ms:
        assert rig.read(row, row.trip, 60000) == CLEAR
        assert rig.read(row, row.trip, row.delay_ms - 1) == CLEAR
    assert rig.read(row, row.trip, 1) in (TRIPPED, LOCKED)
    assert rig.protect.trips[row.index] == 2


# hold, and what ends it early


def settled(rig, row):
    """Readings inside long ago, everything but the hold time in favour of clearing."""
    rig.load = not row.end & NO_LOAD
    rig.read(row, row.clear, 0)
    return rig.read(row, row.clear, CLEAR_MS)


@rows(held)
def test_hold_keeps_a_row_to_its_last_millisecond(name):
    rig, row = tripped(name)
    assert settled(rig, row) == TRIPPED
    assert rig.read(row, row.clear, row.hold_ms - CLEAR_MS - 1) == TRIPPED
    assert rig.read(row, row.clear, 1) == CLEAR


@rows(lambda row: row.end & (LOAD_GONE | CHARGER_GONE))
def test_the_cause_gone_for_the_clear_time_ends_the_hold(name):
    rig, row = tripped(name)
    assert settled(rig, row) == TRIPPED
    rig.load = not row.end & LOAD_GONE
    rig.charger = not row.end & CHARGER_GONE
    assert rig.read(row, row.clear, 1) == TRIPPED
    assert rig.read(row, row.clear, CLEAR_MS - 1) == TRIPPED
    assert rig.read(row, row.clear, 1) == CLEAR


@rows(lambda row: row.end & (LOAD_GONE | CHARGER_GONE))
def test_the_other_cause_gone_does_not_end_the_hold(name):
    rig, row = tripped(name)
    rig.load = bool(row.end & LOAD_GONE)
    rig.charger = bool(row.end & CHARGER_GONE)
    assert rig.read(row, row.clear, 0) == TRIPPED
    assert rig.read(row, row.clear, row.hold_ms - 1) == TRIPPED


@rows(lambda row: row.end & (LOAD_GONE | CHARGER_GONE))
def test_one_reading_without_the_cause_does_not_end_the_hold(name):
    rig, row = tripped(name)
    settled(rig, row)
    for _ in range(3):
        rig.load = rig.charger = False
        assert rig.read(row, row.clear, 1000) == TRIPPED
        rig.load = rig.charger = True
        assert rig.read(row, row.clear, 1000) == TRIPPED


@rows(lambda row: row.end & NO_LOAD)
def test_a_row_that_wants_no_load_outlasts_its_hold_until_the_load_is_gone(name):
    rig, row = tripped(name)
    rig.read(row, row.clear, 0)
    for _ in range(3):
        assert rig.read(row, row.clear, row.hold_ms) == TRIPPED
    rig.load = False
    assert rig.read(row, row.clear, 60000) == TRIPPED
    assert rig.read(row, row.clear, CLEAR_MS - 1) == TRIPPED
    assert rig.read(row, row.clear, 1) == CLEAR


@rows(lambda row: row.end & NO_LOAD)
def test_no_load_does_not_shorten_the_hold_of_a_row_that_wants_it(name):
    rig, row = tripped(name)
    rig.load = rig.charger = False
    rig.read(row, row.clear, 0)
    assert rig.read(row, row.clear, row.hold_ms - 1) == TRIPPED
    assert rig.read(row, row.clear, 1) == CLEAR


@rows()
def test_only_rows_that_wait_for_the_load_to_go_ask_to_look_for_it(name):
    rig, row = tripped(name)
    assert rig.protect.load_wanted == bool(row.end & (LOAD_GONE | NO_LOAD))
    rig.calm(row, clear=True)
    assert not rig.protect.load_wanted


# latch, request, acknowledgement


@rows(lambda row: row.end & LATCH)
def test_a_latched_row_waits_for_a_person_for_ever(name):
    rig, row = tripped(name)
    for _ in range(5):
        assert rig.calm(row) == TRIPPED
    assert rig.protect.latched_n == 1
    assert rig.read(row, row.clear, 0, clear=True) == CLEAR
    assert rig.protect.latched_n == 0


@rows(lambda row: row.end & LATCH and not row.end & ACK)
def test_a_request_is_refused_while_the_condition_holds_and_not_remembered(name):
    rig, row = tripped(name)
    assert rig.read(row, row.trip, clear=True) == TRIPPED
    assert rig.read(row, row.worse(row.clear), EVER_MS, clear=True) == TRIPPED
    assert rig.read(row, row.clear, EVER_MS, clear=True) == TRIPPED  # one reading is not enough
    assert rig.read(row, row.clear, CLEAR_MS - 1, clear=True) == TRIPPED
    assert rig.read(row, row.clear, 1) == TRIPPED
    assert rig.read(row, row.clear, 0, clear=True) == CLEAR


@rows(by_itself)
def test_a_request_hurries_nothing_that_clears_by_itself(name):
    rig, row = tripped(name)
    assert rig.read(row, row.trip, clear=True) == TRIPPED
    rig.load = not row.end & NO_LOAD
    assert rig.read(row, row.clear, 0, clear=True) == TRIPPED
    wait_ms = max(CLEAR_MS, row.hold_ms - 250)
    assert rig.read(row, row.clear, wait_ms - 1, clear=True) == TRIPPED
    assert rig.read(row, row.clear, 1) == CLEAR


@rows(lambda row: row.end & ACK)
def test_an_acknowledged_row_allows_charging_and_clears_by_itself(name):
    rig, row = tripped(name)
    assert rig.protect.blocks == BOTH and rig.protect.latched_n == 1
    assert rig.read(row, row.trip, clear=True) == ACKED
    assert rig.protect.news[row.index] == 4
    assert rig.protect.blocks == DSG
    assert rig.protect.latched_n == 0 and rig.protect.acked_n == 1
    for _ in range(5):
        assert rig.read(row, row.trip, 60000, clear=True) == ACKED
        assert rig.read(row, row.worse(row.clear), 60000) == ACKED
    assert rig.read(row, row.clear, 60000) == ACKED
    assert rig.read(row, row.clear, CLEAR_MS) == CLEAR
    assert rig.protect.acked_n == 0


@rows(lambda row: row.end & ACK)
def test_a_request_in_the_last_moment_acknowledges_what_would_then_clear(name):
    rig, row = tripped(name)
    rig.read(row, row.clear)
    assert rig.read(row, row.clear, CLEAR_MS - 1, clear=True) == ACKED
    assert rig.read(row, row.clear, 1) == CLEAR


@rows(lambda row: row.end & ACK)
def test_a_request_after_the_end_clears_instead_of_acknowledging(name):
    rig, row = tripped(name)
    assert rig.calm(row, clear=True) == CLEAR


# lock-out


def cycle(rig, row, n):
    """Trip and clear a row `n` times; -> state after each trip."""
    states = []
    for _ in range(n):
        rig.trip(row)
        states.append(rig.protect.state[row.index])
        rig.calm(row)
    return states


@rows(locking)
def test_repeated_trips_lock_at_their_number_until_a_person_clears(name):
    rig, row = start(name)
    states = cycle(rig, row, row.lock_n)
    assert states == [TRIPPED] * (row.lock_n - 1) + [LOCKED]
    for _ in range(3):
        assert rig.calm(row) == LOCKED
    assert rig.protect.latched_n == 1
    assert rig.calm(row, clear=True) == CLEAR


@rows(locking)
def test_how_often_a_row_locks_is_a_field(name):
    rig, row = start(name, {"oc_lock_n": 2, "sc_lock_n": 1})
    n = 2 if row.end & OC_LOCK else 1
    assert bool(row.end & SC_LOCK) != bool(row.end & OC_LOCK)
    assert cycle(rig, row, n)[-1] == LOCKED


@rows(locking)
def test_a_lock_is_not_cleared_while_its_condition_holds(name):
    rig, row = start(name, {"oc_lock_n": 1, "sc_lock_n": 1})
    rig.trip(row)
    assert rig.read(row, row.trip, EVER_MS, clear=True) == LOCKED
    assert rig.read(row, row.worse(row.clear), EVER_MS, clear=True) == LOCKED


@rows(locking)
def test_a_person_who_clears_a_lock_forgives_all_trips(name):
    rig, row = start(name)
    cycle(rig, row, row.lock_n)
    rig.calm(row, clear=True)
    assert cycle(rig, row, row.lock_n)[:-1] == [TRIPPED] * (row.lock_n - 1)


@rows(locking)
def test_one_trip_is_forgiven_for_each_quiet_window(name):
    rig, row = start(name, {"oc_lock_n": 3, "sc_lock_n": 3})
    window_ms = rig.config.lock_window_ms
    cycle(rig, row, 2)
    rig.heal(row, window_ms)
    assert cycle(rig, row, 1) == [TRIPPED]  # without forgiveness the third would lock
    rig.heal(row, window_ms)
    rig.heal(row, window_ms)
    assert cycle(rig, row, 3) == [TRIPPED, TRIPPED, LOCKED]


@rows(locking)
@pytest.mark.parametrize("short_ms,state", [(1, LOCKED), (0, TRIPPED)])
def test_a_window_a_millisecond_short_forgives_nothing(name, short_ms, state):
    rig, row = start(name, {"oc_lock_n": 2, "sc_lock_n": 2})
    cycle(rig, row, 1)
    rig.heal(row, rig.config.lock_window_ms - row.delay_ms - short_ms)
    rig.read(row, row.trip, 0)
    if row.delay_ms:
        rig.read(row, row.trip, row.delay_ms)
    assert rig.protect.state[row.index] == state


@rows(locking)
def test_time_spent_tripped_or_locked_forgives_nothing(name):
    rig, row = start(name, {"oc_lock_n": 2, "sc_lock_n": 2})
    rig.trip(row)
    rig.read(row, row.trip, EVER_MS)
    rig.calm(row)
    rig.trip(row)
    assert rig.protect.state[row.index] == LOCKED
    rig.read(row, row.trip, EVER_MS)
    assert rig.calm(row) == LOCKED


@rows(locking)
def test_a_long_quiet_time_forgives_one_trip_a_step_and_never_below_none(name):
    rig, row = start(name, {"oc_lock_n": 3, "sc_lock_n": 3})
    cycle(rig, row, 2)
    for _ in range(9):
        rig.heal(row, EVER_MS)
    assert cycle(rig, row, 3) == [TRIPPED, TRIPPED, LOCKED]


@rows(locking)
def test_a_window_counts_once_and_what_is_left_of_it_for_the_next(name):
    rig, row = start(name, {"oc_lock_n": 4, "sc_lock_n": 4})
    half_ms = rig.config.lock_window_ms // 2
    cycle(rig, row, 3)
    rig.heal(row, 3 * half_ms)  # one and a half: one trip forgiven, two left
    for _ in range(5):
        rig.heal(row, 0)
    rig.heal(row, half_ms - 250 - row.delay_ms - 1)  # trips one millisecond before the next
    assert cycle(rig, row, 2) == [TRIPPED, LOCKED]
    rig.calm(row, clear=True)
    cycle(rig, row, 3)
    rig.heal(row, 3 * half_ms)
    rig.heal(row, half_ms)  # the other half of the second window
    assert cycle(rig, row, 3) == [TRIPPED, TRIPPED, LOCKED]


@rows(lambda row: not locking(row))
def test_other_rows_never_lock(name):
    rig, row = start(name, {"oc_lock_n": 1, "sc_lock_n": 1})
    for _ in range(25):
        rig.trip(row)
        assert rig.protect.state[row.index] == TRIPPED
        assert rig.calm(row, clear=bool(row.end & LATCH)) == CLEAR


# without readings


@rows(lambda row: not row.system)
def test_a_row_waits_for_fresh_readings_to_trip(name):
    rig, row = start(name)
    rig.fresh = False
    for _ in range(3):
        assert rig.read(row, row.trip, 60000) == CLEAR
    rig.fresh = True
    if row.delay_ms:
        assert rig.read(row, row.trip, 60000) == CLEAR
    assert rig.read(row, row.trip, 60000) == TRIPPED


@rows(lambda row: not row.system and delayed(row))
def test_time_without_readings_counts_at_the_next_one(name):
    rig, row = start(name)
    rig.read(row, row.trip)
    rig.fresh = False
    rig.read(row, row.trip, row.delay_ms - 2)
    rig.fresh = True
    assert rig.read(row, row.trip, 1) == CLEAR
    rig.fresh = False
    rig.read(row, row.trip, 1)
    rig.fresh = True
    assert rig.read(row, row.trip, 0) == TRIPPED


@rows(lambda row: not row.system)
def test_a_row_waits_for_fresh_readings_to_clear_and_takes_no_request(name):
    rig, row = tripped(name)
    rig.load = rig.charger = False
    rig.fresh = False
    for _ in range(3):
        assert rig.read(row, row.clear, EVER_MS, clear=True) == TRIPPED
    rig.fresh = True
    assert rig.read(row, row.clear, 1, clear=not row.end & ACK) == TRIPPED


@rows(lambda row: row.system)
def test_a_row_of_the_system_trips_and_clears_without_readings(name):
    rig, row = start(name)
    rig.fresh = False
    rig.trip(row)
    rig.read(row, row.clear, 0)
    assert rig.read(row, row.clear, CLEAR_MS - 1, clear=True) == TRIPPED
    assert rig.read(row, row.clear, 1, clear=True) == CLEAR


# the table itself


@rows()
def test_clear_is_on_the_right_side_of_trip(name):
    row = start(name)[1]
    assert (row.trip - row.clear) * row.sense > 0


@rows()
def test_every_blocking_row_says_what_it_blocks(name):
    rig, row = start(name)
    before = rig.protect.warn_n
    rig.trip(row)
    assert rig.protect.blocks & row.blocks == row.blocks
    assert row.blocks in (0, CHG, DSG, BOTH)
    assert rig.protect.warn_n >= before + (row.blocks == 0)


def test_rows_without_delay_are_facts_and_no_measurement():
    analog = [row.name for row in FIRST if not row.delay_ms and row.quantity <= faults.Q_DIE_DDEGC]
    assert analog == []


def test_row_names_are_unique_and_found():
    assert [faults.row_index(row.name) for row in FIRST] == list(range(faults.ROW_N))
    with pytest.raises(ValueError):
        faults.row_index("none")


# no row without its edges: where a row is in none of a line's tests, a test is missing


def named(test):
    """Rows that a test of this file is run for."""
    (mark,) = [mark for mark in test.pytestmark if mark.args[0] == "name"]
    return set(mark.args[1])


@pytest.mark.parametrize(
    "edge, tests",
    [
        ("below the limit", [test_just_inside_the_limit_never_trips]),
        (
            "at, beyond, delay - 1, delay",
            [
                test_at_or_beyond_the_limit_trips_when_the_delay_is_over_and_not_a_millisecond_before,
                test_a_fact_trips_at_its_first_reading,
            ],
        ),
        (
            "one wild reading",
            [test_one_wild_reading_does_not_trip, test_a_fact_trips_at_its_first_reading],
        ),
        ("hysteresis", [test_a_row_stays_tripped_one_unit_before_its_clear_value]),
        (
            "clear edge and time",
            [
                test_a_row_clears_at_its_clear_value_after_the_clear_time_and_not_before,
                test_hold_keeps_a_row_to_its_last_millisecond,
                test_a_latched_row_waits_for_a_person_for_ever,
            ],
        ),
        (
            "one good reading",
            [
                test_one_good_reading_does_not_clear,
                test_hold_keeps_a_row_to_its_last_millisecond,
                test_a_request_is_refused_while_the_condition_holds_and_not_remembered,
                test_an_acknowledged_row_allows_charging_and_clears_by_itself,
            ],
        ),
        (
            "a request",
            [
                test_a_request_hurries_nothing_that_clears_by_itself,
                test_a_request_is_refused_while_the_condition_holds_and_not_remembered,
                test_an_acknowledged_row_allows_charging_and_clears_by_itself,
            ],
        ),
        (
            "lock-out or none",
            [
                test_repeated_trips_lock_at_their_number_until_a_person_clears,
                test_other_rows_never_lock,
            ],
        ),
        (
            "without readings",
            [
                test_a_row_waits_for_fresh_readings_to_trip,
                test_a_row_of_the_system_trips_and_clears_without_readings,
            ],
        ),
    ],
)
def test_every_row_has_a_test_for(edge, tests):
    assert set().union(*[named(test) for test in tests]) == {row.name for row in FIRST}, edge
