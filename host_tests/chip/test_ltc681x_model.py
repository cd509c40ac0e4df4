"""The LTC681x model alone, spoken to in frames written down here and in the reference."""

import json

import pytest

from host_tests.chip.ltc681x_rig import Rig
from host_tests.shared import shared
from sim.chips.ltc681x_codes import PLAIN, READ, WRITE, conversion
from sim.errors import SimError

ADCV = 0x360
RDCFGA = 0x002
REFON = b"\xfc\x00\x00\xff\x00\x00"
NOTHING = b"\xff" * 6


def words(group):
    return [group[i] | group[i + 1] << 8 for i in (0, 2, 4)]


def ready(cells=(12,), part="LTC6811", **wiring):
    """Awake, reference on."""
    rig = Rig(cells, part, **wiring)
    rig.wake(len(cells))
    rig.put(0x001, *[REFON] * len(cells))
    rig.world.advance(4400 - 10)
    rig.wake(len(cells), 10)
    return rig


def test_the_model_hears_every_published_command():
    vectors = json.loads(shared("reference/chips/vectors.json").read_text())["ltc_pec15"]
    commands = [vector for vector in vectors if len(vector["input"]) == 4]
    rig = ready()
    rig.chain.strict = False  # some are not modelled
    for vector in commands:
        rig.world.advance(20000)
        rig.wake(1, 10)
        heard_us = rig.devices[0].heard_us
        rig.cs(0)
        rig.spi.write(bytes.fromhex(vector["input"] + vector["pec"]))
        rig.cs(1)
        assert rig.chain.pec_errors == 0, vector["name"]
        known = int(vector["input"], 16) in (set(READ) | set(WRITE) | set(PLAIN)) or conversion(
            int(vector["input"], 16)
        )
        assert not known or rig.devices[0].heard_us > heard_us, vector["name"]
    assert len(commands) > 40


def test_a_sleeping_device_answers_nothing_and_one_pulse_wakes_it():
    rig = Rig()
    assert rig.frame(RDCFGA, count=8) == b"\xff" * 8
    rig.world.advance(300)
    assert rig.group(RDCFGA)[0] & 0x05 == 0


def test_each_device_of_a_chain_needs_a_pulse_of_its_own():
    for pulses in range(4):
        rig = Rig((12, 12, 12))
        rig.wake(pulses)
        back = rig.frame(RDCFGA, count=24)
        answered = [back[8 * k : 8 * k + 8] != b"\xff" * 8 for k in range(3)]
        assert answered == [k < pulses for k in range(3)]


def test_a_port_is_idle_after_4_3_ms_and_then_one_frame_is_lost():
    rig = ready()
    rig.world.advance(4250)
    rig.group(RDCFGA)
    rig.world.advance(4350)
    assert rig.frame(RDCFGA, count=8) == b"\xff" * 8
    assert rig.group(RDCFGA)[0] & 0x04, "only the port, not the core"


def test_a_core_falls_asleep_after_1_8_s_and_forgets_its_configuration():
    rig = ready()
    rig.world.advance(1790000)
    rig.wake(1, 10)
    assert rig.group(RDCFGA)[0] & 0x04
    rig.world.advance(1810000)
    rig.wake()
    assert not rig.group(RDCFGA)[0] & 0x04


def test_a_command_with_a_wrong_pec_is_not_heard_and_does_not_feed_the_watchdog():
    rig = ready()
    rig.world.advance(1700000)
    rig.wake(1, 10)
    rig.cs(0)
    rig.spi.write(b"\x00\x02\x2b\x0b")
    assert rig.spi.read(8, 0xFF) == b"\xff" * 8
    rig.cs(1)
    rig.world.advance(150000)
    rig.wake()
    assert not rig.group(RDCFGA)[0] & 0x04 and rig.chain.pec_errors == 1


def test_a_written_group_with_a_wrong_pec_is_dropped_by_its_device_alone():
    rig = ready((12, 12))
    near, far = b"\xfc\x11\x00\xff\x00\x00", b"\xfc\x22\x00\xff\x00\x00"
    rig.frame(0x001, far + b"\x00\x00" + near + bytes.fromhex("ffff"))
    assert rig.group(RDCFGA, 0)[1] == rig.group(RDCFGA, 1)[1] == 0
    rig.put(0x001, near, far)
    assert (rig.group(RDCFGA, 0)[1], rig.group(RDCFGA, 1)[1]) == (0x11, 0x22)


def test_the_group_sent_first_goes_to_the_farthest_device():
    rig = ready((12, 12, 12))
    groups = [b"\xfc" + bytes([k]) + b"\x00\xff\x00\x00" for k in (1, 2, 3)]
    rig.put(0x001, *groups)
    assert [rig.group(RDCFGA, k)[1] for k in range(3)] == [1, 2, 3]


def test_results_come_when_the_conversion_is_over_and_not_before():
    rig = ready()
    rig.frame(0x711)
    rig.frame(ADCV)
    rig.world.advance(2100)
    assert rig.group(0x004) == NOTHING
    assert rig.frame(0x714, count=1) == b"\x00"
    rig.world.advance(200)
    assert rig.frame(0x714, count=1) == b"\xff"
    assert words(rig.group(0x004)) == [33000, 33010, 33020]
    assert words(rig.group(0x00A)) == [33090, 33100, 33110]


def test_a_reference_that_is_off_makes_a_conversion_4_4_ms_longer():
    rig = Rig()
    rig.wake()
    rig.frame(ADCV)
    rig.world.advance(4000)
    rig.frame(RDCFGA, count=8)
    rig.world.advance(2500)
    assert rig.frame(0x714, count=1) == b"\x00"
    rig.world.advance(200)
    assert rig.frame(0x714, count=1) == b"\xff"


def test_eighteen_cells_have_two_groups_more_and_a_twelve_cell_part_is_silent_there():
    rig = ready((18,), "LTC6813")
    rig.frame(ADCV)
    rig.world.advance(2400)
    assert words(rig.group(0x00B))[2] == 33170
    rig = ready()
    assert rig.frame(0x00B, count=8) == b"\xff" * 8


def test_limit_flags_are_set_by_a_conversion_and_by_nothing_else():
    rig = ready()
    rig.put(0x001, bytes.fromhex("fc5217a40000"))  # 3.0 V and 4.2 V, of the reference
    rig.frame(ADCV)
    rig.world.advance(2400)
    assert rig.group(0x012)[2:5] == bytes(3)
    rig.plant.cell_v[0], rig.plant.cell_v[5] = 4.3, 2.9
    assert rig.group(0x012)[2:5] == bytes(3)
    rig.frame(ADCV)
    rig.world.advance(2400)
    assert rig.group(0x012)[2:5] == b"\x02\x04\x00"


def test_a_bleeding_cell_bends_itself_and_its_neighbours_and_still_does_just_after():
    rig = ready()
    rig.put(0x001, b"\xfc\x00\x00\xff\x04\x00")
    assert rig.plant.bleed[2]
    rig.frame(0x370)  # DCP = 1
    rig.world.advance(2400)
    assert words(rig.group(0x004)) == [33000, 33160, 32720]
    rig.frame(ADCV)
    assert not rig.plant.bleed[2], "paused"
    rig.world.advance(2400)
    assert rig.plant.bleed[2]
    assert words(rig.group(0x004)) == [33000, 33160, 32720], "the filter has not settled yet"
    rig.put(0x001, REFON)
    rig.world.advance(900)
    rig.frame(ADCV)
    rig.world.advance(2400)
    assert words(rig.group(0x004)) == [33000, 33010, 33020]


def test_bleeding_ends_when_nobody_speaks_unless_the_discharge_timer_runs():
    for timer, still in ((b"\x00", False), (b"\x10", True)):
        rig = ready()
        rig.put(0x001, b"\xfc\x00\x00\xff\x01" + timer)
        rig.world.advance(1810000)
        assert rig.plant.bleed[0] is still
        rig.world.advance(30000000)
        assert not rig.plant.bleed[0]


def test_a_twelve_cell_part_takes_no_second_configuration_group():
    rig = ready()
    rig.put(0x024, b"\x1f\x02\x00\x00\x00\x00")
    assert rig.devices[0].b == b"\x0f" + bytes(5)


def test_mute_opens_all_switches_of_an_eighteen_cell_part():
    rig = ready((18,), "LTC6813")
    rig.put(0x024, b"\x1f\x02\x00\x00\x00\x00")
    assert [i for i in range(18) if rig.plant.bleed[i]] == [12, 17]
    rig.frame(0x028)
    assert not any(rig.plant.bleed) and rig.group(0x026)[1] & 0x80
    rig.frame(0x029)
    assert rig.plant.bleed[12]


@pytest.mark.parametrize("wire, up, cell", [(0, 1, 0), (12, 0, 11)])
def test_an_open_end_wire_reads_nothing_when_pulled_towards_its_only_neighbour(wire, up, cell):
    rig = ready()
    rig.plant.wire_open[wire] = True
    for pull, reads in ((up, False), (1 - up, True)):
        for _ in range(2):
            rig.frame(0x328 | pull << 6)
            rig.world.advance(2400)
        assert (words(rig.group((0x004, 0x00A)[cell // 9]))[cell % 3] > 30000) is reads


def test_an_open_wire_shows_after_two_conversions_and_hardly_after_one():
    rig = ready()
    rig.plant.wire_open[2] = True
    rig.frame(0x368)
    rig.world.advance(2400)
    assert words(rig.group(0x004))[2] > 31000
    rig.frame(0x368)
    rig.world.advance(2400)
    assert words(rig.group(0x004))[2] < 4000 and words(rig.group(0x004))[1] > 60000


def test_a_gpio_reads_nothing_while_its_pull_down_is_on_and_answers_with_the_pin():
    rig = ready()
    rig.put(0x001, b"\xf4\x00\x00\xff\x00\x00")
    rig.frame(0x560)
    rig.world.advance(2400)
    gpio = words(rig.group(0x00C))
    assert gpio[0] < 100 and 14900 < gpio[1] < 15050
    assert rig.group(RDCFGA)[0] & 0x08 == 0, "pulled down"


def test_a_brown_out_is_a_reset():
    rig = ready()
    rig.chain.brown_out()
    rig.wake()
    assert not rig.group(RDCFGA)[0] & 0x04 and rig.group(0x004) == NOTHING


@pytest.mark.parametrize(
    "do",
    [
        lambda rig: rig.frame(0x7F0),
        lambda rig: rig.frame(0x723),
        lambda rig: (rig.frame(ADCV), rig.frame(ADCV)),
        lambda rig: rig.frame(0x001, bytes(7)),
        lambda rig: rig.put(0x001, b"\xfc\x00\x00\xff\x00\x08"),  # DCC12 of eight cells
        lambda rig: (rig.spi.init(2000000, 1, 1), rig.frame(RDCFGA)),
        lambda rig: (rig.spi.init(1000000, 0, 0), rig.frame(RDCFGA)),
    ],
)
def test_illegal_use_fails_loudly(do):
    rig = ready((8,))
    with pytest.raises(SimError):
        do(rig)
