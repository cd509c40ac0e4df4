"""asyncio around the scan, in virtual time: due times, alerts, stalls, reporters that die."""

import asyncio
from types import SimpleNamespace

import pytest

from bms.app import App
from bms.journal import LAPSE
from fakes_asyncio import ThreadSafeFlag, Ticks


class Clock(Ticks):
    """Virtual milliseconds; also what stands in for `asyncio.sleep_ms`."""

    def __init__(self):
        self.now = 0
        self.sleepers = []

    def ticks_ms(self):
        return self.now

    async def sleep_ms(self, ms):
        """Sleep until `run` comes by; 0 only lets the others run."""
        if ms <= 0:
            await asyncio.sleep(0)
            return
        done = asyncio.Event()
        self.sleepers.append((self.now + ms, done))
        await done.wait()

    async def run(self, until_ms):
        """Let time pass from sleeper to sleeper."""
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            due = [at for at, _ in self.sleepers if at <= until_ms]
            if not due:
                break
            self.now = max(self.now, min(due))
            for sleeper in [row for row in self.sleepers if row[0] <= self.now]:
                self.sleepers.remove(sleeper)
                sleeper[1].set()
        self.now = max(self.now, until_ms)


class Cutoff:
    wake = None
    blocked = 0
    hard = True
    armed = 0

    def arm(self):
        self.armed += 1

    lapses = 0

    def block(self):
        self.blocked += 1

    def lapse(self):
        self.blocked += 1
        self.lapses += 1


class Journal(list):
    def note(self, kind, item, cell, value, limit, pack):
        self.append((kind, item, value))


class Watchdog:
    def __init__(self, clock):
        self.clock = clock
        self.at = []

    def feed(self):
        self.at.append(self.clock.now)


class Board:
    def __init__(self, clock):
        self.cutoff = Cutoff()
        self.watchdog = Watchdog(clock)


class Scan:
    def __init__(self, clock):
        self.clock = clock
        self.board = Board(clock)
        self.pack = SimpleNamespace(journal=Journal())
        self.period_ms = 250
        self.again = False
        self.ticks = []  # (when, dt)
        self.slow_ms = 0

    def tick(self, dt_ms):
        self.ticks.append((self.clock.now, dt_ms))
        self.clock.now += self.slow_ms
        self.again = False

    def stop(self):
        self.board.cutoff.block()


class Rig:
    def __init__(self, monkeypatch, reporters=()):
        self.clock = Clock()
        monkeypatch.setattr(asyncio, "sleep_ms", self.clock.sleep_ms, raising=False)
        self.scan = Scan(self.clock)
        self.reporters = reporters

    def play(self, story):
        """Run the app while `story(app)` lasts."""

        async def main():
            app = App(self.scan, self.clock, ThreadSafeFlag(), self.reporters)
            task = asyncio.create_task(app.run())
            await story(app)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return app

        return asyncio.run(main())


@pytest.fixture
def rig(monkeypatch):
    return Rig(monkeypatch)


class Heap:
    """Locked how deep, now and when each scan began."""

    def __init__(self, monkeypatch):
        self.depth = 0
        monkeypatch.setattr("bms.app.heap_lock", lambda: self.turn(1))
        monkeypatch.setattr("bms.app.heap_unlock", lambda: self.turn(-1))

    def turn(self, by):
        self.depth += by


def test_scans_and_only_scans_run_with_the_heap_locked(rig, monkeypatch):
    heap = Heap(monkeypatch)
    depths = []
    rig.scan.tick = lambda dt_ms: depths.append(heap.depth)
    ends = []

    class Reporter:
        async def run(self):
            ends.append((heap.depth, rig.scan.board.cutoff.armed))

    rig.reporters = [Reporter()]
    rig.play(lambda app: rig.clock.run(1000))
    assert depths == [1] * 5 and ends[0] == (0, 1), "attached before the first scan"


def test_a_scan_that_needs_the_heap_after_all_stops_conducting_once_and_then_has_it(
    rig, monkeypatch
):
    heap = Heap(monkeypatch)
    depths = []

    def tick(dt_ms):
        depths.append(heap.depth)
        if heap.depth:
            raise MemoryError("memory allocation failed, heap is locked")

    rig.scan.tick = tick
    app = rig.play(lambda app: rig.clock.run(1000))
    assert depths == [1, 0, 0, 0, 0] and heap.depth == 0
    assert rig.scan.board.cutoff.blocked == 2 and isinstance(app.error, MemoryError), (
        "and at the end"
    )
    assert rig.scan.pack.journal == [(LAPSE, 1, 1)]


def test_a_permission_that_lapsed_is_told_once(rig):
    scanned = rig.scan.tick

    def tick(dt_ms):
        scanned(dt_ms)
        if len(rig.scan.ticks) in (2, 4):
            rig.scan.board.cutoff.lapse()

    rig.scan.tick = tick
    rig.play(lambda app: rig.clock.run(2000))
    assert rig.scan.pack.journal == [(LAPSE, 0, 1), (LAPSE, 0, 2)]


def test_scans_come_at_absolute_due_times(rig):
    rig.scan.slow_ms = 30
    rig.play(lambda app: rig.clock.run(2000))
    starts = [at for at, _ in rig.scan.ticks]
    assert starts == list(range(0, 2001, 250))
    assert {dt for _, dt in rig.scan.ticks} == {250}


def test_an_alert_scans_at_once_and_the_rhythm_stays(rig):
    async def story(app):
        await rig.clock.run(600)
        rig.scan.board.cutoff.wake()
        await rig.clock.run(1000)

    rig.play(story)
    assert rig.scan.ticks == [
        (0, 250),
        (250, 250),
        (500, 250),
        (600, 100),
        (750, 150),
        (1000, 250),
    ]


def test_a_scan_that_asks_for_another_gets_it_at_once(rig):
    tick = rig.scan.tick

    def again(dt_ms):
        tick(dt_ms)
        rig.scan.again = len(rig.scan.ticks) == 2

    rig.scan.tick = again
    rig.play(lambda app: rig.clock.run(500))
    assert rig.scan.ticks == [(0, 250), (250, 250), (250, 0), (500, 250)]


def test_a_stall_is_one_late_scan_and_no_burst(rig):
    async def story(app):
        await rig.clock.run(400)
        rig.clock.now += 3000  # somebody held the processor
        await rig.clock.run(4400)

    rig.play(story)
    lengths = [dt for _, dt in rig.scan.ticks]
    assert lengths[:3] == [250, 250, 3150]
    assert all(dt == 250 for dt in lengths[4:]) and len(lengths) < 12


def test_a_reporter_that_dies_is_started_again_and_harms_nobody(monkeypatch):
    class Broken:
        runs = 0

        async def run(self):
            self.runs += 1
            raise ValueError("its own affair")

    broken = Broken()
    rig = Rig(monkeypatch, [broken])
    app = rig.play(lambda app: rig.clock.run(5500))
    assert broken.runs == 6 and app.restarts == 6 and str(app.error) == "its own affair"
    assert len(rig.scan.ticks) == 23


def test_the_end_takes_the_permission_away(rig):
    rig.play(lambda app: rig.clock.run(100))
    assert rig.scan.board.cutoff.blocked == 1


def test_a_scan_that_fails_takes_the_permission_away_and_is_not_hidden(rig):
    def fail(dt_ms):
        raise ZeroDivisionError

    rig.scan.tick = fail

    async def main():
        await App(rig.scan, rig.clock, ThreadSafeFlag()).run()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    assert rig.scan.board.cutoff.blocked == 1


def test_a_long_sleep_feeds_the_watchdog_every_second(rig):
    rig.scan.period_ms = 60000
    rig.play(lambda app: rig.clock.run(30000))
    fed = rig.scan.board.watchdog.at
    assert len(fed) >= 29 and max(b - a for a, b in zip(fed, fed[1:])) <= 1000


def test_a_board_without_a_watchdog_sleeps_just_as_long(rig):
    rig.scan.board.watchdog = None
    rig.scan.period_ms = 60000
    rig.play(lambda app: rig.clock.run(120000))
    assert [at for at, _ in rig.scan.ticks] == [0, 60000, 120000]


def test_an_alert_during_a_scan_is_not_lost(rig):
    tick = rig.scan.tick

    def alerted(dt_ms):
        tick(dt_ms)
        if len(rig.scan.ticks) == 2:
            rig.scan.board.cutoff.wake()

    rig.scan.tick = alerted
    rig.scan.slow_ms = 40
    rig.play(lambda app: rig.clock.run(520))
    assert rig.scan.ticks == [(0, 250), (250, 250), (290, 40), (500, 210)]


def test_many_alerts_before_a_scan_are_one_scan(rig):
    async def story(app):
        await rig.clock.run(100)
        for _ in range(50):
            rig.scan.board.cutoff.wake()
        await rig.clock.run(240)

    rig.play(story)
    assert rig.scan.ticks == [(0, 250), (100, 100)]


def test_a_reporter_that_ends_is_run_again_and_has_not_died(monkeypatch):
    class Brief:
        runs = 0

        async def run(self):
            self.runs += 1

    brief = Brief()
    rig = Rig(monkeypatch, [brief])
    app = rig.play(lambda app: rig.clock.run(3500))
    assert (brief.runs, app.restarts, app.error) == (4, 0, None)


def test_one_reporter_that_dies_does_not_touch_another(monkeypatch):
    class Broken:
        async def run(self):
            raise OSError("no wire")

    class Steady:
        told = 0

        async def run(self):
            while True:
                await asyncio.sleep_ms(100)
                self.told += 1

    steady = Steady()
    rig = Rig(monkeypatch, [Broken(), steady])
    rig.play(lambda app: rig.clock.run(3000))
    assert steady.told == 30


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_with_the_scan_everything_else_ends(monkeypatch, how):
    class Patient:
        ended = False

        async def run(self):
            try:
                await asyncio.Event().wait()
            finally:
                self.ended = True

    patient = Patient()
    rig = Rig(monkeypatch, [patient])
    tick = rig.scan.tick

    def broken(dt_ms):
        tick(dt_ms)
        if how == "failed" and len(rig.scan.ticks) == 2:
            raise ValueError("a bug")

    rig.scan.tick = broken

    async def main():
        task = asyncio.create_task(App(rig.scan, rig.clock, ThreadSafeFlag(), [patient]).run())
        await rig.clock.run(300)
        assert rig.scan.board.cutoff.blocked == (how == "failed")
        task.cancel()
        with pytest.raises(asyncio.CancelledError if how == "cancelled" else ValueError):
            await task
        assert rig.scan.board.cutoff.blocked == 1
        await asyncio.sleep(0)
        assert patient.ended
        scans = len(rig.scan.ticks)
        await rig.clock.run(3000)
        assert len(rig.scan.ticks) == scans

    asyncio.run(main())


def test_garbage_is_collected_once_a_second_between_scans(rig, monkeypatch):
    collected = []
    monkeypatch.setattr("bms.app.gc.collect", lambda: collected.append(len(rig.scan.ticks)))
    rig.play(lambda app: rig.clock.run(2999))
    assert collected == [4, 8, 12]


def test_a_clock_that_wraps_is_no_event(rig):
    period = 1 << 30

    class Wrapping(Clock):
        def ticks_ms(self):
            return self.now % period

        def ticks_add(self, ticks, delta):
            return (ticks + delta) % period

        def ticks_diff(self, later, earlier):
            return (later - earlier + period // 2) % period - period // 2

    start = period - 600
    rig.clock.__class__ = Wrapping
    rig.clock.now = start
    rig.play(lambda app: rig.clock.run(start + 2000))
    assert rig.scan.ticks == [(start + at, 250) for at in range(0, 2001, 250)]


def test_a_scan_that_always_wants_another_leaves_time_for_everybody(monkeypatch):
    scans_before = []

    class Modest:
        async def run(self):
            while True:
                scans_before.append(len(rig.scan.ticks))
                await asyncio.sleep(0)

    rig = Rig(monkeypatch, [Modest()])
    tick = rig.scan.tick

    def again(dt_ms):
        tick(dt_ms)
        rig.scan.again = len(rig.scan.ticks) < 10

    rig.scan.tick = again
    rig.play(lambda app: rig.clock.run(100))
    assert len(rig.scan.ticks) == 10
    assert scans_before[:9] == list(range(1, 10))


@pytest.mark.parametrize("how", ["due", "alert"])
def test_a_pack_that_wakes_is_scanned_at_its_new_pace_at_once(rig, how):
    """Not only after what was left of the long rest, nor after another one: late is a fault."""
    rig.scan.period_ms = 5000
    tick = rig.scan.tick

    def wake(dt_ms):
        tick(dt_ms)
        if len(rig.scan.ticks) == 3:
            rig.scan.period_ms = 250

    rig.scan.tick = wake

    async def story(app):
        await rig.clock.run(6000)
        if how == "alert":
            rig.scan.board.cutoff.wake()
        await rig.clock.run(11000)

    rig.play(story)
    woken = 6000 if how == "alert" else 10000
    assert rig.scan.ticks[1:6] == [
        (5000, 5000),
        (woken, woken - 5000),
        (woken + 250, 250),
        (woken + 500, 250),
        (woken + 750, 250),
    ]


def test_a_pack_that_falls_asleep_is_scanned_rarely_from_then_on(rig):
    tick = rig.scan.tick

    def doze(dt_ms):
        tick(dt_ms)
        if len(rig.scan.ticks) == 2:
            rig.scan.period_ms = 5000

    rig.scan.tick = doze
    rig.play(lambda app: rig.clock.run(11000))
    assert rig.scan.ticks == [(0, 250), (250, 250), (5250, 5000), (10250, 5000)]


def test_a_scan_that_the_scheduler_makes_too_late_is_none(rig, monkeypatch):
    """Ctrl-C while the loop waits for it: `stop` has the last word."""
    queue = []

    def interrupted(call, argument):
        queue.append((call, argument))
        raise KeyboardInterrupt

    monkeypatch.setattr("bms.app.schedule", interrupted)
    loop = App(rig.scan, rig.clock, ThreadSafeFlag())._scan_forever()
    with pytest.raises(KeyboardInterrupt):
        loop.send(None)
    call, argument = queue.pop()
    call(argument)
    assert rig.scan.ticks == []
