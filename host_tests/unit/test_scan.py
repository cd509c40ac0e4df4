"""The scan on roles that answer at will: what it asks for, in which order, and what a failure means."""

import pytest

from bms import bits, fault_rows, faults, journal
from host_tests.common.scan_rig import Rig
from roles import (
    BOTH,
    CHG,
    DSG,
    FLAG_CONFIG,
    FLAG_RESET,
    STEP_DIFFERS,
    STEP_PASS,
    TRIP_HWD,
    TRIP_SCD,
)

READS = ["read_alarm", "read_status", "read_cells", "read_current", "read_temps", "read_fets"]
ALERT = 0x8000


def tripped(rig):
    state = rig.pack.protect.state
    return [fault_rows.ROWS[i][fault_rows.NAME] for i in range(faults.ROW_N) if state[i]]


def kinds(rig):
    log = rig.pack.journal
    return [journal.NAMES[log.record(n)["kind"]] for n in range(log.first(), log.n)]


def test_a_quiet_scan_reads_each_role_once_and_verifies_a_slice():
    rig = Rig()
    rig.roles.calls.clear()
    rig.run()
    assert [name for name, _ in rig.roles.calls] == READS + ["verify_step"]


def test_a_start_probes_arms_and_verifies_before_any_fet():
    rig = Rig(ticks=0)
    rig.run(12)
    names = [name for name, _ in rig.roles.calls if not name.startswith("read")]
    assert names[:5] == ["load", "probe", "arm", "verify_all", "write_fets"]
    assert rig.asked("write_fets")[0] == 0 and rig.asked("write_fets")[-1] == BOTH
    assert rig.permits()


def test_three_good_scans_come_before_the_fets():
    rig = Rig(ticks=2)
    assert not rig.permits() and rig.asked("write_fets") == [0]
    rig.run(1)
    assert rig.permits()


@pytest.mark.parametrize("name", READS)
def test_a_failed_read_is_no_reading_and_soon_no_fets(name):
    rig = Rig()
    rig.roles.cell_mv[0] = 3333
    rig.roles.fail.add(name)
    rig.run()
    assert not rig.pack.snap.fresh and rig.pack.snap.bus_errors == 1
    assert rig.permits(), "one lost scan opens nothing"
    rig.run(3)
    assert not rig.permits() and tripped(rig) == ["stale"]
    rig.roles.fail.clear()
    rig.run(10)
    assert rig.permits() and tripped(rig) == []


def test_readings_of_a_broken_scan_never_reach_the_policy():
    rig = Rig()
    rig.roles.cell_mv[:] = [4000] * 4
    rig.roles.fail.add("read_temps")  # the cells were read, and do not count
    rig.run(100)
    assert "cov" not in tripped(rig)


@pytest.mark.parametrize("name", ["probe", "arm", "verify_all", "write_fets"])
def test_a_monitor_that_cannot_be_armed_is_tried_once_a_second(name):
    rig = Rig(ticks=0)
    rig.roles.fail.add(name)
    rig.run(41)
    assert len(rig.asked(name)) == 11 and not rig.permits()
    rig.roles.fail.clear()
    rig.run(12)
    assert rig.permits()


def test_a_configuration_that_reads_back_wrong_gives_no_fets():
    rig = Rig(ticks=0)
    rig.roles.differ_n = 1
    rig.run(40)
    assert not rig.permits() and BOTH not in rig.asked("write_fets")


def test_why_it_is_not_armed_is_the_reason_of_now():
    rig = Rig(ticks=0)
    rig.roles.fail.add("arm")
    rig.run(5)
    assert rig.scan.trouble() == "bus 0x00: arm"
    rig.roles.fail.clear()
    rig.roles.differ_n, rig.roles.mismatch = 3, 0x9234
    rig.run(20)
    assert rig.scan.trouble() == "monitor 0x9234: not what was written, 3 in all"
    rig.roles.differ_n = 0
    rig.run(20)
    assert rig.permits() and rig.scan.trouble() == ""


def test_a_difference_found_later_opens_and_arms_again():
    rig = Rig()
    rig.roles.verify = STEP_DIFFERS
    rig.run()
    rig.roles.verify = STEP_PASS
    rig.run()
    assert not rig.permits() and "cfgbad" in tripped(rig)
    rig.run(12)
    assert rig.permits() and len(rig.asked("arm")) == 2


@pytest.mark.parametrize("flag", [FLAG_RESET, FLAG_CONFIG])
def test_a_monitor_that_lost_its_configuration_opens_at_once_and_is_armed_again(flag):
    rig = Rig()
    rig.roles.flags = flag
    rig.run()
    assert not rig.permits() and "reset" in tripped(rig)
    rig.run(12)
    assert rig.permits() and len(rig.asked("arm")) == 2


def test_a_failed_fet_write_leaves_the_pins_at_0_until_one_succeeds():
    rig = Rig()
    rig.roles.temps[0] = -50
    rig.run(10)
    assert rig.roles.fets == DSG and rig.permits()
    rig.roles.temps[0] = 250
    rig.roles.fail.add("write_fets")
    rig.run(40)
    assert not rig.permits() and tripped(rig) == ["stale"], "the bus, not the FET"
    rig.roles.fail.clear()
    rig.run(12)
    assert rig.permits() and rig.roles.fets == BOTH


@pytest.mark.parametrize("at", range(7))
def test_an_edge_at_any_call_of_a_quiet_scan_ends_with_the_pins_at_0(at):
    rig = Rig()
    call = rig.roles._call
    seen = []

    def strike(name, value=None):
        seen.append(name)
        if len(seen) == at + 1:
            rig.roles.alarm, rig.roles.trips = ALERT, TRIP_SCD
            rig.board.alert_pin.handler(None)
        call(name, value)

    rig.roles._call = strike
    rig.run()
    assert not rig.permits()
    rig.run(10)
    assert not rig.permits() and "scd" in tripped(rig)


@pytest.mark.parametrize("pin", [0, 1])
def test_an_edge_while_the_pins_are_being_raised_ends_with_both_at_0(pin):
    rig = Rig(ticks=2)
    off_pin = rig.board.off_pins[pin]

    def strike(level):
        if level:
            off_pin.hook = None
            rig.board.alert_pin.handler(None)

    off_pin.hook = strike
    rig.run()
    assert off_pin.hook is None, "the scan raised the pins"
    assert not rig.permits()


def test_a_scan_that_could_not_look_does_not_give_back():
    rig = Rig()
    rig.board.alert_pin.handler(None)
    rig.roles.fail.add("read_cells")
    rig.run()
    assert not rig.permits()
    rig.roles.fail.clear()
    rig.run()
    assert rig.permits()


def test_pins_are_not_raised_even_for_a_moment_when_an_edge_came_during_the_scan():
    rig = Rig()
    raised = []

    def strike(name, value=None):
        if name == "read_fets":
            rig.board.alert_pin.handler(None)
            for pin in rig.board.off_pins:
                pin.hook = raised.append

    call = rig.roles._call
    rig.roles._call = lambda name, value=None: (strike(name), call(name, value))
    rig.run()
    assert 1 not in raised and not rig.permits()


def test_three_good_scans_mean_three_in_a_row():
    rig = Rig(ticks=0)
    for i in range(20):
        rig.roles.fail = {"read_cells"} if i % 3 == 2 else set()
        rig.run()
        assert not rig.permits()
    rig.run(3)
    assert rig.permits()


def test_after_silence_three_good_scans_come_before_the_fets_again():
    rig = Rig(ticks=0, scan_ms=1000, host_watchdog_s=3)
    rig.run(12, dt_ms=1000)
    assert rig.permits()
    rig.roles.fail.add("all")
    rig.run(4, dt_ms=1000)
    rig.roles.fail.clear()
    rig.run(2, dt_ms=1000)
    assert not rig.permits()
    rig.run(1, dt_ms=1000)
    assert rig.permits()


def test_an_edge_without_a_lasting_cause_is_cleared_and_the_next_scan_gives_back():
    rig = Rig()
    rig.roles.alarm = ALERT
    rig.board.alert_pin.handler(None)
    assert not rig.permits()
    rig.run()
    assert rig.asked("clear_alarm") == [ALERT] and not rig.permits() and rig.scan.again
    rig.run(1, dt_ms=0)
    assert rig.permits() and not rig.scan.again


def test_the_alarm_is_cleared_once_for_each_trip_that_the_monitor_holds():
    rig = Rig()
    rig.roles.alarm, rig.roles.trips = ALERT, TRIP_HWD
    rig.board.alert_pin.handler(None)
    rig.roles.fail.add("clear_alarm")
    rig.run(2)
    rig.roles.fail.clear()
    rig.run(1)
    assert rig.asked("clear_alarm") == [ALERT] * 3 and not rig.roles.alarm
    rig.roles.alarm = ALERT  # it comes back at once
    rig.run(8)
    assert len(rig.asked("clear_alarm")) == 3 and not rig.permits()
    rig.roles.trips |= TRIP_SCD
    rig.run(8)
    assert len(rig.asked("clear_alarm")) == 4 and not rig.permits()
    rig.roles.alarm, rig.roles.trips = ALERT, 0
    rig.run(1)
    assert len(rig.asked("clear_alarm")) == 5 and not rig.permits()
    rig.run(400)
    assert rig.permits()


def test_an_alarm_without_its_edge_means_the_cut_off_is_dead_until_attached_again():
    rig = Rig()
    rig.board.alert_pin.handler = None
    rig.roles.alarm = ALERT
    rig.run()
    assert "cutoff" in tripped(rig) and not rig.permits()
    assert rig.board.alert_pin.handler is not None
    rig.run(12)
    assert tripped(rig) == [] and rig.permits()


def test_a_fet_that_conducts_against_its_command_is_told_again_and_latched():
    rig = Rig()
    rig.roles.stuck = BOTH
    rig.roles.temps[0] = -50
    rig.run(10)
    orders = rig.asked("write_fets")
    rig.run(4)
    assert rig.asked("write_fets")[len(orders) :] == [DSG] * 4
    rig.run(10)
    assert "fet" in tripped(rig) and not rig.permits()


def test_a_late_scan_opens_before_it_looks_any_further():
    rig = Rig()
    rig.run(1, dt_ms=250 + rig.config.late_ms)
    assert "late" in tripped(rig) and not rig.permits()
    rig.run(12)
    assert rig.permits()


def test_the_interlock_opens_in_the_same_scan_and_gives_back():
    rig = Rig()
    rig.board.open = True
    rig.run()
    assert tripped(rig) == ["interlock"] and not rig.permits()
    rig.board.open = False
    rig.run(12)
    assert rig.permits()


def test_the_monitor_looks_for_a_load_only_while_a_row_waits_for_it_to_go():
    rig = Rig()
    rig.roles.calls.clear()  # arming has ended it
    rig.roles.alarm, rig.roles.trips, rig.roles.terminal_mv = ALERT, TRIP_SCD, 0
    rig.board.alert_pin.handler(None)
    rig.run(2)
    assert rig.asked("detect_load") == [True]
    rig.roles.trips = rig.roles.alarm = 0
    rig.roles.terminal_mv = None
    rig.run(400)
    assert rig.asked("detect_load") == [True, False] and rig.permits()


def test_bleeding_is_repeated_before_the_monitor_forgets_it():
    rig = Rig(bal_bleed_ms=18000)
    rig.roles.cell_mv[2] = 3460
    rig.roles.cell_mv[0] = rig.roles.cell_mv[1] = rig.roles.cell_mv[3] = 3420
    rig.roles.pack_ma = 1000
    rig.run(60)
    orders = rig.asked("write_bleed")
    assert orders[:3] == [4, 4, 4]
    rig.roles.fail.add("write_bleed")
    rig.pack.request(bits.REQ_OFF)
    rig.run(10)
    assert rig.scan.act.bleeding == 4, "not taken for done"
    rig.roles.fail.clear()
    rig.run(1)
    assert rig.roles.mask == rig.scan.act.bleeding == rig.pack.balance.mask == 0


def test_sleep_and_shutdown_are_passed_on_with_the_pins_at_0():
    rig = Rig()
    rig.pack.request(bits.REQ_SLEEP)
    rig.run()
    assert rig.asked("sleep") == [True] and not rig.permits()
    assert rig.scan.period_ms == rig.config.sleep_scan_ms
    rig.pack.request(bits.REQ_SHUTDOWN)
    rig.run()
    assert rig.asked("shutdown") == [None] and not rig.permits()


def test_waking_arms_the_monitor_from_the_beginning():
    rig = Rig()
    rig.pack.request(bits.REQ_SLEEP)
    rig.run(3)
    rig.pack.request(bits.REQ_ON)
    rig.run(12)
    assert len(rig.asked("arm")) == 2 and rig.asked("sleep") == [True, False]
    assert rig.permits() and rig.scan.period_ms == rig.config.scan_ms


def test_every_request_is_recorded_also_the_refused():
    rig = Rig()
    rig.pack.request(bits.REQ_OFF)
    rig.run()
    rig.pack.request(bits.REQ_SELFTEST)
    rig.run()
    assert kinds(rig)[-3:] == ["mode", "request", "refused"]


def test_charge_and_discharge_are_blocked_apart():
    rig = Rig()
    rig.roles.cell_mv[1] = 3660
    rig.run(10)
    assert rig.roles.fets == DSG and rig.permits()
    rig.roles.cell_mv[1] = 3300
    rig.run(10)
    rig.roles.cell_mv[1] = 2790
    rig.run(10)
    assert rig.roles.fets == CHG and rig.permits()


@pytest.mark.parametrize(
    "request_, mode", [(bits.REQ_OFF, bits.OFF), (bits.REQ_SLEEP, bits.SLEEP)]
)
def test_a_monitor_that_forgets_everything_while_all_is_off_is_armed_again(request_, mode):
    rig = Rig()
    rig.pack.request(request_)
    rig.run(2)
    rig.roles.flags = FLAG_CONFIG  # it does not even measure
    rig.run(2)
    assert rig.scan.act.armed and len(rig.asked("arm")) == 2
    assert rig.pack.mode.mode == mode and not rig.permits()
    if mode == bits.SLEEP:
        assert rig.asked("sleep") == [True, True]
