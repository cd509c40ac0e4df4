"""The LTC681x driver: what it puts on the wire, what it makes of answers, what it says when they are wrong."""

import errno

import pytest

from host_tests.chip.ltc681x_rig import Rig, config
from roles import FLAG_RESET, STEP_DIFFERS, STEP_PASS, TEMP_NONE, TRIP_COV, TRIP_CUV
from sim.chips.ltc681x_measure import FET_NODE
from sim.mischief_bus import BitFlip
from sim.mischief_spi import SpokenTo, StuckMiso
from sim.prng import Prng


class Recorder:
    """An SPI that answers 0xFF and remembers frames between two edges of chip select."""

    def __init__(self):
        self.frames = []

    def cs(self, level):
        if not level:
            self.frames.append(bytearray())

    def write(self, buf):
        self.frames[-1] += buf

    def write_readinto(self, out, buf):
        self.frames[-1] += out
        buf[:] = b"\xff" * len(buf)

    def commands(self):
        return [frame[:4].hex() for frame in self.frames if len(frame) >= 4]


def test_commands_on_the_wire_are_the_published_bytes():
    from ltc681x_link import Link

    spi = Recorder()
    link = Link(spi, spi.cs, 1, lambda us: None)
    for code in (0x360, 0x368, 0x328, 0x560, 0x711, 0x712, 0x028, 0x029, 0x327, 0x715):
        link.command(code)
    assert spi.commands() == [
        "0360f46c",
        "03681c62",
        "0328fbe8",
        "0560d3a0",
        "0711c9c0",
        "0712dfa4",
        "0028e80e",
        "0029633c",
        "0327b41c",
        "0715785e",
    ]


def test_a_write_sends_the_farthest_device_first_with_a_pec_for_each():
    from ltc681x_link import Link

    spi = Recorder()
    link = Link(spi, spi.cs, 2, lambda us: None)
    link.out[:] = bytes.fromhex("fc5217a40000") + bytes.fromhex("fc0000000000")
    link.write(0x001)
    assert spi.frames[-1].hex() == "00013d6e" + "fc0000000000" + "4f82" + "fc5217a40000" + "07a0"


def test_the_limits_of_the_reference():
    rig = Rig()
    rig.chip.load(config(cell_n=12, ntc_n=2, chip_cuv_mv=3000, chip_cov_mv=4200))
    assert bytes(rig.chip._settings.a).hex() == "fc5217a40000"
    assert rig.chip.applied["chip_cuv_mv"] == 3000 and rig.chip.applied["chip_cov_mv"] == 4200


@pytest.mark.parametrize("cuv, cov", [(2500, 3750), (2501, 3751), (2999, 3849)])
def test_limits_are_rounded_to_the_side_that_trips_earlier(cuv, cov):
    rig = Rig()
    rig.chip.load(config(cell_n=12, ntc_n=2, chip_cuv_mv=cuv, chip_cov_mv=cov))
    applied = rig.chip.applied
    assert cuv <= applied["chip_cuv_mv"] <= cuv + 1 and cov - 3 < applied["chip_cov_mv"] <= cov


@pytest.mark.parametrize("field", ["cell_n", "ntc_n"])
def test_a_configuration_for_another_wiring_is_refused(field):
    with pytest.raises(ValueError, match=field):
        Rig().chip.load(config(**{"cell_n": 12, "ntc_n": 2, field: 5}))


CHAINS = [
    ((12,), "LTC6811"),
    ((18,), "LTC6813"),
    ((12, 7, 4), "LTC6811"),
    ((18, 14), "ADBMS1818"),
    ((12,) * 8, "LTC6811"),
]


@pytest.mark.parametrize("cells, part", CHAINS)
def test_every_cell_of_a_chain_is_read_in_its_place(cells, part):
    rig = Rig(cells, part)
    rig.chip.probe()
    rig.armed()
    assert rig.read() == [3300 + i for i in range(sum(cells))]
    assert abs(rig.chip.stack_mv - sum(rig.cell_mv)) <= 2 * len(cells)
    assert rig.chip.flags == 0 and rig.chip.read_status() == 0
    assert rig.chain.pec_errors == 0


@pytest.mark.parametrize("cells, part", CHAINS)
def test_bleeding_reaches_the_right_cell_and_no_other_and_bends_no_reading(cells, part):
    rig = Rig(cells, part).armed()
    rig.world.advance(250000)
    for cell in (0, cells[0] - 1, sum(cells) - 1):
        rig.chip.write_bleed(1 << cell)
        assert [i for i in range(sum(cells)) if rig.plant.bleed[i]] == [cell]
        assert rig.read() == [3300 + i for i in range(sum(cells))]
        assert rig.plant.bleed[cell], "goes on after the reading"
        assert rig.chip.flags == 0 and rig.chip.verify_step() != STEP_DIFFERS
    rig.chip.write_bleed(0)
    assert not any(rig.plant.bleed)


def test_bleeding_ends_two_seconds_after_the_last_command():
    rig = Rig().armed()
    rig.chip.write_bleed(1)
    rig.world.advance(1700000)
    assert rig.plant.bleed[0]
    rig.world.advance(500000)
    assert not rig.plant.bleed[0] and rig.chip.bleed_refresh_ms <= 2000


def test_temperatures_are_right_within_0_2_kelvin_over_the_whole_range():
    rig = Rig().armed()
    for celsius in (-40, -23.4, -0.3, 0, 7.7, 25, 41.9, 60, 85, 100):
        rig.plant.temp_c[0] = celsius
        rig.plant.temp_c[1] = celsius + 3
        rig.plant.fet_c = celsius + 5
        rig.chip.read_temps(rig.temps)
        for seen, true in zip(
            (*rig.temps, rig.chip.fet_ddegc), (celsius, celsius + 3, celsius + 5)
        ):
            assert abs(seen - true * 10) <= 2.5, (celsius, seen)
    assert FET_NODE < 0


def test_the_die_temperature_comes_with_the_background_and_ages():
    rig = Rig().armed()
    rig.chip.read_temps(rig.temps)
    assert rig.chip.die_ddegc == TEMP_NONE
    rig.plant.die_c = 47.0
    rig.chip.verify_step()
    rig.chip.read_temps(rig.temps)
    assert abs(rig.chip.die_ddegc - 470) < 3
    for _ in range(20):
        rig.chip.read_temps(rig.temps)
    assert rig.chip.die_ddegc == TEMP_NONE


@pytest.mark.parametrize("cells, part", CHAINS[:4])
def test_every_open_wire_is_found_and_its_cells_read_nothing(cells, part):
    cell_n = sum(cells)
    for wire in range(cell_n + 1):
        rig = Rig(cells, part).armed()
        rig.plant.wire_open[wire] = True
        for _ in range(5):
            rig.world.advance(250000)
            rig.scan()
        zero = [i for i in range(cell_n) if rig.cell_mv[i] == 0]
        near = [i for i in (wire - 1, wire) if 0 <= i < cell_n]
        assert zero == near, wire
        rig.plant.wire_open[wire] = False
        for _ in range(5):
            rig.world.advance(250000)
            rig.scan()
        assert min(rig.cell_mv) > 3000, "well again"


def test_limit_flags_count_only_when_they_stay():
    rig = Rig().armed(chip_cov_ms=1000, chip_cuv_ms=500)
    assert rig.chip.applied["chip_cov_ms"] == 1000
    rig.plant.cell_v[3], rig.plant.cell_v[11] = 3.9, 2.3
    seen = []
    for _ in range(5):
        rig.world.advance(250000)
        rig.scan()
        seen.append(rig.chip.read_status())
    both = TRIP_COV | TRIP_CUV
    assert seen == [0, TRIP_CUV, TRIP_CUV, both, both]
    rig.plant.cell_v[3] = rig.plant.cell_v[11] = 3.3
    rig.scan()
    assert rig.chip.read_status() == 0


def test_a_device_that_forgot_is_a_reset_and_arming_brings_it_back():
    rig = Rig((12, 12)).armed()
    rig.world.advance(250000)
    rig.devices[1].brown_out()
    rig.read()
    assert rig.chip.flags == FLAG_RESET
    rig.armed()
    rig.read()
    assert rig.chip.flags == 0


def test_a_chain_left_alone_for_two_seconds_is_found_reset():
    rig = Rig((12, 12)).armed()
    rig.world.advance(3000000)
    assert rig.read()[0] == 3300 and rig.chip.flags == FLAG_RESET


def test_asleep_every_reading_brings_its_own_configuration():
    rig = Rig((12, 12)).armed()
    rig.chip.sleep(True)
    for _ in range(3):
        rig.world.advance(5000000)
        assert rig.read() == [3300 + i for i in range(24)] and rig.chip.flags == 0
        rig.chip.read_temps(rig.temps)
        assert abs(rig.temps[0] - 250) <= 2 and rig.chip.verify_step() != STEP_DIFFERS


def test_a_changed_register_is_found_by_the_next_reading():
    rig = Rig((12, 12)).armed()
    rig.devices[1].a[3] ^= 1
    rig.read()
    assert rig.chip.verify_step() == STEP_DIFFERS and rig.chip.mismatch == 0x002
    assert rig.chip.verify_all() == 1


def test_group_b_is_verified_once_a_pass():
    rig = Rig((18,), "LTC6813").armed()
    rig.devices[0].b[1] ^= 2
    found = []
    for _ in range(5):
        rig.read()
        found.append(rig.chip.verify_step())
    assert STEP_DIFFERS in found and rig.chip.mismatch == 0x026


def test_a_pass_of_the_background_takes_five_calls():
    rig = Rig().armed()
    found = []
    for _ in range(10):
        rig.read()
        found.append(rig.chip.verify_step())
    assert [i for i in range(10) if found[i] == STEP_PASS] == [4, 9]


# -- self-tests ------------------------------------------------------------------------------------


def test_a_stuck_bit_of_a_converter_is_found_when_arming_and_later():
    rig = Rig((12, 12))
    rig.devices[1].measure.stuck[4] = 0x9557
    with pytest.raises(OSError, match="0x327: device 2 of 2: self-test found 0x9557"):
        rig.armed()
    rig = Rig().armed()
    rig.devices[0].measure.stuck[4] = 0x9557
    with pytest.raises(OSError, match="self-test"):
        for _ in range(10):
            rig.chip.verify_step()


def test_a_failed_multiplexer_is_found_when_arming():
    rig = Rig((12, 12))
    rig.devices[0].measure.muxfail = 1
    with pytest.raises(OSError, match="0x715: device 1 of 2: multiplexer"):
        rig.armed()


@pytest.mark.parametrize("cells, part", [((12, 12), "LTC6811"), ((18, 16), "LTC6813")])
def test_converters_that_disagree_are_found_when_arming(cells, part):
    rig = Rig(cells, part)
    rig.devices[1].measure.adrift = 20
    rig.armed()
    rig.devices[1].measure.adrift = 21
    with pytest.raises(OSError, match="0x301: device 2 of 2: converters read 33... and 33..."):
        rig.armed()


@pytest.mark.parametrize("vref2", [29800, 30200, 65535])
def test_a_reference_out_of_range_is_named_and_no_temperature_believed(vref2):
    rig = Rig((12, 12)).armed()
    rig.devices[1].measure.vref2 = vref2
    with pytest.raises(OSError, match=f"0x00e: device 2 of 2: VREF2 is {vref2 // 10} mV"):
        rig.chip.read_temps(rig.temps)


# -- the wrong chain ---------------------------------------------------------------------------------


def fails(rig, what, number=None):
    with pytest.raises(OSError, match=what) as caught:
        rig.chip.probe()
    if number is not None:
        assert caught.value.args[0] == number
    return caught


def test_nobody_there_is_named():
    rig = Rig((12, 12))
    rig.chain.cut = 0
    fails(rig, "0x002: device 1 of 2: no answer, MISO stays high", errno.ENODEV)


@pytest.mark.parametrize("dead", [0, 1, 2])
def test_the_first_device_that_does_not_answer_is_named(dead):
    rig = Rig((12, 12, 12))
    rig.chain.cut = dead
    fails(rig, f"device {dead + 1} of 3: no answer", errno.ENODEV)
    rig.chain.cut = 3
    rig.armed()
    rig.chain.cut = dead
    with pytest.raises(OSError, match=f"device {dead + 1} of 3"):
        rig.read()


def test_a_chain_longer_than_expected_is_refused():
    fails(Rig((12, 12), wired=(12,)), "1 devices expected, there are more")


def test_the_wrong_part_is_named():
    fails(Rig(part="LTC6811", driver="LTC6813"), "expected LTC6813, found 12 cell inputs")
    fails(Rig(part="LTC6813", driver="LTC6811"), "expected LTC6811, found 18 cell inputs")


def test_swapped_devices_show_where_no_cell_should_be():
    rig = Rig((8, 12), wired=(12, 8))
    with pytest.raises(OSError, match="0x008: device 2 of 2: C9 has 33.. mV and no cell"):
        rig.armed()


@pytest.mark.parametrize("level, words", [(1, "MISO stays high"), (0, "MISO stays low")])
def test_a_stuck_miso_is_named(level, words):
    rig = Rig((12, 12))
    rig.slot.device = StuckMiso(rig.chain, level)
    fails(rig, f"device 1 of 2: no answer, {words}", errno.ENODEV)


def test_a_miso_that_sticks_low_while_converting_does_not_hang_the_driver():
    rig = Rig().armed()
    rig.slot.device = StuckMiso(rig.chain, 0)
    with pytest.raises(OSError):
        rig.read()
    start_us = rig.world.now_us
    with pytest.raises(OSError, match="does not end"):
        rig.chip.link.convert(0x567, 2835)
    assert rig.world.now_us - start_us < 15000


# -- noise -------------------------------------------------------------------------------------------


def test_flipped_bits_are_retried_or_named_and_never_believed():
    rig = Rig((12, 12), ntc=((0, 1), (1, 2))).armed()
    noise = rig.slot.device = SpokenTo(
        rig.chain, lambda heard: BitFlip(heard, Prng(3), per_million=1500, written=True)
    )
    rig.chain.strict = False
    good = failed = 0
    for _ in range(300):
        rig.world.advance(100000)
        try:
            rig.scan()
        except OSError:
            failed += 1
            continue
        good += 1
        assert list(rig.cell_mv) == [3300 + i for i in range(24)]
        assert all(abs(t - 250) <= 2 for t in rig.temps)
    assert noise.wrapped.flipped > 100 and rig.chip.link.retries > 20
    assert good > 200 and failed > 3


def test_a_conversion_that_was_not_heard_is_not_mistaken_for_a_reading():
    """The command is disturbed once; old results were cleared before."""
    rig = Rig().armed()
    rig.read()
    command = rig.chip.link.command

    def deaf(code):
        if code != 0x567:
            command(code)

    rig.chip.link.command = deaf
    with pytest.raises(OSError, match="cell 1 was not converted"):
        rig.read()


def test_a_read_that_fails_leaves_nothing_readable():
    rig = Rig().armed()
    rig.read()
    rig.chain.cut = 0
    with pytest.raises(OSError):
        rig.read()
    assert bytes(rig.chip.link.data) == b"\xff" * 6 and rig.chip.flags == FLAG_RESET
