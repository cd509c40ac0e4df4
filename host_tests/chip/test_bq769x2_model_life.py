"""Power states, alarms, measurement and balancing of the BQ769x2 model."""

import struct

import pytest

from host_tests.chip.bq769x2_rig import CONFIG_UPDATE, Rig
from sim.chips.bq769x2_bits import DEEPSLEEP, NORMAL, OFF, SLEEP
from sim.pins import FakePin

ALL_ON = 5
GAIN = (0x91A8, struct.pack("<f", 7.5684))
ALERT_LOW = (0x92FC, 0x82)


def ready(*settings, **options) -> Rig:
    rig = Rig(**options)
    rig.ready(GAIN, *settings)
    return rig


def answers(rig) -> bool:
    try:
        rig.bus.readfrom_mem(8, 0x12, 1)
    except OSError:
        return False
    return True


# -- power-up ----------------------------------------------------------------------------------------


def test_the_chip_is_deaf_for_5_ms_after_power_up():
    rig = Rig(up=False)
    rig.wait_us(4999)
    assert rig.bus.scan() == []
    rig = Rig(up=False)
    rig.wait_us(5000)
    assert rig.bus.scan() == [8]


def test_battery_status_tells_how_far_the_start_is():
    rig = Rig(up=False)
    rig.wait_us(10000)
    assert rig.word(0x12) == 0x000C
    rig.wait_us(15000)
    assert rig.word(0x12) == 0x010C
    assert rig.word(0x64) & 0x0600 == 0x0400
    assert rig.word(0x14) == 0
    rig.wait_us(70000)
    assert rig.word(0x64) & 0x0600 == 0x0600
    assert rig.word(0x14) == 3300


def test_exit_config_update_clears_por():
    rig = Rig()
    assert rig.word(0x12) & 8
    rig.configure()
    assert not rig.word(0x12) & 8


def test_config_update_takes_two_milliseconds_and_leaving_it_one():
    rig = Rig()
    rig.command(CONFIG_UPDATE)
    entered_us = rig.chip.mailbox.hold_us
    rig.wait_us(entered_us - rig.world.now_us - 1)
    assert not rig.chip.power.status_word() & 1
    rig.wait_us(1)
    assert rig.chip.power.status_word() & 1


def test_brown_out_forgets_everything_and_opens_the_fets():
    rig = ready((0x9275, 60), ALERT_LOW)
    rig.chip.brown_out()
    assert (rig.fet_bits, answers(rig)) == (0, False)
    rig.wait_us(100000)
    assert rig.word(0x12) & 8
    assert rig.ask(0x9275)[0] == 50
    assert rig.word(0x66) == 0xF800
    rig.wait_s(2)
    assert rig.fet_bits == 0


def test_the_reset_command_is_a_brown_out():
    rig = ready((0x9275, 60))
    rig.command(0x0012)
    assert (rig.fet_bits, answers(rig)) == (0, False)
    rig.wait_us(30000)
    assert rig.ask(0x9275)[0] == 50


def test_without_supply_the_chip_is_silent_and_alert_floats():
    rig = ready(ALERT_LOW)
    rig.chip.supply(False)
    rig.wait_s(1)
    assert (rig.fet_bits, answers(rig), rig.alert.level) == (0, False, 1)
    rig.chip.supply(True)
    rig.wait_us(6000)
    assert answers(rig)


# -- SLEEP, DEEPSLEEP, SHUTDOWN ------------------------------------------------------------------------


def sleeper(*settings) -> Rig:
    rig = Rig()
    rig.configure(GAIN, *settings)
    rig.command(0x0022)
    rig.wait_s(2)
    return rig


def test_an_idle_chip_sleeps_with_the_charge_fet_off_and_measures_every_5_s():
    rig = sleeper()
    assert rig.chip.state == SLEEP
    assert rig.word(0x12) & 0x8000
    assert rig.fets() == 4
    rig.plant.cell_v[0] = 3.4
    seen = []
    for _ in range(50):
        rig.wait_us(100000)
        seen.append(rig.word(0x14))
    assert 3300 in seen[:1]
    assert seen[-1] == 3400
    assert seen.index(3400) > 5


def test_current_wakes_it_and_the_hysteresis_keeps_it_awake():
    rig = sleeper()
    rig.change(current_a=-0.6)
    assert rig.chip.state == NORMAL
    rig.change(current_a=0.0)
    rig.wait_s(9)
    assert rig.chip.state == NORMAL
    rig.wait_s(3)
    assert rig.chip.state == SLEEP


def test_an_alert_and_a_command_wake_it():
    rig = sleeper((0x9261, 0x0C))
    rig.cells(4.6)
    assert rig.chip.state == NORMAL
    rig = sleeper()
    rig.command(0x009A)
    rig.wait_s(20)
    assert rig.chip.state == NORMAL
    rig.command(0x0099)
    rig.wait_s(2)
    assert rig.chip.state == SLEEP


def test_a_charger_keeps_it_awake():
    rig = Rig()
    rig.change(pack_v=rig.plant.stack_v + 2.1)
    rig.configure()
    rig.wait_s(5)
    assert rig.chip.state == NORMAL


def test_power_config_can_forbid_sleep():
    rig = ready()
    rig.wait_s(30)
    assert rig.chip.state == NORMAL


def test_deepsleep_needs_the_command_twice():
    rig = ready()
    rig.command(0x000F)
    rig.wait_s(5)
    rig.command(0x000F)
    assert rig.chip.state == NORMAL
    rig.command(0x000F)
    assert (rig.chip.state, rig.fet_bits) == (DEEPSLEEP, 0)
    rig.command(0x000E)
    rig.wait_s(1)
    assert rig.fet_bits == ALL_ON


def test_shutdown_opens_the_fets_waits_for_ld_and_goes_silent():
    rig = ready()
    rig.change(ld_v=52.0)
    rig.command(0x0010)
    rig.wait_us(10)
    assert (rig.fet_bits, rig.chip.state) == (0, NORMAL)
    assert rig.word(0x12) & 0x2000
    rig.change(ld_v=0.0)
    rig.wait_us(250000)
    assert (rig.chip.state, answers(rig)) == (OFF, False)


def test_shutdown_delays_count_once_and_are_skipped_by_the_second_command():
    rig = ready((0x9252, 4), (0x9253, 8))
    rig.command(0x0010)
    rig.wait_us(990000)
    assert rig.fet_bits == ALL_ON
    rig.wait_us(11000)
    assert rig.fet_bits == 0
    rig.wait_us(1980000)
    assert rig.chip.state == NORMAL
    rig.wait_us(20000)
    assert rig.chip.state == OFF
    rig = ready((0x9252, 4), (0x9253, 8))
    rig.command(0x0010)
    rig.command(0x0010)
    rig.wait_us(10)
    assert (rig.chip.state, rig.fet_bits) == (OFF, 0)


def test_a_sealed_chip_needs_the_shutdown_command_twice():
    rig = ready()
    rig.command(0x0030)
    rig.command(0x0010)
    rig.wait_s(1)
    assert rig.chip.state == NORMAL
    rig.command(0x0010)
    rig.wait_us(10)
    assert rig.chip.state == OFF


@pytest.mark.parametrize("how", ["charger", "button"])
def test_a_rising_ld_or_the_wake_pin_ends_shutdown_like_a_power_up(how):
    rig = ready()
    rig.command(0x0010)
    rig.wait_us(10)
    rig.wait_s(100)
    assert rig.chip.state == OFF
    if how == "charger":
        rig.change(ld_v=54.0)
    else:
        rig.chip.wake_pin()
    rig.wait_us(30000)
    assert rig.word(0x12) & 0x0308 == 0x0108


def test_an_empty_stack_shuts_the_chip_down():
    rig = ready()
    rig.change(stack_v=5.99)
    rig.wait_s(1)
    assert rig.word(0x64) & 0x10
    rig.wait_s(2)
    assert rig.chip.state == OFF


def test_a_hot_die_shuts_the_chip_down_after_5_s():
    rig = ready()
    rig.change(die_c=85.5)
    rig.wait_s(5)
    assert rig.chip.state == NORMAL
    rig.wait_s(2)
    assert rig.chip.state == OFF


# -- alarm -------------------------------------------------------------------------------------------


def test_a_trip_latches_its_alarm_until_it_is_cleared_and_does_not_come_back_by_itself():
    rig = ready((0x9261, 0x0C), ALERT_LOW, (0x926D, b"\x00\xe0"))
    assert rig.alert.level == 1
    rig.cells(4.6)
    assert rig.alert.level == 1
    rig.wait_us(250800)
    assert (rig.word(0x62), rig.alert.level) == (0x4000, 0)
    assert rig.read(0x7F, 1)[0] & 0x40
    rig.write(0x62, b"\x00\x80")
    assert rig.word(0x62) == 0x4000
    rig.write(0x62, b"\x00\x40")
    assert (rig.word(0x62), rig.alert.level) == (0, 1)
    assert rig.word(0x64) & 0x4000
    rig.wait_s(5)
    assert rig.alert.level == 1
    rig.cells(3.3)
    rig.wait_s(4)
    rig.cells(4.6)
    rig.wait_us(250800)
    assert rig.alert.level == 0


def test_alert_edges_interrupt_the_host_in_the_microsecond_of_the_trip():
    rig = ready((0x9287, 14), (0x9286, 1), ALERT_LOW, (0x926D, b"\x00\xe0"))
    hits = []
    rig.alert_pin.irq(lambda _: hits.append(rig.world.now_us), FakePin.IRQ_FALLING, hard=True)
    start_us = rig.world.now_us
    rig.change(current_a=-100.0)
    rig.wait_us(1000)
    assert hits == [start_us + 195]


def test_an_interrupt_may_pull_the_off_pins_from_inside():
    rig = Rig()
    for pin in rig.off_pins:
        pin.init(FakePin.OUT, value=1)
    rig.ready((0x92FA, b"\x86\x86\x82"), (0x926D, b"\x00\xe0"), (0x9261, 0x0C), (0x9265, 0))
    assert rig.fet_bits == ALL_ON

    def cut(_):
        for pin in rig.off_pins:
            pin(0)

    rig.alert_pin.irq(cut, FakePin.IRQ_FALLING)
    rig.cells(4.6)
    rig.wait_us(250799)
    assert rig.fet_bits == ALL_ON
    rig.wait_us(1)
    assert rig.fet_bits == 0
    assert rig.fets() == 0


def test_only_enabled_alarms_latch():
    rig = ready((0x9261, 0x0C), ALERT_LOW, (0x926D, b"\x00\x20"))
    rig.cells(4.6)
    rig.wait_s(1)
    assert (rig.word(0x62), rig.word(0x64) & 0x4000, rig.alert.level) == (0, 0x4000, 1)


def test_safety_alerts_reach_the_alarm_through_their_mask():
    for mask, expected in ((0xFC, 0x1000), (0x00, 0)):
        rig = ready((0x9261, 0x0C), (0x926F, mask))
        rig.cells(4.6)
        assert rig.word(0x62) & 0x1000 == expected


def test_adscan_and_fullscan_pulse_once_a_loop():
    rig = ready((0x92FE, b"\x07\x07"))
    rig.write(0x66, b"\x82\x00")
    rig.wait_us(63000)
    assert rig.word(0x62) & 2
    full = 0
    for _ in range(30):
        rig.wait_us(63000)
        full += bool(rig.word(0x62) & 0x80)
        rig.write(0x62, b"\x82\x00")
    assert 9 <= full <= 11


@pytest.mark.parametrize(
    ("config", "idle", "active"),
    [(0x82, 1, 0), (0x8A, 1, 0), (0x0A, 0, 1), (0x02, 0, 1), (0x00, 1, 1)],
)
def test_the_alert_pin_follows_its_configuration(config, idle, active):
    rig = ready((0x92FC, config), (0x9261, 0x0C))
    assert rig.alert.level == idle
    rig.cells(4.6)
    assert rig.alert.level == active
