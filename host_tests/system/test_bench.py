"""A quiet scan stays within its budget on the bus. Speeds are printed, not asserted: machines differ."""

import json

import pytest

from bench.__main__ import main
from bench.measure import bus_cost, minimum

TRANSACTIONS_MAX = 6
BYTES_RATIO_MAX = 1.3


@pytest.fixture(scope="module")
def quiet():
    return bus_cost(60)


def test_the_least_that_reads_everything_is_six_transactions_of_118_bytes():
    assert minimum() == {"transactions": 6, "bytes": 118}


def test_a_quiet_scan_never_takes_more_than_six_transactions(quiet):
    assert quiet["scans"] > 200
    assert quiet["transactions_max"] <= TRANSACTIONS_MAX


def test_a_quiet_scan_takes_at_most_1_3_times_the_least_bytes(quiet, record_property):
    ratio = quiet["bytes"] / minimum()["bytes"]
    record_property("truth", f"{quiet['bytes']:.1f} bytes a scan, {ratio:.3f} of the minimum")
    assert ratio <= BYTES_RATIO_MAX


def test_a_quiet_scan_of_a_bq76940_is_a_burst_and_a_flag(record_property):
    scan = bus_cost(60, "bq769x0")
    ratio = scan["bytes"] / minimum("bq769x0")["bytes"]
    words = f"{scan['bytes']:.1f} bytes in {scan['transactions']:.2f} transactions a scan"
    record_property("truth", f"{words}, {ratio:.3f} of the minimum")
    assert scan["transactions_max"] <= 4 and scan["transactions"] < 2.2
    assert ratio <= BYTES_RATIO_MAX


def test_a_quiet_scan_of_an_isl94202_is_a_burst_and_a_word_of_configuration(record_property):
    scan = bus_cost(60, "isl94202")
    ratio = scan["bytes"] / minimum("isl94202")["bytes"]
    record_property("truth", f"{scan['bytes']:.1f} bytes a scan, {ratio:.3f} of the minimum")
    assert scan["transactions_max"] <= 2 and ratio <= BYTES_RATIO_MAX


def test_a_quiet_scan_over_spi_is_a_frame_a_byte_and_the_configuration(record_property):
    """Each block needs one frame more than it has bytes; the rest is configuration read back."""
    scan = bus_cost(60, "bq769x2_spi")
    ratio = scan["bytes"] / minimum("bq769x2_spi")["bytes"]
    record_property("truth", f"{scan['bytes']:.1f} bytes a scan, {ratio:.3f} of the minimum")
    assert scan["transactions_max"] <= 110 and ratio <= 1.5


def test_what_an_ltc6811_chain_costs_beyond_its_readings(record_property):
    """Wake-up, configuration read back, registers cleared first; then wire test and self-test by turns."""
    scan = bus_cost(60, "ltc681x")
    ratio = scan["bytes"] / minimum("ltc681x")["bytes"]
    words = f"{scan['bytes']:.1f} bytes in {scan['transactions']:.2f} transactions a scan"
    record_property("truth", f"{words}, {ratio:.3f} of the minimum")
    assert scan["transactions_max"] <= 36 and ratio <= 1.75


def test_the_bench_prints_json_and_words(capsys):
    assert main(["--seconds", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["speed"]["firmware_ticks_s"] > 0 and told["speed"]["ticks_s"] > 0
    assert main(["--seconds", "5"]) == 0
    said = capsys.readouterr().out
    assert "bq769x0, 15 cells: " in said and "times real time" in said
