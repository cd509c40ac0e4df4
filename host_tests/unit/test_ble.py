"""Bluetooth: what JBD clients need, on a radio that a test holds in its hand."""

import asyncio
import struct

import bluetooth
import pytest
from bluetooth import ESP32, PICO_W

from bms.report import ble_advert
from bms.report.jbd_slave import JbdSlave
from bms.report.pieces import Made
from fakes_asyncio import Ticks
from host_tests.common.ble_rig import BleRig, request
from roles import BOTH, CHG, DSG

CELLS, BASIC = request(4), request(3)
FACTORY = request(0x00, b"\x56\x78", write=True)
COMMIT = request(0x01, b"\x28\x28", write=True)


def wired(pack, frame):
    """What the same pack says over a wire."""
    slave = JbdSlave(pack)
    for byte in frame:
        slave.put(byte)
    n = slave.answer()
    return bytes(slave.view[:n])


@pytest.fixture
def rig():
    return BleRig(cell_n=16)


def test_a_scanner_finds_flags_the_service_and_the_name_in_one_packet(rig):
    name = b"JBD-Cellwarden-1BC9"
    assert rig.air.advert == b"\x02\x01\x06\x03\x03\x00\xff" + bytes([1 + len(name), 9]) + name
    assert len(rig.air.advert) <= 31 and rig.air.response == b""


@pytest.mark.parametrize("name", ["", "x" * 40, "Zelle 1 äöü"])
def test_any_name_gives_a_packet_that_fits(name):
    text = ble_advert.name_of(name, b"\1\2\3\4\5\6")
    assert text.startswith("JBD-") and text.endswith("-0506") and text.isascii()
    assert " " not in text and len(ble_advert.advert(text)) <= 31


@pytest.mark.parametrize("mtu", [0, 23, 24, 50, 100, 185, 247])
def test_an_answer_comes_in_pieces_of_the_mtu_and_is_that_of_the_wire(rig, mtu):
    central = rig.connect(mtu)
    central.write(rig.table.jbd_in, CELLS)
    rig.work()
    pieces = [data for _, data in central.got]
    assert b"".join(pieces) == wired(rig.pack, CELLS)
    room = max(mtu, 23) - 3
    assert [len(piece) for piece in pieces[:-1]] == [room] * (len(pieces) - 1)
    assert 0 < len(pieces[-1]) <= room


def test_every_request_is_answered_in_order_also_two_in_one_write(rig):
    central = rig.connect(247)
    both = wired(rig.pack, BASIC) + wired(rig.pack, CELLS)
    assert rig.ask(central, BASIC + CELLS) == both
    assert rig.ask(central, CELLS[:3]) == b""
    assert rig.ask(central, CELLS[3:] + CELLS) == wired(rig.pack, CELLS) * 2


def test_nothing_is_said_unasked(rig):
    central = rig.connect()
    rig.pass_ms(5000)
    assert central.got == [(rig.table.battery, b"\x32")]


def test_both_kinds_of_write_are_offered(rig):
    (_, rows, _) = rig.air.table[0]
    both = bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE
    assert rows[1][1] & both == both and rows[0][1] & bluetooth.FLAG_NOTIFY


def test_a_long_write_is_not_cut(rig):
    central = rig.connect(247)
    assert rig.ask(central, b"\0" * 100 + CELLS + BASIC[:3]) == wired(rig.pack, CELLS)


def test_what_was_written_cannot_be_read_back(rig):
    central = rig.connect()
    password = request(0x06, b"\6\1\2\3\4\5\6", write=True)
    central.write(rig.table.jbd_in, password)
    assert central.read(rig.table.jbd_in) == b""
    rig.work()
    assert central.take(rig.table.jbd_out).hex() == "dd060000000077"
    assert all(password[4:11] not in value.data for value in rig.air.ble.state.values.values())


def test_device_information_and_battery_level_can_be_read(rig):
    central = rig.connect()
    handles = {}
    for _, rows, values in rig.air.table:
        handles.update({row[0].data[::-1].hex(): handle for row, handle in zip(rows, values)})
    rig.pass_ms(1000)
    assert (
        central.read(handles["2a29"]) == b"Cellwarden" and central.read(handles["2a24"]) == b"rig"
    )
    assert central.read(handles["2a25"]) == b"A5C237061BC9"
    assert central.read(handles["2a19"]) == b"\x32"


def test_what_the_module_of_a_real_board_answers_is_answered(rig):
    central = rig.connect()
    assert rig.ask(central, bytes.fromhex("ffaa15063030303030303b")).hex() == "ffaa15010218"
    answer = rig.ask(central, bytes.fromhex("ffaa170017"))
    assert answer[:4].hex() == "ffaa1701" and answer[5] == (0x18 + answer[4]) & 0xFF
    assert rig.ask(central, bytes.fromhex("ffaa180645bb752a642445")).hex() == "ffaa18010019"
    assert rig.ask(central, bytes.fromhex("ffaa070358595a15")).hex() == "ffaa07010109"
    for wrong in ("ffaa15063030303030303c", "ffaa1506303030303030", "ffaa", "ffaa990099"):
        assert rig.ask(central, bytes.fromhex(wrong)) == b""
    assert rig.ask(central, CELLS) == wired(rig.pack, CELLS)


# who may write ---------------------------------------------------------------------------------------


def lock(bits):
    return request(0xE1, bytes([0, bits]), write=True)


def status(frame):
    assert len(frame) == 7
    return frame[2]


def test_over_the_air_nothing_is_written_until_a_window_is_open():
    rig = BleRig()
    central = rig.connect()
    for frame in (lock(3), FACTORY, request(0xFB, b"\0\1", True), request(0x0A, b"\4\0", True)):
        assert status(rig.ask(central, frame)) == 0x81
    rig.rig.run(3)
    assert rig.rig.roles.fets == BOTH
    rig.gate.open(10000)
    assert status(rig.ask(central, lock(3))) == 0
    rig.rig.run(3)
    assert rig.rig.roles.fets == 0
    rig.pass_ms(10000)
    assert status(rig.ask(central, lock(0))) == 0x81


def test_settings_are_written_while_the_window_is_open_only():
    rig = BleRig()
    central = rig.connect()
    rig.gate.open(5000)
    rig.pass_ms(100)
    assert status(rig.ask(central, FACTORY)) == 0
    assert status(rig.ask(central, request(0x18, b"\x0c\x8b", write=True))) == 0
    rig.pass_ms(5000)
    assert status(rig.ask(central, request(0x18, b"\x0c\x8c", write=True))) == 0x81
    assert status(rig.ask(central, COMMIT)) == 0x81 and not rig.kept, "too late to keep it"
    rig.gate.open(5000)
    rig.pass_ms(100)
    assert status(rig.ask(central, COMMIT)) == 0
    assert [values["otc_ddegc"] for values in rig.kept] == [480]
    assert status(rig.ask(central, request(0x01, b"\0\0", write=True))) == 0


def test_switching_off_may_be_free_and_switching_on_never_is():
    rig = BleRig(ble_off=1)
    central = rig.connect()
    assert status(rig.ask(central, lock(1))) == 0
    assert status(rig.ask(central, lock(2))) == 0x81, "that would release the other"
    rig.rig.run(3)
    assert rig.rig.roles.fets == DSG
    for frame in (lock(0), request(0xFB, b"\1\0", True), request(0xFB, b"\x0a\0", True)):
        assert status(rig.ask(central, frame)) == 0x81
    assert status(rig.ask(central, request(0xFB, b"\0\1", True))) == 0
    rig.rig.run(3)
    assert rig.rig.roles.fets == 0


def test_two_wishes_within_one_scan_both_act():
    rig = BleRig(ble_off=1)
    central = rig.connect()
    assert status(rig.ask(central, request(0xFB, b"\1\1", True))) == 0
    assert status(rig.ask(central, request(0xFB, b"\0\1", True))) == 0
    rig.rig.run(3)
    assert rig.rig.roles.fets == 0 and rig.pack.user_off == CHG | DSG


def test_reads_may_be_closed():
    rig = BleRig(ble_reads=0, ble_bthome=1)
    central = rig.connect()
    rig.pass_ms(2000)
    assert status(rig.ask(central, BASIC)) == status(rig.ask(central, CELLS)) == 0x81
    assert rig.air.response == b"" and central.read(rig.table.battery) == b""
    rig.gate.open(1000)
    assert rig.ask(central, CELLS) == wired(rig.pack, CELLS)


def test_one_client_leaves_nothing_to_the_next():
    rig = BleRig()
    first = rig.connect()
    rig.gate.open(60000)
    rig.pass_ms(100)
    assert status(rig.ask(first, FACTORY)) == 0
    rig.ask(first, BASIC[:4])
    first.leave()
    rig.pass_ms(100)
    second = rig.connect()
    assert status(rig.ask(second, request(0x24))) == 0x81
    assert rig.ask(second, CELLS) == wired(rig.pack, CELLS)


# connections ---------------------------------------------------------------------------------------


def test_advertising_ends_with_a_connection_and_begins_again_after_it(rig):
    central = rig.connect()
    rig.pass_ms(20000)
    assert rig.air.advert is None
    central.leave()
    rig.pass_ms(100)
    assert rig.air.advert is not None


def test_a_board_with_several_places_advertises_until_all_are_taken():
    rig = BleRig(ESP32, links=3)
    centrals = []
    for _ in range(3):
        centrals.append(rig.connect(247))
        rig.pass_ms(100)
    assert rig.air.advert is None
    for central in reversed(centrals):
        assert rig.ask(central, CELLS) == wired(rig.pack, CELLS)
        assert all(other.got == [] for other in centrals if other is not central)
    centrals[1].leave()
    rig.pass_ms(100)
    assert rig.air.advert is not None and rig.ask(centrals[2], BASIC)


def test_a_silent_link_makes_room_when_no_place_is_left(rig):
    central = rig.connect()
    for _ in range(3):
        rig.pass_ms(29000)
        assert rig.ask(central, CELLS)
    rig.pass_ms(30100)
    assert not central.there and rig.air.advert is not None


def test_with_a_place_left_nobody_is_sent_away():
    rig = BleRig(ESP32, links=2)
    central = rig.connect()
    rig.pass_ms(120000)
    assert central.there
    other = rig.connect()
    rig.pass_ms(200)
    assert not central.there and other.there


def test_a_central_that_takes_nothing_is_let_go_and_keeps_nobody_waiting():
    rig = BleRig(ESP32, links=2)
    slow, quick = rig.connect(), None
    rig.pass_ms(100)
    quick = rig.connect()
    slow.stalled = True
    for _ in range(40):
        slow.write(rig.table.jbd_in, CELLS)
        rig.work()
    assert rig.ask(quick, CELLS) == wired(rig.pack, CELLS)
    rig.pass_ms(6000)
    assert not slow.there and quick.there and rig.sound()


def test_what_a_pico_w_must_keep_for_a_central_that_takes_nothing_is_bounded():
    rig = BleRig(PICO_W)
    central = rig.connect()
    central.stalled = True
    for _ in range(600):
        for _ in range(7):  # more, and it is sent away
            central.write(rig.table.jbd_in, CELLS)
        rig.pass_ms(100)
    assert 50 * 60 <= rig.air.ble.state.queued_n <= 50 * (60 + 1), (
        "50 answers a second, of one piece"
    )


def test_with_little_memory_left_centrals_are_sent_away_for_a_while(rig):
    central = rig.connect()
    rig.free_b = 9000
    rig.pass_ms(1000)
    assert not central.there
    rig.pass_ms(3000)
    assert rig.air.advert is None
    rig.free_b = 99999
    rig.pass_ms(12000)
    assert rig.air.advert is not None


def test_a_link_whose_end_the_stack_did_not_tell_is_freed(rig):
    central = rig.connect()
    handler = rig.air.ble.state.handler
    rig.air.ble.irq(None)
    central.leave()
    rig.air.ble.irq(handler)
    rig.pass_ms(35000)
    assert rig.air.advert is not None and rig.connect()


def test_nobody_is_answered_who_has_no_place():
    rig = BleRig(ESP32, links=1)
    rig.connect()
    rig.air.ble.gap_advertise(100000, b"")
    second = rig.air.connect()
    second.write(rig.table.jbd_in, CELLS)
    rig.pass_ms(100)
    assert second.got == [] and not second.there and rig.sound()


def test_values_come_by_advert_when_that_is_wanted():
    rig = BleRig(ble_bthome=1)
    rig.rig.roles.pack_ma = -4250
    rig.rig.roles.cell_mv[:] = [3327, 3328, 3328, 3327]
    rig.rig.roles.temps[0] = 215
    rig.rig.run(2)
    rig.pass_ms(10000)
    battery, temperature = b"\x01\x32", b"\x02" + struct.pack("<h", 2500)
    voltage, problem = b"\x0c" + struct.pack("<H", 13310), b"\x26\x00"
    power = b"\x5c" + struct.pack("<i", -5656)  # of 13.31 V and 4.25 A: 56.56 W
    values = b"\x40" + battery + temperature + voltage + problem + power
    assert rig.air.response == bytes([3 + len(values)]) + b"\x16\xd2\xfc" + values
    rig.rig.roles.cell_mv[0] = 3700
    rig.rig.run(12)
    rig.pass_ms(10000)
    assert b"\x26\x01" in rig.air.response


def test_a_pack_above_65_volts_says_tenths():
    rig = BleRig(ble_bthome=1)
    rig.pack.snap.stack_mv = 65536
    rig.pass_ms(10000)
    assert b"\x4a" + struct.pack("<H", 655) in rig.air.response and len(rig.air.response) <= 31


# the task ---------------------------------------------------------------------------------------------


class Clock(Ticks):
    def ticks_ms(self):
        return 0


def test_a_reporter_that_breaks_leaves_no_radio_behind(rig, monkeypatch):
    async def sleep_ms(ms):
        await asyncio.sleep(3600 if ms else 0)

    async def wait():
        pass

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms, raising=False)
    central = rig.connect()
    reporter = rig.reporter
    reporter._clock, reporter._wake.wait = Clock(), wait
    rig.room.radio.links[0].work = lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        asyncio.run(reporter.run())
    assert not central.there and rig.air.advert is None and not rig.air.ble.active()


def test_a_reporter_without_its_hardware_is_not_tried_again(monkeypatch):
    naps, tries = [], []

    async def sleep_ms(ms):
        naps.append(ms)
        if naps.count(0x0FFFFFFF) == 3:
            raise asyncio.CancelledError

    def make():
        tries.append(1)
        raise ImportError("no module named 'bluetooth'")

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms, raising=False)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Made(BleRig().pack.snap, make).run())
    assert tries == [1] and set(naps) == {10, 0x0FFFFFFF}
