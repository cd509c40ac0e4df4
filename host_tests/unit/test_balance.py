"""Balancing: only at the top, only on quiet readings, never neighbours, by charge where it is known."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms.balance import Balance
from bms.config import Config
from bms.snapshot import Snapshot
from roles import TEMP_NONE

DT = 250
CELL_N = 4
CONFIG = Config({"cell_n": CELL_N, "capacity_mah": 10000})
SETTLE = CONFIG.bal_settle_ms // DT
BLEED = CONFIG.bal_bleed_ms // DT
AT_TOP = (3420, 3400, 3400, 3400)


class Rig:
    def __init__(self, config=CONFIG, near=None):
        self.config = config
        self.balance = Balance(config, near)
        self.snap = Snapshot(config.cell_n, 1)
        self.snap.fresh = True
        self.snap.die_ddegc = 250
        self.allowed = True
        self.cells(*[3300] * config.cell_n)

    def cells(self, *mv):
        self.snap.cell_mv = array("i", mv)
        self.snap.cell_max_mv, self.snap.cell_min_mv = max(mv), min(mv)

    def step(self, ma=0, dt_ms=DT, n=1):
        self.snap.pack_ma = ma
        for _ in range(n):
            self.balance.step(self.snap, dt_ms, self.allowed)
        return self.balance.mask


def at_top(*mv, **kwargs):
    rig = Rig(**kwargs)
    rig.cells(*(mv or AT_TOP))
    return rig


def bleeding(*mv, **kwargs):
    rig = at_top(*mv, **kwargs)
    assert rig.step(n=SETTLE)
    return rig


# window and hysteresis by voltage


def test_the_highest_cell_bleeds_once_the_reading_is_quiet():
    rig = at_top()
    assert rig.step(n=SETTLE - 1) == 0 and not rig.balance.quiet
    assert rig.step() == 0b0001 and rig.balance.quiet


def test_in_the_plateau_nothing_bleeds_however_far_apart():
    rig = at_top(3399, 3300, 3300, 3300)
    assert rig.step(n=4 * SETTLE) == 0


def test_the_window_opens_at_start_and_closes_below_stop():
    rig = at_top(3399, 3340, 3340, 3340)
    assert rig.step(n=SETTLE) == 0
    rig.cells(3400, 3340, 3340, 3340)
    assert rig.step() == 1
    rig.cells(3380, 3340, 3340, 3340)
    assert rig.step(n=BLEED + SETTLE) == 1
    rig.cells(3379, 3340, 3340, 3340)
    assert rig.step(n=BLEED + SETTLE) == 0
    rig.cells(3399, 3340, 3340, 3340)
    assert rig.step() == 0


def test_a_cell_that_is_itself_in_the_plateau_does_not_bleed():
    assert bleeding(3450, 3340, 3379, 3340).balance.mask == 0b0001
    assert bleeding(3450, 3340, 3380, 3340).balance.mask == 0b0101


@pytest.mark.parametrize("excess_mv,mask", [(14, 0), (15, 1)])
def test_bleeding_starts_at_its_difference(excess_mv, mask):
    assert at_top(3400 + excess_mv, 3400, 3400, 3400).step(n=SETTLE) == mask


@pytest.mark.parametrize("excess_mv,mask", [(9, 1), (8, 0)])
def test_bleeding_goes_on_until_the_smaller_difference(excess_mv, mask):
    rig = bleeding()
    rig.cells(3400 + excess_mv, 3400, 3400, 3400)
    assert rig.step(n=BLEED + SETTLE) == mask


# rhythm


def test_it_bleeds_then_rests_then_decides_anew():
    rig = bleeding()
    assert rig.step(n=BLEED - 1) == 1
    assert rig.step() == 0 and not rig.balance.quiet
    assert rig.step(n=SETTLE - 1) == 0
    assert rig.step() == 1


def test_a_reading_taken_while_bleeding_decides_nothing():
    rig = bleeding()
    rig.cells(3400, 3400, 3400, 3460)
    assert rig.step(n=BLEED - 1) == 0b0001
    assert not rig.balance.quiet
    assert rig.step(n=1 + SETTLE) == 0b1000


def stop(rig, how):
    if how == "stale":
        rig.snap.fresh = False
    elif how == "forbidden":
        rig.allowed = False
    elif how == "hot":
        rig.snap.die_ddegc = CONFIG.bal_die_stop_ddegc
    else:
        rig.snap.die_ddegc = TEMP_NONE


@pytest.mark.parametrize("how", ["stale", "forbidden", "hot", "no die temperature"])
def test_bleeding_stops_at_once_and_does_not_start_when(how):
    rig = bleeding()
    stop(rig, how)
    assert rig.step() == 0
    assert rig.step(n=4 * SETTLE) == 0


def test_after_a_missing_reading_the_rest_begins_anew():
    rig = at_top()
    rig.step(n=SETTLE - 1)
    rig.snap.fresh = False
    rig.step()
    rig.snap.fresh = True
    assert rig.step(n=SETTLE - 1) == 0
    assert rig.step() == 1


# choice

TEN = Config({"cell_n": 10, "capacity_mah": 10000, "bal_max_n": 5})


def test_highest_first_and_never_neighbours():
    mv = (3420, 3430, 3425, 3400, 3421, 3422, 3400, 3416, 3417, 3418)
    rig = bleeding(*mv, config=TEN)
    assert rig.balance.mask == 1 << 1 | 1 << 5 | 1 << 9 | 1 << 7


def test_at_most_so_many_at_once():
    config = Config({"cell_n": 10, "capacity_mah": 10000, "bal_max_n": 2})
    rig = bleeding(3420, 3400, 3440, 3400, 3450, 3400, 3430, 3400, 3410, 3400, config=config)
    assert rig.balance.mask == 1 << 4 | 1 << 2


@pytest.mark.parametrize(
    "die_ddegc,cells", [(600, 5), (630, 4), (674, 2), (720, 1), (721, 0), (750, 0)]
)
def test_the_hotter_the_monitor_the_fewer_bleed(die_ddegc, cells):
    rig = at_top(*[3450, 3400] * 5, config=TEN)
    rig.snap.die_ddegc = die_ddegc
    assert rig.step(n=SETTLE).bit_count() == cells


def test_a_map_with_holes_gives_its_own_neighbours():
    near = (0, 0b0100, 0b0010, 0)
    mv = (3450, 3440, 3430, 3400)
    assert bleeding(*mv).balance.mask == 0b0101
    assert bleeding(*mv, near=near).balance.mask == 0b0011


# charge to go

MA = 3600  # 1 uAh a millisecond


def learner(config=CONFIG):
    """May not bleed, so that every reading is quiet."""
    rig = Rig(config)
    rig.allowed = False
    return rig


def charged(*events, config=CONFIG):
    """Cells that cross full_mv in the order and with the charge between that `events` tell."""
    rig = learner(config)
    mv = [3430] * config.cell_n
    rig.cells(*mv)
    rig.step(MA, n=SETTLE)
    for cells, uah in events:
        for cell in cells:
            mv[cell] = 3460
        rig.cells(*mv)
        rig.step(MA)
        rig.step(MA, n=uah // DT - 1)
    return rig


def test_whoever_crosses_first_holds_what_flows_until_the_last_one_crosses():
    rig = charged(((2,), 50000), ((0, 3), 20000), ((1,), 30000))
    assert list(rig.balance.togo_uah) == [20000, 0, 70000, 20000]
    assert rig.balance.by_charge


def test_until_all_have_crossed_the_charge_is_a_lower_bound_that_grows():
    rig = charged(((2,), 50000))
    assert rig.balance.togo_uah[2] == 50000 - DT
    assert not rig.balance.by_charge
    rig.step(MA)
    assert rig.balance.togo_uah[2] == 50000


def test_a_pause_with_discharge_in_between_counts_once():
    rig = charged(((2,), 50000))
    rig.step(-MA, n=20)
    assert rig.balance.togo_uah[2] == 50000 - DT
    rig.step(MA, n=20)
    assert rig.balance.togo_uah[2] == 50000 - DT
    rig.step(MA)
    assert rig.balance.togo_uah[2] == 50000


def test_a_cell_that_rises_without_charge_has_not_crossed():
    rig = learner()
    rig.step(0, n=SETTLE)
    rig.cells(3460, 3300, 3300, 3300)
    rig.step(0)
    assert rig.balance.crossed == 0
    rig.step(100)
    assert rig.balance.crossed == 1


def test_a_cell_first_seen_above_the_mark_has_not_crossed():
    rig = learner()
    rig.cells(3460, 3430, 3430, 3430)
    rig.step(MA, n=SETTLE + 10)
    assert rig.balance.crossed == 0
    rig.cells(3460, 3460, 3460, 3460)
    rig.step(MA)
    assert rig.balance.crossed == 0b1110 and not rig.balance.by_charge


def test_a_dip_below_the_mark_is_no_second_crossing():
    rig = charged(((2,), 50000), ((0, 1, 3), 1000))
    rig.cells(3440, 3440, 3440, 3440)
    rig.step(MA, n=10)
    rig.cells(3460, 3460, 3460, 3460)
    rig.step(MA, n=10)
    assert rig.balance.togo_uah[2] == 50000


def test_charge_decides_against_voltage():
    """Cell 2 holds more although cell 0, of higher resistance, reads higher."""
    rig = charged(((2,), 50000), ((0, 1, 3), 1000))
    rig.cells(3500, 3440, 3450, 3440)
    rig.allowed = True
    assert rig.step(MA) == 0b0100


def test_of_two_neighbours_the_one_that_holds_more_charge_comes_first():
    rig = charged(((2,), 50000), ((1,), 50000), ((0, 3), 1000))
    rig.cells(3440, 3500, 3450, 3440)
    rig.allowed = True
    assert rig.step(MA) == 0b0100


def test_a_lower_bound_is_enough_to_bleed_and_voltage_judges_the_rest():
    rig = charged(((2,), 50000))
    rig.cells(3480, 3440, 3470, 3460)
    rig.allowed = True
    assert rig.step(MA) == 0b0101


def test_too_little_charge_is_not_worth_bleeding():
    rig = charged(((2,), 9750), ((0, 1, 3), 250))
    assert rig.balance.togo_uah[2] == 9750 < CONFIG.capacity_mah
    rig.allowed = True
    assert rig.step() == 0


def test_bleeding_is_taken_off_the_charge_to_go_at_the_cells_own_voltage():
    rig = charged(((2,), 50000), ((0, 1, 3), 1000))
    rig.cells(3400, 3400, 3468, 3400)
    rig.allowed = True
    assert rig.step() == 0b0100
    rig.step(n=BLEED)
    exact_uah = CONFIG.bal_ma * 3468 / 3400 * CONFIG.bal_bleed_ms / 3600
    assert rig.balance.togo_uah[2] == pytest.approx(50000 - exact_uah, abs=1)
    assert list(rig.balance.togo_uah)[:2] == [0, 0]


def test_used_up_charge_hands_over_to_voltage():
    rig = charged(((2,), 10000), ((0, 1, 3), 1000))
    rig.allowed = True
    rig.cells(3440, 3400, 3440, 3400)
    bled = 0
    for _ in range(10000):
        if not rig.balance.by_charge:
            break
        rig.step()
        bled += rig.balance.mask == 0b0100
        assert rig.balance.mask in (0, 0b0100)
    assert bled * DT == pytest.approx(10000 * 3600 / (50 * 3440 / 3400), rel=0.05)
    assert rig.balance.togo_uah[2] == 0 and not rig.balance.by_charge
    assert rig.step() == 0b0101, "40 mV above the lowest: voltage says so"


def test_history_outlives_the_window_and_the_next_charge_replaces_it():
    rig = charged(((2,), 50000), ((0, 1, 3), 1000))
    rig.cells(3300, 3300, 3300, 3300)
    rig.step(-MA, n=10)
    assert rig.balance.by_charge and rig.balance.crossed == 0
    assert rig.balance.togo_uah[2] == 50000
    rig.cells(3460, 3430, 3430, 3430)
    rig.step(MA)
    assert not rig.balance.by_charge
    assert (rig.balance.togo_uah[0], rig.balance.togo_uah[2]) == (0, 50000)
    rig.cells(3460, 3430, 3460, 3430)
    rig.step(MA)
    assert (rig.balance.togo_uah[0], rig.balance.togo_uah[2]) == (DT, 0)


def test_nothing_is_counted_without_readings():
    rig = charged(((2,), 50000))
    rig.snap.fresh = False
    rig.step(MA, n=10)
    assert rig.balance.togo_uah[2] == 50000 - DT


def test_the_charge_to_go_ends_where_small_integers_do():
    rig = charged(((2,), 250))
    rig.step(327000, 60000, n=250)
    assert rig.balance.togo_uah[2] == 1000000000


@pytest.mark.parametrize("mv,counts_as_mv", [(32767, 5000), (-20, 0), (5001, 5000)])
def test_a_nonsense_reading_while_bleeding_counts_within_reason(mv, counts_as_mv):
    rig = charged(((2,), 50000), ((0, 1, 3), 1000))
    rig.allowed = True
    rig.cells(3440, 3440, 3460, 3440)
    assert rig.step() == 4
    rig.cells(3400, 3400, mv, 3400)
    rig.step(dt_ms=3600)
    spent_uah = CONFIG.bal_ma * counts_as_mv // 340 * 3600 // 36000
    assert rig.balance.togo_uah[2] == 50000 - spent_uah


def test_a_tail_too_slow_to_tell_from_the_own_consumption_is_not_counted():
    rig = charged(((2,), 250))
    rig.step(CONFIG.capacity_mah // 50 - 1, 60000)
    assert rig.balance.togo_uah[2] == 0
    rig.step(CONFIG.capacity_mah // 50, 60000)
    assert rig.balance.togo_uah[2] > 0


def test_charge_does_not_argue_with_voltage_when_all_cells_are_above_the_plateau():
    rig = charged(((2,), 50000), ((0, 1, 3), 1000))
    rig.allowed = True
    rig.cells(3440, 3440, 3432, 3440)
    assert rig.step(n=SETTLE) == 0
    rig.cells(3395, 3440, 3432, 3440)  # the lowest is still on the plateau
    assert rig.step(n=SETTLE) == 4


def test_a_step_longer_than_a_minute_counts_as_a_minute():
    rig = charged(((2,), 250))
    rig.step(MA, 1 << 40)
    assert rig.balance.togo_uah[2] == 60000


# anything at all

READING = st.fixed_dictionaries(
    {
        "mv": st.lists(st.integers(3200, 3650), min_size=TEN.cell_n, max_size=TEN.cell_n),
        "ma": st.integers(-20000, 20000),
        "dt_ms": st.sampled_from((63, 250, 1000, 1500, 12000, 60000)),
        "fresh": st.sampled_from((True, True, True, False)),
        "allowed": st.sampled_from((True, True, True, False)),
        "die": st.sampled_from((250, 250, 650, 760, TEMP_NONE)),
        "n": st.integers(1, 12),
    }
)


@settings(max_examples=150)
@given(st.lists(READING, max_size=15))
def test_whatever_comes_the_rules_hold(walk):
    rig = Rig(TEN)
    balance, snap = rig.balance, rig.snap
    before, quiet_ms, bled_ms = 0, 0, 0
    for reading in walk:
        rig.cells(*reading["mv"])
        snap.fresh, rig.allowed, snap.die_ddegc = (reading[k] for k in ("fresh", "allowed", "die"))
        dt_ms = reading["dt_ms"]
        for _ in range(reading["n"]):
            mask = rig.step(reading["ma"], dt_ms)
            quiet_ms = 0 if before or not snap.fresh else quiet_ms + dt_ms
            assert balance.quiet == (quiet_ms >= TEN.bal_settle_ms and snap.fresh)
            assert not mask & mask << 1, "neighbours"
            assert mask.bit_count() <= TEN.bal_max_n
            if not snap.fresh or not rig.allowed or snap.die_ddegc in (760, TEMP_NONE):
                assert mask == 0
            bled_ms = bled_ms + dt_ms if before else 0
            if mask and not before:
                assert balance.quiet
                assert snap.cell_max_mv >= TEN.bal_stop_mv
                assert all(snap.cell_mv[i] >= TEN.bal_stop_mv for i in cells_of(mask))
            if mask and before:
                assert mask == before and bled_ms < TEN.bal_bleed_ms
            assert all(0 <= uah <= 1000000000 for uah in balance.togo_uah)
            before = mask


def cells_of(mask):
    return [i for i in range(mask.bit_length()) if mask & (1 << i)]


@given(
    st.lists(st.tuples(st.integers(-327000, 327000), st.sampled_from((250, 60000))), max_size=40)
)
def test_the_charge_to_go_is_the_highest_net_inflow_since_crossing(currents):
    rig = charged(((2,), 250))
    rig.cells(3430, 3430, 3460, 3430)
    flowed, most = 0, 0
    for ma, dt_ms in currents:
        rig.step(ma, dt_ms)
        flowed += ma * dt_ms if abs(ma) >= CONFIG.capacity_mah // 50 else 0
        most = max(most, flowed)
    assert rig.balance.togo_uah[2] == pytest.approx(min(most // 3600, 10**9), abs=1)


# does it balance?


def top_mv(soc_pct):
    """A made-up cell: flat to 96 %, then rising, like LiFePO4 in the last percents."""
    return 3350 if soc_pct < 96 else 3350 + round((soc_pct - 96) ** 2 * 20)


def charge_cycles(cycles, by_history):
    """Four cells of 10 Ah, 1 % apart, charged to the top and discharged again."""
    rig = Rig()
    held = [90.0, 91.0, 90.0, 90.5]  # percent
    for _ in range(cycles):
        for ma in [5000] * 400000:
            held_max = max(held)
            if held_max > 99.4:
                break
            rig.cells(*[top_mv(x) for x in held])
            if not by_history:
                rig.balance.crossed = 0
                rig.balance.by_charge = False
                rig.balance.togo_uah = array("i", [0] * CELL_N)
            mask = rig.step(ma if held_max < 98 else 500)
            flow = (ma if held_max < 98 else 500) * DT / 3.6e6 / 100  # percent of 10 Ah
            for i in range(CELL_N):
                held[i] += flow - (CONFIG.bal_ma * DT / 3.6e6 / 100 if mask & (1 << i) else 0)
        held = [x - 9 for x in held]
        rig.cells(*[3300] * CELL_N)
        rig.step(-5000, n=10)
    return max(held) - min(held)


@pytest.mark.parametrize("by_history", [True, False])
def test_charging_again_and_again_brings_the_cells_together(by_history):
    apart = charge_cycles(12, by_history)
    print(
        f"\n1.00 % apart, after 12 charges {apart:.2f} % ({'charge' if by_history else 'voltage'})"
    )
    assert apart < 0.35
