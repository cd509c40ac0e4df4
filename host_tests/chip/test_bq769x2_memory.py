"""From configuration to data memory: codes, their safe side, and what the chip cannot hold."""

import json
import math
import struct
from fractions import Fraction

import pytest

from bms.fields import FIELDS
from bq769x2 import BQ76942, BQ76952
from bq769x2_memory import Memory
from bq769x2_window import CELL_NTC
from host_tests.chip.driver_rig import Rig, config
from host_tests.shared import shared

LIMITS = {row[0]: (row[2], row[3]) for row in FIELDS}


def conversions(name):
    return json.loads(shared("reference/chips/vectors.json").read_text())["conversions"][name]


def memory(**changes):
    return Memory(config(**changes), 0xFFFF, {"TS1": CELL_NTC})


def code(address, n=1, signed=False, **changes):
    """Content of a register for a configuration."""
    for window in memory(**changes).windows:
        at = address - window.address
        if 0 <= at < 32:
            assert window.own[at] == 1
            return int.from_bytes(window.data[at : at + n], "little", signed=signed)
    raise AssertionError(f"0x{address:04x} is not ours")


def applied(field, **changes):
    return memory(**changes).applied[field]


# voltages


@pytest.mark.parametrize("mv", [3500, 3542, 3543, 3650, 3744, 3745, 3750, 3794, 3795, 3850])
def test_over_voltage_is_the_nearest_step_not_above(mv):
    steps = code(0x9278, chip_cov_mv=mv)
    assert steps == math.floor(Fraction(mv) / Fraction("50.6"))
    assert applied("chip_cov_mv", chip_cov_mv=mv) == int(steps * Fraction("50.6"))


@pytest.mark.parametrize("mv", [2000, 2024, 2025, 2479, 2480, 2500, 2530, 2531, 3000])
def test_under_voltage_is_the_nearest_step_not_below(mv):
    steps = code(0x9275, chip_cuv_mv=mv)
    assert steps == math.ceil(Fraction(mv) / Fraction("50.6"))
    assert applied("chip_cuv_mv", chip_cuv_mv=mv) == int(steps * Fraction("50.6"))


def test_published_voltage_codes_are_worth_what_the_vectors_say():
    for vector in conversions("bq769x2_cov_code"):
        mv = math.ceil(vector["effective_mV"])
        values = {"chip_cov_mv": mv, "cov_clear_mv": 3450}
        assert code(0x9278, **values) == vector["code"]
        assert applied("chip_cov_mv", **values) == int(vector["effective_mV"])
    for vector in conversions("bq769x2_cuv_code"):
        mv = int(vector["effective_mV"])
        assert code(0x9275, chip_cuv_mv=mv) == vector["code"]
        assert applied("chip_cuv_mv", chip_cuv_mv=mv) == int(vector["effective_mV"])


def test_the_chip_recovers_just_before_the_host():
    steps = code(0x9278) - code(0x927C)
    assert 3450 <= steps * 50.6 < 3450 + 50.6
    steps = code(0x9275) + code(0x927B)
    assert 3100 - 50.6 < steps * 50.6 <= 3100


@pytest.mark.parametrize("clear, steps", [(3200, 10), (3700, 2), (1000, 20)])
def test_the_hysteresis_stays_in_the_chips_range(clear, steps):
    assert code(0x927C, cov_clear_mv=clear) == steps


# delays


def test_published_delays_are_worth_what_the_vectors_say():
    for vector in conversions("bq769x2_delay_ms"):
        ms = math.ceil(vector["ms"])
        assert code(0x9279, 2, chip_cov_ms=ms) == vector["code"]
        assert applied("chip_cov_ms", chip_cov_ms=ms) == int(vector["ms"])


@pytest.mark.parametrize("ms", [10, 11, 13, 14, 100, 320, 424, 425])
def test_current_delays_are_never_longer_than_asked(ms):
    for field, address in (("occ2_ms", 0x9281), ("ocd2_ms", 0x9283), ("ocd2_ms", 0x9285)):
        steps = code(address, **{field: ms})
        assert (steps + 2) * 3.3 <= ms < (steps + 3) * 3.3
        assert applied(field, **{field: ms}) == int((steps + 2) * Fraction("3.3"))


@pytest.mark.parametrize(
    "us, steps, worth", [(15, 2, 15), (195, 14, 195), (209, 14, 195), (450, 31, 450)]
)
def test_short_circuit_delay_steps_by_15_us(us, steps, worth):
    assert code(0x9287, scd_us=us) == steps
    assert applied("scd_us", scd_us=us) == worth


def test_temperature_delays_and_watchdog_are_seconds():
    assert [code(a, temp_ms=2999) for a in (0x929B, 0x929E, 0x92A1, 0x92A4, 0x92A7, 0x92AA)] == [
        2
    ] * 6
    assert applied("temp_ms", temp_ms=2999) == 2000
    assert code(0x92B2, 2, host_watchdog_s=10) == 10


# currents


@pytest.mark.parametrize("shunt_uohm", [50, 250, 500, 1000, 3000])
@pytest.mark.parametrize("uv", [4000, 4001, 5999, 6000, 50000, 123999, 124000])
def test_over_current_is_the_nearest_step_not_above(shunt_uohm, uv):
    ma = uv * 1000 // shunt_uohm
    if ma * shunt_uohm < 4000 * 1000:
        ma += 1
    values = {"shunt_uohm": shunt_uohm, "occ2_ma": ma, "ocd2_ma": ma, "scd_ma": 16 * ma}
    steps = ma * shunt_uohm // 2000000
    for address in (0x9280, 0x9282, 0x9284):
        assert code(address, **values) == steps
    for field in ("occ2_ma", "ocd2_ma"):
        assert applied(field, **values) == steps * 2000000 // shunt_uohm <= ma


@pytest.mark.parametrize(
    "field, low, high",
    [("occ2_ma", 8000, 248000), ("ocd2_ma", 8000, 400000)],
)
def test_a_current_outside_the_chip_is_refused_with_what_it_takes(field, low, high):
    for ma in (low - 1, high + 4000):
        words = f"{field}: {ma} does not fit .*allowed {low}..{high}"
        with pytest.raises(ValueError, match=words):
            memory(**{field: ma, "scd_ma": 900000})
    memory(**{field: low, "scd_ma": 900000})
    memory(**{field: high, "scd_ma": 900000})


SCD_MV = [10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500]


@pytest.mark.parametrize("index", range(1, 16))
def test_short_circuit_is_rounded_down_to_a_step(index):
    exact = SCD_MV[index] * 1000
    for ma, step in ((exact, index), (exact - 1, index - 1)):
        values = {"shunt_uohm": 1000, "scd_ma": ma, "ocd2_ma": 4000}
        assert code(0x9286, **values) == step
        assert applied("scd_ma", **values) == SCD_MV[step] * 1000


def test_a_short_circuit_limit_above_all_steps_is_the_highest():
    assert applied("scd_ma", shunt_uohm=1000, scd_ma=900000, ocd2_ma=4000) == 500000


def test_a_short_circuit_limit_below_all_steps_is_refused():
    with pytest.raises(ValueError, match=r"scd_ma: 19999 does not fit .*allowed 20000\.\."):
        memory(scd_ma=19999)


def test_a_short_circuit_step_must_stay_above_the_over_current():
    with pytest.raises(ValueError, match="scd_ma: 210000 is 200000 in the monitor"):
        memory(scd_ma=210000)


@pytest.mark.parametrize(
    "scd_ma, ocd2_ma, occ2_ma, per_bit, register",
    [
        (300000, 200000, 100000, 10, 0x06),
        (32001, 8000, 8000, 10, 0x06),
        (32000, 10666, 32000, 1, 0x05),
        (32000, 10667, 32000, 10, 0x06),
        (32000, 10666, 32001, 10, 0x06),
    ],
)
def test_currents_beyond_a_word_of_milliamps_are_read_in_10_ma(
    scd_ma, ocd2_ma, occ2_ma, per_bit, register
):
    values = {"scd_ma": scd_ma, "ocd2_ma": ocd2_ma, "occ2_ma": occ2_ma}
    assert memory(**values).ma_per_bit == per_bit
    assert code(0x9303, **values) == register


@pytest.mark.parametrize(
    "values, user, seconds",
    [
        ({"ocd1_ma": 110009, "ocd1_ms": 10000}, -11000, 12),
        ({"ocd1_ma": 110000, "ocd1_ms": 10001}, -11000, 13),
        ({"ocd1_ma": 9999, "ocd2_ma": 10000, "occ2_ma": 20000, "scd_ma": 30000}, -9999, 12),
    ],
)
def test_the_mean_current_has_the_limit_of_the_host_and_a_little_more_time(values, user, seconds):
    assert code(0x928A, 2, signed=True, **values) == user
    assert code(0x928C, **values) == seconds


def test_currents_are_scaled_once_a_configuration_is_loaded():
    rig = Rig()
    rig.i2c.put16(0x3A, -1234)
    assert rig.chip.read_current() == -1234
    rig.chip.load(config())
    assert rig.chip.read_current() == -12340


@pytest.mark.parametrize("shunt_uohm", [250, 500, 1000])
def test_gains_follow_the_shunt(shunt_uohm):
    window = memory(shunt_uohm=shunt_uohm, occ2_ma=60000, ocd2_ma=60000).windows[0]
    assert window.address == 0x91A8
    gain, capacity = struct.unpack_from("<ff", window.data)
    assert gain == pytest.approx(7568.4 / shunt_uohm)
    assert capacity == pytest.approx(gain * 298261.6178)


# temperatures


@pytest.mark.parametrize(
    "field, address, ddegc, degc",
    [
        ("otc_ddegc", 0x929A, 500, 53),
        ("otc_ddegc", 0x929A, 501, 54),
        ("otd_ddegc", 0x929D, 600, 63),
        ("otf_ddegc", 0x92A0, 1000, 103),
        ("otint_ddegc", 0x92A3, 850, 88),
        ("utc_ddegc", 0x92A6, 0, 0),
        ("utc_ddegc", 0x92A6, 1, 1),
        ("utd_ddegc", 0x92A9, -200, -23),
        ("utd_ddegc", 0x92A9, -201, -24),
        ("utd_ddegc", 0x92A9, -350, -38),
        ("utd_clear_ddegc", 0x92AB, -155, -19),
    ],
)
def test_temperatures_trip_outside_the_host_and_never_colder_for_charging(
    field, address, ddegc, degc
):
    assert code(address, signed=True, **{field: ddegc}) == degc
    assert applied(field, **{field: ddegc}) == degc * 10


def test_the_chip_forbids_charging_wherever_the_host_does():
    for utc in range(151):
        assert code(0x92A6, signed=True, utc_ddegc=utc) * 10 >= utc


def test_every_recovery_lies_inside_its_threshold():
    for low, high in ((0x929C, 0x929A), (0x929F, 0x929D), (0x92A2, 0x92A0), (0x92A5, 0x92A3)):
        assert code(low, signed=True) < code(high, signed=True)
    for low, high in ((0x92A6, 0x92A8), (0x92A9, 0x92AB)):
        assert code(low, signed=True) < code(high, signed=True)


def test_the_chip_goes_to_shutdown_only_above_its_own_fet_limit():
    assert code(0x9244, otint_ddegc=1000) == code(0x92A3, otint_ddegc=1000) + 10


# constants and wiring


@pytest.mark.parametrize(
    "address, n, value",
    [
        (0x9234, 2, 0x2882),
        (0x9261, 1, 0xFC),
        (0x9263, 1, 0x82),
        (0x9265, 1, 0x98),
        (0x9267, 1, 0x56),
        (0x9269, 1, 0xE4),
        (0x926B, 1, 0xE2),
        (0x926D, 2, 0xE000),
        (0x9304, 2, 0xFFFF),
        (0x9308, 1, 0x3D),
        (0x930E, 1, 0),
        (0x930F, 1, 100),
        (0x92FA, 1, 0x86),
        (0x92FB, 1, 0x86),
        (0x92FC, 1, 0x82),
        (0x9335, 1, 0),
        (0x9339, 1, 20),
        (0x933A, 1, 8),
        (0x9338, 1, 75),
    ],
)
def test_a_register_holds_what_we_decided(address, n, value):
    assert code(address, n) == value


def test_host_watchdog_opens_both_fets():
    hwdf = 0x02
    assert code(0x9263) & code(0x9267) & code(0x926B) & hwdf


def test_every_enabled_protection_opens_a_fet():
    for i, enabled in enumerate((0x9261, 0x9262, 0x9263)):
        assert code(enabled) & ~(code(0x9265 + i) | code(0x9269 + i)) == 0


def test_recovery_currents_are_signed():
    assert code(0x928D, 2, signed=True) == -100
    assert code(0x9288, 2, signed=True) == 100
    assert code(0x9336, signed=True) == -20


def test_precharge_is_the_chips_only_when_configured():
    assert code(0x9308, precharge_on=0) == 0x2D


def test_thermistors_are_configured_where_they_sit():
    rig = Rig(part=BQ76942, cell_n=9, ntc=("TS1", "TS2"), fet_ntc="DCHG").armed(cell_n=9, ntc_n=2)
    pins = [rig.memory(0x92FD + i) for i in range(6)]
    assert pins == [0x07, 0x07, 0, 0, 0x0F, 0]
    assert rig.memory(0x9262) == 0xF3  # OTF with the rest
    assert rig.memory(0x9234, 2) == 0x3882  # TS2 pulled low would wake the chip
    assert rig.memory(0x9304, 2) == 0x02FF


def test_without_a_fet_thermistor_its_protection_is_not_enabled():
    assert code(0x9262) == 0x73


# as a whole


def test_applied_names_every_field_the_chip_holds():
    assert set(memory().applied) == {
        "chip_cuv_mv", "chip_cuv_ms", "chip_cov_mv", "chip_cov_ms",
        "occ2_ma", "occ2_ms", "ocd2_ma", "ocd2_ms", "scd_ma", "scd_us",
        "otc_ddegc", "otc_clear_ddegc", "otd_ddegc", "otd_clear_ddegc",
        "otf_ddegc", "otf_clear_ddegc", "otint_ddegc", "otint_clear_ddegc",
        "utc_ddegc", "utc_clear_ddegc", "utd_ddegc", "utd_clear_ddegc", "temp_ms",
        "host_watchdog_s", "precharge_mv", "bal_die_stop_ddegc", "bal_max_n",
    }  # fmt: skip


def test_every_field_of_the_table_fits_at_both_ends_of_its_envelope_or_is_refused_by_name():
    for field in sorted(memory().applied):
        for value in LIMITS[field]:
            try:
                memory(**{field: value})
            except ValueError as error:
                assert str(error).startswith(("occ2_ma: ", "ocd2_ma: ", "scd_ma: ")), error


def test_no_window_splits_or_overlaps_a_register():
    ends = 0
    for window in memory().windows:
        assert window.address >= ends
        ends = window.address + 1 + max(i for i in range(32) if window.own[i])
        for i in range(32):
            assert window.own[i] != 2 or (i and window.own[i - 1])


@pytest.mark.parametrize("field, value", [("cell_n", 15), ("ntc_n", 2)])
def test_a_configuration_for_another_wiring_is_refused(field, value):
    with pytest.raises(ValueError, match=f"{field}: {value}, wired are"):
        Rig(part=BQ76952).chip.load(config(**{field: value}))


def test_settings_for_the_next_start_may_be_for_another_wiring():
    chip = Rig(part=BQ76952).chip
    chip.check(config(cell_n=15, ntc_n=2))
    with pytest.raises(ValueError, match="occ2_ma"):
        chip.check(config(cell_n=15, occ2_ma=300))


def test_a_refused_configuration_changes_nothing():
    rig = Rig().armed()
    before = rig.chip.applied
    with pytest.raises(ValueError, match="occ2_ma"):
        rig.chip.load(config(occ2_ma=300))
    assert rig.chip.applied is before
    rig.i2c.put16(0x3A, 1)
    assert rig.chip.read_current() == 10
    assert rig.chip.verify_all() == 0
