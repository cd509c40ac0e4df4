"""The protection engine as a whole: totals, permission, clocks, and a naive model beside it."""

from array import array
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms import fault_rows, faults
from bms.config import Config
from bms.protect import Protect
from host_tests.unit.protect_rig import HEALTHY, Rig, Row
from roles import BOTH, CHG, DSG, TEMP_NONE

CLEAR, TRIPPED, LOCKED, ACKED = range(4)


# permission


def test_everything_is_blocked_before_the_first_fresh_readings():
    rig = Rig()
    assert (rig.protect.blocks, rig.protect.waiting) == (BOTH, 0)
    rig.fresh = False
    for _ in range(3):
        assert rig.step(60000) == BOTH
    rig.fresh = True
    assert rig.step() == 0


def test_a_step_without_fresh_readings_takes_permission_but_gives_none():
    rig = Rig()
    rig.step()
    rig.trip(rig.row("interlock"))
    rig.fresh = False
    rig.calm(rig.row("interlock"))
    assert rig.protect.state[rig.row("interlock").index] == CLEAR
    assert rig.protect.blocks == BOTH
    rig.fresh = True
    assert rig.step() == 0


@pytest.mark.parametrize("name", ["stale", "late", "reset", "cfgbad", "interlock", "cutoff"])
def test_what_trips_while_the_monitor_is_silent_blocks_in_that_very_step(name):
    rig = Rig()
    assert rig.step() == 0
    rig.fresh = False
    row = rig.row(name)
    assert rig.read(row, row.trip) == TRIPPED
    assert rig.protect.blocks == BOTH


def test_a_pack_that_wakes_cold_is_never_charged_not_even_during_the_delay():
    rig = Rig()
    cold = rig.row("utc")
    rig.q[cold.quantity] = -100
    for _ in range(100):
        assert rig.step() == CHG


def test_a_delay_keeps_a_closed_fet_closed_and_an_open_one_open():
    rig = Rig()
    rig.step()
    cov = rig.row("cov")
    rig.read(cov, cov.trip)
    assert rig.protect.blocks == 0 and rig.protect.waiting & CHG
    rig.heal(cov)
    rig.trip(rig.row("otc"))
    rig.calm(rig.row("otc"))
    assert rig.protect.blocks == 0
    rig.trip(rig.row("otc"))
    rig.read(rig.row("otc"), rig.row("otc").clear, 0)
    rig.q[cov.quantity] = cov.trip
    rig.step(faults.CLEAR_MS)
    assert rig.protect.state[rig.row("otc").index] == CLEAR
    assert rig.protect.blocks == CHG  # the waiting row keeps what was blocked
    rig.heal(cov)
    assert rig.protect.blocks == 0 and rig.protect.waiting == 0


def test_a_dead_cell_is_not_charged_while_its_delay_runs_after_start():
    rig = Rig()
    dead = rig.row("dead")
    for _ in range(10):
        rig.read(dead, dead.trip)
        assert rig.protect.blocks == BOTH


def test_a_cell_in_under_voltage_may_be_charged():
    rig = Rig()
    rig.step()
    for name in ("cuv_warn", "cuv", "puv", "chip_cuv"):
        rig.trip(rig.row(name))
    for mv in range(rig.config.dead_mv + 1, rig.config.cuv_clear_mv):
        rig.q[faults.Q_CELL_MIN_MV] = mv
        assert rig.step(60000) == DSG
    assert rig.protect.latched_n == 0


def test_an_acknowledged_dead_cell_is_not_discharged_though_nothing_else_says_so():
    """Its under-voltage row is slower here, and the cell has already risen above that."""
    rig = Rig({"dead_ms": 250, "cuv_ms": 10000})
    rig.step()
    dead = rig.row("dead")
    rig.trip(dead)
    assert rig.read(dead, dead.trip, clear=True) == ACKED
    assert rig.read(dead, rig.config.cuv_mv + 100) == ACKED
    assert rig.protect.state[rig.row("cuv").index] == CLEAR
    assert (rig.protect.blocks, rig.protect.waiting) == (DSG, 0)


@pytest.mark.parametrize("chemistry,limit_ddegc", [("LFP", 0), ("NMC", 0), ("LTO", -200)])
@pytest.mark.parametrize("fall_ddegc", [0, 1, 300])
def test_charging_ends_at_the_cold_limit_within_its_delay_and_one_scan(
    chemistry, limit_ddegc, fall_ddegc
):
    rig = Rig({"chemistry": chemistry})
    low = (rig.config.cov_clear_mv + rig.config.cuv_clear_mv) // 2
    for quantity in (faults.Q_CELL_MAX_MV, faults.Q_CELL_MIN_MV, faults.Q_STACK_AVG_MV):
        rig.q[quantity] = low
    assert rig.step() == 0
    rig.q[faults.Q_TEMP_MIN_DDEGC] = limit_ddegc - fall_ddegc
    waited_ms = 0
    while not rig.step() & CHG:
        waited_ms += 250
    assert waited_ms <= rig.config.temp_ms


def test_no_temperature_reading_at_all_blocks_both():
    rig = Rig()
    rig.q[faults.Q_TEMP_MIN_DDEGC] = rig.q[faults.Q_TEMP_MAX_DDEGC] = TEMP_NONE
    rig.q[faults.Q_NTC_BAD] = 1
    for _ in range(20):
        assert rig.step() == BOTH


def test_a_board_without_mosfet_sensor_is_no_fault():
    rig = Rig()
    rig.q[faults.Q_FET_DDEGC] = rig.q[faults.Q_DIE_DDEGC] = TEMP_NONE
    for _ in range(20):
        assert rig.step() == 0 or rig.protect.trips[rig.row("otf").index] == 0
    assert rig.protect.tripped_n == 0


# totals and news


def test_news_last_one_step():
    rig = Rig()
    rig.step()
    assert rig.protect.news_n == 0
    cov = rig.row("interlock")
    rig.trip(cov)
    assert (rig.protect.news_n, rig.protect.news[cov.index]) == (1, 1)
    rig.step()
    assert rig.protect.news_n == 0 and not any(rig.protect.news)
    rig.calm(cov)
    assert (rig.protect.news_n, rig.protect.news[cov.index]) == (1, 2)
    rig.fresh = False
    rig.step()
    assert rig.protect.news_n == 0 and not any(rig.protect.news)


def test_several_rows_can_make_news_in_one_step():
    rig = Rig()
    rig.step()
    for name in ("reset", "cfgbad", "interlock", "cutoff"):
        rig.q[rig.row(name).quantity] = 1
    rig.step()
    assert rig.protect.news_n == 4 == rig.protect.tripped_n
    assert sum(rig.protect.news) == 4


def test_a_lock_is_one_piece_of_news():
    rig = Rig({"sc_lock_n": 1})
    rig.step()
    scd = rig.row("scd")
    rig.trip(scd)
    assert (rig.protect.news_n, rig.protect.news[scd.index]) == (1, 3)


def test_a_warning_blocks_nothing_and_is_counted():
    rig = Rig()
    rig.step()
    rig.trip(rig.row("cov_warn"))
    assert rig.protect.blocks == 0
    assert (rig.protect.tripped_n, rig.protect.warn_n, rig.protect.latched_n) == (1, 1, 0)


def test_totals_count_what_waits_for_a_person():
    rig = Rig({"oc_lock_n": 1})
    rig.step()
    for name in ("pf", "fet", "chip_occ", "chip_cov"):
        rig.trip(rig.row(name))
    assert rig.protect.tripped_n == 4
    assert rig.protect.latched_n == 3


def test_blocks_are_those_of_all_rows_together():
    rig = Rig()
    rig.step()
    rig.trip(rig.row("utc"))
    assert rig.protect.blocks == CHG
    rig.trip(rig.row("chip_cuv"))
    assert rig.protect.blocks == BOTH
    rig.calm(rig.row("chip_cuv"))
    assert rig.protect.blocks == CHG


def test_trips_are_counted_since_start_and_the_last_value_kept():
    rig = Rig()
    rig.step()
    row = rig.row("chip_cov")
    for n in range(1, 8):
        rig.trip(row)
        rig.calm(row)
        assert rig.protect.trips[row.index] == n
    utd = rig.row("utd")
    rig.read(utd, -250)
    rig.read(utd, -260, utd.delay_ms)
    rig.read(utd, -300)
    assert rig.protect.trip_value[utd.index] == -260
    assert rig.protect.limit(utd.index) == -200


def test_the_number_of_trips_stops_at_a_small_integer():
    rig = Rig()
    rig.step()
    row = rig.row("interlock")
    rig.protect.trips[row.index] = 0x3FFFFFFF
    rig.trip(row)
    assert rig.protect.trips[row.index] == 0x3FFFFFFF


def test_held_ms_tells_how_long_readings_have_spoken_for_a_change():
    rig = Rig()
    rig.step()
    row = rig.row("cov")
    held_ms = rig.protect.held_ms
    assert held_ms[row.index] == -1
    rig.read(row, row.trip)
    assert held_ms[row.index] == 0
    rig.read(row, row.trip, 300)
    assert held_ms[row.index] == 300
    rig.heal(row)
    assert held_ms[row.index] == -1


# clocks


@pytest.mark.parametrize("fresh", [True, False])
def test_no_clock_ever_leaves_the_small_integers(fresh):
    rig = Rig()
    rig.step()
    rig.load = rig.charger = False
    latched = rig.row("pf")
    rig.trip(latched)
    rig.trip(rig.row("chip_occ"))
    for name in ("pf", "chip_occ"):
        rig.q[rig.row(name).quantity] = 0
    rig.fresh = fresh
    small = 1 << 30
    for dt_ms in (0x3FFFFFFF, 86_400_000) * 20:
        rig.step(dt_ms)
        state = vars(rig.protect)
        for key, value in state.items():
            if isinstance(value, int):
                assert -small <= value < small, key
            elif isinstance(value, array):
                # two clocks may be added before they are cut
                assert all(-small <= 2 * item < 2 * small for item in value), key
    rig.fresh = True
    rig.step(0x3FFFFFFF)
    assert rig.protect.state[latched.index] == TRIPPED
    rig.step(0x3FFFFFFF, clear=True)
    assert rig.protect.state[latched.index] == CLEAR


@pytest.mark.parametrize("times", [9, 10])
def test_a_clock_that_runs_backwards_counts_as_standing(times):
    rig = Rig()
    rig.step()
    row = rig.row("cov")
    rig.read(row, row.trip)
    for _ in range(times):
        assert rig.read(row, row.trip, -5000) == CLEAR
    assert rig.read(row, row.trip, row.delay_ms - 1) == CLEAR
    assert rig.read(row, row.trip, 1) == TRIPPED


def test_the_load_is_not_gone_because_nobody_looked():
    rig = Rig()
    rig.step()
    row = rig.row("ocd1")
    rig.trip(row)
    rig.heal(row, 0)
    rig.load = False
    rig.fresh = False
    rig.step(30000)
    rig.fresh = True
    rig.load = True
    assert rig.heal(row) == TRIPPED
    rig.fresh = False
    rig.load = False
    rig.step(30000 - 251)
    rig.fresh = True
    assert rig.heal(row, 0) == TRIPPED  # first look: gone, but since when?


# the same from a naive model, for any history


class Naive:
    """The rules as a person would check them on paper: from the whole history, each time anew."""

    def __init__(self, rows, config):
        self.rows = rows
        self.window_ms = config.lock_window_ms
        self.now_ms = 0
        self.looks = []  # (time, load, charger) of fresh steps
        self.state = [CLEAR] * len(rows)
        self.readings = [[] for _ in rows]  # (time, value) since the state began
        self.since_ms = [0] * len(rows)  # when the state began
        self.quiet_from_ms = [0] * len(rows)
        self.owed = [0] * len(rows)
        self.permitted = 0

    @staticmethod
    def run_ms(history, holds):
        """Age of the unbroken run of entries that hold, up to the last; None when the last does not."""
        first = None
        for entry in reversed(history):
            if not holds(entry):
                break
            first = entry[0]
        return None if first is None else history[-1][0] - first

    def gone(self, column):
        age = self.run_ms(self.looks, lambda look: not look[column])
        return age is not None and age >= 1000

    def step(self, q, dt_ms, fresh, charger, load, clear):
        self.now_ms += dt_ms
        if fresh:
            self.looks.append((self.now_ms, load, charger))
        news = [0] * len(self.rows)
        for row in self.rows:
            if fresh or row.system:
                news[row.index] = self.judge(row, q[row.quantity], clear)
        return news

    def judge(self, row, value, clear):
        i = row.index
        readings = self.readings[i]
        readings.append((self.now_ms, value * row.sense))
        trip, inside = row.trip * row.sense, row.clear * row.sense
        if self.state[i] == CLEAR:
            if self.owed[i] and self.now_ms - self.quiet_from_ms[i] >= self.window_ms:
                self.owed[i] -= 1
                self.quiet_from_ms[i] += self.window_ms
            age = self.run_ms(readings, lambda entry: entry[1] >= trip)
            if age is None or age < row.delay_ms:
                return 0
            if row.lock_n:
                self.owed[i] += 1
            locks = row.lock_n and self.owed[i] >= row.lock_n
            self.enter(i, LOCKED if locks else TRIPPED)
            return 3 if locks else 1
        age = self.run_ms(readings, lambda entry: entry[1] <= inside and entry[1] < trip)
        over = age is not None and age >= 1000 and self.may_end(row)
        person = self.state[i] == LOCKED or (self.state[i] == TRIPPED and row.end & faults.LATCH)
        if over and (clear or not person):
            if self.state[i] == LOCKED:
                self.owed[i] = 0
            self.enter(i, CLEAR)
            self.quiet_from_ms[i] = self.now_ms
            return 2
        if clear and self.state[i] == TRIPPED and row.end & faults.ACK:
            self.state[i] = ACKED
            return 4
        return 0

    def may_end(self, row):
        if row.end & faults.NO_LOAD and not self.gone(1):
            return False
        return (
            self.now_ms - self.since_ms[row.index] >= row.hold_ms
            or bool(row.end & faults.LOAD_GONE and self.gone(1))
            or bool(row.end & faults.CHARGER_GONE and self.gone(2))
        )

    def enter(self, i, state):
        self.state[i] = state
        self.readings[i] = []
        self.since_ms[i] = self.now_ms

    def blocks(self, fresh, before):
        """Rows that are tripped block; what was blocked stays so while unread or in a delay."""
        blocked = 0
        for row in self.rows:
            state = self.state[row.index]
            if state == ACKED:
                blocked |= row.blocks & DSG
            elif state != CLEAR:
                blocked |= row.blocks
            elif fresh and self.readings[row.index]:
                if self.readings[row.index][-1][1] >= row.trip * row.sense:
                    blocked |= row.blocks & before
        return blocked if fresh else blocked | before


LEVELS = ("healthy", "before trip", "trip", "beyond", "clear", "before clear", "inside")


def at(level, row):
    return {
        "healthy": HEALTHY.get(row.quantity, 0),
        "before trip": row.worse(row.trip, -1),
        "trip": row.trip,
        "beyond": row.worse(row.trip, 100),
        "clear": row.clear,
        "before clear": row.worse(row.clear),
        "inside": row.worse(row.clear, -1),
    }[level]


STEP = st.tuples(
    st.lists(st.tuples(st.integers(0, faults.ROW_N - 1), st.sampled_from(LEVELS)), max_size=4),
    st.sampled_from([0, 1, 63, 250, 250, 250, 1000, 5000, 30000, 60000]),
    st.sampled_from([True, True, True, False]),  # fresh
    st.booleans(),  # charger
    st.booleans(),  # load
    st.sampled_from([False, False, False, True]),  # clear
)
QUICK = {"oc_lock_n": 2, "sc_lock_n": 2, "lock_window_ms": 60000, "oc_hold_ms": 5000}


def agree(steps):
    config = Config(QUICK)
    rows = [Row(i, config) for i in range(faults.ROW_N)]
    protect = Protect(config)
    naive = Naive(rows, config)
    q = array("i", [HEALTHY.get(i, 0) for i in range(faults.Q_N)])
    before = BOTH
    for changes, dt_ms, fresh, charger, load, clear in steps:
        for index, level in changes:
            q[rows[index].quantity] = at(level, rows[index])
        blocks = protect.step(q, dt_ms, fresh, charger, load, clear)
        news = naive.step(q, dt_ms, fresh, charger, load, clear)
        assert list(protect.news) == news
        assert protect.news_n == sum(1 for item in news if item)
        assert list(protect.state) == naive.state
        before = naive.blocks(fresh, before)
        assert blocks == protect.blocks == before
        check_totals(protect, rows)


def check_totals(protect, rows):
    tripped = [row for row in rows if protect.state[row.index]]
    person = [
        row
        for row in tripped
        if protect.state[row.index] == LOCKED
        or (row.end & faults.LATCH and protect.state[row.index] == TRIPPED)
    ]
    assert protect.tripped_n == len(tripped)
    assert protect.latched_n == len(person)
    assert protect.warn_n == sum(1 for row in tripped if not row.blocks)
    assert protect.acked_n == sum(1 for row in tripped if protect.state[row.index] == ACKED)
    assert protect.load_wanted == any(
        row.end & (faults.LOAD_GONE | faults.NO_LOAD) for row in tripped
    )


@settings(max_examples=150)
@given(st.lists(STEP, min_size=1, max_size=60))
def test_any_history_gives_what_the_naive_model_gives(steps):
    agree(steps)


ONE_ROW = st.integers(0, faults.ROW_N - 1).flatmap(
    lambda i: st.lists(
        st.tuples(
            st.lists(st.tuples(st.just(i), st.sampled_from(LEVELS)), max_size=1),
            st.sampled_from([0, 1, 249, 250, 750, 1000, 5000, 60000]),
            st.sampled_from([True, True, True, False]),
            st.booleans(),
            st.booleans(),
            st.sampled_from([False, False, False, True]),
        ),
        min_size=10,
        max_size=80,
    )
)


@settings(max_examples=150)
@given(ONE_ROW)
def test_any_history_of_one_row_gives_what_the_naive_model_gives(steps):
    agree(steps)


def test_the_table_takes_any_object_with_the_fields():
    values = Config().as_dict()
    protect = Protect(SimpleNamespace(**values))
    assert protect.limit(faults.row_index("cov")) == values["cov_mv"]


def test_a_reading_at_the_limit_never_clears_whatever_the_clear_value_says():
    """No configuration lets the two cross; the engine does not rely on it."""
    values = Config().as_dict()
    values["cov_clear_mv"] = values["cov_mv"] + 100
    protect = Protect(SimpleNamespace(**values))
    cov = faults.row_index("cov")
    q = array("i", [HEALTHY.get(i, 0) for i in range(faults.Q_N)])
    q[faults.Q_CELL_MAX_MV] = values["cov_mv"]
    for _ in range(10):
        protect.step(q, 2000, True, False, False, True)
    assert (protect.state[cov], protect.trips[cov]) == (TRIPPED, 1)
    q[faults.Q_CELL_MAX_MV] = values["cov_mv"] - 1
    for _ in range(2):
        protect.step(q, 2000, True, False, False, False)
    assert protect.state[cov] == CLEAR


def parts(protect):
    """All that was made of the configuration, and the state it begins with."""
    return dict(vars(protect))


def test_a_table_that_an_earlier_start_resolved_is_the_same_table():
    """Every column apart, so that two of them cannot have changed places."""
    config = Config({"oc_lock_n": 7, "sc_lock_n": 2}).bare()
    config.rows = rows = fault_rows.resolved(config)
    protect = Protect(config)
    rows_now = [Row(i, config) for i in range(faults.ROW_N)]
    for row in rows_now:
        i = row.index
        assert protect.quantity(i) == row.quantity and protect.row_blocks[i] == row.blocks
        assert (protect.limit(i), protect.delay_ms(i)) == (row.trip, row.delay_ms)
    config.rows = b""
    assert parts(protect) == parts(Protect(config))
    config.rows = rows[:-1]  # another firmware's, or none: the table itself
    config.cov_mv += 1
    cov = faults.row_index("cov")
    assert Protect(config).limit(cov) == config.cov_mv == protect.limit(cov) + 1
