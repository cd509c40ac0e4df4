"""Who answers over Bluetooth is in memory only while somebody talks, and nothing is forgotten that protects."""

import builtins
import sys

import pytest

from bms.report.ble_room import forget
from btlink import native
from btlink.native import Client, frame
from host_tests.common.ble_rig import BleRig, request

KEY = bytes(range(16))
CELLS = request(4)
OFF = request(0xE1, b"\0\3", write=True)
ANSWERS = ("jbd_slave", "jbd_change", "ble_native", "ble_link", "ble_room", "ble_gate", "ble_tell")


def loaded():
    return [name for name in ANSWERS if "bms.report." + name in sys.modules]


def tell(rig, central, data):
    """What comes back from the service of our own."""
    central.write(rig.table.native_in, data)
    rig.work()
    return native.split(central.take(rig.table.native_out))


@pytest.fixture
def rig(monkeypatch):
    """With nothing in memory that other tests have loaded, nor a cable's channel, which would keep it there."""
    monkeypatch.delitem(sys.modules, "bms.report.wire", raising=False)
    forget()
    return BleRig(key=KEY, cell_n=16, ble_idle_s=3600)


def test_nobody_answers_until_somebody_asks_and_nobody_a_minute_after(rig):
    central = rig.connect(247)
    rig.pass_ms(5000)
    assert loaded() == [] and rig.reporter.room is None, "a connection alone"
    assert len(rig.ask(central, CELLS)) == 4 + 32 + 3
    assert "jbd_slave" in loaded()
    assert not {"jbd_change", "ble_native", "ble_tell"} & set(loaded()), "nobody asked for these"
    assert tell(rig, central, frame(native.ABOUT)) and "ble_native" in loaded()
    rig.pass_ms(300_000)
    assert rig.reporter.room is not None, "somebody is connected"
    central.leave()
    rig.pass_ms(59_000)
    assert rig.reporter.room is not None
    rig.pass_ms(2000)
    assert rig.reporter.room is None and rig.reporter.links[0].talk is None and loaded() == []
    assert len(rig.ask(rig.connect(), CELLS)) == 4 + 32 + 3 and rig.sound()


def test_a_module_at_a_time_with_the_scan_in_between(rig, monkeypatch):
    central, told, steps = rig.connect(247), [], []
    plain = builtins.__import__

    def note(name, *rest):
        before = set(sys.modules)
        found = plain(name, *rest)
        told.extend(one for one in set(sys.modules) - before if one.startswith("bms.report."))
        return found

    central.write(rig.table.jbd_in, CELLS)
    central.write(rig.table.native_in, frame(native.ABOUT))
    monkeypatch.setattr(builtins, "__import__", note)
    for _ in range(40):
        told.clear()
        rig.reporter.work()
        steps.append(len(set(told)))
    assert max(steps) == 1 and sum(steps) >= 6, steps
    assert central.take(rig.table.native_out)


def test_what_was_guessed_wrong_is_counted_on_when_the_code_was_let_go(rig):
    for n in range(3):
        central = rig.connect(247)
        tell(rig, central, Client(KEY).hello())
        (answer,) = tell(rig, central, frame(native.PROVE, bytes(16)))
        assert answer[1][0] == native.WRONG
        assert rig.reporter.room.lock.wait_ms == 1000 << n, "twice as long each time"
        central.leave()
        rig.pass_ms(70_000)
        assert rig.reporter.room is None


def test_nobody_escapes_a_wait_by_staying_away(rig):
    central = rig.connect(247)
    for _ in range(9):
        tell(rig, central, Client(KEY).hello())
        tell(rig, central, frame(native.PROVE, bytes(16)))
        rig.pass_ms(rig.reporter.room.lock.wait_ms)
    tell(rig, central, Client(KEY).hello())
    tell(rig, central, frame(native.PROVE, bytes(16)))
    central.leave()
    rig.pass_ms(200_000)
    ((_, answer),) = tell(rig, rig.connect(247), Client(KEY).hello())
    assert answer[0] == native.WAIT and 50 < answer[1] | answer[2] << 8 <= 56


def test_a_window_stays_open_while_nobody_is_there(rig):
    central, owner = rig.connect(247), Client(KEY)
    ((_, answer),) = tell(rig, central, owner.hello())
    ((_, answer),) = tell(rig, central, owner.prove(answer))
    assert owner.believes(answer)
    ((_, answer),) = tell(rig, central, owner.do(native.WINDOW, 300, 2))
    assert answer[0] == native.OK
    central.leave()
    rig.pass_ms(200_000)
    central = rig.connect()
    assert rig.ask(central, OFF)[2] == 0
    rig.pass_ms(100_000)
    assert rig.ask(central, OFF)[2] == 0x81


def test_what_a_cable_uses_too_stays(rig, monkeypatch):
    central = rig.connect()
    assert rig.ask(central, CELLS)
    central.leave()
    monkeypatch.setitem(sys.modules, "bms.report.wire", builtins)
    rig.pass_ms(62_000)
    assert rig.reporter.room is None and "jbd_slave" in loaded()


def test_the_button_wakes_who_answers(rig):
    rig.pressed = True
    rig.pass_ms(2000)
    rig.pressed = False
    rig.pass_ms(100)
    assert rig.reporter.room.gate.open_ms == 60_000
    assert rig.ask(rig.connect(), OFF)[2] == 0


def test_with_little_memory_nothing_is_loaded_and_what_was_goes_at_once(rig):
    central = rig.connect()
    assert rig.ask(central, CELLS)
    rig.free_b = 16_000
    rig.pass_ms(1500)
    assert not rig.air.centrals and rig.reporter.room is None and loaded() == []
    rig.free_b = 60_000
    rig.pass_ms(11_000)
    assert rig.ask(rig.connect(), CELLS)


def test_code_that_finds_no_room_sends_everybody_away_and_is_tried_again(rig, monkeypatch):
    plain = builtins.__import__

    def full(name, *rest):
        if name.startswith("bms.report.jbd_slave"):
            raise MemoryError
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", full)
    central = rig.connect()
    assert rig.ask(central, CELLS) == b""
    rig.pass_ms(1000)
    assert not central.there and rig.reporter.room is None and rig.sound()
    monkeypatch.setattr(builtins, "__import__", plain)
    rig.pass_ms(11_000)
    assert len(rig.ask(rig.connect(), CELLS)) == 4 + 32 + 3
