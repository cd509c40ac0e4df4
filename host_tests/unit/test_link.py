"""The channel over a cable: reads for all, changes for who has the key, and a line shared with JBD."""

import hashlib
import json
import os
import random
from types import SimpleNamespace

import pytest

from bms import bits
from bms.config import ConfigError, from_json
from bms.journal import CLOCK
from bms.report.jbd_slave import JbdSlave
from bms.report.link import NO_OBJECT, REFUSED
from bms.report.link_board import BoardHost, make
from bms.report.usb import UsbReporter
from bms.report.wire import Wire
from btlink import native
from btlink.native import Client, frame, split
from host_tests.common.commission_rig import Bench
from host_tests.common.scan_rig import Rig
from linkframe import Lines, line

KEY = bytes(range(50, 66))
CELLS = bytes.fromhex("dda50400fffc77")
OWN, TELL_TIME, LIST, READ, SUM, PUT = 0x14, 0x15, 0x20, 0x21, 0x22, 0x23
NOW_S = 1_800_000_000
CONFIGURE, RESTART, ACKNOWLEDGE, TIME, NEW_KEY = 4, 5, 6, 7, 8


class Cable:
    """A board's line with a client on it."""

    def __init__(self, folder, key=KEY, extra=None, locks=None):
        self.pack = Rig(12).pack
        self.out = bytearray()
        self.kept = []
        self.calls = []
        self.refuses = None
        self.root = str(folder) + "/"
        self.places = [SimpleNamespace(n=3, size=64, read=self.read_log)]
        self.box = SimpleNamespace(places=self.places)
        if key is not None:
            (folder / "key.txt").write_text(key.hex())
        (folder / "config.json").write_text('{"cell_n": 16}')
        host = BoardHost(
            self.on_config,
            lambda: self.calls.append("acknowledged"),
            lambda: self.calls.append("restart"),
            self.root + "key.txt",
            locks,
        )
        self.wire = Wire(
            self.out.extend,
            JbdSlave(self.pack),
            lambda slave: make(
                self.pack, "rig", host, [self.box], slave, extra, self.root, self.root + "key.txt"
            ),
        )
        self.client = Client(KEY)

    def read_log(self, segment, at, buf):
        for i in range(len(buf)):
            buf[i] = (segment * 64 + at + i) & 0xFF

    def on_config(self, values):
        if self.refuses is not None:
            raise self.refuses
        from_json(json.dumps(values))
        self.kept.append(values)

    def send(self, data):
        self.out.clear()
        for byte in data:
            self.wire.put(byte)
        return bytes(self.out)

    def ask(self, kind, data=b""):
        ((answer, found),) = split(self.send(frame(kind, data)))
        assert answer == kind | 0x80
        return found

    def read(self, number, offset=0, n=160):
        found = self.ask(READ, bytes([number]) + offset.to_bytes(4, "little") + bytes([n]))
        return found[0], found[6:]

    def unlock(self):
        ((_, answer),) = split(self.send(self.client.hello()))
        ((_, answer),) = split(self.send(self.client.prove(answer)))
        return self.client.believes(answer)

    def do(self, command, value, n=1):
        ((_, answer),) = split(self.send(self.client.do(command, value, n)))
        return answer[0]

    def put(self, data):
        for at in range(0, len(data), 60):
            found = self.ask(PUT, at.to_bytes(2, "little") + data[at : at + 60])
            if found[0]:
                return found[0]
        return 0

    def put_and_do(self, command, data, meant=None):
        assert self.put(data) == 0
        digest = hashlib.sha256(data if meant is None else meant).digest()[:16]
        return self.do(command, int.from_bytes(digest, "little"), 16)


@pytest.fixture
def cable(tmp_path):
    return Cable(tmp_path)


def test_objects_are_listed_and_read_in_pieces(cable):
    found = cable.ask(LIST)
    sizes = {
        found[i]: int.from_bytes(found[i + 1 : i + 5], "little") for i in range(1, len(found), 5)
    }
    assert sizes[0x11] == 192 and sizes[4] == 14 and sizes[2] == 0
    status, who = cable.read(0)
    assert status == 0 and json.loads(who)["link"] == 1 and len(who) == sizes[0]
    packed = b"".join(cable.read(1, at)[1] for at in range(0, sizes[1], 160))
    assert packed == cable.pack.config.packed
    assert cable.read(4, 3, 5) == (0, b"ell_n"[:5]) or cable.read(4, 2, 6)[1] == b"cell_n"
    assert cable.read(4, 14) == (0, b"") == cable.read(2)
    assert cable.read(0x11, 60, 20) == (0, bytes(range(60, 64)))  # never over a segment's end
    assert cable.read(0x11, 192) == (0, b"")
    assert cable.ask(READ, bytes([99, 0, 0, 0, 0, 9])) == bytes([NO_OBJECT])
    assert cable.ask(READ, bytes([0, 0, 0, 0, 0, 200])) == bytes([1])


def test_the_sum_of_a_piece_is_its_crc(cable):
    import binascii

    found = cable.ask(SUM, bytes([0x11, 0, 0, 0, 0, 192, 0]))
    assert found == bytes(1) + binascii.crc32(bytes(range(192))).to_bytes(4, "little")
    assert cable.ask(SUM, bytes([0x33, 0, 0, 0, 0, 192, 0])) == bytes([NO_OBJECT])


def test_settings_need_the_key_and_what_was_meant(cable):
    text = b'{"cell_n": 16, "capacity_mah": 50000}'
    assert cable.put(text) == native.CLOSED
    assert cable.unlock()
    assert cable.put_and_do(CONFIGURE, text, b"other") == REFUSED and not cable.kept
    assert b"not what was meant" in cable.read(6)[1]
    assert cable.put_and_do(CONFIGURE, text) == 0
    assert cable.kept == [{"cell_n": 16, "capacity_mah": 50000}] and cable.read(6) == (0, b"")


@pytest.mark.parametrize(
    "text", [b"{", b"[1]", b"null", b"\xff\xfe", b'{"cell_n": 99}', b'{"x": 1}', b"[" * 2000, b""]
)
def test_settings_that_are_none_are_refused_with_a_reason(cable, text):
    cable.unlock()
    if not text:
        cable.ask(PUT, bytes(2))
    assert cable.put_and_do(CONFIGURE, text) == REFUSED
    assert not cable.kept and len(cable.read(6)[1]) > 5


def test_a_full_disk_is_a_reason(cable):
    cable.refuses = OSError(28, "ENOSPC")
    cable.unlock()
    assert cable.put_and_do(CONFIGURE, b"{}") == REFUSED
    assert b"ENOSPC" in cable.read(6)[1]


def test_only_a_board_without_a_key_is_owned_by_who_comes(cable, tmp_path):
    assert cable.ask(OWN, KEY) == bytes([native.CLOSED])
    (tmp_path / "new").mkdir()
    other = Cable(tmp_path / "new", key=None)
    assert other.ask(native.HELLO, bytes(8)) == bytes([native.NO_KEY])
    assert other.ask(OWN, KEY) == bytes(1) and other.unlock()
    assert (tmp_path / "new" / "key.txt").read_text() == KEY.hex()
    assert other.put_and_do(NEW_KEY, bytes(16)) == 0
    assert (tmp_path / "new" / "key.txt").read_text() == bytes(16).hex()


def test_commands_reach_the_board(cable):
    assert cable.do(RESTART, 0) == native.CLOSED  # no key proved
    cable.unlock()
    assert cable.do(ACKNOWLEDGE, 0) == 0 and cable.calls[-1] == "acknowledged"
    assert cable.do(native.REQUEST, bits.REQ_CLEAR) == 0
    assert cable.do(RESTART, 0) == 0 and cable.calls[-1] != "restart"
    cable.wire.advance(300)
    assert cable.calls[-1] == "restart"


def test_the_time_is_told_once_by_anybody_and_corrected_by_who_has_the_key(cable):
    log = cable.pack.journal
    log.uptime_s = 100
    assert json.loads(cable.read(0)[1])["wall_s"] == 0
    for wrong in (b"", bytes(4), bytes(5), (999_999_999).to_bytes(4, "little")):
        assert cable.ask(TELL_TIME, wrong) == bytes([native.BAD_FORM])
    assert log.wall_s() == 0
    assert cable.ask(TELL_TIME, NOW_S.to_bytes(4, "little")) == bytes(1)
    assert (log.wall_s(), log.started_s) == (NOW_S, NOW_S - 100)
    assert cable.ask(TELL_TIME, (NOW_S + 99).to_bytes(4, "little")) == bytes([native.CLOSED])
    assert cable.do(TIME, NOW_S + 99, 4) == native.CLOSED and log.wall_s() == NOW_S
    cable.unlock()
    assert cable.do(TIME, NOW_S + 3, 4) == 0 and log.wall_s() == NOW_S + 3
    assert cable.do(TIME, NOW_S - 99, 4) == 0 and log.wall_s() == NOW_S - 99
    told = [log.record(n) for n in range(log.first(), log.n) if log.record(n)["kind"] == CLOCK]
    assert [(one["item"], one["value"]) for one in told] == [(0, 0), (1, -102)]  # 3 s are no event


def test_jbd_and_the_channel_share_a_line(cable):
    assert cable.send(CELLS)[:2] == b"\xdd\x04"
    mixed = cable.send(CELLS + frame(native.ABOUT) + CELLS)
    assert mixed.count(b"\xdd\x04\x00") == 2 and b"\xc3\x81" in mixed
    cable.send(frame(native.ABOUT)[:3])
    cable.wire.quiet()
    assert cable.send(CELLS)[:2] == b"\xdd\x04"


def test_a_line_of_text_is_answered_with_a_line_of_text(cable):
    answer = cable.send(b"noise" + line(frame(native.ABOUT)))
    lines = Lines()
    (found,) = [lines.data for byte in answer if lines.put(byte)]
    ((kind, _),) = split(found)
    assert answer[:1] == b"~" and answer[-1:] == b"\n" and kind == 0x81
    assert b"\x03" not in line(frame(native.FAULTS))
    for bad in (b"~\n", b"~%%%\n", b"~" + b"A" * 999 + b"\n", b"~w8\n"):
        assert cable.send(bad) == b""
    assert cable.ask(native.ABOUT)


def test_a_watcher_is_told_over_the_cable(cable):
    cable.ask(native.WATCH, bytes([100, 0, 5]))
    kinds = []
    for _ in range(5):
        cable.out.clear()
        cable.wire.advance(100)
        kinds += [kind for kind, _ in split(bytes(cable.out))]
    assert native.TOLD_FAULTS in kinds and native.TOLD_LIVE in kinds


def test_the_usb_console_is_answered_and_never_blocks():
    pack = Rig(12).pack
    waiting = bytearray(b"boot noise\r\n" + line(frame(native.ABOUT)))
    out = bytearray()

    class Stdin:
        @staticmethod
        def readinto(buf):
            buf[0] = waiting.pop(0)
            return 1

    reporter = UsbReporter(
        SimpleNamespace(buffer=Stdin),
        SimpleNamespace(buffer=SimpleNamespace(write=out.extend)),
        lambda: bool(waiting),
        lambda slave: make(pack, "rig", None, [], slave, None, "/none/", "/none/key"),
        pack.snap,
    )
    reporter.look(50)
    assert out.startswith(b"~") and not waiting


def test_noise_and_broken_frames_change_nothing_and_leave_it_answering(cable):
    """Half of them are frames with a right checksum: what is inside must be checked, too."""
    dice = random.Random(4)
    config, lock = cable.pack.config, cable.pack.lock
    for _ in range(3000):
        kind = dice.choice([*range(1, 6), *range(16, 21), *range(0x1F, 0x25), dice.randrange(256)])
        data = frame(kind, os.urandom(0) + dice.randbytes(dice.randrange(0, 62)))
        if dice.random() < 0.5:
            data = bytearray(data)
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        cable.send(bytes(data))
    cable.wire.quiet()
    cable.wire.advance(300_000)
    assert cable.ask(native.ABOUT) and not cable.kept and not cable.calls
    assert cable.pack.config is config and cable.pack.lock == lock
    assert (cable.root and open(cable.root + "key.txt").read()) == KEY.hex()


def test_whatever_who_has_the_key_commands_is_answered_and_never_half_done(tmp_path):
    """Right proofs, random contents; also of the desk's commands and requests."""
    bench = Bench()
    (tmp_path / "desk").mkdir()
    cable = Cable(tmp_path / "desk", extra=bench.desk)
    cable.unlock()
    dice = random.Random(8)
    statuses = set()
    for _ in range(2500):
        command = dice.choice([*range(1, 9), *range(0x20, 0x34), dice.randrange(256)])
        if command == RESTART or command == 0x24:  # these do what they say
            continue
        n = dice.choice([1, 2, 4, 8, 16, dice.randrange(1, 25)])
        data = dice.choice([0, 1, (1 << 8 * n) - 1, dice.getrandbits(8 * n)]) % (1 << 8 * n)
        if dice.random() < 0.3:
            cable.ask(dice.randrange(0x30, 0x50), dice.randbytes(dice.randrange(20)))
        statuses.add(cable.do(command, data, n))
        if dice.random() < 0.1:
            bench.sim.run(0.25)
    assert statuses <= {0, native.BAD_FORM, native.UNKNOWN, REFUSED, 4} and len(statuses) >= 4
    assert not cable.kept and "restart" not in cable.calls
    assert bench.sim.pack.held and bench.store.held()
    assert open(cable.root + "key.txt").read() == KEY.hex()
    assert cable.ask(native.ABOUT) and cable.do(native.REQUEST, bits.REQ_CLEAR) == 0


def test_what_a_scan_needs_is_not_touched_by_a_refused_configuration(cable):
    cable.refuses = ConfigError(["no"])
    cable.unlock()
    before = cable.pack.config.hash
    assert cable.put_and_do(CONFIGURE, b'{"cell_n": 3}') == REFUSED
    assert cable.pack.config.hash == before


def test_commissioning_may_have_requests_and_commands_of_its_own(tmp_path):
    asked = []

    class Extra:
        error = ""

        def ask(self, kind, data, proved):
            asked.append((kind, bytes(data), proved))
            return b"\0hello"

        def do(self, command, arguments):
            asked.append((command, bytes(arguments)))
            return 0

    cable = Cable(tmp_path, extra=Extra())
    assert cable.ask(0x30, b"ab") == b"\0hello" and asked == [(0x30, b"ab", False)]
    cable.unlock()
    assert cable.do(0x20, 7) == 0 and asked[-1] == (0x20, b"\x07")
    assert cable.ask(0x50) == bytes([native.UNKNOWN])
