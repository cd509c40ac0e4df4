"""The interrupt may come at any moment; the pins must end at 0 unless the scan has seen the cause."""

from bms.cutoff import Cutoff, PinGate


class FakePin:
    def __init__(self, value=1):
        self.level = value
        self.handler = None
        self.on_write = None
        self.kwargs = {}

    def __call__(self, value=None):
        if value is None:
            return self.level
        self.level = value
        if self.on_write is not None:
            self.on_write(value)

    def irq(self, handler=None, trigger=0, **kwargs):
        self.handler = handler
        self.kwargs = kwargs


def make(hard=True):
    chg, dsg, alert = FakePin(), FakePin(), FakePin()
    cutoff = Cutoff(PinGate((chg, dsg)), alert, 1, hard)
    cutoff.arm()
    return cutoff, chg, dsg, alert


def test_pins_start_off():
    cutoff, chg, dsg, _ = make()
    assert (chg.level, dsg.level, cutoff.permits) == (0, 0, False)


def test_release_permits_both_pins():
    cutoff, chg, dsg, _ = make()
    assert cutoff.release(cutoff.hits)
    assert (chg.level, dsg.level, cutoff.permits, cutoff.tripped) == (1, 1, True, False)


def test_an_edge_takes_the_permission():
    cutoff, chg, dsg, alert = make()
    cutoff.release(cutoff.hits)
    alert.handler(alert)
    assert (chg.level, dsg.level, cutoff.permits, cutoff.tripped) == (0, 0, False, True)


def test_an_edge_since_the_scan_looked_refuses_release():
    cutoff, chg, _, alert = make()
    seen = cutoff.hits
    alert.handler(alert)
    assert not cutoff.release(seen)
    assert chg.level == 0


def test_an_edge_at_either_pin_write_of_release_still_ends_off():
    for pin_number in range(2):
        cutoff, chg, dsg, alert = make()
        pin = (chg, dsg)[pin_number]

        def edge(value, pin=pin, alert=alert):
            pin.on_write = None
            alert.handler(alert)

        pin.on_write = edge
        assert not cutoff.release(cutoff.hits)
        assert (chg.level, dsg.level, cutoff.permits, cutoff.tripped) == (0, 0, False, True)


def test_an_edge_between_the_check_and_the_first_write_ends_off():
    """The worst instruction: tripped has just been set false."""
    cutoff, chg, dsg, alert = make()
    seen = cutoff.hits
    cutoff.trip(None)
    cutoff.hits = seen  # as if the first comparison had passed before the edge

    def late(value):
        chg.on_write = None
        cutoff.hits = seen + 1

    chg.on_write = late
    assert not cutoff.release(seen)
    assert (chg.level, dsg.level) == (0, 0)


def test_a_port_without_hard_interrupts_is_not_asked_for_one():
    _, _, _, alert = make(hard=False)
    assert "hard" not in alert.kwargs
    _, _, _, alert = make(hard=True)
    assert alert.kwargs["hard"] is True


def test_the_edge_wakes_the_scan():
    cutoff, _, _, alert = make()
    woken = []
    cutoff.wake = lambda: woken.append(1)
    alert.handler(alert)
    assert woken == [1]


def test_hits_never_return_to_zero():
    cutoff, _, _, alert = make()
    cutoff.hits = 0x3FFFFFFF
    alert.handler(alert)
    assert cutoff.hits == 1
