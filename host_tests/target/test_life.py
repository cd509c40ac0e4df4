"""From power-up to protection, and back to it after whatever stops the firmware; judged by the pack."""

import pytest

from host_tests.target import rig
from host_tests.target.rig import apart, differing


def test_it_boots_to_protection_with_a_monitor_that_holds_our_limits(started):
    bench = started
    assert bench.conducting()
    assert abs(bench.plant.pack_v - bench.plant.stack_v) < 0.1
    assert differing(bench) == []
    memory = bench.chip.memory
    assert memory.u1(0x9278) == 73  # COV: 3710 mV down to 50.6 mV steps
    assert memory.u1(0x9286) == 7  # SCD: 300 A at 500 uohm are 150 mV
    assert memory.u2(0x92B2) == 2  # host watchdog, s


@apart
def test_a_limit_that_changes_in_the_monitor_opens_the_fets_until_it_is_right_again(started):
    bench = started
    bench.chip.memory.image[0x9278 - 0x9180] ^= 1
    assert differing(bench) == ["0x9278"]
    rig.us_until(bench, bench.off, 20_000_000, 2000)
    rig.await_permission(bench)
    assert differing(bench) == []


@apart
def test_the_run_pin_opens_the_fets_and_a_start_does_not_close_them(started):
    bench = started
    bench.pico.hold_reset(True)
    assert bench.off()
    held_ms = bench.pico.now_ns / 1e6
    bench.pico.run_ms(100)
    assert bench.off() and bench.pico.now_ns / 1e6 - held_ms == pytest.approx(100)
    bench.pico.hold_reset(False)
    for _ in range(40):
        bench.pico.run_ms(10)
        assert bench.off()


@apart
def test_a_hung_loop_is_reset_by_the_watchdog_with_the_fets_off(started):
    """Everybody's last resort: nothing else in the firmware runs any more."""
    bench = started
    rig.ask(bench, rig.HANG)
    rig.us_until(bench, lambda: rig.at_it(bench), 100_000, 1000)
    rig.ask(bench, rig.HANG, False)
    resets = bench.pico.resets
    rig.us_until(bench, lambda: bench.pico.resets > resets, rig.WATCHDOG_MS * 1000 + 1000, 500)
    assert bench.off()
    assert_off_until_permitted(bench)


@apart
def test_a_short_circuit_while_the_loop_hangs_is_cut_all_the_same(started):
    bench = started
    rig.ask(bench, rig.HANG)
    rig.us_until(bench, lambda: rig.at_it(bench), 100_000, 1000)
    bench.touch(lambda plant: plant.outside.short(0.005))
    rig.us_until(bench, bench.off, 250)
    rig.us_until(bench, lambda: not bench.cfetoff.level and not bench.dfetoff.level, 40)
    assert_off_until_reset(bench)


@apart
def test_a_scan_that_raises_takes_the_permission_with_it(started):
    bench = started
    bench.pico.out.clear()
    rig.ask(bench, rig.RAISE)
    rig.us_until(bench, bench.off, 400_000, 500)
    assert_off_until_reset(bench)
    assert b"TypeError" in bench.pico.out


@apart
def test_a_loop_stopped_at_the_prompt_has_its_fets_off_until_the_watchdog_starts_it_again(started):
    bench = started
    bench.pico.send(b"\x03")
    rig.us_until(bench, bench.off, 100_000, 200)
    assert_off_until_reset(bench)
    bench.pico.run_ms(100)
    assert bench.off()


def assert_off_until_reset(bench):
    """Neither pin permits anything until the watchdog has reset the Pico, and that in its time."""
    resets, begun_ns = bench.pico.resets, bench.pico.now_ns
    while bench.pico.resets == resets:
        assert bench.pico.now_ns - begun_ns < rig.WATCHDOG_MS * 1.1e6, "no watchdog"
        bench.pico.run_ms(5)
        assert bench.off() and not bench.cfetoff.level and not bench.dfetoff.level


def assert_off_until_permitted(bench):
    """From a reset on: no FET conducts before a scan has permitted it, over limits that are ours."""
    permitted, begun_ns = [], bench.pico.now_ns
    bench.dfetoff.watch(lambda level: permitted.append(level))
    while not permitted:
        assert bench.pico.now_ns - begun_ns < rig.BACK_MS * 1e6, "no permission"
        assert bench.off()
        bench.pico.run_ms(2)
    assert permitted == [1]
    assert differing(bench) == []
    rig.await_permission(bench)
