"""The loops of a scan, twice: plain, and as the source of the machine code. They must agree."""

import builtins
import importlib
import sys
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fast
from crc8 import TABLE, crc8

INT = st.integers(-(1 << 30), (1 << 30) - 1)


@pytest.fixture(scope="module")
def twins():
    """Plain and native source as CPython reads them; there a pointer type is only a name."""
    for name in ("ptr8", "ptr32"):
        setattr(builtins, name, lambda value: value)
    try:
        sys.modules.pop("fast_native", None)
        native = importlib.import_module("fast_native")
    finally:
        del builtins.ptr8, builtins.ptr32
        sys.modules.pop("fast_native", None)
    return fast, native


def test_without_native_code_the_plain_loops_serve():
    assert fast.unpack_crc.__module__ == "fast"


@given(
    st.binary(min_size=1, max_size=48),
    st.integers(0, 255),
    st.integers(0, 95),
    st.integers(0, 255),
)
def test_unpacking_stops_at_the_first_wrong_crc(twins, data, crc, at, flip):
    wire = bytearray()
    before = crc
    for byte in data:
        wire += bytes([byte, crc8([byte], 1, before)])
        before = 0
    wire[at % len(wire)] ^= flip
    outs = []
    for module in twins:
        out = bytearray(len(data))
        outs.append((module.unpack_crc(wire, out, len(data), crc, TABLE), bytes(out)))
    assert outs[0] == outs[1]
    good_n = outs[0][0]
    assert good_n == (at % len(wire) // 2 if flip else len(data))
    assert outs[0][1][:good_n] == data[:good_n]


@given(st.binary(min_size=40, max_size=40), st.lists(st.integers(0, 38), min_size=1, max_size=16))
def test_words_are_signed_and_come_from_where_they_are_said_to_be(twins, data, at):
    for module in twins:
        out = array("i", [0] * len(at))
        module.pick_words(data, bytes(at), out, len(at))
        assert list(out) == [int.from_bytes(data[k : k + 2], "little", signed=True) for k in at]


@given(st.lists(INT, max_size=16), st.integers(0, 8))
def test_the_low_half_of_each_value_is_put_where_it_is_said(twins, values, at):
    for module in twins:
        data = bytearray(b"\xa5" * 48)
        module.put_words(array("i", values), data, at, len(values))
        words = b"".join((value & 0xFFFF).to_bytes(2, "little") for value in values)
        assert data == b"\xa5" * at + words + b"\xa5" * (48 - at - len(words))


@given(st.lists(INT, max_size=16), st.integers(0, 4))
def test_so_many_are_copied_and_no_more(twins, values, more):
    for module in twins:
        out = array("i", [7] * (len(values) + more))
        module.copy_ints(array("i", values), out, len(values))
        assert list(out) == values + [7] * more


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=20))
def test_largest_smallest_and_sum(twins, values):
    for module in twins:
        out = array("i", [7, 7, 7])
        module.extremes(array("i", values), out, len(values))
        assert list(out) == [max(values), min(values), sum(values)]


@given(
    st.lists(st.tuples(INT, st.sampled_from([1, -1]), INT, st.booleans()), min_size=1, max_size=12)
)
def test_the_first_row_beyond_its_limit_is_found(twins, rows):
    n = len(rows)
    q = array("i", [row[0] for row in rows])
    which = bytearray(range(n))
    sense = array("b", [row[1] for row in rows])
    limit = array("i", [row[2] for row in rows])
    marked = bytearray(row[3] for row in rows)
    hits = [i for i, row in enumerate(rows) if row[3] or row[0] * row[1] >= row[2]]
    for module in twins:
        found = []
        i = module.first_beyond(q, which, sense, limit, marked, 0, n)
        while i < n:
            found.append(i)
            i = module.first_beyond(q, which, sense, limit, marked, i + 1, n)
        assert found == hits
