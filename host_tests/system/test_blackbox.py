"""The black box on a simulated pack: what it keeps, when it writes, and what wears."""

import struct

import pytest

from abstore import ABStore
from bms import fault_rows, faults, journal
from bms.blackbox import HOURS, MINUTES, SEGMENTS
from bms.series import CELL_MAX, HEAD, PACK_MA, SAMPLES, SOC_PM
from host_tests.boxed import box, boxed, events, log
from host_tests.system.rig import touch
from host_tests.unit.test_abstore import Memory
from replay.decode import samples
from replay.run import replay
from replay.windows import windows
from ringlog import HEAD_N, padded
from sim.flash import Flash
from sim.mischief import find


def short():
    sim, flash = boxed(cell_n=4)
    sim.run(20)
    find("short").apply(sim)
    sim.run(1)
    find("short").clear(sim)
    sim.run(20)
    return sim, flash


def test_a_trip_is_stored_with_all_that_explains_it():
    sim, flash = boxed(cell_n=4)
    sim.run(10)
    sim.pack.journal.set_wall(1800000000, sim.pack)
    touch(sim, lambda plant: plant.soak(-10))
    touch(sim, lambda plant: plant.outside.attach(4 * 3.5, 30))
    sim.run(10)
    (trip,) = [event for event in events(flash) if event["item"] == "utc"]
    assert trip["kind"] == "trip" and trip["cell"] >= 0
    assert trip["value"] <= trip["limit"] == 0 and trip["delay_ms"] == 2000
    assert trip["hash"] == sim.config.hash and trip["config"] == sim.config.hash & 0xFFFF
    assert 0 < trip["soc_pm"] <= 1000 and trip["wall_s"] >= 1800000000
    assert trip["uptime_s"] >= 10 and trip["scan"] > 0
    assert trip["intent"] & 1 == 0 or trip["actual"] & 1 == 0 or trip["mode"] == 3


def test_every_journal_record_of_a_scenario_is_stored_in_order():
    sim, flash = short()
    stored = [(event["seq"], event["kind"]) for event in events(flash)]
    ring = sim.pack.journal
    kept = [(n, journal.NAMES[ring.record(n)["kind"]]) for n in range(ring.first(), ring.n)]
    assert stored == kept and ("reset" in [kind for _, kind in stored])


def test_the_window_of_a_trip_begins_ten_seconds_before_and_ends_five_after():
    sim, flash = short()
    (window,) = windows(log(flash, 2))
    assert fault_rows.ROWS[window.row][fault_rows.NAME] == "chip_ocd"
    trips = [i for i, scan in enumerate(window.scans) if scan["decided"]["news"]]
    before_ms = sum(scan["dt_ms"] for scan in window.scans[: trips[0]])
    after_ms = sum(scan["dt_ms"] for scan in window.scans[trips[0] + 1 :])
    assert 10000 <= before_ms <= 20500 and 4900 <= after_ms <= 6000
    assert replay(window).equal() and replay(window).state_equal


def test_never_more_than_one_record_in_a_pause():
    sim, flash = boxed(cell_n=4)
    slack, written = sim.blackbox.slack, []

    def watched():
        numbers = sum(part.number for part in sim.blackbox.logs)
        steps = flash.steps
        slack()
        written.append((sum(p.number for p in sim.blackbox.logs) - numbers, flash.steps - steps))

    sim.blackbox.slack = watched
    sim.run(20)
    find("short").apply(sim)
    sim.run(30)
    assert max(steps for _, steps in written) <= 8  # an erase, the segment's head, five pages
    assert max(records for records, _ in written) <= 2  # a record, and the head of a segment
    assert sum(records for records, _ in written) > 15


def test_while_a_row_counts_towards_its_trip_writing_waits_three_seconds():
    sim, flash = boxed(cell_n=4)
    sim.run(10)
    touch(sim, lambda plant: plant.outside.load(amps=130))
    wrote = []
    for _ in range(34):
        sim.pack.journal.note(journal.ANCHOR, 1, -1, 0, 0, sim.pack)  # there is always something
        steps = flash.steps
        sim.step()
        if sim.pack.protect.waiting:
            wrote.append(flash.steps != steps)
    assert len(wrote) > 25 and 1 <= sum(wrote) <= len(wrote) * 250 // 3000 + 1


def test_a_thousand_events_are_kept():
    flash = Flash(sum(SEGMENTS))
    sim, _ = boxed(cell_n=4)
    box(sim, flash)
    sim.run(5)
    part = sim.blackbox.logs[0]
    for i in range(3000):
        part.append(1, bytes(42))
        if i > 1100:
            assert part.number - oldest(flash, part) >= 1000
    assert (4096 // padded(42)) * (SEGMENTS[0] - 1) >= 1000


def oldest(flash, part):
    """Number of the first record that is left, by the head of the oldest segment."""
    heads = []
    for i in range(SEGMENTS[0]):
        head = flash.data[i * flash.size : i * flash.size + HEAD_N]
        if head[1] == 1:
            heads.append(struct.unpack_from("<I", head, 4)[0])
    return min(heads)


def test_a_fault_that_flaps_for_a_day_writes_no_more_than_its_tokens():
    sim, flash = boxed(cell_n=4)
    sim.run(5)
    blackbox, pack = sim.blackbox, sim.pack
    for i in range(20000):
        pack.journal.note(journal.TRIP, faults.row_index("cov"), 1, 3700, 3650, pack)
        pack.journal.note(journal.WRITE, 0, -1, i, 0, pack)
        pack.journal.advance(4000)
        blackbox.slack()
    hours = 20000 * 4 / 3600
    assert blackbox.logs[0].number < 100 + 60 * hours + 70
    assert blackbox.window.written <= 8 + hours + 1
    assert blackbox.lost > 30000
    assert "lost" in [event["kind"] for event in events(flash)]
    assert "trip" in [event["kind"] for event in events(flash)][-20:], "what lasts goes first"


def test_a_burst_of_bus_errors_is_two_events():
    sim, flash = boxed(cell_n=4)
    sim.run(5)
    find("dead_bus").apply(sim)
    sim.run(10)
    find("dead_bus").clear(sim)
    sim.run(90)
    bursts = [(event["item"], event["value"]) for event in events(flash) if event["kind"] == "bus"]
    assert [item for item, _ in bursts] == [0, 1] and bursts[1][1] > bursts[0][1] > 2


def test_a_single_bus_error_is_no_event():
    sim, flash = boxed(cell_n=4)
    sim.run(5)
    find("dead_bus").apply(sim)
    sim.step()
    find("dead_bus").clear(sim)
    sim.run(120)
    assert "bus" not in [event["kind"] for event in events(flash)]


def test_a_minute_is_one_sample_and_half_an_hour_one_record():
    sim, flash = boxed(cell_n=4)
    sim.run(5)
    touch(sim, lambda plant: plant.outside.load(amps=20))
    sim.run(31 * 60)
    (record,) = [item for item in log(flash, MINUTES).records if item.kind == SAMPLES]
    period_s, count, uptime_s, wall_s = struct.unpack_from(HEAD, record.payload)
    assert (period_s, count, wall_s) == (60, 30, 0) and 1800 <= uptime_s <= 1830
    found = samples(record.payload)
    assert all(abs(sample[PACK_MA] + 20000) < 500 for sample in found[1:])
    assert found[1][SOC_PM] > found[-1][SOC_PM] and found[1][CELL_MAX] > found[-1][CELL_MAX]
    assert len(record.payload) < 30 * 12


def test_hours_are_made_of_minutes():
    sim, flash = boxed(cell_n=4, config={"sleep_scan_ms": 60000})
    sim.pack.request(4)
    sim.run(13 * 3600)
    (record,) = [item for item in log(flash, HOURS).records if item.kind == SAMPLES]
    period_s, count, uptime_s, _ = struct.unpack_from(HEAD, record.payload)
    assert (period_s, count) == (3600, 12) and abs(uptime_s - 12 * 3600) < 120
    assert all(3200 < sample[CELL_MAX] < 3400 for sample in samples(record.payload))


def test_a_start_counts_though_its_life_is_short():
    flash, slots = Flash(sum(SEGMENTS)), (Memory(), Memory())
    sim, _ = boxed(cell_n=4)
    for start in (1, 2, 3):
        blackbox = box(sim, flash, lambda: ABStore(slots, 1))
        assert blackbox.counters.boots == start
        sim.run(40)
        sim.boot()
    assert [item for item in log(flash, HOURS).records if item.kind] == [], "not in the long run"


def test_counters_go_on_after_a_restart():
    flash, slots = Flash(sum(SEGMENTS)), (Memory(), Memory())
    sim, _ = boxed(cell_n=4)
    box(sim, flash, lambda: ABStore(slots, 1))
    sim.run(5)
    find("short").apply(sim)
    sim.run(2)
    find("short").clear(sim)
    sim.run(700)
    uptime = sim.pack.journal.uptime_s
    sim.boot()
    blackbox = box(sim, flash, lambda: ABStore(slots, 1), cause=3)
    sim.run(5)
    assert blackbox.counters.boots == 2
    assert blackbox.counters.trips[faults.row_index("chip_ocd")] == 1
    assert 0 <= uptime - blackbox.counters.uptime_s < 150
    first, second = [event for event in events(flash) if event["kind"] == "reset"][-2:]
    assert (first["value"], second["value"], second["item"]) == (1, 2, "watchdog")
    assert log(flash, 1).problems == []


def test_a_device_that_starts_again_and_again_does_not_wipe_out_why():
    sim, flash = boxed(cell_n=4)
    sim.run(200)
    find("short").apply(sim)
    sim.run(2)
    find("short").clear(sim)
    sim.run(20)
    numbers = [sim.blackbox.logs[0].number]
    for _ in range(30):
        sim.boot()
        blackbox = box(sim, flash, cause=3)
        sim.run(6)
        numbers.append(blackbox.logs[0].number)
    written = [later - before for before, later in zip(numbers, numbers[1:])]
    assert written[0] >= 5, "after a long life all is told"
    assert max(written[1:]) <= 3
    assert [event["kind"] for event in events(flash)][-20:].count("reset") >= 6
    assert "trip" in [event["kind"] for event in events(flash)]


@pytest.mark.parametrize("where", [0, 3, 12])
def test_flash_that_fails_stops_no_scan_and_is_tried_again(where):
    sim, flash = boxed(cell_n=4)
    sim.run(2)
    flash.power(where)
    find("short").apply(sim)
    sim.run(20)
    find("short").clear(sim)
    assert sim.blackbox.errors and sim.pack.snap.seq > 80
    flash.power()
    sim.run(70)
    assert "trip" in [event["kind"] for event in events(flash)]
    assert log(flash, 1).problems == []


def test_a_warning_is_an_event_and_no_window():
    sim, flash = boxed(cell_n=4)
    sim.run(5)
    sim.pack.journal.note(journal.TRIP, faults.row_index("cov_warn"), 1, 3560, 3550, sim.pack)
    sim.run(10)
    assert [event["item"] for event in events(flash) if event["kind"] == "trip"] == ["cov_warn"]
    assert windows(log(flash, 2)) == []


def test_why_nothing_conducted_for_a_moment_is_kept_though_tokens_are_few():
    """Soon after a start, when a lapse is likeliest, only what lasts has any."""
    sim, flash = boxed(cell_n=4)
    sim.run(5)
    sim.blackbox._events.left = 8
    sim.pack.journal.note(journal.REQUEST, 0, -1, 0, 0, sim.pack)
    sim.pack.journal.note(journal.LAPSE, 1, -1, 1, 0, sim.pack)
    sim.run(5)
    kinds = [event["kind"] for event in events(flash)]
    assert "lapse" in kinds and "request" not in kinds, kinds
