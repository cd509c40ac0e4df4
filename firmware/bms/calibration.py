"""Calibration: gain and offset of cells and current, offset of thermistors, in integers.

`apply` runs in every scan, between the monitor's readings and all that follows from them. The monitor's
own comparators know nothing of it: they trip where the uncalibrated chip says. Gains are in 1/16384.

Bounds: what lies beyond them is a fault to be mended, not an error to be calibrated away.
cells   20 mV offset, 1 % gain, 30 mV in all between 2 and 4 V; two points at least 200 mV apart
current 500 mA offset, 10 % gain, an eighth of the lowest over-current limit in all; two points at least 2 A apart
NTCs    5 degC; what is no reading of a sensor (open, shorted) stays so
"""

import binascii
import json
from array import array

from micropython import const

from roles import TEMP_NONE

_ONE = const(16384)
_SHIFT = const(14)
_HALF = const(8192)
_CELL_MV = const(20)
_CELL_GAIN = const(164)
_CELL_ALL_MV = const(30)
_CELL_APART_MV = const(200)
_CURRENT_MA = const(500)
_CURRENT_GAIN = const(1638)  # by 327670 mA: 5.4e8
_CURRENT_APART_MA = const(2000)
_NTC_DDEGC = const(50)
_HASH_MAX = const(0x3FFFFFFF)

CELL = "cell"
CURRENT = "current"
NTC = "ntc"
KINDS = (CELL, CURRENT, NTC)


class Calibration:
    """What is in force. `raw_*`: the last readings as the monitor gave them. `config`: for the bounds."""

    def __init__(self, cell_n: int, ntc_n: int, config=None):
        self._config = config
        self.cell_n = cell_n
        self.ntc_n = ntc_n
        self.cell_gain = array("i", [0] * cell_n)
        self.cell_mv = array("i", [0] * cell_n)
        self.current_gain = 0
        self.current_ma = 0
        self.ntc_ddegc = array("i", [0] * ntc_n)
        self.dates = {}  # "cell 3" -> what a person wrote
        self.raw_mv = array("i", [0] * cell_n)
        self.raw_ma = 0
        self.raw_ddegc = array("i", [0] * ntc_n)

    def apply(self, snap) -> None:
        """Correct a snapshot that has just been read, before anything is derived. Allocates nothing."""
        cells = snap.cell_mv
        for i in range(self.cell_n):
            mv = cells[i]
            self.raw_mv[i] = mv
            cells[i] = mv + ((mv * self.cell_gain[i] + _HALF) >> _SHIFT) + self.cell_mv[i]
        ma = snap.pack_ma
        self.raw_ma = ma
        snap.pack_ma = ma + ((ma * self.current_gain + _HALF) >> _SHIFT) + self.current_ma
        temps = snap.temp_ddegc
        config = self._config
        for i in range(self.ntc_n):
            ddegc = temps[i]
            self.raw_ddegc[i] = ddegc
            if ddegc != TEMP_NONE and (
                config is None or config.ntc_open_ddegc < ddegc < config.ntc_short_ddegc
            ):
                temps[i] += self.ntc_ddegc[i]

    def raw(self, kind: str, which: int) -> int:
        """Last uncorrected reading."""
        if kind == CURRENT:
            return self.raw_ma
        return self.raw_mv[which] if kind == CELL else self.raw_ddegc[which]

    def get(self, kind: str, which: int):
        """(gain, offset) in force."""
        if kind == CURRENT:
            return self.current_gain, self.current_ma
        if kind == CELL:
            return self.cell_gain[which], self.cell_mv[which]
        return 0, self.ntc_ddegc[which]

    def set(self, kind: str, which: int, gain: int, offset: int) -> None:
        """Put in force. `ValueError` says which bound it breaks; nothing has changed then."""
        self.check(kind, which, gain, offset)
        if kind == CURRENT:
            self.current_gain = gain
            self.current_ma = offset
        elif kind == CELL:
            self.cell_gain[which] = gain
            self.cell_mv[which] = offset
        else:
            self.ntc_ddegc[which] = offset

    def check(self, kind: str, which: int, gain: int, offset: int) -> None:
        """`ValueError` when this can be no calibration."""
        for value in (which, gain, offset):
            if type(value) is not int:
                raise ValueError("not an integer")
        n = {CELL: self.cell_n, CURRENT: 1, NTC: self.ntc_n}.get(kind, 0)
        if not 0 <= which < n:
            raise ValueError(f"there is no {kind} {which + 1}")
        if kind == CELL:
            _within("offset", offset, _CELL_MV, "mV")
            _within("gain", gain, _CELL_GAIN, "/16384")
            for mv in (2000, 4000):
                _within("correction", offset + (mv * gain >> _SHIFT), _CELL_ALL_MV, "mV")
        elif kind == CURRENT:
            _within("offset", offset, _CURRENT_MA, "mA")
            _within("gain", gain, _CURRENT_GAIN, "/16384")
            if self._config is not None:
                limit_ma = min(self._config.occ1_ma, self._config.ocd1_ma)
                for ma in (0, limit_ma):
                    _within("correction", offset + (ma * gain >> _SHIFT), limit_ma // 8, "mA")
        else:
            _within("gain", gain, 0, "")
            _within("offset", offset, _NTC_DDEGC, "x 0.1 degC")

    # as it is stored

    def as_dict(self) -> dict:
        return {
            "cells": [[self.cell_gain[i], self.cell_mv[i]] for i in range(self.cell_n)],
            "current": [self.current_gain, self.current_ma],
            "ntcs": list(self.ntc_ddegc),
            "dates": self.dates,
        }

    def hash(self) -> int:
        """30 bits; 0 = nothing is calibrated."""
        values = self.as_dict()
        if not any([any(pair) for pair in values["cells"]] + values["current"] + values["ntcs"]):
            return 0
        text = json.dumps([values["cells"], values["current"], values["ntcs"]])
        return binascii.crc32(text.encode()) & _HASH_MAX or 1

    def take(self, values: dict) -> None:
        """All of a stored one; `ValueError`, `KeyError`, `TypeError`, `IndexError` when it is none."""
        if len(values["cells"]) != self.cell_n or len(values["ntcs"]) != self.ntc_n:
            raise ValueError("another pack's")
        for i in range(self.cell_n):
            self.set(CELL, i, values["cells"][i][0], values["cells"][i][1])
        self.set(CURRENT, 0, values["current"][0], values["current"][1])
        for i in range(self.ntc_n):
            self.set(NTC, i, 0, values["ntcs"][i])
        self.dates = dict(values["dates"])


def _within(what: str, value: int, most: int, unit: str) -> None:
    if abs(value) > most:
        raise ValueError(
            f"{what} {value} {unit} is beyond {most}: mend the wiring, not the number"
        )


def solve(kind: str, points, gain: int = 0):
    """(gain, offset) of two points (raw, true), or of one and the gain so far. `ValueError`: they are too close."""
    raw, true = points[0]
    if len(points) == 1:
        return gain, true - raw - ((raw * gain + _HALF) >> _SHIFT)
    if kind == NTC:
        raise ValueError("a thermistor has an offset only: one point")
    raw_2, true_2 = points[1]
    apart = _CELL_APART_MV if kind == CELL else _CURRENT_APART_MA
    if abs(true_2 - true) < apart or abs(raw_2 - raw) < apart // 2:
        raise ValueError(f"the two points must be {apart} apart")
    # 1e6 mA by 16384 passes 2^30, once, by a person's hand: an int of any size is fine here
    gain = (true_2 - true) * _ONE // (raw_2 - raw) - _ONE
    middle = (raw + raw_2) // 2
    return gain, (true + true_2) // 2 - middle - ((middle * gain + _HALF) >> _SHIFT)
