"""INA228 and INA226: golden frames on both sides, driver on model, limits, alert, and what goes wrong."""

import errno

import pytest

from host_tests.chip.bq769x2_rig import BenchPlant, BenchWorld
from host_tests.chip.ltc681x_rig import config
from ina22x import INA226, INA228, INA22x
from regbus import RegBus
from roles import FLAG_RESET, STEP_DIFFERS, STEP_PASS, TRIP_OCC, TRIP_OCD2
from sim.bus import FakeI2C
from sim.chips.ina22x import INA22xModel
from sim.errors import SimError
from sim.mischief_bus import BitFlip, NackWrapper
from sim.pins import Line
from sim.prng import Prng

PARTS = {"INA228": INA228, "INA226": INA226}
UNDER = {"INA228": 0x0020, "INA226": 0x0010}


class Rig:
    def __init__(self, part="INA228", driver=None, shunt_uohm=500):
        self.plant = BenchPlant()
        self.plant.pack_v = 52.8
        self.world = BenchWorld()
        self.alert = Line("ALERT", pull=1)
        self.model = INA22xModel(
            self.world, self.plant, part, shunt_uohm=shunt_uohm, alert=self.alert
        )
        self.world.chip = self.model
        self.i2c = FakeI2C(self.world, log=True)
        self.i2c.attach(self.model)
        bus = RegBus(self.i2c, 0x40, name=part.lower())
        self.chip = INA22x(bus, PARTS[driver or part], shunt_uohm)

    def armed(self, **changes):
        changes.setdefault("shunt_uohm", 500)
        if self.model.part == "INA226":  # +-81.92 mV
            changes.setdefault("ocd2_ma", 160000)
        self.chip.load(config(**changes))
        self.chip.arm()
        assert self.chip.verify_all() == 0
        self.i2c.log.clear()
        return self

    def amps(self, amps, ms=200):
        self.plant.current_a = amps
        self.model.run(self.world.now_us)
        self.world.advance(ms * 1000)

    def word(self, reg):
        return int.from_bytes(self.i2c.readfrom_mem(0x40, reg, 2), "big")

    def put(self, reg, value):
        self.i2c.writeto(0x40, bytes([reg]) + value.to_bytes(2, "big"))


@pytest.fixture(params=["INA228", "INA226"])
def part(request):
    return request.param


# -- golden frames ---------------------------------------------------------------------------------


class Script:
    """Answers a read of a register with exactly these bytes."""

    def __init__(self, **answers):
        self.answers = {int(reg[1:], 16): bytes.fromhex(data) for reg, data in answers.items()}
        self.frames = []

    def readfrom_mem_into(self, addr, reg, buf):
        buf[:] = self.answers[reg]

    def writeto(self, addr, buf):
        self.frames.append((bytes([addr << 1]) + bytes(buf)).hex())
        return len(buf)


def test_readings_of_the_reference_on_the_driver():
    script = Script(_04="fffff0", _05="0f0000")
    chip = INA22x(RegBus(script, 0x40), INA228, 500)
    assert chip.read_bus() == 12000
    assert chip.read_current() == -1  # one step of 0.625 mA below nothing, rounded down
    script = Script(_01="4e20", _02="2580")
    chip = INA22x(RegBus(script, 0x40), INA226, 500)
    assert chip.read_bus() == 12000 and chip.read_current() == 100000


@pytest.mark.parametrize("raw, ma", [("7ffff0", 327679), ("800000", -327680), ("000010", 0)])
def test_the_whole_range_of_an_ina228(raw, ma):
    assert INA22x(RegBus(Script(_04=raw), 0x40), INA228, 500).read_current() == ma


def test_the_frames_that_arm_an_ina228():
    script = Script()
    chip = INA22x(RegBus(script, 0x40), INA228, 500)
    chip.limit(200000, 100000, 320)
    chip.arm()
    assert script.frames == [
        "80000000",
        "8001f085",  # all continuous, 50 us but 150 us for the shunt, 256 of them
        "80021000",  # 13107.2e6 * 0.625 mA * 0.5 mohm
        "800c2710",  # 50 mV in steps of 5 uV
        "800db1e0",  # -100 mV
        "800e7fff",
        "800f0000",
        "80107fff",
        "8011ffff",
        "800ba001",
    ]


def test_the_bytes_of_the_model():
    rig = Rig()
    rig.put(0x01, 0xF085)
    rig.amps(-0.625e-3)
    rig.plant.pack_v = 12.0
    rig.world.advance(100000)
    assert rig.i2c.readfrom_mem(0x40, 0x05, 3).hex() == "0f0000"
    assert rig.i2c.readfrom_mem(0x40, 0x04, 3).hex() == "fffff0"
    rig = Rig("INA226")
    rig.amps(100)
    rig.plant.pack_v = 12.0
    rig.world.advance(100000)
    assert (rig.word(1), rig.word(2)) == (0x4E20, 0x2580)


# -- driver on model -------------------------------------------------------------------------------


def test_the_right_part_is_found_and_the_wrong_one_named(part):
    Rig(part).chip.probe()
    other = "INA226" if part == "INA228" else "INA228"
    rig = Rig(part, driver=other)
    rig.model.strict = False
    with pytest.raises(OSError, match=f"expected {other}, found 0x"):
        rig.chip.probe()


@pytest.mark.parametrize("amps", [-150, -20.5, -0.3, 0, 0.3, 33, 150])
def test_current_and_voltage_are_right(part, amps):
    rig = Rig(part).armed()
    rig.amps(amps)
    step_ma = 1 if part == "INA228" else 5
    assert abs(rig.chip.read_current() - amps * 1000) <= step_ma
    assert abs(rig.chip.read_bus() - 52800) <= 1


@pytest.mark.parametrize("amps, trip", [(-230, TRIP_OCD2), (130, TRIP_OCC)])
def test_beyond_a_limit_alert_falls_within_the_delay_and_the_cause_is_told(amps, trip):
    for offset_us in range(0, 64000, 9000):
        rig = Rig().armed()
        rig.world.advance(100000 + offset_us)
        fell = []
        rig.alert.watch(lambda level, rig=rig, fell=fell: fell.append((level, rig.world.now_us)))
        start_us = rig.world.now_us
        rig.amps(amps, 320)
        assert fell[0][0] == 0 and fell[0][1] - start_us <= rig.chip.applied["ocd2_ms"] * 1000
        assert rig.chip.applied["ocd2_ms"] <= 320
        assert rig.chip.read_alarm() and rig.chip.read_status() == trip


def test_just_inside_both_limits_nothing_falls():
    rig = Rig().armed()
    rig.amps(-199, 1000)
    rig.amps(99, 1000)
    assert rig.alert.level == 1 and rig.chip.read_alarm() == rig.chip.read_status() == 0


def test_a_pulse_shorter_than_a_cycle_is_averaged_away():
    rig = Rig().armed()
    rig.amps(-230, 10)
    rig.amps(0, 300)
    assert rig.alert.level == 1


def test_an_ina226_watches_discharging_only():
    rig = Rig("INA226", shunt_uohm=200)
    rig.chip.limit(200000, 100000, 320)
    rig.chip.arm()
    rig.amps(150, 1000)
    assert rig.alert.level == 1
    assert "occ2_ma" not in rig.chip.applied
    rig.amps(-230, 320)
    assert rig.alert.level == 0 and rig.chip.read_alarm() == UNDER["INA226"]


def test_an_alarm_stays_until_cleared_and_its_trip_for_some_scans():
    rig = Rig().armed()
    rig.amps(-230, 320)
    rig.amps(0, 200)
    assert rig.alert.level == 0, "latched"
    assert rig.chip.read_alarm() == UNDER["INA228"] and rig.alert.level == 1
    told = []
    for _ in range(12):
        told.append(rig.chip.read_status())
        assert rig.chip.read_alarm() == UNDER["INA228"]
    assert told == [TRIP_OCD2] * 8 + [0] * 4
    rig.chip.clear_alarm(UNDER["INA228"])
    assert rig.chip.read_alarm() == 0


def test_an_overload_that_stays_falls_again_and_again():
    rig = Rig().armed()
    rig.amps(-230, 320)
    for _ in range(5):
        assert rig.chip.read_alarm() and rig.alert.level == 1
        rig.world.advance(130000)
        assert rig.alert.level == 0


@pytest.mark.parametrize("part", ["INA228", "INA226"])
def test_a_converter_that_stands_still_is_an_error_and_not_its_last_reading(part):
    rig = Rig(part, shunt_uohm=200)
    rig.chip.limit(200000, 100000, 320)
    rig.chip.arm()
    rig.amps(-50, 300)
    for _ in range(20):
        rig.chip.read_alarm()
        assert abs(rig.chip.read_current() + 50000) < 50
        rig.world.advance(250000)
    rig.model.run = lambda now_us: None
    with pytest.raises(OSError, match="stands still"):
        for _ in range(12):
            rig.world.advance(250000)
            rig.chip.read_alarm()
            rig.chip.read_current()
    assert rig.chip.pack_ma == 0
    del rig.model.run
    rig.world.advance(250000)
    rig.chip.read_alarm()
    assert abs(rig.chip.read_current() + 50000) < 50


@pytest.mark.parametrize("charge_as", [-3.6e5, -36.0, 0, 36.0, 3.6e6])
def test_charge_is_counted_between_the_looks(charge_as):
    rig = Rig().armed()
    rig.chip.clear_charge()
    rig.plant.current_a = charge_as / 1000
    rig.model.run(rig.world.now_us)
    rig.model.amps = charge_as / 1000
    for _ in range(10):
        rig.world.advance(100000000)
    assert abs(rig.chip.read_charge() - charge_as / 0.0036) <= max(90, abs(charge_as) * 0.02)
    rig.plant.current_a = 0.0
    rig.model.amps = 0.0
    rig.chip.arm()
    before = rig.chip.read_charge()
    assert bool(before) is bool(charge_as), "arming counts on"
    rig.chip.clear_charge()
    assert rig.chip.read_charge() == 0 and rig.chip.verify_all() == 0


def test_an_ina226_does_not_count():
    with pytest.raises(OSError, match="does not count"):
        Rig("INA226").armed(shunt_uohm=500, ocd2_ma=100000).chip.read_charge()


@pytest.mark.parametrize("ms, cycle_ms", [(10, 10), (320, 320), (425, 425)])
def test_two_cycles_fit_into_the_delay(part, ms, cycle_ms):
    rig = Rig(part).armed(ocd2_ms=ms, occ2_ms=ms, ocd2_ma=100000)
    assert cycle_ms / 4 < rig.chip.applied["ocd2_ms"] <= cycle_ms


@pytest.mark.parametrize(
    "changes, words",
    [({"ocd2_ma": 400000}, "ocd2_ma: 400000 does not fit"), ({"shunt_uohm": 250}, "wired is 500")],
)
def test_what_the_meter_cannot_hold_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Rig().chip.load(config(**{"shunt_uohm": 500, **changes}))


def test_a_changed_register_is_found_within_one_pass(part):
    for reg in (0x00, 0x07) if part == "INA226" else (0x01, 0x02, 0x0C, 0x0D, 0x0E, 0x11):
        rig = Rig(part).armed(ocd2_ma=100000)
        rig.model.regs[reg] ^= 0x0100
        found = [rig.chip.verify_step() for _ in range(9)]
        assert STEP_DIFFERS in found and rig.chip.mismatch == reg
        assert rig.chip.verify_all() >= 1
    rig = Rig(part).armed(ocd2_ma=100000)
    assert STEP_PASS in [rig.chip.verify_step() for _ in range(9)]


def test_a_brown_out_is_seen_by_the_next_look_at_the_alarm(part):
    rig = Rig(part).armed(ocd2_ma=100000)
    rig.chip.read_alarm()
    assert rig.chip.flags == 0
    rig.model.brown_out()
    rig.chip.read_alarm()
    assert rig.chip.flags == FLAG_RESET and rig.chip.verify_all() > 1


def test_a_line_that_is_stuck_low_is_a_reset_and_not_a_current_of_nothing():
    script = Script(_04="000000", _0B="0000")
    chip = INA22x(RegBus(script, 0x40), INA228, 500)
    chip.read_alarm()
    assert chip.flags == FLAG_RESET


# -- mischief ----------------------------------------------------------------------------------------


def test_who_does_not_answer_is_named(part):
    rig = Rig(part)
    rig.i2c.detach(0x40)
    with pytest.raises(OSError, match=f"{part.lower()} 0x..: read refused") as caught:
        rig.chip.probe()
    assert caught.value.args[0] == errno.EIO


def test_flipped_and_refused_bytes_never_leave_a_wrong_configuration_unnoticed():
    rig = Rig()
    rig.chip.load(config(shunt_uohm=500))
    rig.model.strict = False
    for noise in (
        BitFlip(rig.model, Prng(5), per_million=4000, written=True),
        NackWrapper(rig.model, per_million=20000, prng=Prng(6), data=True),
    ):
        rig.i2c.attach(noise)
        right = wrong = 0
        for _ in range(200):
            try:
                rig.chip.arm()
                noise.on = False
                found = rig.chip.verify_all()
            except OSError:
                found = -1
            noise.on = False
            wanted = dict(rig.chip._settings.rows)
            bad = any(rig.model.regs[reg] != value for reg, value in wanted.items())
            assert not bad or found
            right += found == 0
            wrong += found != 0
            noise.on = True
        assert right > 20 and wrong > 10


@pytest.mark.parametrize(
    "do",
    [
        lambda rig: rig.put(0x04, 1),
        lambda rig: rig.put(0x20, 1),
        lambda rig: rig.i2c.readfrom_mem(0x40, 0x05, 4),
        lambda rig: rig.put(0x00, 0x0010),
        lambda rig: rig.put(0x01, 0x1068),
        lambda rig: rig.put(0x0B, 0x8000),
    ],
)
def test_illegal_use_fails_loudly(do):
    with pytest.raises(SimError):
        do(Rig())
