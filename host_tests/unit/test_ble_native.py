"""The native service: everything there is to know in one frame, and commands for who has the key."""

import os
import re

import pytest
from bluetooth import ESP32

from bms import bits, fault_rows, faults, journal
from bms.report import ble_key
from btlink import native
from btlink.native import Client, frame, split
from host_tests.common.ble_rig import BleRig, request
from roles import BOTH, CHG, DSG

KEY = bytes(range(100, 116))


class Talk:
    """One central on the native service."""

    def __init__(self, mtu=247, rig=None, **values):
        self.rig = rig or BleRig(key=KEY, random=os.urandom, **values)
        self.pack = self.rig.pack
        self.central = self.rig.connect(mtu)
        self.client = Client(KEY)
        self.early = []  # what came right behind an answer

    def send(self, data, piece_n=20):
        """[(type, data)] that came of it."""
        for i in range(0, len(data), piece_n):
            self.central.write(self.rig.table.native_in, data[i : i + piece_n])
        self.rig.work()
        return self.heard()

    def heard(self):
        return split(self.central.take(self.rig.table.native_out))

    def ask(self, kind, data=b""):
        (answer, data), *self.early = self.send(frame(kind, data))
        assert answer == kind | 0x80
        return data

    def unlock(self):
        ((_, answer),) = self.send(self.client.hello())
        ((_, answer),) = self.send(self.client.prove(answer))
        return self.client.believes(answer)

    def do(self, command, value, n=1):
        """Status of a command."""
        ((kind, answer),) = self.send(self.client.do(command, value, n))
        assert kind == 0x92
        return answer[0]

    def watch(self, period_ms=1000, frames=60):
        return self.ask(native.WATCH, period_ms.to_bytes(2, "little") + bytes([frames]))

    def told(self, ms=1000):
        """Frames that came unasked while so much time passed."""
        early, self.early = self.early, []
        self.rig.pass_ms(ms)
        return early + self.heard()

    def live(self):
        """The next readings."""
        for _ in range(20):
            for kind, data in self.told(100):
                if kind == native.TOLD_LIVE:
                    return native.live(data)
        raise AssertionError("nothing was told")


@pytest.mark.parametrize("mtu", [0, 247])
def test_a_live_frame_has_every_reading(mtu):
    talk = Talk(mtu, cell_n=16, capacity_mah=280000)
    rig = talk.rig.rig
    rig.roles.cell_mv[:] = [3300 + i for i in range(16)]
    rig.roles.pack_ma = -123456
    rig.roles.temps[0] = -87
    rig.run()
    assert talk.watch() == b"\0"
    live = talk.live()
    snap, pack = rig.pack.snap, rig.pack
    assert live["cells"] == tuple(range(3300, 3316)) and live["stack_mv"] == sum(live["cells"])
    assert live["pack_ma"] == -123456 and live["temps"] == (-87, 250, 250)
    assert live["fets"] == live["intent"] == BOTH and live["mode"] == bits.RUN
    assert live["soc_lo_pm"] <= live["soc_pm"] == pack.soc.soc_pm <= live["soc_hi_pm"]
    assert live["capacity_mah"] == 280000 and live["remaining_mah"] == pack.soc.remaining_mah()
    limits = (pack.limits.cvl_mv, pack.limits.ccl_ma, pack.limits.dcl_ma)
    assert (live["cvl_mv"], live["ccl_ma"], live["dcl_ma"]) == limits
    assert live["fet_ddegc"] == live["die_ddegc"] == 250 and live["seq"] == snap.seq
    assert live["flags"] & 1 and live["age_ms"] == 0


def test_a_silent_monitor_shows_in_flags_and_age():
    talk = Talk()
    talk.watch()
    talk.told()
    talk.rig.rig.roles.fail.add("all")
    talk.rig.rig.run(2)
    live = talk.live()
    assert not live["flags"] & 1 and live["age_ms"] == 500


def test_who_watches_is_told_at_his_own_pace_and_only_as_often_as_he_asked():
    talk = Talk()
    talk.watch(500, 5)
    kinds = [kind for kind, _ in talk.told(10000)]
    assert kinds == [native.TOLD_FAULTS] + [native.TOLD_LIVE] * 4
    talk.watch(200, 60)
    assert len(talk.told(2000)) in (10, 11, 12)
    talk.watch(200, 0)
    assert talk.told(5000) == []


def test_who_does_not_watch_is_told_nothing():
    talk = Talk()
    talk.rig.rig.roles.cell_mv[0] = 2700
    talk.rig.rig.run(20)
    assert talk.told(29000) == []


def test_a_fault_is_told_at_once_with_its_reason():
    talk = Talk(cov_mv=3640)
    talk.watch(60000, 60)
    talk.told()
    talk.rig.rig.roles.cell_mv[2] = 3655
    talk.rig.rig.run(12)
    news = talk.told(100)
    assert [kind for kind, _ in news][-1] == native.TOLD_FAULTS
    rows = {row["row"]: row for row in native.faults(news[-1][1])}
    cov = rows[faults.row_index("cov")]
    assert cov == {
        "row": faults.row_index("cov"),
        "state": 1,
        "blocks": CHG,
        "cell": 2,
        "value": 3655,
        "limit": 3640,
    }


def test_the_value_of_a_low_cell_has_its_sign():
    talk = Talk()
    talk.rig.rig.roles.temps[1] = -250
    talk.rig.rig.run(12)
    ((_, data),) = talk.send(frame(native.FAULTS))
    rows = {row["row"]: row for row in native.faults(data)}
    assert rows[faults.row_index("utd")]["value"] == -250
    assert rows[faults.row_index("utd")]["limit"] == -200
    assert rows[faults.row_index("utd")]["cell"] == 1


@pytest.mark.parametrize("later_n", [0, 1, 40, 61, 62, 63, 64, 200])
def test_the_cell_is_that_of_the_last_trip_while_the_journal_has_it(later_n):
    talk = Talk()
    log, row = talk.pack.journal, faults.row_index("cov")
    talk.pack.protect.state[row] = 2
    for kind, item, cell in (
        (journal.TRIP, row, 3),
        (journal.LOCK, row, 11),
        (journal.CLEAR, row, 7),
        (journal.TRIP, row + 1, 5),
    ):
        log.note(kind, item, cell, 1, 1, talk.pack)
    n = log.n - 3  # of the last one of this row
    for _ in range(later_n):
        log.note(journal.MODE, row, 9, 0, 0, talk.pack)
    ((_, data),) = talk.send(frame(native.FAULTS))
    (told,) = native.faults(data)
    assert told["row"] == row and told["cell"] == (11 if n >= log.first() else -1)


def test_more_faults_than_fit_a_frame_are_as_many_as_it_says():
    talk = Talk()
    for row in range(faults.ROW_N):
        talk.pack.protect.state[row] = 1
    ((_, data),) = talk.send(frame(native.FAULTS))
    assert [row["row"] for row in native.faults(data)] == list(range(20))


def test_events_are_the_journals_records_new_ones_by_themselves_old_ones_when_asked_for():
    talk = Talk()
    talk.watch(60000, 60)
    talk.told()
    n = talk.pack.journal.n
    talk.rig.rig.roles.cell_mv[2] = 3655
    talk.rig.rig.run(12)
    events = [data for kind, data in talk.told(2000) if kind == native.TOLD_EVENT]
    assert [int.from_bytes(data[:4], "little") for data in events] == list(
        range(n, n + len(events))
    )
    assert [data[4:] for data in events] == [
        talk.pack.journal.raw(i) for i in range(n, talk.pack.journal.n)
    ]
    assert any(data[4 + 10] == journal.TRIP for data in events)
    assert talk.ask(native.EVENTS, bytes(4)) == b"\0"
    assert (
        len([1 for kind, _ in talk.told(3000) if kind == native.TOLD_EVENT]) == talk.pack.journal.n
    )


def test_records_that_are_gone_are_left_out():
    talk = Talk()
    for _ in range(100):
        talk.pack.journal.note(journal.BOOT, 0, -1, 0, 0, talk.pack)
    talk.watch(60000, 60)
    talk.ask(native.EVENTS, bytes(4))
    first = next(data for kind, data in talk.told(100) if kind == native.TOLD_EVENT)
    assert int.from_bytes(first[:4], "little") == talk.pack.journal.first() > 0


def test_about_and_names_tell_what_stays():
    talk = Talk(capacity_mah=280000)
    about = native.about(talk.ask(native.ABOUT))
    config = talk.pack.config
    assert about["protocol"] == 1 and about["access"] == 1 | 4 and about["wait_s"] == 0
    assert about["capacity_mah"] == 280000 and about["config_hash"] == config.hash
    assert about["cov_mv"] == config.cov_mv and about["name"] == "Cellwarden"
    names = []
    while len(names) < about["row_n"]:
        data = talk.ask(native.NAMES, bytes([len(names)]))
        assert data[0] == about["row_n"] and data[1] == len(names)
        names += data[2:].decode().rstrip(",").split(",")
    assert names == [row[fault_rows.NAME] for row in fault_rows.ROWS]


# commands ---------------------------------------------------------------------------------------------


def test_the_key_opens_and_a_command_acts_in_the_next_scan():
    talk = Talk()
    assert talk.unlock()
    assert native.about(talk.ask(native.ABOUT))["access"] == 1 | 2 | 4
    assert talk.do(native.LOCK_FETS, CHG) == native.OK
    talk.rig.rig.run(3)
    assert talk.rig.rig.roles.fets == DSG
    assert talk.do(native.REQUEST, bits.REQ_OFF) == native.OK
    talk.rig.rig.run(3)
    assert talk.pack.mode.mode == bits.OFF
    for command, value in (
        (native.REQUEST, 0x40),
        (native.REQUEST, 0),
        (native.LOCK_FETS, 2),
        (9, 1),
    ):
        assert talk.do(command, value) == native.UNKNOWN


def test_the_keys_window_lets_jbd_write_for_so_long_and_leaving_closes_it():
    talk = Talk(ble_idle_s=3600)
    off = request(0xE1, b"\0\3", write=True)
    assert talk.rig.ask(talk.central, off)[2] == 0x81
    talk.unlock()
    assert talk.do(native.WINDOW, 30, 2) == native.OK
    assert talk.rig.ask(talk.central, off)[2] == 0
    talk.told(30000)
    assert talk.rig.ask(talk.central, off)[2] == 0x81
    assert talk.do(native.WINDOW, 601, 2) == native.UNKNOWN
    assert talk.do(native.WINDOW, 600, 2) == native.OK
    assert talk.ask(native.LEAVE) == b"\0"
    assert talk.rig.ask(talk.central, off)[2] == 0x81


def test_who_has_not_proved_the_key_closes_nobodys_window():
    talk = Talk()
    talk.rig.gate.open(5000)
    talk.ask(native.LEAVE)
    assert talk.rig.gate.open_ms


def test_a_wrong_key_is_refused_waits_and_learns_nothing():
    talk = Talk()
    wrong = Client(bytes(16))
    ((_, answer),) = talk.send(wrong.hello())
    ((_, answer),) = talk.send(wrong.prove(answer))
    assert answer == bytes([native.WRONG])
    assert talk.ask(native.HELLO, bytes(8)) == bytes([native.WAIT, 1, 0])
    assert talk.ask(native.PROVE, bytes(16)) == bytes([native.WAIT, 1, 0])
    assert native.about(talk.ask(native.ABOUT))["wait_s"] == 1
    talk.told(1000)
    assert talk.unlock()


def test_without_a_key_there_are_no_commands():
    talk = Talk(rig=BleRig())
    assert talk.ask(native.HELLO, bytes(8)) == bytes([native.NO_KEY])
    assert talk.ask(native.DO, bytes(30)) == bytes([native.CLOSED])
    assert native.about(talk.ask(native.ABOUT))["access"] == 4


def test_a_replayed_command_does_nothing():
    talk = Talk()
    talk.unlock()
    off, on = talk.client.do(native.LOCK_FETS, BOTH), talk.client.do(native.LOCK_FETS, 0)
    talk.send(off)
    talk.send(on)
    assert talk.send(off) == [(0x92, bytes([native.OLD]))]
    talk.rig.rig.run(3)
    assert talk.rig.rig.roles.fets == BOTH


def test_behind_the_last_counter_only_another_session_comes():
    talk = Talk()
    talk.unlock()
    first = talk.client.do(native.LOCK_FETS, BOTH)
    talk.client.counter = 0xFFFFFFFE
    assert talk.do(native.LOCK_FETS, CHG) == native.OK
    assert talk.send(first) == [(0x92, bytes([native.OLD]))]
    talk.client.counter = -1  # wrapped
    for _ in range(3):
        ((_, answer),) = talk.send(talk.client.do(native.LOCK_FETS, 0))
        assert answer == bytes([native.OLD]) and talk.pack.lock == CHG
    talk.client = Client(KEY)
    assert talk.unlock() and talk.do(native.LOCK_FETS, 0) == native.OK and talk.pack.lock == 0


def test_a_whole_recorded_conversation_does_nothing_in_another_connection():
    talk = Talk()
    sent = [talk.client.hello()]
    ((_, answer),) = talk.send(sent[0])
    sent += [talk.client.prove(answer)]
    talk.send(sent[1])
    sent += [talk.client.do(native.LOCK_FETS, 0)]
    assert talk.send(sent[2])[0][1][0] == native.OK
    talk.central.leave()
    talk.rig.pass_ms(200)
    talk.pack.lock_fets(BOTH)
    again = Talk(rig=talk.rig)
    said = [again.send(data)[0][1][0] for data in sent]
    assert said == [native.OK, native.WRONG, native.CLOSED]
    assert talk.pack.lock == BOTH


def test_a_session_ends_with_its_connection():
    talk = Talk()
    assert talk.unlock()
    kept = talk.client.do(native.LOCK_FETS, BOTH)
    talk.central.leave()
    talk.rig.pass_ms(200)
    again = Talk(rig=talk.rig)
    assert again.send(kept) == [(0x92, bytes([native.CLOSED]))] and talk.pack.lock == 0


def test_another_connection_has_no_part_in_a_session():
    rig = BleRig(ESP32, links=2, key=KEY)
    one = Talk(rig=rig)
    rig.pass_ms(100)
    two = Talk(rig=rig)
    assert one.unlock()
    command = one.client.do(native.LOCK_FETS, BOTH)
    assert two.send(command) == [(0x92, bytes([native.CLOSED]))]
    assert one.send(command)[0][1][0] == native.OK


def test_closed_reads_open_with_the_key():
    talk = Talk(ble_reads=0)
    assert talk.watch() == talk.ask(native.EVENTS, bytes(4)) == bytes([native.CLOSED])
    assert talk.ask(native.FAULTS) == bytes([native.CLOSED])
    assert native.about(talk.ask(native.ABOUT)) == {"protocol": 1, "access": 1, "wait_s": 0}
    assert talk.unlock() and talk.watch() == b"\0"
    assert talk.live()["cells"] == (3300,) * 4
    talk.ask(native.LEAVE)
    assert talk.told(5000) == []


@pytest.mark.parametrize(
    "data",
    [
        frame(native.WATCH),
        frame(native.EVENTS, b"1"),
        frame(native.NAMES),
        frame(native.HELLO, b"1"),
        frame(native.DO, bytes(20)),
    ],
)
def test_a_request_of_the_wrong_form_is_told_so(data):
    talk = Talk()
    ((_, answer),) = talk.send(data)
    assert answer[0] == native.BAD_FORM


def test_what_is_no_frame_is_not_answered_and_what_is_unknown_is_said_so():
    talk = Talk()
    good = frame(native.ABOUT)
    for bad in (good[:-1] + b"\0", b"\xc3\x01\xff", good[1:], b"", bytes(64)):
        assert talk.send(bad) == []
    assert talk.send(frame(0x77)) == [(0xF7, bytes([native.UNKNOWN]))]
    assert len(talk.send(good)) == 1


# the button and the key's file -----------------------------------------------------------------------


def press(rig, ms):
    rig.pressed = True
    rig.pass_ms(ms)
    rig.pressed = False
    rig.pass_ms(100)


@pytest.mark.parametrize(
    "ms, opens", [(100, False), (900, False), (1000, True), (5000, True), (10000, False)]
)
def test_a_press_of_some_seconds_opens_the_window_for_a_minute(ms, opens):
    rig = BleRig()
    press(rig, ms)
    assert (rig.gate.open_ms == 60000) is opens
    rig.pass_ms(60000)
    assert rig.gate.open_ms == 0


def test_a_jumper_that_was_there_from_the_start_is_no_press():
    rig = BleRig()
    rig.reporter._button.__init__(lambda: rig.pressed)
    press(rig, 3000)
    assert rig.gate.open_ms == 0
    press(rig, 3000)
    assert rig.gate.open_ms > 0


def test_the_button_ends_a_lock_out():
    rig = BleRig(key=KEY)
    for _ in range(6):
        rig.lock.fail()
    press(rig, 2000)
    assert rig.lock.wait_ms == rig.lock.failures == 0


def test_a_key_is_made_once_and_told_in_groups(tmp_path):
    path = str(tmp_path / "key.txt")
    assert ble_key.read_key(path) is None
    told = ble_key.new_key(path)
    assert re.fullmatch(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", told)
    assert ble_key.read_key(path) == bytes.fromhex(told)
    assert ble_key.new_key(path) != told


@pytest.mark.parametrize("text", ["", "00", "zz" * 16, "00" * 15, "00" * 17, "\xff"])
def test_half_a_key_is_none(tmp_path, text):
    path = tmp_path / "key.txt"
    path.write_text(text)
    assert ble_key.read_key(str(path)) is None


def test_the_key_is_in_no_attribute_and_no_frame():
    talk = Talk()
    talk.unlock()
    talk.do(native.LOCK_FETS, 0)
    state = talk.rig.air.ble.state
    for value in state.values.values():
        assert KEY not in value.data and KEY.hex().encode() not in value.data
