"""The core of the mode machine, enumerated: breadth first over all modes times all flag words.

Nothing here is sampled. Every edge the machine can take is taken and checked against the invariants.
"""

from collections import Counter

import pytest

from bms import bits
from bms import mode as machine
from bms.bits import (
    CHG_ONLY,
    DSG_ONLY,
    FAULT,
    MODE_N,
    OFF,
    PRECHARGE,
    RUN,
    SELFTEST,
    SHUTDOWN,
    SLEEP,
)
from bms.mode import (
    F_ALL,
    F_BACK,
    F_CHARGER,
    F_DSG_ON,
    F_EMPTY,
    F_IDLE,
    F_NO_CHG,
    F_NO_DSG,
    F_OFF,
    F_ON,
    F_PRECHARGE,
    F_READY,
    F_REST,
    F_SELFTEST,
    F_SHUTDOWN,
    F_SLEEP,
    intent,
    transition,
)
from roles import BOTH, CHG, DSG, PCHG, PDSG

NAMES = {
    value: name
    for name, value in vars(bits).items()
    if not name.startswith(("REQ_", "OUT_", "_", "MODE_")) and isinstance(value, int)
}
START = SELFTEST
WORKING = (PRECHARGE, RUN, CHG_ONLY, DSG_ONLY)
ACTIVE = (*WORKING, FAULT)
ONE_WAY = (CHG_ONLY, DSG_ONLY)
CLOSED = (PRECHARGE, RUN, DSG_ONLY)
EVENTS = F_ON | F_SLEEP | F_SELFTEST | F_BACK  # true for one step only
REQUESTED = F_ON | F_OFF | F_SLEEP | F_SHUTDOWN | F_SELFTEST
WORDS = range(F_ALL + 1)


def no_blocked_fet(old, flags, new, fets):
    blocked = (CHG | PCHG if flags & F_NO_CHG else 0) | (DSG | PDSG if flags & F_NO_DSG else 0)
    return not fets & blocked


def no_fet_unless_ready(old, flags, new, fets):
    return not fets or flags & F_READY


def no_fet_unless_the_mode_has_one(old, flags, new, fets):
    return not fets or new in WORKING


def no_fet_while_the_pack_shall_be_off(old, flags, new, fets):
    return not fets or not flags & F_OFF


def self_test_is_the_only_way_to_fets(old, flags, new, fets):
    if new not in ACTIVE:
        return True
    return flags & F_READY and (old == SELFTEST or old in ACTIVE)


def precharge_comes_before_discharge(old, flags, new, fets):
    if not flags & F_PRECHARGE or not fets & DSG or fets & PDSG:
        return True
    return old in CLOSED and flags & F_DSG_ON


def a_resting_resistor_rests(old, flags, new, fets):
    return not (fets & PDSG and flags & F_REST)


def the_resistor_carries_current_only_in_precharge(old, flags, new, fets):
    return not fets & PDSG or (new == PRECHARGE and fets & DSG)


def off_stays_until_a_person_wants_it_on(old, flags, new, fets):
    if old != OFF or new == OFF:
        return True
    if new == SELFTEST:
        return flags & F_ON and not flags & F_OFF
    return new in (SLEEP, SHUTDOWN) and flags & (F_SLEEP | F_SHUTDOWN)


def sleep_ends_by_charger_or_request_only(old, flags, new, fets):
    if old != SLEEP or new == SLEEP:
        return True
    if new == SHUTDOWN:
        return flags & F_SHUTDOWN
    return new == SELFTEST and flags & (F_CHARGER | F_ON)


def shutdown_ends_by_hardware_only(old, flags, new, fets):
    return old != SHUTDOWN or new == SHUTDOWN or (new == SELFTEST and flags & (F_CHARGER | F_BACK))


def nothing_falls_asleep_at_a_charger(old, flags, new, fets):
    return new not in (SLEEP, SHUTDOWN) or new == old or not flags & F_CHARGER


def nothing_falls_asleep_for_no_reason(old, flags, new, fets):
    if new == old or new not in (SLEEP, SHUTDOWN):
        return True
    if new == SHUTDOWN:
        return flags & F_SHUTDOWN
    return flags & (F_SLEEP | F_IDLE | F_EMPTY)


def lost_readiness_ends_in_self_test_or_further_down(old, flags, new, fets):
    return old not in ACTIVE or flags & F_READY or new in (SELFTEST, OFF, SLEEP, SHUTDOWN)


def what_is_free_is_used(old, flags, new, fets):
    """Availability: with nothing against it, a FET that is not blocked conducts."""
    if new not in WORKING:
        return True
    free = BOTH & ~(CHG if flags & F_NO_CHG else 0) & ~(DSG if flags & F_NO_DSG else 0)
    missing = free & ~fets
    return not missing or (missing == DSG and new == PRECHARGE and flags & F_REST)


def a_charger_wakes(old, flags, new, fets):
    return old not in (SLEEP, SHUTDOWN) or not flags & F_CHARGER or new == SELFTEST


def idle_and_empty_packs_fall_asleep(old, flags, new, fets):
    if flags & (F_CHARGER | F_OFF | F_SELFTEST | F_SHUTDOWN) or not flags & F_READY:
        return True
    sleepy = (flags & F_EMPTY and old in ACTIVE) or (flags & F_IDLE and old in (RUN, *ONE_WAY))
    return not sleepy or new == SLEEP


def a_request_is_obeyed(old, flags, new, fets):
    """Each wish alone does what it says, from every mode that grants it."""
    wish = flags & REQUESTED
    if flags & F_CHARGER:
        wish &= ~(F_SLEEP | F_SHUTDOWN)
    if old == SHUTDOWN or (old == SLEEP and wish not in (F_ON, F_SHUTDOWN)):
        return True
    if wish == F_SELFTEST and old in ACTIVE:
        return new == SELFTEST
    if wish == F_ON and old in (OFF, SLEEP):
        return new == SELFTEST
    return new == {F_OFF: OFF, F_SLEEP: SLEEP, F_SHUTDOWN: SHUTDOWN}.get(wish, new)


INVARIANTS = [
    a_charger_wakes,
    idle_and_empty_packs_fall_asleep,
    a_request_is_obeyed,
    no_blocked_fet,
    no_fet_unless_ready,
    no_fet_unless_the_mode_has_one,
    no_fet_while_the_pack_shall_be_off,
    self_test_is_the_only_way_to_fets,
    precharge_comes_before_discharge,
    a_resting_resistor_rests,
    the_resistor_carries_current_only_in_precharge,
    off_stays_until_a_person_wants_it_on,
    sleep_ends_by_charger_or_request_only,
    shutdown_ends_by_hardware_only,
    nothing_falls_asleep_at_a_charger,
    nothing_falls_asleep_for_no_reason,
    lost_readiness_ends_in_self_test_or_further_down,
    what_is_free_is_used,
]


@pytest.fixture(scope="module")
def graph():
    """Breadth first from the start: {mode: [next mode for each flag word]}."""
    edges = {}
    queue = [START]
    while queue:
        mode = queue.pop(0)
        if mode in edges:
            continue
        edges[mode] = [transition(mode, word) for word in WORDS]
        queue.extend(sorted(set(edges[mode]) - set(edges)))
    return edges


def test_every_mode_is_reachable_and_nothing_else(graph):
    assert set(graph) == set(range(MODE_N))
    pairs = Counter((old, new) for old in graph for new in graph[old])
    changes = sum(n for (old, new), n in pairs.items() if old != new)
    print(f"\nmode machine: {len(graph)} modes x {len(WORDS)} flag words = {sum(pairs.values())}")
    print(f"edges enumerated, {changes} change the mode, {len(pairs)} distinct mode pairs:")
    for old in sorted(graph):
        targets = ", ".join(NAMES[new] for new in sorted(graph) if (old, new) in pairs)
        print(f"  {NAMES[old]:9} -> {targets}")


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda f: f.__name__)
def test_every_edge_holds(graph, invariant):
    for old, targets in graph.items():
        for flags in WORDS:
            new = targets[flags]
            if not invariant(old, flags, new, intent(new, flags)):
                pytest.fail(f"{NAMES[old]} -{flags:#06x}-> {NAMES[new]}")


def test_the_same_input_gives_the_same_result(graph):
    for old, targets in graph.items():
        assert [transition(old, word) for word in WORDS] == targets


def test_every_fact_and_wish_has_a_bit_of_its_own():
    words = {
        name: value
        for name, value in vars(machine).items()
        if name.startswith("F_") and name != "F_ALL"
    }
    assert sorted(words.values()) == [1 << i for i in range(15)]
    assert F_ALL == sum(words.values())


def test_a_mode_without_fets_has_none_whatever_the_flags():
    for mode in set(range(MODE_N)) - set(WORKING):
        assert not any(intent(mode, flags) for flags in WORDS), NAMES[mode]


def test_intent_alone_permits_nothing_blocked_and_nothing_unready():
    """Second guard: even for a mode that does not fit the flags."""
    for mode in range(MODE_N):
        for flags in WORDS:
            fets = intent(mode, flags)
            assert no_blocked_fet(mode, flags, mode, fets)
            assert no_fet_unless_ready(mode, flags, mode, fets)


def reach(graph, allowed):
    """Modes reachable from each mode over edges whose flag word `allowed` accepts."""
    step = {old: {graph[old][w] for w in WORDS if allowed(w)} for old in graph}
    result = {}
    for start in graph:
        seen, queue = {start}, [start]
        while queue:
            for new in step[queue.pop()] - seen:
                seen.add(new)
                queue.append(new)
        result[start] = seen
    return result


def test_there_is_no_dead_end(graph):
    everywhere = set(range(MODE_N))
    assert all(seen == everywhere for seen in reach(graph, lambda w: True).values())


def test_without_a_charger_or_a_restarted_monitor_shutdown_is_the_only_dead_end(graph):
    alone = reach(graph, lambda w: not w & (F_CHARGER | F_BACK))
    assert alone.pop(SHUTDOWN) == {SHUTDOWN}
    assert all(seen == set(range(MODE_N)) for seen in alone.values())


def test_without_a_request_nothing_leaves_off(graph):
    assert reach(graph, lambda w: not w & REQUESTED)[OFF] == {OFF}


def test_while_the_pack_shall_be_off_no_fet_conducts_in_anything_reachable(graph):
    seen = reach(graph, lambda w: w & F_OFF)
    for start in (OFF, SLEEP, SHUTDOWN, SELFTEST):
        assert not seen[start] & set(ACTIVE)


def test_steady_facts_settle_in_four_steps(graph):
    """No oscillation: with nothing but standing facts and wishes the machine comes to rest."""
    for start in graph:
        for flags in WORDS:
            if flags & EVENTS:
                continue
            mode = start
            for _ in range(4):
                mode = graph[mode][flags]
            assert graph[mode][flags] == mode, f"{NAMES[start]} {flags:#06x}"
