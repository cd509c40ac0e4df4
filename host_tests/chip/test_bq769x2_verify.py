"""Arming a BQ769x2 and reading it back: whole, and in slices beside the scan."""

from array import array

import pytest

from host_tests.chip.driver_rig import Rig, config
from roles import BOTH, CHG, STEP_BUSY, STEP_DIFFERS, STEP_PASS, TEMP_NONE

CYCLE_N = 5
WINDOW_N = 8
PASS_N = CYCLE_N * (WINDOW_N + 1)


def steps(rig, n):
    """What so many steps say."""
    return [rig.chip.verify_step() for _ in range(n)]


def run_until_not_busy(rig, limit=3 * PASS_N):
    for _ in range(limit):
        found = rig.chip.verify_step()
        if found != STEP_BUSY:
            return found
    raise AssertionError("never anything but busy")


# arming


@pytest.mark.parametrize("crc", [False, True])
def test_arming_writes_everything_between_entering_and_leaving_config_update(crc):
    rig = Rig(crc=crc)
    rig.chip.load(config())
    rig.chip.arm()
    codes = [code for code, _ in rig.i2c.commands]
    assert codes[:2] == [0x0095, 0x0090]
    assert codes[-2:] == [
        0x0092,
        0x009A,
    ]  # SLEEP_DISABLE: Power Config may wait for a reset
    assert all(code >= 0x9180 for code in codes[2:-2])
    assert rig.chip.verify_all() == 0
    assert rig.chip.mismatch == 0


def test_config_update_goes_out_as_the_reference_shows():
    rig = Rig(crc=True)
    rig.chip.load(config())
    rig.chip.arm()
    assert bytes.fromhex("103e90740000") in rig.i2c.frames
    assert bytes.fromhex("103e927a0000") in rig.i2c.frames


def test_neighbours_are_written_together_and_never_more_than_the_buffer_holds():
    rig = Rig()
    rig.chip.load(config())
    rig.chip.arm()
    sizes = {code: len(data) for code, data in rig.i2c.commands if data}
    assert sizes[0x91A8] == 8  # both gains
    assert sizes[0x925F] == 5  # Protection Configuration, Enabled Protections A, B, C
    assert max(sizes.values()) <= 32
    assert len(sizes) <= 25


def test_nothing_but_our_registers_is_written():
    rig = Rig().armed()
    for address in (0x9239, 0x923A, 0x9236, 0x9256, 0x9343, 0x9180, 0x91D4):
        assert address not in rig.i2c.memory


def test_alarm_enable_is_set_at_once_and_not_only_after_the_next_reset():
    rig = Rig().armed()
    assert rig.i2c.registers[0x66:0x68] == b"\x00\xe0"


@pytest.mark.parametrize("command", [0x0090, 0x0092])
def test_a_config_update_that_does_not_follow_is_an_error_in_bounded_time(command):
    rig = Rig()
    del rig.i2c.on[command]
    rig.chip.load(config())
    with pytest.raises(OSError, match=f"bq769x2 0x{command:04x}: CONFIG_UPDATE does not follow"):
        rig.chip.arm()
    assert rig.slept_us < 50000


def test_a_chip_that_does_not_enter_config_update_is_not_written():
    rig = Rig()
    del rig.i2c.on[0x0090]
    rig.chip.load(config())
    with pytest.raises(OSError):
        rig.chip.arm()
    assert rig.i2c.memory == {}


def test_arming_without_a_configuration_is_refused():
    with pytest.raises(ValueError, match="arm"):
        Rig().chip.arm()


def test_an_interrupted_arming_can_be_repeated():
    rig = Rig()
    rig.chip.load(config())
    rig.i2c.refuse.add(0x60)
    with pytest.raises(OSError, match="0x60"):
        rig.chip.arm()
    rig.i2c.refuse.clear()
    rig.chip.arm()
    assert rig.chip.verify_all() == 0


# whole


@pytest.mark.parametrize(
    "address", [0x91A9, 0x9235, 0x9261, 0x9277, 0x9286, 0x92A6, 0x9308, 0x9339]
)
def test_one_changed_byte_is_found_and_named_by_its_register(address):
    rig = Rig().armed()
    rig.i2c.memory[address] ^= 0x01
    first = {0x91A9: 0x91A8, 0x9235: 0x9234, 0x9277: 0x9276}
    assert rig.chip.verify_all() == 1
    assert rig.chip.mismatch == first.get(address, address)


def test_a_register_is_counted_once_however_many_bytes_differ():
    rig = Rig().armed()
    for address in (0x91A8, 0x91A9, 0x91AA, 0x91AB, 0x9261, 0x9262):
        rig.i2c.memory[address] ^= 0xFF
    assert rig.chip.verify_all() == 3
    assert rig.chip.mismatch == 0x9262


def test_foreign_bytes_do_not_count():
    rig = Rig().armed()
    for address in (0x9236, 0x9264, 0x9268, 0x926C, 0x926F, 0x927D, 0x9298):
        rig.i2c.memory[address] = 0x55
    assert rig.chip.verify_all() == 0


def test_a_lost_alarm_enable_counts():
    rig = Rig().armed()
    rig.i2c.put16(0x66, 0xF800)
    assert rig.chip.verify_all() == 1
    assert rig.chip.mismatch == 0x66


def test_fet_en_counts_only_once_fets_were_permitted():
    rig = Rig().armed()
    assert rig.chip.verify_all() == 0
    rig.chip.write_fets(CHG)
    assert rig.chip.verify_all() == 0
    rig.i2c.replies[0x0057] = b"\x40\x00"
    assert rig.chip.verify_all() == 1
    assert rig.chip.mismatch == 0x57


def test_a_block_that_cannot_be_read_is_an_error_naming_it():
    rig = Rig().armed()
    rig.i2c.spoil_checksum = True
    with pytest.raises(OSError, match="bq769x2 0x91a8: checksum"):
        rig.chip.verify_all()


# in slices


@pytest.mark.parametrize("crc", [False, True])
def test_a_whole_pass_without_a_difference_is_reported_once_a_pass(crc):
    rig = Rig(crc=crc).armed()
    found = steps(rig, 3 * PASS_N)
    assert found.count(STEP_PASS) == 3
    assert found.count(STEP_DIFFERS) == 0
    assert found.index(STEP_PASS) == PASS_N - CYCLE_N + 1


def test_no_step_makes_more_than_one_transaction_or_sleeps():
    rig = Rig().armed()
    for _ in range(3 * PASS_N):
        before = rig.i2c.transactions
        rig.chip.verify_step()
        assert rig.i2c.transactions - before <= 1
    assert rig.slept_us == 0


def test_steps_cost_less_than_twenty_bytes_on_average():
    rig = Rig().armed()
    steps(rig, PASS_N)
    assert rig.i2c.wire_bytes / PASS_N <= 20


@pytest.mark.parametrize(
    "address", [0x91A8, 0x9234, 0x9268 - 3, 0x9286, 0x92B2, 0x92C2, 0x9308, 0x933A]
)
def test_a_difference_is_found_within_a_pass_and_spoils_it(address):
    rig = Rig().armed()
    rig.i2c.memory[address] ^= 0x01
    found = steps(rig, 2 * PASS_N)
    assert found.count(STEP_DIFFERS) == 2
    assert found.count(STEP_PASS) == 0
    assert rig.chip.mismatch == address


def test_a_pass_counts_again_once_the_difference_is_gone():
    rig = Rig().armed()
    rig.i2c.memory[0x9261] ^= 0x01
    steps(rig, PASS_N)
    rig.i2c.memory[0x9261] ^= 0x01
    assert run_until_not_busy(rig) == STEP_PASS


def test_losing_fet_en_or_alarm_enable_is_noticed():
    rig = Rig().armed()
    rig.chip.write_fets(BOTH)
    rig.i2c.replies[0x0057] = b"\x40\x00"
    assert run_until_not_busy(rig) == STEP_DIFFERS
    assert rig.chip.mismatch == 0x57
    rig.i2c.replies[0x0057] = b"\x50\x00"
    rig.i2c.put16(0x66, 0xF800)
    assert run_until_not_busy(rig) == STEP_DIFFERS
    assert rig.chip.mismatch == 0x66


def test_a_lost_alarm_enable_spoils_the_pass_it_was_seen_in():
    rig = Rig().armed()
    rig.i2c.put16(0x66, 0xF800)
    assert STEP_DIFFERS in steps(rig, CYCLE_N)
    rig.i2c.put16(0x66, 0xE000)
    assert STEP_PASS not in steps(rig, PASS_N - CYCLE_N)
    assert STEP_PASS in steps(rig, PASS_N)


def test_other_users_of_the_buffer_only_delay_a_slice():
    rig = Rig().armed()
    rig.i2c.replies[0x0057] = b"\x50\x00"
    found = []
    for i in range(2 * PASS_N):
        if i % 7 == 0:
            rig.chip.write_fets(CHG if i % 2 else BOTH)
        if i % 11 == 0:
            rig.chip.write_bleed(i & 0xFFFF)
        found.append(rig.chip.verify_step())
    assert STEP_DIFFERS not in found
    assert STEP_PASS in found


def test_an_answer_that_belongs_to_somebody_else_is_never_compared():
    rig = Rig().armed()
    rig.chip.verify_step()  # asks
    rig.chip.write_fets(0)  # takes the buffer away
    rig.i2c.forget()
    assert rig.chip.verify_step() == STEP_BUSY
    assert [f[1] for f in rig.i2c.frames] == [0x3E]  # asked again
    assert rig.i2c.reads == []
    assert rig.chip.verify_step() == STEP_BUSY
    assert rig.i2c.reads == [(0x3E, 36)]


def test_a_chip_that_is_not_done_is_an_error_and_asked_again():
    rig = Rig().armed()
    rig.chip.verify_step()
    rig.i2c.busy = 1
    with pytest.raises(OSError, match="bq769x2 0x91a8: busy"):
        rig.chip.verify_step()
    assert run_until_not_busy(rig) == STEP_PASS


@pytest.mark.parametrize("trouble", ["busy", "spoil_checksum"])
def test_a_block_that_cannot_be_read_three_times_counts_as_different(trouble):
    rig = Rig().armed()
    setattr(rig.i2c, trouble, 10**9)
    errors = 0
    found = STEP_BUSY
    while found == STEP_BUSY:
        try:
            found = rig.chip.verify_step()
        except OSError:
            errors += 1
    assert (found, errors) == (STEP_DIFFERS, 2)
    assert rig.chip.mismatch == 0x91A8


def test_single_failures_of_many_blocks_do_not_add_up():
    rig = Rig().armed()
    errors = 0
    for i in range(4 * PASS_N):
        rig.i2c.spoil_checksum = i // CYCLE_N % 2 == 0
        try:
            assert rig.chip.verify_step() != STEP_DIFFERS
        except OSError:
            errors += 1
    assert errors >= 8


def test_arming_again_starts_the_slices_from_the_front():
    rig = Rig().armed()
    steps(rig, 12)
    rig.armed()
    assert steps(rig, PASS_N).index(STEP_PASS) == PASS_N - CYCLE_N + 1


def test_without_a_configuration_there_is_nothing_to_pass():
    assert set(steps(Rig(), 2 * PASS_N)) == {STEP_BUSY}


# the die's temperature comes with the slices


def test_the_die_temperature_is_known_after_verifying_whole():
    rig = Rig().armed()
    rig.chip.verify_all()
    rig.chip.read_temps(array("i", [0] * 3))
    assert rig.chip.die_ddegc == 250


def test_the_die_temperature_is_refreshed_with_every_cycle_of_slices():
    rig = Rig().armed()
    rig.i2c.put16(0x68, 3232)
    steps(rig, CYCLE_N)
    rig.chip.read_temps(array("i", [0] * 3))
    assert rig.chip.die_ddegc == 500


def test_a_die_temperature_that_nobody_refreshes_is_dropped():
    rig = Rig().armed()
    rig.chip.verify_all()
    temps = array("i", [0] * 3)
    for _ in range(20):
        rig.chip.read_temps(temps)
    assert rig.chip.die_ddegc == 250
    rig.chip.read_temps(temps)
    assert rig.chip.die_ddegc == TEMP_NONE


def test_a_die_temperature_that_could_not_be_read_is_dropped_at_once():
    rig = Rig().armed()
    rig.chip.verify_all()
    steps(rig, 2)
    rig.i2c.refuse.add(0x66)
    with pytest.raises(OSError, match="0x66"):
        rig.chip.verify_step()
    rig.chip.read_temps(array("i", [0] * 3))
    assert rig.chip.die_ddegc == TEMP_NONE


# the whole scan


def scan(chip, cell_mv, temps):
    chip.read_alarm()
    chip.read_status()
    chip.read_cells(cell_mv)
    chip.read_current()
    chip.read_temps(temps)
    chip.read_fets()
    chip.verify_step()


def test_a_quiet_scan_stays_within_six_transactions_and_1_3_times_the_least_bytes():
    rig = Rig(crc=True).armed()
    cell_mv = array("i", [0] * 16)
    temps = array("i", [0] * 3)
    most = 0
    for _ in range(PASS_N):
        before = rig.i2c.transactions
        scan(rig.chip, cell_mv, temps)
        most = max(most, rig.i2c.transactions - before)
    assert most == 6
    # 16 cells, stack and current; three temperatures; status A, B, C; alarm; FETs; each with CRC
    least = 3 + 2 * 32 + 3 + 2 * 2 + 3 + 2 * 2 + 3 + 2 * 6 + 3 + 2 * 5 + 3 + 2 * 2 + 3 + 2 * 1
    assert rig.i2c.wire_bytes / PASS_N <= 1.3 * min(least, 118)
