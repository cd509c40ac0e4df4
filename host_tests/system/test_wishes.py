"""What a person must end outlives every reset: off, locked FETs, latched rows. No cut turns off into on."""

import pytest

from abstore import ABStore, BlockSlot
from bms import bits, faults
from bms.recall import recall
from bms.wishes import Wishes
from host_tests.boxed import box
from host_tests.common.wishes_rig import Pauses, Slot
from host_tests.system.rig import running, touch, tripped
from roles import BOTH, CHG, DSG
from sim.flash import Flash

SCD = faults.row_index("scd")


def device(slots, **more):
    sim = running(cell_n=4, **more)
    sim.blackbox = Pauses(sim, slots)
    sim.run(1)
    return sim


def reset(sim, slots):
    """The microcontroller starts again; the pack hangs on as it was."""
    sim.release_pins()
    sim.boot()
    recall(sim.pack, slots)
    sim.blackbox = Pauses(sim, slots)
    sim.run(20)


@pytest.fixture
def slots():
    return (Slot(), Slot())


def test_a_quiet_pack_writes_nothing(slots):
    sim = device(slots)
    sim.run(60)
    assert sim.blackbox.written == 0 and not slots[0].data
    reset(sim, slots)
    assert sim.pack.mode.mode == bits.RUN


def test_off_stays_off_until_somebody_says_on(slots):
    sim = device(slots)
    sim.pack.request(bits.REQ_OFF)
    sim.run(1)
    for _ in range(2):
        reset(sim, slots)
        assert sim.pack.mode.mode == bits.OFF
        assert not sim.plant.chg_on and not sim.plant.dsg_on
    sim.pack.request(bits.REQ_ON)
    sim.run(10)
    assert sim.pack.mode.mode == bits.RUN
    reset(sim, slots)
    assert sim.pack.mode.mode == bits.RUN


@pytest.mark.parametrize("held", [0, 1])
def test_a_locked_fet_stays_locked_also_when_it_was_locked_while_all_was_held(slots, held):
    sim = device(slots)
    sim.pack.hold(held)
    sim.run(1)
    sim.pack.lock_fets(DSG)
    sim.run(1)
    reset(sim, slots)
    assert sim.pack.user_off == DSG
    assert sim.plant.chg_on and not sim.plant.dsg_on


def test_a_locked_short_circuit_waits_for_a_person_and_owed_trips_are_not_forgiven(slots):
    sim = device(slots)
    for count in range(1, sim.config.sc_lock_n + 1):
        touch(sim, lambda plant: plant.outside.short(0.01))
        assert sim.run_until(lambda: "scd" in tripped(sim), 2)
        touch(sim, lambda plant: plant.outside.short(0.0))
        if count < sim.config.sc_lock_n:
            assert sim.run_until(lambda: sim.pack.mode.mode == bits.RUN, 300)
            reset(sim, slots)  # who resets between two shorts does not begin anew
            assert sim.pack.protect.owed(SCD) == count
    sim.run(300)
    assert "scd" in tripped(sim)
    reset(sim, slots)
    sim.run(300)
    assert sim.pack.protect.latched_n == 1
    assert not sim.plant.chg_on and not sim.plant.dsg_on
    sim.pack.request(bits.REQ_CLEAR)
    assert sim.run_until(lambda: sim.pack.mode.mode == bits.RUN, 20), tripped(sim)
    reset(sim, slots)
    assert sim.pack.mode.mode == bits.RUN


@pytest.mark.parametrize("data", [b"\x00" * 40, b"CWAB", b"\xff"])
def test_what_cannot_be_read_is_off(slots, data):
    sim = device(slots)
    for slot in slots:
        slot.data = data
    reset(sim, slots)
    assert sim.pack.mode.mode == bits.OFF
    sim.pack.request(bits.REQ_ON)
    sim.run(5)
    reset(sim, slots)
    assert sim.pack.mode.mode == bits.RUN


@pytest.mark.parametrize("words", ["", "on", "on x", "on 0 scd", "on 0 scd=z", "of 0", "\n"])
def test_nonsense_with_a_right_checksum_is_off(slots, words):
    sim = device(slots)
    ABStore(slots, 1).save(words.encode())
    reset(sim, slots)
    assert sim.pack.mode.mode == bits.OFF


def test_no_power_cut_turns_off_into_on():
    """A cut at every step of a save of something else, while off is stored."""
    flash = Flash(2)
    slots = (BlockSlot(flash, 0, flash.size), BlockSlot(flash, 1, flash.size))
    sim = device(slots)
    sim.pack.request(bits.REQ_OFF)
    sim.run(1)
    cuts = 0
    for lock in (CHG, DSG, BOTH, 0, CHG):
        for cut_at in range(4):
            torn = flash.twin(cuts)
            torn_slots = tuple(BlockSlot(torn, i, torn.size) for i in (0, 1))
            keeper = Wishes(sim.pack, torn_slots)
            sim.pack.lock_fets(lock)
            torn.power(cut_at)
            with pytest.raises(OSError):
                keeper.step()
            torn.power()
            sim.boot()
            recall(sim.pack, torn_slots)
            assert sim.pack.mode.off
            cuts += 1
        sim.pack.lock_fets(lock)
        Wishes(sim.pack, slots).step()
    assert cuts == 20


def test_the_black_box_writes_it_in_a_pause_and_not_while_a_row_waits(slots):
    sim = running(cell_n=4)
    box(sim, Flash(105)).also(Wishes(sim.pack, slots).step)
    sim.run(5)
    sim.pack.request(bits.REQ_OFF)
    sim.run(1)
    reset(sim, slots)
    assert sim.pack.mode.mode == bits.OFF
