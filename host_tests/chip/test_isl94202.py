"""ISL94202: golden frames on both sides, driver on model, FETs, EEPROM, and what goes wrong."""

import errno
from array import array

import pytest

from host_tests.chip.bq769x2_rig import BenchPlant, BenchWorld
from host_tests.chip.ltc681x_rig import config
from isl94202 import ISL94202
from isl94202_config import SELECT, ddegc, delay, thermistor, voltage
from isl94202_eeprom import set_cells
from regbus import RegBus
from roles import (
    BOTH,
    CHG,
    DSG,
    FLAG_RESET,
    STEP_DIFFERS,
    STEP_PASS,
    TRIP_COV,
    TRIP_CUV,
    TRIP_OCC,
    TRIP_OCD2,
    TRIP_PF,
    TRIP_SCD,
)
from sim.bus import FakeI2C
from sim.chips.isl94202 import ISL94202Model
from sim.chips.isl94202_map import xt_code
from sim.errors import SimError
from sim.mischief_bus import BitFlip, NackWrapper
from sim.pins import Line
from sim.prng import Prng

SMALL = {
    "ntc_n": 1,
    "shunt_uohm": 1000,
    "precharge_on": 0,
    "scd_ma": 128000,
    "ocd2_ma": 64000,
    "occ2_ma": 24000,
}


class Rig:
    def __init__(self, cell_n=4, ntc_n=1, fet_ntc=False, cells_set=None):
        self.cell_n = cell_n
        self.plant = BenchPlant(cell_n)
        self.plant.cell_v = [3.3 + 0.01 * i for i in range(cell_n)]
        self.plant.stack_v = sum(self.plant.cell_v)
        self.plant.pack_v = self.plant.ld_v = self.plant.stack_v
        self.world = BenchWorld()
        self.sd = Line("SD", pull=1)
        self.fetsoff = Line("FETSOFF", pull=-1)
        self.model = ISL94202Model(
            self.world, self.plant, 1000, self.sd, self.fetsoff, xt2_fet=fet_ntc
        )
        self.model.eeprom[0x49] = SELECT[cells_set or cell_n]
        self.model.reset()
        self.world.chip = self.model
        self.i2c = FakeI2C(self.world, log=True)
        self.i2c.attach(self.model)
        self.bus = RegBus(self.i2c, 0x28, name="isl94202")
        self.chip = ISL94202(self.bus, cell_n, 1000, ntc_n, fet_ntc)
        self.cell_mv = array("i", [0] * cell_n)
        self.temps = array("i", [0] * ntc_n)
        self.world.advance(100000)

    def armed(self, **changes):
        values = {**SMALL, "cell_n": self.cell_n, "ntc_n": len(self.temps), **changes}
        self.chip.probe()
        self.chip.load(config(**values))
        self.chip.arm()
        assert self.chip.verify_all() == 0
        self.i2c.log.clear()
        return self

    def scan(self):
        chip = self.chip
        self.alarm = chip.read_alarm()
        self.trips = chip.read_status()
        chip.read_cells(self.cell_mv)
        self.ma = chip.read_current()
        chip.read_temps(self.temps)
        return chip.read_fets()

    def amps(self, amps, ms=100):
        self.plant.current_a = amps
        self.model.run(self.world.now_us)
        self.world.advance(ms * 1000)

    def cell(self, volts, ms, i=0):
        self.plant.cell_v[i] = volts
        self.model.run(self.world.now_us)
        self.world.advance(ms * 1000)

    @property
    def on(self):
        return (CHG if self.plant.chg_on else 0) | (DSG if self.plant.dsg_on else 0)


# -- golden ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code, mv", [(0x0E2A, 4250), (0x0DD4, 4150), (0x08FF, 2700), (0x09FF, 3000), (0x0AAA, 3200)]
)
def test_voltage_codes_of_the_reference(code, mv):
    assert abs(code * 320 // 273 - mv) <= 1
    assert voltage(code * 320 // 273 + 1, False) == code


@pytest.mark.parametrize(
    "us, word", [(200, 0x00C8), (160000, 0x04A0), (1000000, 0x07E8), (2000000, 0x0802)]
)
def test_delay_words(us, word):
    assert delay(us) == (word, us)


def test_frames_of_the_reference():
    rig = Rig()
    rig.chip.load(config(**{**SMALL, "cell_n": 4, "chip_cov_mv": 3750}))
    rig.i2c.log.clear()
    rig.chip.arm()
    frames = [bytes([addr << 1]) + data for _, kind, addr, data in rig.i2c.log if kind == "w"]
    assert b"\x50\x87\x60" in frames, "uCFET, and balancing by the host"
    assert frames.index(b"\x50\x87\x60") < frames.index(b"\x50\x86\x50"), (
        "first the right to do it"
    )
    assert b"\x50\x00\x7f\x1c" in frames  # 3199: 3.749 V, with its pulse of 1 ms


def test_cell_3_of_the_model_reads_as_in_the_reference():
    rig = Rig(8)
    rig.plant.cell_v[2] = 3.2
    rig.world.advance(50000)
    assert rig.i2c.readfrom_mem(0x28, 0x94, 2) == b"\xaa\x0a"


def test_the_model_is_shipped_with_the_words_of_the_data_sheet():
    model = ISL94202Model(BenchWorld(), BenchPlant(3))
    for at, word in ((0x00, 0x1E2A), (0x1A, 0x60C8), (0x46, 0xFC0F), (0x48, 0x83FF)):
        assert model.eeprom[at] | model.eeprom[at + 1] << 8 == word


# -- readings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell_n", [3, 4, 5, 6, 7, 8])
def test_one_burst_brings_every_reading(cell_n):
    rig = Rig(cell_n, ntc_n=2).armed()
    rig.plant.temp_c[1] = 41.0
    rig.amps(-20.0)
    before = rig.i2c.transactions
    rig.scan()
    assert rig.i2c.transactions == before + 1
    assert all(abs(rig.cell_mv[i] - 3300 - 10 * i) <= 1 for i in range(cell_n))
    assert abs(rig.chip.stack_mv - sum(rig.cell_mv)) <= 20
    assert abs(rig.ma + 20000) < 300
    assert abs(rig.temps[0] - 250) <= 3 and abs(rig.temps[1] - 410) <= 3
    assert abs(rig.chip.die_ddegc - 250) <= 5 and rig.chip.flags == 0
    rig.scan()
    assert rig.i2c.transactions == before + 2


def test_a_role_asked_twice_reads_anew():
    rig = Rig().armed()
    rig.amps(5.0)
    assert abs(rig.chip.read_current() - 5000) < 150
    rig.amps(-5.0)
    assert abs(rig.chip.read_current() + 5000) < 150


def test_charger_and_load_are_seen_with_the_fets_off():
    rig = Rig().armed()
    for pack_v, charger, load in ((14.8, True, False), (13.26, False, False), (0.1, False, True)):
        rig.plant.pack_v = rig.plant.ld_v = pack_v
        rig.world.advance(50000)
        rig.scan()
        chip = rig.chip
        assert (chip.pack_mv > chip.stack_mv + 300) is charger
        assert (chip.ld_mv < chip.stack_mv // 2) is load


@pytest.mark.parametrize("celsius, ddegc", [(-80.0, -1000), (200.0, 2000)])
def test_a_broken_sensor_reads_beyond_any_temperature(celsius, ddegc):
    rig = Rig().armed()
    rig.plant.temp_c[0] = celsius
    rig.world.advance(50000)
    rig.scan()
    assert rig.temps[0] == ddegc


def test_the_fet_thermistor_is_on_the_second_input():
    rig = Rig(fet_ntc=True).armed()
    rig.plant.fet_c = 60.0
    rig.world.advance(50000)
    rig.scan()
    assert abs(rig.chip.fet_ddegc - 600) <= 4


# -- FETs --------------------------------------------------------------------------------------------


def test_arming_leaves_both_off_and_permission_is_obeyed():
    rig = Rig().armed()
    assert rig.on == 0
    for bits in (CHG, DSG, BOTH, DSG, 0):
        rig.chip.write_fets(bits)
        assert rig.on == bits and rig.scan() == bits


def test_with_both_permitted_the_chip_protects_by_itself():
    rig = Rig().armed(chip_cov_ms=1000)
    rig.chip.write_fets(BOTH)
    rig.cell(3.8, 990)
    assert rig.on == BOTH
    rig.cell(3.8, 50)
    assert rig.on == DSG and rig.sd.level == 0
    rig.scan()
    assert rig.trips == TRIP_COV
    rig.cell(2.3, 2100)
    rig.scan()
    assert rig.on == CHG and rig.trips == TRIP_CUV


@pytest.mark.parametrize(
    "amps, us, trip",
    [(-200.0, 195, TRIP_SCD), (-80.0, 320000, TRIP_OCD2), (30.0, 320000, TRIP_OCC)],
)
def test_over_currents_open_within_their_delay(amps, us, trip):
    rig = Rig().armed()
    rig.chip.write_fets(BOTH)
    rig.plant.ld_v = 0.0 if amps < 0 else rig.plant.stack_v
    rig.plant.pack_v = rig.plant.ld_v if amps < 0 else rig.plant.stack_v + 2
    rig.plant.current_a = amps
    rig.model.run(rig.world.now_us)
    rig.world.advance(us - 10)
    assert rig.on == BOTH
    rig.world.advance(20)
    assert rig.on != BOTH and rig.sd.level == 0
    rig.scan()
    assert rig.trips == trip and rig.alarm


def test_an_open_wire_is_found_by_the_chip_itself():
    rig = Rig().armed()
    rig.plant.wire_open = [False] * 5
    rig.chip.write_fets(BOTH)
    rig.plant.wire_open[2] = True
    rig.model.run(rig.world.now_us)
    rig.world.advance(2200000)
    rig.scan()
    assert rig.on == 0 and rig.trips == TRIP_PF
    rig.plant.wire_open[2] = False
    rig.world.advance(100000)
    rig.scan()
    assert rig.trips == 0


def test_with_one_permitted_only_fetsoff_is_fast():
    rig = Rig().armed()
    rig.chip.write_fets(DSG)
    rig.amps(-200.0, 10)
    assert rig.on == DSG and rig.sd.level == 0, "the chip reports and does not act"
    rig.fetsoff.end("host").drive(1)
    assert rig.on == 0


def test_while_a_fault_forbids_the_other_the_chip_goes_on_protecting_the_one_permitted():
    """SD is low then, so that a short makes no edge: the chip itself must open."""
    rig = Rig().armed(chip_cov_ms=100)
    rig.chip.write_fets(DSG)
    rig.cell(3.8, 200)
    rig.scan()
    rig.scan()
    assert rig.on == DSG and rig.sd.level == 0
    rig.plant.ld_v = 0.0
    rig.amps(-200.0, 1)
    assert rig.on == 0
    rig.plant.ld_v = rig.plant.stack_v
    rig.amps(0.0, 100)
    assert rig.on == DSG
    rig.cell(3.3, 100)
    rig.scan()
    assert rig.scan() == rig.on == DSG, "one scan later the host drives again"


def test_silence_opens_both_and_what_comes_after_is_noticed():
    rig = Rig().armed(host_watchdog_s=2)
    rig.chip.write_fets(DSG)
    rig.world.advance(1990000)
    assert rig.on == DSG
    rig.world.advance(50000)
    assert rig.on == 0
    assert rig.scan() & CHG, "uCFET is clear now: the chip has closed what was not permitted"
    assert rig.on == DSG, "and the same scan takes it back"


def test_an_alarm_is_kept_until_it_is_cleared():
    rig = Rig().armed(chip_cov_ms=100)
    rig.chip.write_fets(BOTH)
    rig.cell(3.8, 200)
    rig.scan()
    rig.cell(3.3, 200)
    rig.scan()
    assert rig.alarm == 1 and rig.trips == 0
    rig.chip.clear_alarm(1)
    rig.scan()
    assert rig.alarm == 0


@pytest.mark.parametrize("cell_n", [3, 5, 8])
def test_bleeding_reaches_the_right_cells(cell_n):
    rig = Rig(cell_n).armed()
    for mask in (1, 1 << (cell_n - 1), 5):
        rig.chip.write_bleed(mask)
        assert sum(1 << i for i in range(cell_n) if rig.plant.bleed[i]) == mask
    rig.chip.write_bleed(0)
    assert not any(rig.plant.bleed)


# -- configuration -----------------------------------------------------------------------------------


def test_arming_a_thousand_times_does_not_wear_the_eeprom():
    rig = Rig().armed()
    for _ in range(100):
        rig.chip.arm()
    assert rig.model.worn == {} and rig.chip.verify_all() == 0


def test_limits_are_rounded_to_the_side_that_trips_earlier():
    rig = Rig().armed(
        chip_cov_mv=3751, chip_cuv_mv=2499, scd_ma=150000, ocd2_ma=70000, occ2_ma=20000
    )
    applied = rig.chip.applied
    assert 3749 <= applied["chip_cov_mv"] <= 3751 and 2499 <= applied["chip_cuv_mv"] <= 2501
    assert (applied["scd_ma"], applied["ocd2_ma"], applied["occ2_ma"]) == (128000, 64000, 16000)
    assert applied["ocd2_ms"] == 320 and applied["scd_us"] == 195


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"precharge_on": 1}, "precharges cells"),
        ({"scd_ma": 10000}, "scd_ma: 10000 does not fit the chip, allowed from 16000"),
        ({"cell_n": 5}, "cell_n: 5, wired are 4"),
        ({"shunt_uohm": 500}, "shunt_uohm: 500, wired are 1000"),
    ],
)
def test_what_the_chip_cannot_hold_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Rig().chip.load(config(**{**SMALL, "cell_n": 4, **changes}))


def test_a_changed_word_is_found_within_one_pass():
    rig = Rig().armed()
    n = len(rig.chip._words)
    for address, _ in rig.chip._words:
        rig.model.config[address] ^= 0x04
        found = [rig.chip.verify_step() for _ in range(n + 1)]
        assert STEP_DIFFERS in found and rig.chip.mismatch == address
        assert rig.chip.verify_all() == 1
        rig.model.config[address] ^= 0x04
    assert STEP_PASS in [rig.chip.verify_step() for _ in range(n)]


def test_a_brown_out_is_a_reset():
    rig = Rig().armed()
    rig.chip.write_fets(BOTH)
    rig.model.brown_out()
    assert rig.on == 0
    with pytest.raises(OSError):
        rig.scan()
    rig.world.advance(3100000)
    rig.scan()
    assert rig.chip.flags == FLAG_RESET and rig.chip.verify_all() > 10


def test_the_number_of_cells_is_written_once_and_only_when_it_differs():
    rig = Rig(4, cells_set=3)
    rig.model.eeprom[0x4A] = 0x20
    with pytest.raises(OSError, match="0x49: set to 3 cells, not 4"):
        rig.chip.probe()
    assert set_cells(rig.bus, 4, rig.world.advance) is True
    worn = dict(rig.model.worn)
    assert list(worn) == [0x48] and worn[0x48] <= 2
    assert set_cells(rig.bus, 4, rig.world.advance) is False
    assert rig.model.worn == worn and not rig.model.eeen
    assert rig.model.eeprom[0x48:0x4C] == b"\xff\xc3\x20\x00", "its neighbours are untouched"
    with pytest.raises(OSError, match="0x49: set to 3 cells, not 4"):
        rig.chip.probe()  # the chip looks at its EEPROM when it starts
    rig.model.brown_out()
    rig.world.advance(3100000)
    rig.armed()


@pytest.mark.parametrize("cut", range(5))
def test_a_cut_while_the_number_of_cells_is_written_leaves_what_can_be_mended(cut):
    """The supply goes in the middle of a wait: the old number, or one that is refused, and nothing else."""
    rig = Rig(6, cells_set=3)
    waits = []

    def sleep_us(us):
        waits.append(us)
        rig.world.advance(us // 2 if len(waits) == cut + 1 else us)
        if len(waits) == cut + 1:
            rig.model.brown_out()
            raise KeyboardInterrupt

    try:
        set_cells(rig.bus, 6, sleep_us)
    except (KeyboardInterrupt, OSError):
        assert len(waits) == cut + 1
    rig.model.brown_out()
    rig.world.advance(3100000)
    page = rig.model.eeprom[0x48:0x4C]
    assert page[:1] + page[2:] == b"\xff\x00\x00", "nothing but the number of cells was at risk"
    if page[1] == SELECT[6]:
        rig.chip.probe()
    else:
        with pytest.raises(OSError, match="0x49"):
            rig.chip.probe()
        assert set_cells(rig.bus, 6, rig.world.advance) is True
    assert rig.model.eeprom[0x48:0x4C] == b"\xff\xe7\x00\x00"


def test_a_chip_left_with_its_eeprom_open_is_closed_before_it_is_armed():
    """The board was reset in the middle of `set_cells`, the chip was not."""
    rig = Rig(4)
    rig.i2c.writeto(0x28, b"\x89\x01")
    with pytest.raises(OSError, match="0x49"):
        rig.chip.probe()  # a page not recalled yet
    rig.world.advance(1000)
    rig.armed()
    assert not rig.model.eeen and rig.model.worn == {}


@pytest.mark.parametrize(
    "word, celsius", [(0x0BF2, -10.0), (0x0A93, 5.0), (0x053E, 50.0), (0x04B6, 55.0)]
)
def test_the_thermistor_curve_makes_round_temperatures_of_the_words_as_shipped(word, celsius):
    """Driver and model, each by its own arithmetic: the maker chose those words for these temperatures."""
    assert abs(ddegc(word) - celsius * 10) <= 2
    assert abs(xt_code(celsius) - word) <= 3


def test_thermistors_are_right_within_a_fifth_of_a_kelvin_in_readings_and_in_limits():
    for tenth in range(-400, 1001):
        assert abs(ddegc(xt_code(tenth / 10)) - tenth) <= 2
        assert ddegc(thermistor(tenth)) >= tenth > ddegc(thermistor(tenth) + 1)


def test_a_busy_chip_does_not_acknowledge():
    rig = Rig(4, cells_set=3)
    with pytest.raises(OSError, match="refused"):
        set_cells(rig.bus, 4, lambda us: rig.world.advance(us) if us < 10000 else None)


# -- the wrong chip, noise, misuse ---------------------------------------------------------------------


def test_another_chip_is_named():
    rig = Rig()
    rig.model.config[0x49] = 0x12
    with pytest.raises(OSError, match="no ISL94202: cell select 0x12") as caught:
        rig.chip.probe()
    assert caught.value.args[0] == errno.ENODEV
    rig.i2c.detach(0x28)
    with pytest.raises(OSError, match="isl94202 0x48: read refused"):
        rig.chip.probe()


def test_a_failed_burst_leaves_nothing_to_take():
    rig = Rig().armed()
    rig.scan()
    rig.i2c.detach(0x28)
    for role in (rig.chip.read_alarm, rig.chip.read_status, rig.chip.read_current):
        with pytest.raises(OSError):
            role()
    with pytest.raises(OSError):
        rig.chip.read_cells(rig.cell_mv)
    assert rig.chip.flags == FLAG_RESET


def test_noise_never_leaves_a_wrong_configuration_unnoticed():
    rig = Rig()
    rig.chip.load(config(**{**SMALL, "cell_n": 4}))
    rig.model.strict = False
    for noise in (
        BitFlip(rig.model, Prng(5), per_million=1500, written=True),
        NackWrapper(rig.model, per_million=5000, prng=Prng(6), data=True),
    ):
        rig.i2c.attach(noise)
        right = wrong = 0
        for _ in range(150):
            noise.on = True
            try:
                rig.chip.arm()
                noise.on = False
                found = rig.chip.verify_all()
            except OSError:
                found = -1
            config_now = rig.model.config
            bad = any(config_now[at] | config_now[at + 1] << 8 != w for at, w in rig.chip._words)
            assert not bad or found
            right += found == 0
            wrong += found != 0
        assert right > 20 and wrong > 10


@pytest.mark.parametrize(
    "frame",
    [
        b"\x60\x00",
        b"\x00\x01\x02\x03\x04\x05",
        b"\x48\xff\xc3",
        b"\x86\x04",
        b"\x88\x01",
        b"\x84\x10",
        b"\x90\x00",
    ],
)
def test_illegal_use_fails_loudly(frame):
    with pytest.raises(SimError):
        Rig().i2c.writeto(0x28, frame)


def test_more_than_a_byte_of_eeprom_at_once_is_refused():
    rig = Rig()
    rig.i2c.writeto(0x28, b"\x89\x01")
    with pytest.raises(SimError, match="a byte at a time"):
        rig.i2c.writeto(0x28, b"\x00\x2a\x1e")


def test_eeprom_forgets_what_is_written_to_a_page_not_recalled_and_reads_it_stale():
    rig = Rig()
    i2c = rig.i2c
    i2c.writeto(0x28, b"\x89\x01")
    i2c.writeto(0x28, b"\x10\x55")
    rig.world.advance(40000)
    assert rig.model.eeprom[0x10] == 0x01 and rig.model.worn == {}
    i2c.writeto(0x28, b"\x10\x55")
    rig.world.advance(40000)
    assert rig.model.eeprom[0x10] == 0x55 and rig.model.worn == {0x10: 1}
    assert i2c.readfrom_mem(0x28, 0x48, 1) == b"\x55", "of the page before"
    rig.world.advance(1000)
    assert i2c.readfrom_mem(0x28, 0x48, 2) == b"\xff\xc3"
    assert rig.model.config[0x10] == 0x01, "what is in force follows at the next start"
