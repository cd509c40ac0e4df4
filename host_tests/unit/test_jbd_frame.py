"""Frames on the wire: found in any stream, answered never by mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jbd import OK, REFUSED, Reply, Requests, checksum

BASIC = bytes.fromhex("dda50300fffd77")
E1 = bytes.fromhex("dd5ae1020001ff1c77")


def found(requests, data):
    """(writes, register, data) of every request in a stream."""
    out = []
    for byte in data:
        requests.put(byte)
        while requests.take():
            out.append((requests.writes, requests.register, bytes(requests.data[: requests.n])))
    return out


def test_a_read_and_a_write_are_found():
    assert found(Requests(), BASIC + E1) == [(False, 3, b""), (True, 0xE1, b"\0\1")]


@pytest.mark.parametrize("at", range(2, len(E1)))
def test_a_changed_byte_is_no_request(at):
    spoiled = bytearray(E1)
    spoiled[at] ^= 0x01
    requests = Requests()
    assert [row for row in found(requests, spoiled) if row[1] == 0xE1] == []
    requests.forget()
    assert found(requests, BASIC) == [(False, 3, b"")]


@pytest.mark.parametrize(
    "before",
    [b"\xdd", b"\xdd\xa5", b"\xdd\xdd\xdd", b"\xdd\xa5\x03\x40", b"\x77\x00", b"\xdd\x5a\x05\xff"],
)
def test_a_request_behind_garbage_is_found_at_the_latest_when_the_line_goes_on(before):
    requests = Requests()
    got = found(requests, before + BASIC)
    for _ in range(12):  # a client asks again
        got += found(requests, BASIC)
    assert (False, 3, b"") in got
    assert all(row == (False, 3, b"") for row in got)


def test_a_quiet_line_ends_what_had_begun():
    requests = Requests()
    found(requests, b"\xdd\xa5\x03\x20")
    requests.forget()
    assert found(requests, BASIC) == [(False, 3, b"")]


@given(st.binary(max_size=400))
def test_noise_costs_nothing_but_itself(noise):
    requests = Requests()
    found(requests, noise)
    requests.forget()
    assert found(requests, E1) == [(True, 0xE1, b"\0\1")]


@given(st.lists(st.sampled_from([BASIC, E1]), max_size=12), st.data())
def test_requests_may_come_in_any_pieces(frames, data):
    stream = b"".join(frames)
    assert len(found(Requests(), stream)) == len(frames)


def test_replies_are_those_of_real_boards():
    reply = Reply()
    n = reply.begin(0xE1, OK).end()
    assert reply.view[:n].hex() == "dde10000000077"
    n = reply.begin(0x24, REFUSED).end()
    assert reply.view[:n].hex() == "dd248100ff7f77"
    n = reply.begin(0x05, OK).text("JBD-SP04S034-L4S-200A-B-U").end()
    assert (
        reply.view[:n].hex() == "dd0500194a42442d53503034533033342d4c34532d323030412d422d55fa0877"
    )


def test_numbers_stop_at_their_bounds_and_never_wrap():
    reply = Reply()
    n = reply.begin(3, OK).word(70000).word(-1).signed(40000).signed(-40000).byte(300).end()
    assert reply.view[4 : n - 3].hex() == "ffff" + "0000" + "7fff" + "8000" + "ff"


def test_text_is_ascii_and_short():
    reply = Reply()
    n = reply.begin(5, OK).text("Zelle \xfc\n" + 40 * "x").end()
    assert bytes(reply.view[4 : n - 3]) == b"Zelle ??" + 23 * b"x"


@given(st.binary(max_size=60))
def test_the_checksum_is_the_negated_sum(data):
    assert (checksum(data, 0, len(data)) + sum(data)) % 0x10000 == 0
