"""The key of a board that is attacked: cuts, damage, a second line, somebody who had it once."""

import os

import pytest

from bms import bits
from bms.report import ble_key
from bms.report.ble_key import new_key, read_key, write_key
from btlink import native
from btlink.native import split
from host_tests.unit.test_link import KEY, NEW_KEY, OWN, Cable
from sim.prng import Prng

OTHER = bytes(range(80, 96))
CLOSED = bytes([native.CLOSED])


@pytest.mark.parametrize("damage", ["", "zz" * 16, KEY.hex()[:20]])
def test_a_damaged_key_gives_the_board_to_nobody(tmp_path, damage):
    (tmp_path / "key.txt").write_text(damage)
    cable = Cable(tmp_path, key=None)
    assert cable.ask(native.HELLO, bytes(8)) == bytes([native.NO_KEY])
    assert cable.ask(OWN, OTHER) == CLOSED
    assert (tmp_path / "key.txt").read_text() == damage


def test_two_lines_have_one_owner(tmp_path):
    locks = []
    usb, uart = Cable(tmp_path, None, locks=locks), Cable(tmp_path, None, locks=locks)
    for cable in (usb, uart):
        cable.ask(native.HELLO, bytes(8))  # the channel is made when first asked
    assert usb.ask(OWN, KEY) == bytes(1)
    assert uart.ask(OWN, OTHER) == CLOSED and read_key(str(tmp_path / "key.txt")) == KEY
    assert uart.unlock()


def test_who_had_the_key_may_command_on_no_line_any_more(tmp_path):
    locks = []
    usb, uart = Cable(tmp_path, locks=locks), Cable(tmp_path, locks=locks)
    assert usb.unlock() and uart.unlock()
    assert uart.do(native.REQUEST, bits.REQ_ON) == 0
    assert usb.put_and_do(NEW_KEY, OTHER) == 0
    assert uart.do(native.REQUEST, bits.REQ_OFF) != 0
    assert not uart.pack.take_requests() & bits.REQ_OFF
    uart.wire.advance(5000)  # after a wrong proof
    ((_, answer),) = split(uart.send(uart.client.hello()))
    ((_, answer),) = split(uart.send(uart.client.prove(answer)))
    assert answer[0] == native.WRONG


class Cut(BaseException):
    """The power goes."""


def torn(monkeypatch, after):
    """Power goes in the `after`-th thing that `write_key` does; a file that is being written is torn."""
    left = [after]

    def count(name, act):
        def wrapped(*args):
            left[0] -= 1
            if left[0] < 0:
                raise Cut(name)
            return act(*args)

        return wrapped

    def opened(path, mode="r"):
        file = open(path, mode)
        if "w" in mode:
            write = file.write
            text = Prng(after).below(32)

            def cut(data):
                left[0] -= 1
                if left[0] < 0:
                    write(data[:text])
                    file.close()
                    raise Cut("write")
                return write(data)

            file.write = cut
        return file

    monkeypatch.setattr(ble_key, "open", opened, raising=False)
    for name in ("rename", "remove"):
        monkeypatch.setattr(ble_key.os, name, count(name, getattr(os, name)))


@pytest.mark.parametrize("before", [KEY, None])
@pytest.mark.parametrize("after", range(4))
def test_a_cut_leaves_the_old_key_or_the_new_one(tmp_path, monkeypatch, before, after):
    path = str(tmp_path / "key.txt")
    if before is not None:
        write_key(before, path)
    with monkeypatch.context() as power:
        torn(power, after)
        try:
            write_key(OTHER, path)
        except Cut:
            pass
    assert read_key(path) in (before, OTHER)
    write_key(KEY, path)
    assert read_key(path) == KEY


def test_a_key_that_is_not_kept_is_an_error_and_a_drawn_one_is_kept(tmp_path, monkeypatch):
    path = str(tmp_path / "key.txt")
    digits = new_key(path).replace(" ", "")
    assert read_key(path).hex() == digits
    with monkeypatch.context() as worn:
        worn.setattr(ble_key.os, "rename", lambda *_: None)
        with pytest.raises(OSError):
            write_key(KEY, path)
    assert read_key(path).hex() == digits
