"""The firmware on a simulated pack, with settings, black box and key as files of one folder."""

import json
from pathlib import Path

from abstore import ABStore, FileSlot
from bms import calibrator, commission_store, wanted
from bms.blackbox import BlackBox
from bms.changes import wired
from bms.commission_store import CommissionStore
from bms.config import as_dict
from bms.fallback import fallback
from bms.housekeeping import FOLDERS, device_key, files, make_folder
from bms.journal import SETTINGS
from bms.keeper import Keeper
from bms.pack import HOLD_COMMISSION, HOLD_SETTINGS
from bms.recall import recall
from bms.report.ble_key import read_key
from bms.report.commission import Desk
from bms.report.jbd_slave import JbdSlave
from bms.report.link_board import BoardHost, make
from bms.report.wire import Wire
from bms.settings import CHANGED, CONFIRMED, UNUSABLE, Settings, acknowledge, change
from bms.wishes import PATHS as WISHES
from bms.wishes import Wishes
from boards.sim.board import make_sim
from ringlog import Chain
from sim.miswire import miswire
from simboard.mistakes import PLANT
from simboard.person import Person

DEFAULT = {"cell_n": 16, "ntc_n": 3, "capacity_mah": 100000}
_SOC = 0.6
_POWER, _SOFTWARE = 1, 5  # causes of a start
_COUNTERS = 1  # their layout


class SimBoard:
    """`folder` is its file system; it is filled at the first start. `send(data)`: its serial port's answers.

    `channel`: false = a firmware from before our channel, which speaks JBD alone. Not `commissioned`: its
    wiring is to be checked, with a person who does what is asked, and may have made `mistakes`. `overload`:
    see there.
    """

    def __init__(
        self,
        folder: Path,
        send,
        config=None,
        channel: bool = True,
        soc: float = _SOC,
        commissioned: bool = True,
        mistakes=(),
        overload=None,
    ):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._send = send
        self._channel = channel
        self._soc = soc
        self.commissioned = commissioned
        self.mistakes = mistakes
        self.person = None
        self._overload = overload
        self.desk = None
        self.starts = 0
        path = self.folder / "config.json"
        if not path.exists():
            path.write_text(json.dumps(config or DEFAULT))
        self.sim = None
        self.start()

    @property
    def pack(self):
        return self.sim.pack

    def settings(self) -> Settings:
        """What `Settings()` is on a board."""
        root = str(self.folder)
        slots = (FileSlot(root + "/settings.a"), FileSlot(root + "/settings.b"))
        return Settings(slots, root + "/config.json", root + "/installed.txt")

    def start(self) -> None:
        """As after a reset: settings, then hardware, pack, scan; as `bms.start` does."""
        root = str(self.folder)
        settings = self.settings()
        config, why = None, ""
        if (self.folder / wanted.PATH).exists():
            config, why = wanted.first(self._assemble, self.settings(), root + "/")
        try:
            if config is None:
                config = self._assemble(settings.load().bare())
                config.source, config.held, config.why = settings.source, settings.held, why
        except ValueError as error:
            nobody = root + "/previous/tried"
            config = fallback(error, self._assemble, self.settings(), root + "/", nobody)
        cause = _SOFTWARE if self.starts else _POWER
        self.starts += 1
        if config.held:
            self.pack.hold(HOLD_SETTINGS)
        self.pack.config.source, self.pack.config.why = config.source, config.why
        self.pack.journal.note(SETTINGS, config.source, -1, config.hash, config.hash, self.pack)
        slots = [FileSlot(root + "/" + name) for name in WISHES]
        recall(self.pack, slots)
        for name in ("", *FOLDERS):
            make_folder(root + "/log", name)
        self._boxes = [self._make_box(root, cause, Wishes(self.pack, slots))]
        self._start_desk(root + "/")
        self.wire = Wire(
            self._send,
            JbdSlave(self.pack, self._on_config),
            self._make_link if self._channel else None,
        )

    def _make_box(self, root: str, cause: int, wishes) -> BlackBox:
        """As `bms.housekeeping` does."""
        log = root + "/log"
        keeper = Keeper(self.pack, log, cause)
        chain = Chain(device_key(root + "/device.key"))
        box = BlackBox(self.sim.scan, files(log), chain, lambda: _counters(log), cause)

        def also() -> bool:
            if wishes.step():
                return True
            keeper.slack(self.pack.journal.wall_s())
            return False

        box.also(also)
        self.sim.blackbox = box
        return box

    def _assemble(self, config):
        """A new simulated pack if it is another configuration; `ValueError`: the monitor cannot hold it."""
        if self.sim is None or config.hash != self.sim.config.hash:
            self.sim = make_sim(config=dict(as_dict(config)), soc=self._soc)
            self.sim.pack.soc.set(int(self._soc * 1000))
            if not self.commissioned:
                self._wire_up()
        else:
            self.sim.release_pins()
            self.sim.boot()
        return config

    def _start_desk(self, root: str) -> None:
        """As `bms.start` does; a simulated pack counts as wired right unless told otherwise."""
        slots = [FileSlot(root + name) for name in commission_store.PATHS]
        store = CommissionStore(self.pack.config, "sim", slots, root + commission_store.REPORT)
        store.load()
        if store.held() and self.commissioned:
            store.waive("simulator")
        if store.held():
            self.pack.hold(HOLD_COMMISSION)
        slots = [FileSlot(root + name) for name in calibrator.PATHS]
        self.desk = Desk(self.sim.scan, store, lambda: read_key(root + "key.txt"), None, slots)
        self.desk.calibrator()

    def _wire_up(self) -> None:
        """Somebody has wired it, and sits beside it."""
        self.wires = miswire(self.sim)
        self.person = Person(self.sim)
        self.person.settle_s = 0  # the desk has its turn after each scan
        for name in self.mistakes:
            PLANT[name](self)
        self.sim.release_pins()
        self.sim.boot()
        self.sim.pack.soc.set(int(self._soc * 1000))

    def step(self) -> None:
        """One scan, and the turns of the person and the desk."""
        if self.person is not None:
            state = self.desk.request("state", {})
            self.person.act(state.get("prompt", ""), state.get("which", -1))
        if self._overload is not None:
            self._overload.act(self.sim)
        before_us = self.sim.world.now_us
        self.sim.step()
        self.desk.slack((self.sim.world.now_us - before_us) // 1000)

    def _make_link(self, slave):
        root = str(self.folder) + "/"
        host = BoardHost(self._on_config, self._on_acknowledge, self.start, root + "key.txt")
        return make(self.pack, "sim", host, self._boxes, slave, self.desk, root, root + "key.txt")

    def _on_config(self, values) -> None:
        wired(values, self.sim.board.ntcs)
        now = self.pack.config.hash
        check = getattr(self.sim.board.guard, "check", None)
        anew = self.pack.config.source == UNUSABLE
        try:
            then = change(values, self.settings(), check, anew)
        except MemoryError:  # as a board does that has little
            then = 0
            self._leave(values)
        self.pack.journal.note(SETTINGS, CHANGED, -1, now, then, self.pack)

    def _on_acknowledge(self) -> None:
        try:
            acknowledge(self.pack, self.settings())
        except MemoryError:
            self._leave({CONFIRMED: self.pack.config.hash})

    def _leave(self, values) -> None:
        (self.folder / wanted.PATH).write_text(json.dumps(values))


def _counters(log: str) -> ABStore:
    return ABStore((FileSlot(log + "/count.a"), FileSlot(log + "/count.b")), _COUNTERS)
