"""Two copies: cut anywhere, damage either, and what was saved is still there."""

import pytest

from abstore import DAMAGED, EMPTY, GOOD, MENDED, NEWER, ABStore, BlockSlot, FileSlot
from sim.flash import Flash, PowerCut

OLD = b"old settings" * 30
NEW = b"new settings, and longer" * 30


class Memory:
    """A slot in memory."""

    def __init__(self, data=b""):
        self.data = data
        self.refuse = False

    def read(self):
        return self.data

    def write(self, data):
        if self.refuse:
            raise OSError(28)
        self.data = bytes(data)


def store(slots, layout=1, migrations=None):
    return ABStore(slots, layout, migrations)


def saved(*values):
    slots = (Memory(), Memory())
    kept = store(slots)
    for value in values:
        kept.save(value)
    return slots


def test_nothing_was_ever_saved():
    kept = store((Memory(), Memory()))
    assert kept.load() is None and kept.state == EMPTY


def test_what_was_saved_is_loaded_and_both_copies_are_equal():
    slots = saved(OLD, NEW)
    kept = store(slots)
    assert kept.load() == NEW and kept.state == GOOD and kept.number == 2
    assert slots[0].data == slots[1].data


@pytest.mark.parametrize("which", [0, 1])
def test_every_flipped_bit_in_one_copy_changes_nothing_and_is_said_and_mended(which):
    for at in range(len(saved(OLD)[0].data) * 8):
        slots = saved(OLD[:20], NEW[:20])
        if at >= len(slots[0].data) * 8:
            break
        bad = bytearray(slots[which].data)
        bad[at // 8] ^= 1 << at % 8
        slots[which].data = bytes(bad)
        kept = store(slots)
        assert kept.load() == NEW[:20], at
        assert kept.state == MENDED, at
        again = store(slots)
        assert again.load() == NEW[:20] and again.state == GOOD


@pytest.mark.parametrize("rest", [b"", b"\x00" * 200, OLD])
def test_one_copy_that_is_gone_or_rubbish_is_mended(rest):
    for which in (0, 1):
        slots = saved(OLD, NEW)
        slots[which].data = rest
        kept = store(slots)
        assert kept.load() == NEW and kept.state == MENDED
        assert slots[0].data == slots[1].data


def test_two_damaged_copies_are_never_called_empty():
    slots = saved(OLD, NEW)
    for slot in slots:
        slot.data = slot.data[:-1]
    kept = store(slots)
    assert kept.load() is None and kept.state == DAMAGED
    slots[0].data = b""
    assert store(slots).load() is None and kept.state == DAMAGED


def test_two_good_copies_of_one_number_that_differ_are_damage():
    slots = saved(OLD)
    slots[1].data = saved(NEW)[1].data
    kept = store(slots)
    assert kept.load() is None and kept.state == DAMAGED


def test_a_save_after_damage_counts_on_and_heals():
    slots = saved(OLD, NEW)
    slots[0].data = slots[1].data = b"?" * 40
    kept = store(slots)
    kept.load()
    kept.save(OLD)
    again = store(slots)
    assert again.load() == OLD and again.state == GOOD


def test_an_older_layout_is_brought_up_to_date_and_stays_stored_as_it_was():
    slots = (Memory(), Memory())
    ABStore(slots, 1).save(b"a")
    before = slots[0].data
    steps = {1: lambda data: data + b"b", 2: lambda data: data + b"c"}
    kept = ABStore(slots, 3, steps)
    assert kept.load() == b"abc" and kept.state == GOOD and kept.layout == 1
    assert slots[0].data == slots[1].data == before
    kept.save(b"abc")
    assert ABStore(slots, 3, steps).load() == b"abc"


def test_a_layout_that_nobody_can_bring_up_to_date_is_damage():
    slots = (Memory(), Memory())
    ABStore(slots, 1).save(b"a")
    kept = ABStore(slots, 3, {2: lambda data: data})
    assert kept.load() is None and kept.state == DAMAGED


def test_a_newer_layout_is_left_as_it_is():
    slots = (Memory(), Memory())
    ABStore(slots, 2).save(b"a")
    slots[1].data = b""
    before = slots[0].data
    kept = ABStore(slots, 1)
    assert kept.load() is None and kept.state == NEWER
    assert (slots[0].data, slots[1].data) == (before, b"")


def test_a_slot_that_refuses_leaves_the_old_in_force():
    slots = saved(OLD)
    kept = store(slots)
    kept.load()
    for slot in slots:
        slot.refuse = True
    with pytest.raises(OSError):
        kept.save(NEW)
    again = store(slots)
    assert again.load() == OLD and again.state == GOOD


def test_a_slot_that_forgets_is_found_by_reading_back():
    class Forgetful(Memory):
        def write(self, data):
            self.data = bytes(data[:-1]) + b"?"

    with pytest.raises(OSError, match="slot a does not keep"):
        store((Forgetful(), Memory())).save(OLD)


def test_files_keep_it(tmp_path):
    slots = (FileSlot(str(tmp_path / "a")), FileSlot(str(tmp_path / "b")))
    kept = store(slots)
    assert kept.load() is None and kept.state == EMPTY
    kept.save(NEW)
    (tmp_path / "a").unlink()
    again = store(slots)
    assert again.load() == NEW and again.state == MENDED
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def block_store(flash):
    return store((BlockSlot(flash, 0, flash.size), BlockSlot(flash, 1, flash.size)))


def test_a_cut_at_every_step_leaves_the_old_or_the_new_and_mending_may_be_cut_too():
    """8 steps of a save, 5 kinds of torn, and again at each step of the mending after it."""
    flash = Flash(2, 1024)
    kept = block_store(flash)
    kept.save(OLD)
    flash.power()
    kept.save(NEW)
    steps = flash.steps
    assert steps == 8
    for cut in range(steps):
        for seed in range(1, 6):
            flash = Flash(2, 1024)
            block_store(flash).save(OLD)
            flash = flash.twin(seed)
            kept = block_store(flash)
            assert kept.load() == OLD
            flash.power(cut)
            with pytest.raises(PowerCut):
                kept.save(NEW)
            check_boots(flash, cut, seed)


def check_boots(flash, cut, seed):
    """Power comes back, and goes again while the damaged copy is being mended."""
    for second in range(6):
        flash = flash.twin(seed + 100)
        flash.power(second)
        try:
            block_store(flash).load()
        except PowerCut:
            pass
        flash.power()
        kept = block_store(flash)
        found = kept.load()
        assert found in (OLD, NEW), (cut, seed, second)
        assert cut == 3 or found == (OLD if cut < 3 else NEW), (cut, seed)
        again = block_store(flash)
        assert again.load() == found and again.state == GOOD
