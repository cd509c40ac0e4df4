"""Sensor sets: what lies between a cell and the numbers that firmware sees."""

import zlib

import numpy as np

_NOISE_MV = 2.0


class Sensors:
    """Errors of one set. Offsets of current as part of capacity an hour (C)."""

    def __init__(self, gain=1.0, offset_c=0.0, offset_mv=0.0, noisy=True, capacity=1.0, **more):
        self.gain, self.offset_c, self.offset_mv = gain, offset_c, offset_mv
        self.noisy, self.capacity = noisy, capacity
        self.charge_gain = more.get("charge_gain", 1.0)
        self.start_off_pct = more.get("start_off_pct", 0.0)  # what firmware is told, minus truth
        self.start_sigma_pct = more.get("start_sigma_pct", 0.5)  # None: firmware is told a guess
        self.table = more.get("table", "standard")  # or "wrong": another maker's


_B = {"offset_c": 5e-5, "offset_mv": 5.0, "gain": 1.01}
_NOT_B = {"offset_c": -5e-5, "offset_mv": -5.0, "gain": 0.99}
SETS = {
    "A": Sensors(noisy=False),
    "B+": Sensors(**_B),
    "B-": Sensors(**_NOT_B),
    "D": Sensors(1.01, 2e-4, 5.0, capacity=1.1, start_off_pct=-5.0, start_sigma_pct=2.5),
    "wrong_ocv": Sensors(table="wrong"),
    "F": Sensors(**_B, start_off_pct=-50.0, start_sigma_pct=None),
    "asymmetry": Sensors(charge_gain=1.09),
}
# cold starts: true SoC at which the firmware wakes up, what it is told minus that
COLD = {
    "C+20": (70.0, Sensors(**_B, start_off_pct=20.0, start_sigma_pct=None)),
    "C-20": (60.0, Sensors(**_NOT_B, start_off_pct=-20.0, start_sigma_pct=None)),
    "C-25": (50.0, Sensors(**_B, start_off_pct=-25.0, start_sigma_pct=None)),
    "C+30": (55.0, Sensors(**_NOT_B, start_off_pct=30.0, start_sigma_pct=None)),
}


def seen(run, sensors, name):
    """(ma, mv, ddegc) as whole numbers, as a monitor would report them."""
    random = np.random.default_rng(zlib.crc32(f"{run.name} {name}".encode()))
    capacity_ma = run.capacity_ah * 1000
    ma = run.ma * sensors.gain
    ma = np.where(ma > 0, ma * sensors.charge_gain, ma) + sensors.offset_c * capacity_ma
    mv = run.mv + sensors.offset_mv
    if sensors.noisy:
        mv = mv + random.normal(0.0, _NOISE_MV, len(mv))
    return np.rint(ma).astype(int), np.rint(mv).astype(int), np.rint(run.temp_c * 10).astype(int)


def cold_start(run, soc_pct):
    """The run from where its SoC last falls through `soc_pct`, None if it never does."""
    above = run.soc_pct > soc_pct
    falls = np.nonzero(above[:-1] & ~above[1:])[0]
    if run.kind == "week":
        falls = falls[:1]
    if not len(falls):
        return None
    part = run.part(falls[-1] + 1)
    return part if part.t_s[-1] - part.t_s[0] > 1800 else None
