"""The PIO guard, cycle by cycle: the words MicroPython's assembler makes, on a fake of the PIO block."""

import machine
import pytest
import rp2
from machine import Pin

import pioguard
from bms.cutoff import Cutoff

CHG, DSG, ALERT = 7, 8, 6
HZ = 125_000_000
BOTH = (1, 1)
NONE = (0, 0)
# As MicroPython 1.28 on an RP2040 assembles them; jumps relative to the program.
WATCH_WORDS = [0xE000, 0x80A0, 0xA027, 0x00C7, 0x0020, 0xE003, 0x20A0, 0xE003, 0x2020]
DEADMAN_WORDS = [0xE000, 0x80A0, 0xA027, 0x8080, 0xA027, 0x0043]


class Rig:
    """A guard on wires; `alert(0)` is the monitor asserting it."""

    def __init__(self, deadman_ms=1000, settle=32):
        machine.use()
        machine.freq(HZ)
        machine.bench.pio["settle"] = settle
        bank = machine.bench.bank
        self.lines = (bank.line(CHG), bank.line(DSG))
        off_pins = (Pin(CHG, Pin.OUT, value=0), Pin(DSG, Pin.OUT, value=0))
        self.alert_pin = Pin(ALERT, Pin.IN, Pin.PULL_UP)
        self._monitor = bank.line(ALERT).end("monitor")
        self.gate = pioguard.PioGate(off_pins, self.alert_pin, deadman_ms)
        self.cutoff = Cutoff(self.gate, self.alert_pin, Pin.IRQ_FALLING)
        step_deadman(self, 2)  # long since waiting for its first stroke

    def alert(self, level):
        self._monitor.drive(0 if not level else None)

    def pins(self):
        return tuple(line.level for line in self.lines)

    def cycles_until(self, pins, limit=100):
        """System clocks until the pins are so."""
        for n in range(limit + 1):
            if self.pins() == pins:
                return n
            rp2.run(1)
        raise AssertionError(f"{self.pins()} after {limit} cycles")


@pytest.fixture(autouse=True)
def loose_wires():
    yield
    machine.use()


@pytest.fixture
def open_rig():
    rig = Rig()
    assert rig.cutoff.release(0) and rig.pins() == BOTH
    return rig


def step_deadman(rig, instructions):
    """So many instructions of the dead-man, without its divider."""
    cell = machine.bench.pio["cells"][1]
    for _ in range(instructions):
        cell.execute(cell.program.words[cell.pc])


def test_the_assembler_of_the_fake_makes_the_words_of_the_real_one():
    assert pioguard.watch_alert.words == WATCH_WORDS
    assert pioguard.deadman.words == DEADMAN_WORDS


def test_both_programs_fit_beside_others():
    assert len(WATCH_WORDS) + len(DEADMAN_WORDS) <= 16


def test_the_pins_start_low_and_stay_low_without_a_word():
    rig = Rig()
    rp2.run(100)
    assert rig.pins() == NONE and not rig.cutoff.permits


def test_alert_drops_both_pins_within_five_clocks_and_no_processor(open_rig):
    """At every phase of the program; 2 of the 5 are the synchroniser. 100 ns are 12 at 125 MHz."""
    worst = 0
    for phase in range(8):
        rig = Rig()
        assert rig.cutoff.release(0)
        machine.bench.pio["settle"] = 0
        rp2.run(phase)
        rig.alert(0)
        worst = max(worst, rig.cycles_until(NONE))
    assert 0 < worst <= 5


def test_a_dropped_pin_stays_low_when_alert_goes_up_again(open_rig):
    open_rig.alert(0)
    open_rig.alert(1)
    rp2.run(1000)
    assert open_rig.pins() == NONE


def test_an_edge_that_python_never_saw_shows_at_the_stroke(open_rig):
    """The handler is not attached here: the pins fall, and the scan hears of it."""
    open_rig.alert(0)
    assert open_rig.cutoff.permits  # not yet known
    open_rig.cutoff.stroke()
    assert not open_rig.cutoff.permits and open_rig.cutoff.lapses == 1


def test_no_permission_while_alert_is_asserted():
    rig = Rig()
    rig.alert(0)
    assert not rig.cutoff.release(0)
    assert rig.pins() == NONE and not rig.cutoff.permits and not rig.cutoff.tripped


def test_a_trip_that_the_scan_knows_does_not_keep_the_other_fet_off():
    """A full cell holds ALERT low for hours; the load must go on. The next edge is caught again."""
    rig = Rig()
    rig.alert(0)
    assert rig.cutoff.release(0, True) and rig.pins() == BOTH
    rp2.run(1000)
    rig.alert(1)
    assert rig.pins() == BOTH
    machine.bench.pio["settle"] = 0
    rig.alert(0)
    assert rig.cycles_until(NONE) <= 5


def test_a_held_permission_is_watched_at_once_when_alert_is_high():
    rig = Rig()
    assert rig.cutoff.release(0, True)
    rig.alert(0)
    assert rig.pins() == NONE


def test_a_refused_permission_is_not_remembered():
    rig = Rig()
    rig.alert(0)
    rig.cutoff.release(0)
    rig.alert(1)
    rp2.run(1000)
    assert rig.pins() == NONE
    assert rig.cutoff.release(0) and rig.pins() == BOTH


def test_close_drops_the_pins_and_forgets_words_that_nobody_pulled(open_rig):
    """The watcher was stopped by somebody else's code, and a permission waits in its FIFO."""
    cell = machine.bench.pio["cells"][0]
    cell.enabled = False
    cell.fifo.append(1)
    open_rig.cutoff.block()
    rp2.run(1000)
    assert open_rig.pins() == NONE and cell.enabled and not cell.fifo


def test_a_stopped_watcher_gets_no_second_word():
    """`put` would wait for ever on a full FIFO, and the scan with it."""
    rig = Rig()
    machine.bench.pio["cells"][0].enabled = False
    machine.bench.pio["cells"][0].fifo.append(1)
    for _ in range(10):
        assert not rig.gate.open(False)
    machine.bench.pio["cells"][1].enabled = False
    for _ in range(10):
        rig.gate.stroke()
    assert rig.pins() == NONE


def test_close_needs_no_clock_of_the_state_machine(open_rig):
    machine.bench.pio["settle"] = 0
    open_rig.gate.close()
    assert open_rig.pins() == NONE


def test_an_edge_within_the_stroke_is_no_lapse(open_rig):
    open_rig.cutoff.arm()
    wind = open_rig.gate._wind
    open_rig.gate._wind = lambda: (open_rig.alert(0), wind())[1]
    open_rig.cutoff.stroke()
    assert open_rig.cutoff.tripped and not open_rig.cutoff.permits
    assert open_rig.cutoff.lapses == 0


def test_the_interrupt_drops_the_pins_by_its_first_store(open_rig):
    """The watcher is stopped: only the store to its instruction register is left."""
    seen = []
    machine.bench.pio["cells"][0].enabled = False
    isr = open_rig.gate.handler(lambda pin: seen.append((pin, open_rig.pins())))
    isr("GP6")
    assert seen == [("GP6", NONE)]


def test_an_edge_trips_and_wakes_beside_the_hardware(open_rig):
    woken = []
    open_rig.cutoff.wake = lambda: woken.append(True)
    open_rig.cutoff.arm()
    open_rig.alert(0)
    assert open_rig.pins() == NONE and woken
    assert open_rig.cutoff.tripped and open_rig.cutoff.hits == 1 and not open_rig.cutoff.permits
    open_rig.cutoff.stroke()
    assert open_rig.cutoff.lapses == 0  # it was an edge, no lapse


@pytest.mark.parametrize("deadman_ms", [250, 1000, 2000])
def test_the_deadman_runs_out_after_its_time(deadman_ms):
    """Its instructions at 4 kHz: the set time, and at most one millisecond more."""
    rig = Rig(deadman_ms)
    assert rig.cutoff.release(0)
    n = 0
    while rig.pins() == BOTH:
        step_deadman(rig, 1)
        n += 1
    assert deadman_ms - 1 <= n / 4 <= deadman_ms + 1


def test_the_divider_gives_the_deadman_its_4_khz():
    rig = Rig(deadman_ms=2)
    assert rig.cutoff.release(0)
    machine.bench.pio["settle"] = 0
    assert HZ // 1000 < rig.cycles_until(NONE, HZ // 250) <= 3 * HZ // 1000


def test_a_stroke_winds_it_up_again(open_rig):
    for _ in range(5):
        step_deadman(open_rig, 3000)  # 750 of 1000 ms
        open_rig.cutoff.stroke()
        assert open_rig.cutoff.permits and open_rig.pins() == BOTH
    step_deadman(open_rig, 4100)
    assert open_rig.pins() == NONE


def test_a_late_stroke_does_not_open_it_again_but_a_release_does(open_rig):
    step_deadman(open_rig, 4100)
    open_rig.cutoff.stroke()
    step_deadman(open_rig, 10)
    assert open_rig.pins() == NONE
    assert not open_rig.cutoff.permits and open_rig.cutoff.lapses == 1
    assert open_rig.cutoff.release(0) and open_rig.pins() == BOTH


def test_an_edge_while_it_opens_ends_with_the_pins_low():
    """The interrupt comes between the two words: it forgets nothing that is still to come."""
    rig = Rig()
    rig.cutoff.arm()
    real = rig.gate._wind

    def wind_and_edge():
        done = real()
        rig.alert(0)
        rig.alert(1)  # a short one: the monitor's would stay low
        return done

    rig.gate._wind = wind_and_edge
    assert not rig.cutoff.release(0)
    rp2.run(1000)
    assert rig.pins() == NONE and rig.cutoff.tripped and not rig.cutoff.permits


def test_after_a_soft_reset_the_pins_are_low_before_the_programs_run(open_rig):
    """MicroPython stops state machines and leaves the pins as they were: `make` takes them back first."""
    machine.bench.pio["cells"][0].enabled = False
    pins = (Pin(CHG, Pin.OUT, value=0), Pin(DSG, Pin.OUT, value=0))
    assert open_rig.pins() == NONE  # of the two drivers on the fake's wire the low one wins
    pioguard.PioGate(pins, open_rig.alert_pin, 1000)
    assert open_rig.pins() == NONE
