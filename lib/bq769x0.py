"""TI BQ76920, BQ76930 and BQ76940: battery monitors for 3 to 15 cells in series, over I2C.

    from time import sleep_us
    from machine import I2C, Pin
    from bq769x0 import BQ76940, BQ769x0
    from regbus import RegBus

    i2c = I2C(0, scl=Pin(5), sda=Pin(4), freq=100_000)
    chip = BQ769x0(RegBus(i2c, 0x08, True, "bq769x0", 52, True), BQ76940, 15, sleep_us)
    chip.probe()
    chip.start()
    sleep_us(300_000)
    print(chip.read_current(), "mA")
To protect with it: `load(config)` an object with the attributes that `bq769x0_trips` names, `arm()`, see
that `verify_all()` is 0, then `write_fets(CHG | DSG)`. It fills every role of `roles.py`.

The chip opens DSG by itself on SCD, OCD and UV, and CHG on OV: `covers`. It knows no charge over-current,
no temperature limit, no host watchdog, and nothing of the terminals: a board gives it `terminals`. A latched
trip is reported until its cause is over, and cleared when its FET is permitted again. Sources: SLUSBK2I.
One burst brings everything, the configuration too. The constructor touches nothing; only `load` allocates.
"""

import errno

from micropython import const

from bq769x0_frame import BAT, CC_CFG_AT, CELLBAL1, PROTECT1, SYS_STAT, Frame
from bq769x0_parts import BQ76920, BQ76930, BQ76940, Wiring
from bq769x0_status import CC_READY, FAULTS, OVRD, XREADY, Latches, code14, int16
from bq769x0_switch import Switch
from bq769x0_temps import Temps
from bq769x0_trips import CC_CFG, CODES_N, Trips, code_mv
from bq769x0_wires import Wires
from roles import (
    DSG,
    FLAG_RESET,
    STEP_BUSY,
    STEP_DIFFERS,
    STEP_PASS,
    TEMP_NONE,
    TRIP_COV,
    TRIP_CUV,
    TRIP_OCD2,
    TRIP_OVRD,
    TRIP_SCD,
)

__all__ = ("BQ76920", "BQ76930", "BQ76940", "BQ769x0")

_CC = const(0x32)
_NV_PER_CODE = const(8440)

_PROBE_N = const(3)
_STILL_MAX = const(8)  # bursts in a row without a new current
_XREADY_N = const(3)  # attempts to arm, a second apart: "clear it after waiting a few seconds"
_TURN_N = const(16)  # calls of `verify_step` in a pass

# who takes what from a burst
_ALARM = const(1)
_STATUS = const(2)
_CELLS = const(4)
_CURRENT = const(8)
_TEMPS = const(16)
_FETS = const(32)


class BQ769x0:
    """One monitor: `part` is one of the three above, `cell_n` cells on it, `ntc` pins with a thermistor.

    `fet_ntc`: pin of one at the FETs. `boot`: an output that lifts TS1, to wake the chip. `terminals`: see
    terminals.py. Set `temps.thermistor` for another type than the 103AT.
    """

    def __init__(
        self, bus, part, cell_n, sleep_us, ntc=("TS1",), fet_ntc=None, boot=None, terminals=None
    ):
        self._bus = bus
        self._cell_n = cell_n
        self._wiring = Wiring(part, cell_n, ntc, fet_ntc)
        self._frame = Frame(bus, part, sleep_us, boot)
        self._latches = Latches(self._wiring.cell_at)
        self._switch = Switch(self._frame, self._latches, terminals)
        self.temps = Temps(self._frame, self._wiring)
        self.wires = Wires(bus, self._frame, self._wiring)
        self._trips = None
        self._shunt_uohm = 1000
        self._still_n = 0
        self._xready_n = 0
        self._turn = 0
        self._out = bytearray(3)
        self.covers = TRIP_COV | TRIP_CUV | TRIP_OCD2 | TRIP_SCD | TRIP_OVRD
        self.applied = {}
        self.mismatch = 0
        self.flags = FLAG_RESET
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        self.fet_ddegc = self.die_ddegc = TEMP_NONE
        self.bleed_refresh_ms = 20000  # the chip itself never forgets

    # guard

    def probe(self) -> None:
        """Wake the chip if it sleeps; `OSError` when it is another part or talks another way."""
        frame = self._frame
        for i in range(_PROBE_N):
            try:
                frame.burst()
                break
            except OSError:
                if i == _PROBE_N - 1:
                    raise
                frame.wake()
        frame.identify()
        frame.trim()

    def start(self) -> None:
        """Begin to measure, FETs off: all that a meter needs."""
        frame = self._frame
        frame.drop()
        frame.asleep = False
        self._still_n = 0
        self._switch.off()
        self.temps.start()
        frame.write(CC_CFG_AT, CC_CFG)

    def load(self, config) -> None:
        """Translate a configuration; `ValueError` when chip or board cannot hold it."""
        if config.cell_n != self._cell_n:
            raise ValueError(f"cell_n: {config.cell_n}, wired are {self._cell_n}")
        if config.ntc_n != len(self._wiring.ntc_at):
            raise ValueError(f"ntc_n: {config.ntc_n}, wired are {len(self._wiring.ntc_at)}")
        self._switch.load(config)
        self._trips = Trips(config)
        self.applied = self._trips.applied
        self._shunt_uohm = config.shunt_uohm
        self._latches.limit(config, self.applied["ocd2_ma"])

    def arm(self) -> None:
        """Write the whole configuration; FETs are off then, and until `write_fets`."""
        if self._trips is None:
            raise ValueError("arm: no configuration was loaded")
        frame = self._frame
        self._forgive()
        self.start()
        frame.trim()
        misfit = self._trips.trim(frame.gain, frame.offset_mv)
        if misfit is not None:
            frame.fail(PROTECT1, "{} does not fit this part's gain", errno.EIO, misfit)
        frame.codes = self._trips.codes
        frame.armed = True
        self._bus.write(PROTECT1, frame.codes, CODES_N)
        self.write_bleed(0)
        self.wires.start()
        self._forgive()  # what the limits after power-up have tripped
        self._turn = 0

    def _forgive(self) -> None:
        """Clear what is latched; an internal fault of the chip only after a while."""
        stat = self._frame.look_up(SYS_STAT) & FAULTS
        self._xready_n = self._xready_n + 1 if stat & XREADY else 0
        if 0 < self._xready_n < _XREADY_N:
            self._frame.fail(SYS_STAT, "DEVICE_XREADY, the chip reports an internal fault")
        if stat:
            self._frame.write(SYS_STAT, stat)

    def verify_all(self) -> int:
        """Read everything back now; how many registers differ."""
        frame = self._frame
        frame.burst()
        differ_n = frame.differ_n
        if not frame.trim():
            differ_n += 1
        frame.drop()
        self.mismatch = frame.mismatch if differ_n else 0
        return differ_n

    def verify_step(self) -> int:
        """Every burst brings the configuration; here is what the last one said. One transaction at most."""
        frame = self._frame
        self._turn += 1
        if frame.differ_n:
            frame.differ_n = 0
            self._turn = 0
            self.mismatch = frame.mismatch
            return STEP_DIFFERS
        if self._switch.follow() or self.temps.step() or self.wires.step():
            return STEP_BUSY
        if self._latches.stat & OVRD and not self._switch.driven & DSG:
            frame.write(SYS_STAT, OVRD)  # comes back while somebody holds ALERT high
        elif self._turn >= _TURN_N:
            self._turn = 0
            if frame.trim():
                return STEP_PASS
            self.mismatch = frame.mismatch
            return STEP_DIFFERS
        return STEP_BUSY

    def read_status(self) -> int:
        """TRIP_* bits: latched in the chip, and their cause not over."""
        frame = self._frame
        frame.take(_STATUS)
        return self._latches.trips(frame.data, frame.gain, frame.offset_mv, self._switch.driven)

    # cells, shunt, temps

    def read_cells(self, cell_mv) -> None:
        """Cells and their sum, and `flags`; terminals as far as anybody sees them."""
        frame = self._frame
        self.flags = FLAG_RESET
        self.stack_mv = self.pack_mv = self.ld_mv = 0
        frame.take(_CELLS)
        data = frame.data
        if not frame.lost() and not data[SYS_STAT] & XREADY:
            self.flags = 0
        bat = data[BAT] << 8 | data[BAT + 1]
        if not bat or not frame.gain:  # not probed yet: codes are worth nothing
            frame.too_early(BAT, "cell")
        cell_at = self._wiring.cell_at
        for i in range(self._cell_n):
            cell_mv[i] = code_mv(code14(data, cell_at[i]), frame.gain, frame.offset_mv)
        switch = self._switch
        switch.look(code_mv(bat, 4 * frame.gain, self._cell_n * frame.offset_mv))
        self.stack_mv = switch.stack_mv
        self.pack_mv = switch.pack_mv
        self.ld_mv = switch.ld_mv

    def read_current(self) -> int:
        """Pack current, the mean of 250 ms; one more write when it is new."""
        frame = self._frame
        frame.take(_CURRENT)
        if frame.data[SYS_STAT] & CC_READY:
            self._still_n = 0
            self.temps.tick()
            self.wires.tick()
            frame.write(SYS_STAT, CC_READY)
        elif not frame.lost():  # else `flags` tell, and this scan must count
            self._still_n += 1
            if self._still_n > _STILL_MAX:
                frame.fail(_CC, "the coulomb counter stands still")
        return int16(frame.data, _CC) * _NV_PER_CODE // self._shunt_uohm

    def read_temps(self, temp_ddegc) -> None:
        """Thermistors, at most five seconds old, and the die, a minute."""
        frame = self._frame
        self.fet_ddegc = TEMP_NONE
        frame.take(_TEMPS)
        if self.flags & FLAG_RESET and not self.temps.known:
            # it has forgotten and measures none: an error would hide the reason from the scan
            for i in range(len(temp_ddegc)):
                temp_ddegc[i] = TEMP_NONE
            return
        self.fet_ddegc = self.temps.read(temp_ddegc)
        self.die_ddegc = self.temps.die_ddegc

    # switch

    def read_fets(self) -> int:
        """FETs that the chip drives, and the precharge switch."""
        self._frame.take(_FETS)
        return self._switch.fets()

    def write_fets(self, bits: int) -> None:
        """Permit exactly these FETs. DSG together with PDSG closes once the load is charged."""
        self._switch.write(bits)

    def detect_load(self, on: bool) -> None:
        """Pull the terminal up, where the board can; LOAD_PRESENT needs no switching on."""
        self._switch.lift(on)

    def sleep(self, on: bool) -> None:
        """The chip has none; but its die is left alone."""
        self.temps.awake = not on

    def shutdown(self) -> None:
        """To SHIP: FETs off, all forgotten, only TS1 wakes it."""
        self._frame.ship()

    # bleed

    def write_bleed(self, mask: int) -> None:
        """Bleed exactly these cells, for as long as nobody says otherwise; never two neighbours."""
        if not self._wiring.to_bits(mask, self._out):
            raise ValueError("bleed: neighbours")
        self._bus.write(CELLBAL1, self._out, self._wiring.group_n)
        for i in range(3):
            self._frame.balance[i] = self._out[i]
        self.wires.stop()

    # alert

    def read_alarm(self) -> int:
        """Latched bits of SYS_STAT that have opened DSG: always a new burst, for a scan begins here."""
        self._frame.drop()
        self._frame.take(_ALARM)
        return self._latches.alarm(self._frame.data[SYS_STAT], self._switch.dsg_closed)

    def clear_alarm(self, bits: int) -> None:
        """Clear exactly these bits."""
        self._frame.write(SYS_STAT, bits)
