"""What of a BQ769x2's data memory is needed all the time: blocks to write and compare, and a few words.

The table it is made from, `bq769x2_memory`, is needed once and may be forgotten afterwards.
"""

import struct

from micropython import const

BLOCK_N = const(32)  # bytes of one transfer
BAL_INTERVAL_S = const(20)  # also the time after which the chip forgets what the host lets bleed
ALARM_MASK = const(0xE000)  # SSBC, SSA, PF: a protection has tripped
ALARM_ASLEEP = const(0x6000)  # without SSBC: scans are rarer then than the host watchdog, FETs off
CELL_NTC = const(0x07)  # thermistor pin, 18 kohm pull-up: cell temperature
FET_NTC = const(0x0F)  # the same: FET temperature
NTC_PINS = ("TS1", "TS2", "TS3", "HDQ", "DCHG", "DDSG")  # in register order, 0x70 and up


_HEAD = "<BH"  # mA a bit, address of a window; its data and what is ours of it follow
_HEAD_N = const(3)
_IMAGE_N = const(67)


class Window:
    """A block of data memory as one read brings it, and which bytes of it are ours."""

    def __init__(self, address: int):
        self.address = address
        self.data = bytearray(BLOCK_N)
        self.own = bytearray(BLOCK_N)  # 0 not ours, 1 first byte of a register, 2 another

    def put(self, address: int, kind: str, value) -> None:
        """Place one register. `kind`: as `struct` has it, "<H"."""
        at = address - self.address
        struct.pack_into(kind, self.data, at, value)
        self.own[at] = 1
        for i in range(1, struct.calcsize(kind)):
            self.own[at + i] = 2

    def run(self, at: int) -> int:
        """Length of the run of own bytes that begins at `at`; they are written in one go."""
        end = at
        while end < BLOCK_N and self.own[end]:
            end += 1
        return end - at


def packed(windows, ma_per_bit: int) -> bytes:
    """All that the driver keeps of a configuration."""
    image = b""
    for each in windows:
        image += struct.pack(_HEAD, ma_per_bit, each.address) + each.data + each.own
    return image


def loaded(config, key: bytes, make):
    """(windows, mA a bit, applied) of `config.image`, if it begins with this key, else of `make(config)`."""
    image = getattr(config, "image", b"")
    if image[: len(key)] != key:
        made = make(config)
        return made.windows, made.ma_per_bit, made.applied
    windows = []
    ma_per_bit = 1
    for at in range(len(key), len(image), _IMAGE_N):
        ma_per_bit, address = struct.unpack_from(_HEAD, image, at)
        window = Window(address)
        at += _HEAD_N
        window.data[:] = image[at : at + BLOCK_N]
        window.own[:] = image[at + BLOCK_N : at + 2 * BLOCK_N]
        windows.append(window)
    return windows, ma_per_bit, {}
