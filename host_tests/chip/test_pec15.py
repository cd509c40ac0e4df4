"""PEC-15, the driver's table and the model's loop, on what others have published."""

import json

import pytest

import sim.pec15
from host_tests.shared import shared
from pec15 import pec15


def table(data) -> int:
    return pec15(data, 0, len(data))


def bitwise(data) -> int:
    return sim.pec15.pec15(data)


@pytest.mark.parametrize("compute", [table, bitwise])
def test_the_pec_of_commands_and_groups_that_data_sheets_show(compute):
    # WRCFGA and RDCVA; WRPWM, whose PEC really is zero; a configuration; a line stuck low and high
    for data, pec in (
        ("0001", 0x3D6E),
        ("0004", 0x07C2),
        ("0020", 0x0000),
        ("fc5217a40000", 0x07A0),
        ("000000000000", 0xC212),
        ("ffffffffffff", 0x664C),
    ):
        assert compute(bytes.fromhex(data)) == pec, data


@pytest.mark.parametrize("compute", [table, bitwise])
def test_all_published_vectors(compute):
    vectors = json.loads(shared("reference/chips/vectors.json").read_text())["ltc_pec15"]
    assert sum(vector["published"] for vector in vectors) == 61
    for vector in vectors:
        assert compute(bytes.fromhex(vector["input"])) == int(vector["pec"], 16), vector["name"]


def test_a_pec_within_a_larger_buffer():
    assert pec15(b"\xaa\x00\x01\xbb", 1, 2) == 0x3D6E


def test_every_flipped_bit_of_a_group_is_seen():
    group = bytearray(b"\x32\x67\xf2\x1e\x5f\x24")
    right = table(group)
    for bit in range(48):
        group[bit // 8] ^= 1 << bit % 8
        assert table(group) != right
        group[bit // 8] ^= 1 << bit % 8
