"""Short circuits while the interpreter is busy, and a bus that cannot be trusted; judged by the pack."""

import pytest

from host_tests.target import rig
from host_tests.target.rig import apart, differing
from sim.mischief_bus import BitFlip, NackWrapper
from sim.prng import Prng

CUT_US = 250  # the monitor's delay of 195 us, and what follows
PIN_US = 40  # ALERT to the off-pins
IO_IRQ_BANK0 = 13
STALE_MS = 1000 + 250 + 100  # no good reading for so long: off


def busy(bench, pin):
    """The interpreter is in the middle of something that lets no task run."""
    rig.ask(bench, pin)
    rig.us_until(bench, lambda: rig.at_it(bench), 200_000, 1000)
    bench.pico.run_ms(30)
    assert rig.at_it(bench) and bench.conducting()


@pytest.mark.parametrize("pin", [rig.FLOATS, rig.FLOOD], ids=["floats", "console"])
def test_a_short_is_cut_while_the_interpreter_is_busy(started, pin):
    short_while_busy(started, pin)


@apart
def short_while_busy(bench, pin):
    busy(bench, pin)
    fell = {}
    bench.alert.watch(lambda level: fell.setdefault("alert", bench.pico.now_ns))
    bench.dfetoff.watch(lambda level: fell.setdefault("dfetoff", bench.pico.now_ns))
    bench.cfetoff.watch(lambda level: fell.setdefault("cfetoff", bench.pico.now_ns))
    bench.touch(lambda plant: plant.outside.short(0.005))
    assert bench.plant.current_a < -1000
    rig.us_until(bench, bench.off, CUT_US)
    assert abs(bench.plant.current_a) < 1
    bench.pico.run_ms(1)
    assert rig.at_it(bench), "it was not busy any more"
    for pin_name in ("cfetoff", "dfetoff"):
        assert 0 <= (fell[pin_name] - fell["alert"]) / 1000 <= PIN_US
    rig.ask(bench, pin, False)
    for _ in range(20):
        bench.pico.run_ms(50)
        assert bench.off()


def stop_guard(pico):
    """The state machine that watches ALERT is out of order."""
    pico.mcu.pio[0].machines[0].enabled = False


def stop_interrupt(pico):
    """The processor hears no pin."""
    pico.mcu.core.enabled_interrupts &= ~(1 << IO_IRQ_BANK0)


@pytest.mark.parametrize(
    "broken", [None, stop_guard, stop_interrupt], ids=["both", "the interrupt", "the guard"]
)
@apart
def test_alert_alone_opens_the_fets_of_a_monitor_that_leaves_them_closed(started, broken):
    """Something else pulls ALERT: the monitor sees no reason, so the off-pins are all there is. By both lines of
    defence, and by each alone."""
    bench = started
    busy(bench, rig.FLOATS)
    if broken is not None:
        broken(bench.pico)
    bench.alert.end("spanner").drive(0)
    rig.us_until(bench, bench.off, PIN_US)
    assert rig.at_it(bench)


@apart
def test_a_short_is_told_on_the_uart_and_ends_when_its_time_is_over(started):
    """The story that `make emulate` tells."""
    told = []
    story = rig.Story(started, lambda ms, text: told.append((ms, text)))
    story.short()
    assert told[-1][1] == "asked over the UART: short circuit"
    off_ms = next(ms for ms, text in told if text.startswith("both FETs off"))
    story.recover()
    assert told[-1][0] - off_ms >= rig.CONFIG["sc_hold_ms"]
    assert told[-1][1].endswith("nothing is wrong")


@apart
def test_without_one_good_reading_the_fets_open_and_come_back_after(started):
    bench = started
    bench.chip.strict = False  # a flipped register number is nobody's mistake
    addr = bench.chip.addr
    bench.i2c.devices[addr] = BitFlip(bench.chip, Prng(5), per_million=200_000)
    rig.us_until(bench, bench.off, STALE_MS * 1000, 1000)
    for _ in range(50):
        bench.pico.run_ms(20)
        assert bench.off()
    assert bench.i2c.devices[addr].flipped > 20
    bench.i2c.devices[addr] = bench.chip
    rig.await_permission(bench)


@apart
def test_noise_never_leaves_wrong_limits_in_a_monitor_that_conducts(started):
    """Flipped bits both ways and bytes without an acknowledge; a short circuit in the middle of it."""
    bench = started
    bench.chip.strict = False
    addr = bench.chip.addr
    noisy = BitFlip(bench.chip, Prng(7), per_million=3000, written=True)
    nacks = NackWrapper(noisy, per_million=30_000, prng=Prng(12), data=True)
    bench.i2c.devices[addr] = nacks
    assert watched(bench, 2000) > 20, "it never conducted: nothing was tested"
    bench.touch(lambda plant: plant.outside.short(0.005))
    if not bench.off():
        rig.us_until(bench, bench.off, CUT_US)
    bench.touch(lambda plant: plant.outside.short(0))
    for _ in range(100):
        bench.pico.run_ms(20)
        assert bench.off()
    assert noisy.flipped > 5 and nacks.spoiled > 0
    bench.i2c.devices[addr] = bench.chip
    rig.await_permission(bench, 20000)
    assert differing(bench) == []


def watched(bench, ms) -> int:
    """At every moment in which a FET conducts, the monitor's limits are ours; how many those were."""
    n = 0
    for _ in range(ms // 5):
        bench.pico.run_ms(5)
        if not bench.off():
            assert differing(bench) == []
            n += 1
    return n
