"""Reporters that are loaded while the pack is protected: never two pieces of it between the same two scans."""

import asyncio
from types import SimpleNamespace

from bms.report.pieces import Made, fetch
from host_tests.unit.test_app import Clock

_SCAN_MS = 250
_LOADING_MS = 200


class Rig:
    """Scans as `App` paces them: late while somebody is loading."""

    def __init__(self, monkeypatch):
        self.clock = Clock()
        monkeypatch.setattr(asyncio, "sleep_ms", self.clock.sleep_ms, raising=False)
        self.snap = SimpleNamespace(seq=0)
        self.pack = SimpleNamespace(snap=self.snap, intent=3)
        self.loaded = []  # (which, after which scan)

    async def scan(self):
        while True:
            self.snap.seq += 1
            await asyncio.sleep_ms(_SCAN_MS)

    def work(self, which):
        self.clock.now += _LOADING_MS
        self.loaded.append((which, self.snap.seq))

    async def reporter(self, which):
        self.loaded.append((which + " runs", self.snap.seq))

    def whole(self, which):
        """What makes a reporter in one go."""
        self.work(which)
        return SimpleNamespace(run=lambda: self.reporter(which))

    def pieces(self, which, n):
        """What makes it in several."""
        for _ in range(n):
            self.work(which)
            yield
        yield SimpleNamespace(run=lambda: self.reporter(which))

    def play(self, makers, ms):
        async def main():
            tasks = [asyncio.create_task(Made(self.snap, make).run()) for make in makers]
            scans = asyncio.create_task(self.scan())
            await self.clock.run(ms)
            for task in (*tasks, scans):
                task.cancel()

        asyncio.run(main())
        return [row for row in self.loaded if not row[0].endswith("runs")]


def test_a_scan_has_its_turn_between_any_two_pieces(monkeypatch):
    rig = Rig(monkeypatch)
    names = "abcd"
    makers = [lambda each=each: rig.whole(each) for each in names]
    found = rig.play([*makers, lambda: rig.pieces("long", 3)], 5000)
    assert sorted(which for which, _ in found) == [*names, "long", "long", "long"]
    scans = [seq for _, seq in found]
    assert len(set(scans)) == len(scans)
    assert {which for which, _ in rig.loaded if which.endswith("runs")} == {
        each + " runs" for each in (*names, "long")
    }


def test_a_pack_that_is_not_scanned_gets_its_reporters_all_the_same(monkeypatch):
    """Asleep: the next scan is far away, and no FET is on."""
    rig = Rig(monkeypatch)

    async def never():
        await asyncio.sleep_ms(100000)

    rig.scan = never
    found = rig.play([lambda: rig.whole("a"), lambda: rig.whole("b")], 3000)
    assert [which for which, _ in found] == ["a", "b"]


def test_what_somebody_asks_for_is_loaded_one_piece_after_each_scan(monkeypatch):
    rig = Rig(monkeypatch)

    async def main():
        scans = asyncio.create_task(rig.scan())
        asked = asyncio.create_task(fetch(rig.pieces("link", 4), rig.snap))
        await rig.clock.run(3000)
        for task in (scans, asked):
            task.cancel()

    asyncio.run(main())
    assert [which for which, _ in rig.loaded] == ["link"] * 4
    assert len({seq for _, seq in rig.loaded}) == 4
