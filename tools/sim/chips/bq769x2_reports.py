"""What the BQ769x2 model answers to subcommands that return data. TRM chapter 12."""

import struct

from sim.chips.bq769x2_bits import COV, CUV

_V_LSB = 5 * 1.212 / 8388608.0  # DASTATUS voltage counts
_I_LSB_UV = 1.24 / (5 * 8388608.0) * 1000000.0  # DASTATUS current counts, at the shunt

# how long each takes: table 9-2; 660 us where it says nothing
TIMES_US = {
    0x0001: 400,
    0x0002: 400,
    0x0003: 400,
    0x0004: 8500,
    0x0005: 450,
    0x0007: 400,
    0x0009: 650,
    0x0053: 660,
    0x0057: 660,
    0x0070: 660,
    0x0071: 660,
    0x0072: 660,
    0x0073: 660,
    0x0074: 660,
    0x0075: 660,
    0x0076: 660,
    0x0077: 660,
    0x0080: 660,
    0x0081: 660,
    0x0083: 660,
    0x0085: 660,
    0x0086: 660,
    0x0087: 660,
}


def _version(chip, buf, at: int) -> int:
    struct.pack_into(">HHH", buf, at, chip.device_number, 0x0036, 0x0003)
    return 6


def _manufacturing(chip, buf, at: int) -> int:
    test = chip.fets.test  # b0 CHG b1 PCHG b2 DSG b3 PDSG
    word = (test & 2) >> 1 | (test & 1) << 1 | (test & 4) | (test & 8) << 2
    word |= 0x10 if chip.fets.enabled else 0
    word |= 0x40 if chip.mailbox.pf_enabled else 0
    struct.pack_into("<H", buf, at, word)
    return 2


def _counts(chip, code: int, buf, at: int) -> int:
    """DASTATUS1..4: four cells each, voltage and simultaneous current."""
    amps = int(chip.measure.uv / _I_LSB_UV)
    for i in range(4):
        mv = chip.measure.cell_mv[4 * (code - 0x71) + i]
        struct.pack_into("<ii", buf, at + 8 * i, int(mv * 0.001 / _V_LSB), amps)
    return 32


def _dastatus5(chip, buf, at: int) -> int:
    measure = chip.measure
    cells = measure.used_mv()
    high = max(measure.cell_hot, measure.fet_hot)
    average = (measure.cell_hot + measure.cell_cold) // 2
    struct.pack_into("<hhhhhh", buf, at, 0, 0, max(cells), min(cells), sum(cells) // 10, average)
    temps = (measure.fet_hot, high, measure.cell_cold, average)
    struct.pack_into("<hhhh", buf, at + 12, *temps)
    counts = int(measure.uv / _I_LSB_UV)
    struct.pack_into("<hhii", buf, at + 20, measure.user, measure.cc1_user, counts, counts)
    return 32


def _dastatus6(chip, buf, at: int) -> int:
    """Passed charge in userAh, integer and fraction, preset to a half; then the time."""
    measure = chip.measure
    user_ah = measure.passed_mas * 1000.0 / measure.user_ua / 3600.0 + 0.5
    whole = int(user_ah + 1000000000.0) - 1000000000
    fraction = int((user_ah - whole) * 65536.0) << 16
    struct.pack_into("<iII", buf, at, whole, fraction, measure.passed_us // 1000000)
    for i in range(20):
        buf[at + 12 + i] = 0
    return 32


def _zeros(buf, at: int, count: int) -> int:
    for i in range(count):
        buf[at + i] = 0
    return count


def _balance(chip, code: int, buf, at: int) -> int:
    balance = chip.balance
    if code == 0x0083:
        struct.pack_into("<H", buf, at, balance.active)
        return 2
    if code == 0x0085:
        struct.pack_into("<H", buf, at, balance.total_s & 0xFFFF)
        return 2
    first = 8 * (code - 0x0086)
    struct.pack_into("<8I", buf, at, *balance.cell_s[first : first + 8])
    return 32


def _word(buf, at: int, value: int) -> int:
    struct.pack_into("<H", buf, at, value)
    return 2


def fill(chip, code: int, buf, at: int) -> int:
    """Put the answer into `buf`; returns how many bytes it has."""
    if code == 0x0001:
        return _word(buf, at, chip.device_number)
    if code == 0x0002:
        return _version(chip, buf, at)
    if code == 0x0005:
        return _word(buf, at, chip.memory.signature())
    if code == 0x0007:
        return _word(buf, at, chip.mailbox.previous)
    if code in (0x0003, 0x0004, 0x0009):
        return _word(buf, at, 0)
    if code == 0x0057:
        return _manufacturing(chip, buf, at)
    if code == 0x0053:
        buf[at : at + 4] = chip.protect.pf
        buf[at + 4] = 0
        return 5
    if 0x71 <= code <= 0x74:
        return _counts(chip, code, buf, at)
    if code == 0x0075:
        return _dastatus5(chip, buf, at)
    if code == 0x0076:
        return _dastatus6(chip, buf, at)
    if code in (0x0080, 0x0081):
        struct.pack_into("<16h", buf, at, *chip.protect.snapshot[CUV if code == 0x80 else COV])
        return 32
    if 0x83 <= code <= 0x87:
        return _balance(chip, code, buf, at)
    return _zeros(buf, at, 32)
