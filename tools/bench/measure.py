"""What the numbers are and how they are taken. No thresholds here: the tests hold those."""

import json
import tempfile
import time
from pathlib import Path

from boards.sim.board import FAMILY, make_sim
from checks.mpy import compile_one
from checks.source import ROOT
from sim.mischief_bus import BusWrapper

_SETTLE_S = 20
# All that a scan has to know, as (register, bytes), for the largest part of each family.
_NEEDED = {
    "bq769x2": (  # SLUUBY2B section 12.1
        (0x03, 1),  # Safety Status A
        (0x05, 1),  # Safety Status B
        (0x07, 1),  # Safety Status C
        (0x14, 32),  # 16 cells
        (0x34, 2),  # stack
        (0x3A, 2),  # current
        (0x62, 2),  # Alarm Status
        (0x70, 6),  # three temperatures
        (0x7F, 1),  # FET Status
    ),
    "bq769x0": (  # SLUSBK2I section 8.5
        (0x00, 1),  # SYS_STAT
        (0x05, 1),  # SYS_CTRL2: FETs
        (0x0C, 30),  # 15 cells
        (0x2C, 6),  # three temperatures
        (0x32, 2),  # current
    ),
    "isl94202": (  # FN8889, RAM
        (0x80, 3),  # STAT0 to 2
        (0x86, 2),  # CTRL1 and 2: FETs, and whether it has forgotten
        (0x8E, 18),  # current, 8 cells
        (0xA0, 8),  # temperatures, stack
    ),
}
# Where a frame is not a read of registers: bytes of each frame. 16 cells on two LTC6811, and the meter's three
# reads; on a BQ769x2's SPI each of its 48 bytes has a frame, and the answer to the last one takes another.
_FRAMES = {
    "ltc681x": (4, 20, 20, 20, 20, 20, 4, 20, 20) + (5, 6, 6),
    "bq769x2_spi": (3,) * 49,
}
# With CRC a read of n registers is address, register, address, then each byte with its own CRC.
_HEAD = 3
_WITH_CRC = 2
_PER_BYTE = {"isl94202": 1}
# packages of lib that a family needs, where it is not the one of its name alone
_PACKAGES = {
    "ltc681x": ("ltc681x", "ina22x", "split", "latch", "gateswitch"),
    "bq769x2_spi": ("bq769x2", "bq769x2_spi"),
}
_BITS_I2C = 9  # a byte and its acknowledge
_BITS_SPI = 8


class TimedBus(BusWrapper):
    """Adds up the time spent in the two calls that a driver makes."""

    def __init__(self, bus):
        super().__init__(bus)
        self.seconds = 0.0

    def readfrom_mem_into(self, addr: int, memaddr: int, buf, addrsize: int = 8) -> None:
        began_s = time.perf_counter()
        super().readfrom_mem_into(addr, memaddr, buf, addrsize)
        self.seconds += time.perf_counter() - began_s

    def writeto(self, addr: int, buf, stop: bool = True) -> int:
        began_s = time.perf_counter()
        acks = super().writeto(addr, buf, stop)
        self.seconds += time.perf_counter() - began_s
        return acks


def minimum(family: str = FAMILY) -> dict:
    """Fewest bytes that bring everything needed: a gap is read through where that is cheaper."""
    if family in _FRAMES:
        return {"transactions": len(_FRAMES[family]), "bytes": sum(_FRAMES[family])}
    per_byte = _PER_BYTE.get(family, _WITH_CRC)
    transactions = wire = end = 0
    for register, n in _NEEDED[family]:
        gap = (register - end) * per_byte
        if transactions and gap <= _HEAD:
            wire += gap
        else:
            transactions += 1
            wire += _HEAD
        wire += n * per_byte
        end = register + n
    return {"transactions": transactions, "bytes": wire}


def _quiet_sim(family: str = FAMILY):
    """16 cells in the middle of their charge, a steady load, everything verified at least once."""
    sim = make_sim(soc=0.5, family=family)
    sim.run(2)
    sim.world.sync()
    sim.plant.outside.load(amps=20)
    sim.run(_SETTLE_S)
    return sim


def bus_cost(seconds: float, family: str = FAMILY) -> dict:
    """Transactions and bytes on the wire of scans in which nothing happens."""
    sim = _quiet_sim(family)
    i2c = sim.monitor.bus
    scans = most = 0
    before = (i2c.transactions, i2c.wire_bytes)
    end_us = sim.world.now_us + int(seconds * 1000000)
    while sim.world.now_us < end_us:
        start_n = i2c.transactions
        sim.step()
        scans += 1
        most = max(most, i2c.transactions - start_n)
    wire_bytes = (i2c.wire_bytes - before[1]) / scans
    return {
        "family": family,
        "cell_n": sim.config.cell_n,
        "scans": scans,
        "transactions": (i2c.transactions - before[0]) / scans,
        "transactions_max": most,
        "bytes": wire_bytes,
        "khz": i2c.freq // 1000,
        "ms": wire_bytes * (_BITS_SPI if family in _FRAMES else _BITS_I2C) * 1000 / i2c.freq,
        "mpy": mpy_bytes(family),
    }


def mpy_bytes(family: str) -> int:
    """Compiled bytes of all that `mip install` of its drivers brings."""
    names = set()
    for package in _PACKAGES.get(family, (family,)):
        listed = json.loads((ROOT / "lib" / f"{package}.json").read_text(encoding="utf-8"))
        names |= {name for name, _ in listed["urls"]}
    with tempfile.TemporaryDirectory() as out:
        return sum(compile_one("lib/" + name, out=Path(out))[0] for name in names)


def speed(seconds: float) -> dict:
    """Scans a second of this machine. The firmware's share: time in `tick` less time on the bus."""
    sim = _quiet_sim()
    began_s = time.perf_counter()
    began_n, began_us = sim.pack.snap.seq, sim.world.now_us
    sim.run(seconds)
    took_s = time.perf_counter() - began_s
    return {
        "ticks_s": (sim.pack.snap.seq - began_n) / took_s,
        "real_time": (sim.world.now_us - began_us) / 1e6 / took_s,
        "firmware_ticks_s": _firmware_ticks_s(seconds),
    }


def _firmware_ticks_s(seconds: float) -> float:
    sim = _quiet_sim()
    timed = sim.monitor.stuck.bus = TimedBus(sim.monitor.bus)
    tick = sim.scan.tick
    spent_s = 0.0

    def timed_tick(dt_ms: int) -> None:
        nonlocal spent_s
        began_s = time.perf_counter()
        tick(dt_ms)
        spent_s += time.perf_counter() - began_s

    sim.scan.tick = timed_tick
    began_n = sim.pack.snap.seq
    sim.run(seconds)
    return (sim.pack.snap.seq - began_n) / (spent_s - timed.seconds)
