"""Thermistors: within 0.2 K of the maker's table and of the formulas, and broken wires stand out."""

import json
import math

import pytest

import ntc
from host_tests.shared import shared
from interp import check

AT = ntc.Semitec103AT()

# Semitec 103AT, as three public repositories quote the maker
SOME = {-40: 188500, -20: 67770, 0: 27280, 25: 10000, 50: 4160, 85: 1451, 100: 973.1}


def steinhart_hart(ohm):
    log = math.log(ohm)
    return 1 / (8.897696187704653e-4 + 2.510420255481374e-4 * log + 1.9462573423212633e-7 * log**3)


def by_beta(ohm, beta, r25):
    return 1 / (1 / 298.15 + math.log(ohm / r25) / beta) - 273.15


@pytest.mark.parametrize("degc", SOME)
def test_the_103at_is_within_a_tenth_of_a_kelvin_at_some_points_of_its_table(degc):
    assert abs(AT.ddegc(round(SOME[degc])) / 10 - degc) <= 0.1


def test_the_103at_is_within_0_2_k_of_every_point_of_its_table():
    table = json.loads(shared("reference/chips/vectors.json").read_text())
    points = table["conversions"]["ntc_103at_ohm"]
    assert len(points) == 19
    for degc, ohm in points.items():
        assert abs(AT.ddegc(round(ohm)) / 10 - int(degc)) <= 0.2, degc


def test_the_103at_is_within_0_2_k_of_steinhart_hart_everywhere_between():
    worst = 0
    for ohm in range(973, 188500, 7):
        worst = max(worst, abs(AT.ddegc(ohm) / 10 - (steinhart_hart(ohm) - 273.15)))
    assert worst <= 0.2


@pytest.mark.parametrize(
    "beta, r25", [(3435, 10000), (3950, 10000), (3380, 10000), (3950, 100000)]
)
def test_beta_is_within_0_2_k_of_its_formula(beta, r25):
    ntc_of = ntc.Beta(beta, r25)
    degc = -40.0
    while degc <= 100:
        ohm = round(r25 * math.exp(beta * (1 / (degc + 273.15) - 1 / 298.15)))
        if ohm < 1000000:
            assert abs(ntc_of.ddegc(ohm) / 10 - by_beta(ohm, beta, r25)) <= 0.2, degc
        degc += 0.37


def test_warmer_is_never_colder():
    for made in (AT, ntc.Beta(3435), ntc.Beta(4500, 470)):
        readings = [made.ddegc(ohm) for ohm in range(0, 400000, 13)]
        assert readings == sorted(readings, reverse=True)


@pytest.mark.parametrize("made", [AT, ntc.Beta(3435), ntc.Beta(3950, 100000)])
def test_broken_wires_are_beyond_any_setting(made):
    """The configuration's widest limits are -50 and 150 degC."""
    assert made.ddegc(0) == made.ddegc(1) == made.ddegc(-1) == ntc.SHORT_DDEGC
    assert made.ddegc(ntc.divider_ohm(16383, 8639, 10000)) == ntc.OPEN_DDEGC
    assert made.ddegc(1 << 30) == made.ddegc((1 << 30) - 1) == ntc.OPEN_DDEGC


def test_a_divider_gives_the_resistance():
    assert ntc.divider_ohm(2048, 4096, 10000) == 10000
    assert ntc.divider_ohm(0, 4096, 10000) == 0
    assert ntc.divider_ohm(4096, 4096, 10000) == ntc.divider_ohm(5000, 4096, 10000) == 2000000


def test_logarithms_are_right_within_one():
    for value in [*range(1, 5000), *range(5000, 1 << 30, 9999991), (1 << 30) - 1]:
        assert abs(ntc.log2_q12(value) - 4096 * math.log2(value)) <= 1.6, value


def test_the_table_stays_in_small_integers():
    check(ntc._LOG2_103AT, ntc._CDEGC_103AT)
    assert ntc._T25_CK * 8 * ntc._BETA_MAX < 1 << 30
    assert 65536 * ntc._LN2_T25 < 1 << 30 and 20 * 4096 < 1 << 17


@pytest.mark.parametrize("beta, r25", [(1999, 10000), (4501, 10000), (3435, 99), (3435, 1000001)])
def test_a_part_that_cannot_be_computed_is_refused(beta, r25):
    with pytest.raises(ValueError, match=f"beta {beta}, {r25} ohm"):
        ntc.Beta(beta, r25)
