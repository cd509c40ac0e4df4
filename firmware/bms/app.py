"""asyncio around the scan: absolute due times, an alert that wakes it at once, supervised reporters."""

import asyncio
import gc

from micropython import const, heap_lock, heap_unlock, schedule

from bms.journal import LAPSE

_RESTART_MS = const(1000)  # rest before a reporter that died is started again
_GC_MS = const(1000)
_FEED_MS = const(1000)  # longest rest without feeding the MCU's watchdog
_TURN_N = const(100)  # calls that may wait in the scheduler before ours: more than it has places


class App:
    """Runs one scan and its reporters until cancelled.

    `wake`: a flag with `set()` (callable from an interrupt) and awaitable `wait()`;
    `asyncio.ThreadSafeFlag` on a device. `reporters`: objects with an async `run()`. `collect`: instead of
    `gc.collect`.
    """

    def __init__(self, scan, clock, wake, reporters=(), collect=None):
        self._scan = scan
        self._clock = clock
        self._wake = wake
        self._tasks = []
        self._reporters = reporters
        self._collect = collect or gc.collect
        self._due_ms = 0
        self._pacer = None  # the task that wakes the scan when it is due
        self.restarts = 0  # reporters started again
        self.error = None  # what the last of them died of
        self._locks = True  # scans have got along without the heap so far
        self._dt_ms = 0  # of the scan
        self._lapses = 0  # of the cut-off, that the journal has
        self._waits = False  # for `_locked`
        self._raised = None  # what it ended with
        scan.board.cutoff.wake = wake.set
        scan.board.cutoff.arm()  # the port makes an object at the first time, a scan cannot

    async def run(self) -> None:
        """Start everything and scan for ever."""
        self._set_pace(self._clock.ticks_ms())
        for each in self._reporters:
            self.add(each)
        try:
            await self._scan_forever()
        finally:
            self._scan.stop()
            if self._pacer is not None:
                self._pacer.cancel()
            for task in self._tasks:
                task.cancel()

    def add(self, reporter) -> None:
        """One more reporter, while the app runs."""
        self._tasks.append(asyncio.create_task(self._supervise(reporter)))

    def _set_pace(self, now_ms) -> None:
        """Due times from now on, with the scan's present period: a long rest ends when a pack wakes."""
        if self._pacer is not None:
            self._pacer.cancel()
        self._due_ms = now_ms
        self._pacer = asyncio.create_task(self._pace())

    async def _scan_forever(self) -> None:
        clock = self._clock
        scan = self._scan
        last_ms = clock.ticks_add(clock.ticks_ms(), -scan.period_ms)
        since_gc_ms = 0
        while True:
            now_ms = clock.ticks_ms()
            period_ms = scan.period_ms
            self._dt_ms = clock.ticks_diff(now_ms, last_ms)
            self._waits = True
            locked = self._locks
            try:  # in a function of its own it would take stack from the scan
                if self._locks and scan.board.cutoff.hard:
                    schedule(App._locked, self)
                    for _ in range(_TURN_N):  # each turn lets the scheduler make one call
                        if not self._waits:
                            break
                elif self._locks:
                    self._locked()
            except RuntimeError:  # the scheduler's queue is full
                pass
            finally:
                missed = self._waits
                self._waits = False  # should the call come after all, nobody waits for it
            if missed:
                scan.tick(self._dt_ms)
            if self._raised is not None:
                self._pass_on(self._raised)
            if scan.board.cutoff.lapses != self._lapses:
                self._note_lapse(locked and not self._locks)
            if scan.period_ms != period_ms:
                self._set_pace(now_ms)
            last_ms = now_ms
            since_gc_ms += scan.period_ms
            if since_gc_ms >= _GC_MS:
                since_gc_ms = 0
                self._collect()  # in slack time, at a known place; a scan makes no garbage, reporters do
            if not scan.again:
                await self._wake.wait()
            else:
                await asyncio.sleep_ms(0)

    def _locked(self) -> None:
        """One scan, with the heap locked: call frames go to the stack, where nobody has to look for room.

        Should it need the heap after all, or more stack than there is, nothing conducts until the next scan,
        which may have it. Whatever else it raises waits: the scheduler would only print it.

        Where pin interrupts do without the scheduler this is one of its calls, and nothing else of it comes in
        between. BTstack must not: it takes memory for a connection, and refused that it leaves the scheduler
        locked for ever; nor is there stack for both. On an ESP32 Bluetooth is a thread with a heap lock of its own.
        """
        if not self._waits:
            return
        self._waits = False
        heap_lock()
        try:
            self._scan.tick(self._dt_ms)
        except MemoryError as error:  # not both at once: their tuple would need the heap
            self._give_up(error)
        except RuntimeError as error:
            self._give_up(error)
        except BaseException as error:
            self._raised = error
        finally:
            heap_unlock()

    def _give_up(self, error) -> None:
        self._scan.board.cutoff.lapse()
        self._locks = False
        self.error = error

    def _note_lapse(self, needed_heap: bool) -> None:
        """Nothing conducted for a moment, and no fault row says why."""
        pack = self._scan.pack
        self._lapses = self._scan.board.cutoff.lapses
        pack.journal.note(LAPSE, needed_heap, -1, self._lapses, 0, pack)

    def _pass_on(self, error) -> None:
        self._raised = None
        raise error

    async def _pace(self) -> None:
        """Wake the scan at absolute due times; after a stall start afresh instead of catching up."""
        clock = self._clock
        while True:
            period_ms = self._scan.period_ms
            self._due_ms = clock.ticks_add(self._due_ms, period_ms)
            rest_ms = clock.ticks_diff(self._due_ms, clock.ticks_ms())
            if rest_ms < 0:
                self._due_ms = clock.ticks_ms()
                rest_ms = 0
            await self._rest(rest_ms)
            self._wake.set()

    async def _rest(self, rest_ms: int) -> None:
        """Sleep; a rest longer than the MCU's watchdog (asleep, FETs off) feeds it on the way."""
        while rest_ms > _FEED_MS:
            await asyncio.sleep_ms(_FEED_MS)
            rest_ms -= _FEED_MS
            if self._scan.board.watchdog is not None:
                self._scan.board.watchdog.feed()
        await asyncio.sleep_ms(rest_ms)

    async def _supervise(self, reporter) -> None:
        """A reporter may die of anything but must not take the scan with it."""
        while True:
            try:
                await reporter.run()
            except Exception as error:  # the one place where a stranger's bug is contained
                self.error = error
                self.restarts += 1
            await asyncio.sleep_ms(_RESTART_MS)
