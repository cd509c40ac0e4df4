"""Attacks over the air: whatever is sent, nothing changes, nothing grows, nobody waits, the FETs stay."""

import functools
import gc
import random
import sys

import pytest
from bluetooth import ESP32, PICO_W

from bms.report.ble_gate import JbdGate
from bms.report.jbd_slave import JbdSlave
from btlink import native
from btlink.native import Client, frame
from host_tests.common.ble_rig import BleRig, request
from host_tests.common.scan_rig import Rig
from roles import BOTH

KEY = bytes(range(16))
CELLS = request(4)


def state(pack):
    """All that an attacker could want to change."""
    return (
        pack.config.hash,
        pack.lock,
        pack.user_off,
        pack.mode.mode,
        pack.intent,
        pack._requests,
        bytes(pack.protect.state),
        pack.journal.n,
    )


class Attack:
    """A healthy pack; on leaving the block it still is the same, scans all the while."""

    def __init__(self, limits=PICO_W, links=1, **values):
        self.rig = BleRig(limits, links, key=KEY, **values)
        self.before = state(self.rig.pack)

    def __enter__(self):
        return self.rig

    def __exit__(self, kind, error, trace):
        if error is None:
            self.check()

    def check(self):
        rig = self.rig
        rig.rig.run(2)
        assert rig.sound() and rig.kept == []
        assert state(rig.pack) == self.before and rig.rig.roles.fets == BOTH and rig.rig.permits()


def noise(dice, n):
    """Bytes that look like frames here and there."""
    parts = []
    while n > 0:
        kind = dice.randrange(6)
        if kind == 0:
            part = dice.randbytes(dice.randrange(1, 60))
        elif kind == 1:
            part = request(
                dice.randrange(256), dice.randbytes(dice.randrange(65)), bool(dice.randrange(2))
            )
        elif kind == 2:
            part = bytes(
                [0xDD, dice.choice([0xA5, 0x5A]), dice.randrange(256), dice.randrange(80)]
            )
        elif kind == 3:
            whole = bytearray(
                request(dice.choice([0, 1, 0xE1, 0xFB, 0x0A]), dice.randbytes(2), True)
            )
            whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
            part = bytes(whole)
        elif kind == 4:
            part = b"\xff\xaa" + dice.randbytes(dice.randrange(20))
        else:
            part = frame(dice.randrange(256), dice.randbytes(dice.randrange(64)))
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def test_a_million_bytes_change_nothing_and_every_sound_request_in_them_is_answered_in_form():
    rig = Rig(12)
    slave = JbdSlave(rig.pack, on_config=None, gate=JbdGate(True, False))
    before = state(rig.pack)
    dice = random.Random(1)
    said = 0
    for byte in dice.randbytes(500_000) + noise(dice, 500_000):
        slave.put(byte)
        n = slave.answer()
        while n:
            said += 1
            assert slave.view[0] == 0xDD and slave.view[n - 1] == 0x77 and n == 7 + slave.view[3]
            n = slave.answer()
    rig.run(2)
    assert said > 1000
    assert state(rig.pack) == before and rig.roles.fets == BOTH


@pytest.mark.parametrize("seed", range(4))
def test_a_million_frames_of_both_protocols_leave_nothing_behind(seed):
    """A quarter of them each, half of them spoiled somewhere; blocks of memory are counted on the way."""
    rig = BleRig(key=KEY)
    talk, before = rig.room.radio.links[0].talk, state(rig.pack)
    dice = random.Random(seed)
    meant = [b"\0\1", b"\0\3", b"\x56\x78", b"\x28\x28", b"\4\0", b"\0\0"]
    jbd = [
        request(dice.choice((0, 1, 0x0A, 0xE1, 0xFB, 0x24)), dice.choice(meant), write=True)
        if n % 4 == 0
        else request(dice.randrange(256), dice.randbytes(dice.randrange(6)), bool(n & 1))
        for n in range(2000)
    ]
    ours = [frame(dice.randrange(20), dice.randbytes(dice.randrange(9))) for _ in range(2000)]
    said, blocks = [0, 0], []
    for n in range(125_000):
        one, other = bytearray(dice.choice(jbd)), bytearray(dice.choice(ours))
        if n & 1:
            one[dice.randrange(len(one))] ^= 1 << dice.randrange(8)
            other[dice.randrange(len(other))] ^= 1 << dice.randrange(8)
        for byte in one:
            talk.slave.put(byte)
            said[0] += talk.slave.answer() > 0
        said[1] += talk.native.take(other) > 0
        if not n % 25_000:
            gc.collect()
            blocks.append(sys.getallocatedblocks())
    assert min(said) > 50_000 and rig.kept == []
    assert state(rig.pack) == before and not talk.native.session.open
    # of 75,000 frames not one in thirty leaves a block; the runner's own threads come and go with a thousand
    assert blocks[-1] - blocks[1] < 2500, "nothing grows"


def test_the_radio_takes_noise_on_both_services_and_serves_the_next_who_asks():
    with Attack(ble_idle_s=3600) as rig:
        central = rig.connect(247)
        dice = random.Random(2)
        for handle in (rig.table.jbd_in, rig.table.native_in):
            for _ in range(400):
                data = noise(dice, dice.randrange(1, 200))
                central.write(handle, data[: dice.randrange(1, 245)])
                rig.pass_ms(100)
            rig.rig.run()
        central.leave()
        rig.pass_ms(200)
        assert len(rig.ask(rig.connect(), CELLS)) == 15


def test_every_write_there_is_is_refused_over_the_air():
    with Attack(ble_idle_s=3600) as rig:
        central = rig.connect(247)
        for register in range(256):
            for data in (
                b"",
                b"\0\0",
                b"\0\3",
                b"\x56\x78",
                b"\x28\x28",
                b"\4\0",
                b"\1\1",
                bytes(12),
            ):
                reply = rig.ask(central, request(register, data, write=True))
                rig.reporter.advance(60)
                passes = register in (6, 7, 9) or (
                    register == 1 and data in (b"", b"\0\0", bytes(12))
                )
                assert len(reply) == 7 and reply[2] == (0 if passes else 0x81)


def test_who_floods_is_sent_away_and_nothing_of_it_waits_afterwards():
    with Attack() as rig:
        central = rig.connect(247)
        for i in range(20_000):
            central.write(rig.table.jbd_in if i % 2 else rig.table.native_in, CELLS * (i % 30))
        assert rig.reporter.links[0].inbox.lost_n >= 19_000
        rig.pass_ms(200)
        assert not central.there
        assert len(rig.ask(rig.connect(247), CELLS)) == 15
        rig.pass_ms(100)
        assert rig.air.centrals, "the flood of one before is nobody else's"


def test_who_writes_faster_than_it_is_answered_now_and_then_stays():
    with Attack() as rig:
        central = rig.connect(247)
        for _ in range(60):
            for _ in range(30):
                central.write(rig.table.jbd_in, CELLS)
            rig.pass_ms(1000)
        central.got.clear()
        assert central.there and len(rig.ask(central, CELLS)) == 15


def test_writes_of_any_size_are_taken():
    with Attack() as rig:
        central = rig.connect(247)
        for n in (0, 1, 19, 20, 21, 127, 128, 129, 244, 512):
            for byte in (0x00, 0xDD, 0xC3, 0xFF):
                for handle in (rig.table.jbd_in, rig.table.native_in):
                    central.write(handle, bytes([byte]) * n)
                    rig.pass_ms(200)
        rig.pass_ms(1000)
        assert rig.ask(central, CELLS) and rig.air.centrals
        central.write(rig.table.native_in, frame(native.ABOUT))
        rig.work()
        assert central.take(rig.table.native_out)


def test_what_is_cut_off_or_interleaved_never_becomes_a_request_of_somebody_else():
    off = request(0xE1, b"\0\3", write=True)
    with Attack(ESP32, links=2, ble_off=0) as rig:
        one = rig.connect()
        rig.pass_ms(100)
        two = rig.connect()
        for cut in range(1, len(off)):
            one.write(rig.table.jbd_in, off[:cut])
            two.write(rig.table.jbd_in, off[cut:])
            two.write(rig.table.jbd_in, off[:cut])
            one.write(rig.table.jbd_in, CELLS)
            rig.pass_ms(500)
        assert all(b"\xdd\xe1\0" not in data for central in (one, two) for _, data in central.got)


def test_guessing_the_key_is_slow_whoever_connects():
    with Attack() as rig:
        tried = 0
        for _ in range(360):
            central = rig.connect(247)
            central.write(rig.table.native_in, frame(native.HELLO, bytes(8)))
            central.write(rig.table.native_in, frame(native.PROVE, bytes(16)))
            rig.pass_ms(9900)
            tried += bytes([0x91, 1, native.WRONG]) in central.take(rig.table.native_out)
            central.leave()
            rig.pass_ms(100)
        assert tried <= 25, "in an hour"


def test_the_owner_comes_in_after_an_attack_as_soon_as_the_wait_is_over():
    rig = BleRig(key=KEY, ble_idle_s=3600)
    for _ in range(40):
        rig.lock.fail()
    rig.pass_ms(256_000)
    central, owner = rig.connect(247), Client(KEY)
    central.write(rig.table.native_in, owner.hello())
    rig.work()
    ((_, answer),) = native.split(central.take(rig.table.native_out))
    central.write(rig.table.native_in, owner.prove(answer))
    rig.work()
    ((_, answer),) = native.split(central.take(rig.table.native_out))
    assert owner.believes(answer)


def test_every_bit_of_a_command_is_covered_by_its_proof():
    rig = BleRig(key=KEY, ble_idle_s=3600)
    central, owner = rig.connect(247), Client(KEY)

    def say(data):
        central.write(rig.table.native_in, data)
        rig.work()
        rig.pass_ms(100)
        return native.split(central.take(rig.table.native_out))[0][1]

    for bit in range(8 * (4 + 1 + 1 + 16)):
        rig.lock.forgive()
        assert owner.believes(say(owner.prove(say(owner.hello()))))
        whole = bytearray(owner.do(native.LOCK_FETS, BOTH)[3:-1])
        whole[bit // 8] ^= 1 << bit % 8
        assert say(frame(native.DO, bytes(whole)))[0] in (native.WRONG, native.OLD)
        assert rig.pack.lock == 0
    assert say(frame(native.DO, bytes(30))) == bytes([native.CLOSED])


@pytest.mark.parametrize("limits, links", [(PICO_W, 1), (ESP32, 3)])
def test_storms_of_connections_lose_no_place(limits, links):
    with Attack(limits, links) as rig:
        dice = random.Random(3)
        there = []
        for _ in range(2000):
            if dice.randrange(2):
                central = rig.air.connect()
                if central is not None:
                    there.append(central)
            elif there:
                there.pop(dice.randrange(len(there))).leave()
            for central in there:
                if central.there and dice.randrange(3) == 0:
                    central.write(rig.table.jbd_in, CELLS[: dice.randrange(8)])
            if dice.randrange(3) == 0:
                rig.pass_ms(100)
            there = [central for central in there if central.there]
        for central in there:
            central.leave()
        rig.pass_ms(5000)
        fresh = []
        for _ in range(links):
            fresh.append(rig.connect())
            rig.pass_ms(100)
        assert all(len(rig.ask(central, CELLS)) == 15 for central in fresh)


def test_a_stack_that_cannot_tell_the_level_now_sends_nobody_away():
    with Attack() as rig:
        central = rig.connect()
        told = []

        def full(handle, data):
            told.append(data)
            raise OSError(12)

        rig.air.update = full
        rig.pack.soc.soc_pm -= 100
        rig.pass_ms(3000)
        assert len(told) == 1 and central.there and len(rig.ask(central, CELLS)) == 15


def lines(call):
    """Lines of Python that a call runs: a measure of its time that is the same on every machine."""
    count = 0

    def local(frame, event, arg):
        nonlocal count
        count += event == "line"
        return local

    before = sys.gettrace()  # a measurement of coverage goes on afterwards
    sys.settrace(lambda frame, event, arg: local)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


WORST = {
    "requests": CELLS * 18,
    "basic": request(3) * 18,
    "heads": b"\xdd\xa5\x04\x40" * 32,
    "starts": b"\xdd" * 128,
    "false frames": (b"\xdd\xa5\x04\x39" + b"\xdd\xa5\x03" * 20)[:64] * 2,
    "long reads": request(4, bytes(64)) * 2,
}


@pytest.mark.parametrize("attack", WORST)
def test_no_piece_of_work_is_long_and_the_scan_comes_in_between(attack):
    with Attack(cell_n=16) as rig:
        central = rig.connect(23)
        link = rig.room.radio.links[0]  # all code of it is there
        longest = 0
        for _ in range(6):
            central.write(rig.table.jbd_in, WORST[attack])
        for _ in range(60):
            longest = max(longest, lines(link.work))
            rig.reporter.advance(40)
        assert 10 < longest < 1600, longest


def test_no_answer_of_our_own_service_is_long_whatever_is_wrong_with_the_pack():
    """Twenty rows that tripped before the oldest record there is."""
    with Attack(cell_n=16) as rig:
        pack = rig.pack
        native_side = rig.room.radio.links[0].talk.native
        longest = {}
        held = bytes(pack.protect.state)
        for row in range(20):
            pack.protect.state[row] = 1
        n = pack.journal.n
        for _ in range(pack.journal.depth):
            pack.journal.note(0, 0, -1, 0, 0, pack)
        for kind in range(0x14):
            wish = frame(kind, bytes({2: 3, 4: 4, 5: 1, 16: 8, 17: 16, 18: 22}.get(kind, 0)))
            longest[kind] = lines(functools.partial(native_side.take, wish))
        native_side.take(frame(native.WATCH, b"\xe8\3\x05"))
        for told in range(3):
            longest[f"told {told}"] = lines(native_side.news)
        for row in range(20):
            pack.protect.state[row] = held[row]
        pack.journal.n = n
        assert max(longest.values()) < 2500, longest


def test_what_a_pack_is_worth_is_told_a_few_times_a_second_since_its_code_is_loaded_each_time():
    with Attack() as rig:
        central = rig.connect(247)
        for _ in range(100):
            for _ in range(3):
                central.write(rig.table.native_in, frame(native.HEALTH))
            rig.pass_ms(100)
        told = native.split(central.take(rig.table.native_out))
        assert 40 <= len(told) <= 50, "in ten seconds"
        assert central.there


def test_the_interrupt_does_next_to_nothing():
    with Attack(ESP32, links=3) as rig:
        central = rig.connect(247)
        ble = rig.air.ble
        handler, data = ble.state.handler, (central.conn, rig.table.jbd_in)
        ble.state.values[rig.table.jbd_in].take(bytes(128))
        assert lines(lambda: handler(3, data)) < 60
