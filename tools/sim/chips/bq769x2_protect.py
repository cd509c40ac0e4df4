"""The comparators and firmware protections of the BQ769x2 model, with delays exact to the microsecond.

Group A (SCD OCD2 OCD1 OCC COV CUV) are comparators: looked at whenever the model runs, that is after
every slice of time and every event. Group B (temperatures) and OCD3 are firmware, looked at once a
second. Alert = condition present and not yet qualified; status = qualified and not yet recovered.
TRM chapter 5; OCC recovery SLUUBY2B; OCD recovery E2E 1304741; SCD recovery E2E 1377312.
"""

from sim.chips.bq769x2_bits import (
    COV,
    CUV,
    HWDF,
    NEVER,
    OCC,
    OCD1,
    OCD2,
    OCD3,
    SCD,
    SECOND_US,
)

_STEP_US = 3300
_SCD_STEP_US = 15
_CODE_V = 0.0506
_SCD_MV = (10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
_ZERO_DDEGK = 2732

_HIGHEST_UV = 1.0e12  # a threshold that is never reached
_A_N = 6  # rows of group A: bit 0x80 >> row

# rows of group B: bit 0x80 >> row; address of threshold, delay +1, recovery +2; hotter trips; signed
_B_ROWS = (
    (0x80, 0x92A0, True, False),  # OTF
    (0x40, 0x92A3, True, True),  # OTINT
    (0x20, 0x929D, True, True),  # OTD
    (0x10, 0x929A, True, True),  # OTC
    (0x04, 0x92AC, False, True),  # UTINT
    (0x02, 0x92A9, False, True),  # UTD
    (0x01, 0x92A6, False, True),  # UTC
)


class Protect:
    """Safety Alert and Status A, B, C, and Permanent Fail Status A..D."""

    def __init__(self, chip):
        self.chip = chip
        self.pf = bytearray(4)
        self._since = [0] * _A_N
        self._fine = [NEVER] * _A_N  # since when the recovery condition holds
        self._b_since = [0] * 7
        self._b_fine = [NEVER] * 7
        self.volts = [0.0, 0.0]
        self.reset()

    def reset(self) -> None:
        """Power-up: nothing is wrong yet."""
        self.alert_a = self.alert_b = self.alert_c = 0
        self.status_a = self.status_b = self.status_c = 0
        for i in range(4):
            self.pf[i] = 0
        self.due_us = NEVER
        self.ocd3_since = 0
        self.snapshot = {COV: [0] * 16, CUV: [0] * 16}

    def stop(self) -> None:
        """CONFIG_UPDATE: what was being qualified is forgotten, what was qualified stays."""
        self.alert_a = self.alert_b = self.alert_c = 0
        self.due_us = NEVER
        for i in range(_A_N):
            self._fine[i] = NEVER

    def configure(self) -> None:
        """Take thresholds, delays and enables from data memory."""
        u1 = self.chip.memory.u1
        i2 = self.chip.memory.i2
        self.enabled_a = u1(0x9261)
        self.enabled_b = u1(0x9262)
        self.enabled_c = u1(0x9263)
        codes = (0, u1(0x9285), u1(0x9283), u1(0x9281))
        codes += (self.chip.memory.u2(0x9279), self.chip.memory.u2(0x9276))
        self.delay_us = [_STEP_US * (code + 2) for code in codes]
        self.delay_us[0] = _SCD_STEP_US * (u1(0x9287) - 1)
        for row in range(1, _A_N):
            if not codes[row]:  # a delay of zero switches the comparator off
                self.enabled_a &= ~(0x80 >> row)
        limits = (_SCD_MV[u1(0x9286)] * 1000, u1(0x9284) * 2000, u1(0x9282) * 2000)
        self.dsg_uv = [self._limit(limits[row], 0x80 >> row) for row in range(3)]
        self.occ_uv = self._limit(u1(0x9280) * 2000, OCC)
        self.cov_v = self._limit(u1(0x9278) * _CODE_V, COV)
        self.cuv_v = u1(0x9275) * _CODE_V if self.enabled_a & CUV else -_HIGHEST_UV
        self.cov_clear_v = (u1(0x9278) - u1(0x927C)) * _CODE_V
        self.cuv_clear_v = (u1(0x9275) + u1(0x927B)) * _CODE_V
        self.least_uv = min(self.dsg_uv)
        self._configure_recovery(u1, i2)
        self.hwd_us = self.chip.memory.u2(0x92B2) * SECOND_US if self.enabled_c & HWDF else 0
        self._configure_b()

    def _configure_recovery(self, u1, i2) -> None:
        self.recovery_us = u1(0x92AF) * SECOND_US
        self.scd_recovery_us = u1(0x9294) * SECOND_US
        self.occ_clear_ma = i2(0x9288)
        self.occ_delta_v = i2(0x92B0) * 0.01
        self.ocd_clear_ma = i2(0x928D)
        self.ocd3_user = i2(0x928A)
        self.ocd3_us = u1(0x928C) * SECOND_US

    def _limit(self, value: float, bit: int) -> float:
        return value if self.enabled_a & bit else _HIGHEST_UV

    def _configure_b(self) -> None:
        memory = self.chip.memory
        self._b = []
        for row in _B_ROWS:
            fetch = memory.i1 if row[3] else memory.u1
            limit = fetch(row[1]) * 10 + _ZERO_DDEGK
            clear = fetch(row[1] + 2) * 10 + _ZERO_DDEGK
            self._b.append((limit, memory.u1(row[1] + 1) * SECOND_US, clear))

    # -- group A and the host watchdog, at every run -------------------------------------------

    def run(self, now_us: int) -> None:
        """Look at the comparators."""
        uv = self.chip.measure.uv
        present = 0
        if uv > self.occ_uv:
            present = OCC
        elif -uv > self.least_uv:
            for row in range(3):
                if -uv > self.dsg_uv[row]:
                    present |= 0x80 >> row
        if self.enabled_a & 0x0C:
            present |= self._cells(now_us)
        if self.status_a:
            self._recover(now_us)
        if present or self.alert_a:
            self._qualify(now_us, present)
        if self.status_a or self.alert_a:
            self._plan()
        elif self.due_us != NEVER:
            self.due_us = NEVER
        if now_us >= self.hwd_due_us():
            self.status_c |= HWDF
            self.chip.protection_changed()

    def _cells(self, now_us: int) -> int:
        """COV and CUV; while balancing they are looked at once a second only (N)."""
        if not self.chip.balance.active or now_us == self.chip.ticked_us:
            self.chip.measure.extremes(self.volts)
        high, low = self.volts
        return (COV if high > self.cov_v else 0) | (CUV if low < self.cuv_v else 0)

    def _qualify(self, now_us: int, present: int) -> None:
        present &= ~self.status_a
        fresh = present & ~self.alert_a
        before = self.alert_a
        self.alert_a = present
        tripped = 0
        for row in range(_A_N):
            bit = 0x80 >> row
            if fresh & bit:
                self._since[row] = now_us
            if present & bit and now_us - self._since[row] >= self.delay_us[row]:
                tripped |= bit
                self._fine[row] = now_us if bit == SCD else NEVER
        if tripped:
            self._trip(tripped)
        if tripped or before != self.alert_a:
            self.chip.protection_changed()

    def _trip(self, bits: int) -> None:
        """An alert bit clears when its status bit sets."""
        self.status_a |= bits
        self.alert_a &= ~bits
        for bit in (COV, CUV):
            if bits & bit:
                self.snapshot[bit] = list(self.chip.measure.cell_mv)

    def _recover(self, now_us: int) -> None:
        recovered = 0
        for row in range(_A_N):
            bit = 0x80 >> row
            if not self.status_a & bit:
                continue
            if not self._is_fine(bit):
                self._fine[row] = NEVER
            elif self._fine[row] == NEVER:
                self._fine[row] = now_us
            if now_us - self._fine[row] >= self._recovery_us(bit):
                recovered |= bit
        if recovered:
            self.status_a &= ~recovered
            self.chip.protection_changed()

    def _recovery_us(self, bit: int) -> int:
        return self.scd_recovery_us if bit == SCD else self.recovery_us

    def _is_fine(self, bit: int) -> bool:
        ma = self.chip.measure.ma
        if bit == SCD:
            return True
        if bit & (OCD1 | OCD2):
            return ma >= self.ocd_clear_ma
        if bit == OCC:
            plant = self.chip.plant
            return ma <= self.occ_clear_ma or plant.stack_v - plant.pack_v >= self.occ_delta_v
        if bit == COV:
            return self.volts[0] < self.cov_clear_v
        return self.volts[1] > self.cuv_clear_v

    def _plan(self) -> None:
        """When the next delay or recovery time ends."""
        due_us = NEVER
        for row in range(_A_N):
            bit = 0x80 >> row
            if self.alert_a & bit:
                due_us = min(due_us, self._since[row] + self.delay_us[row])
            elif self.status_a & bit and self._fine[row] != NEVER:
                due_us = min(due_us, self._fine[row] + self._recovery_us(bit))
        self.due_us = due_us

    def hwd_due_us(self) -> int:
        """When the host watchdog bites."""
        if not self.hwd_us or self.status_c & HWDF:
            return NEVER
        return self.chip.comm_us + self.hwd_us

    def heard(self) -> None:
        """Valid communication: the host watchdog starts again, and its fault recovers."""
        if self.status_c & HWDF:
            self.status_c &= ~HWDF
            self.chip.protection_changed()

    # -- group B and OCD3, once a second -------------------------------------------------------

    def tick(self, now_us: int) -> None:
        """Look at temperatures and the averaged current."""
        before = (self.alert_b, self.status_b, self.alert_c, self.status_c)
        for row in range(7):
            bit = _B_ROWS[row][0]
            if self.enabled_b & bit or self.status_b & bit:
                self._tick_b(now_us, row, bit)
        if self.enabled_c & OCD3 or self.status_c & OCD3:
            self._tick_ocd3(now_us)
        if before != (self.alert_b, self.status_b, self.alert_c, self.status_c):
            self.chip.protection_changed()

    def _source(self, bit: int) -> int:
        measure = self.chip.measure
        if bit == 0x80:
            return measure.fet_hot
        if bit & 0x44:
            return measure.die
        return measure.cell_hot if bit & 0x30 else measure.cell_cold

    def _tick_b(self, now_us: int, row: int, bit: int) -> None:
        value = self._source(bit)
        limit, delay_us, clear = self._b[row]
        hot = _B_ROWS[row][2]
        beyond = bool(value) and bool(self.enabled_b & bit)
        beyond = beyond and (value >= limit if hot else value <= limit)
        if self.status_b & bit:
            if value and not (value <= clear if hot else value >= clear):
                self._b_fine[row] = NEVER
            elif self._b_fine[row] == NEVER:
                self._b_fine[row] = now_us
            if now_us - self._b_fine[row] >= self.recovery_us:
                self.status_b &= ~bit
        elif not beyond:
            self.alert_b &= ~bit
        else:
            if not self.alert_b & bit:
                self.alert_b |= bit
                self._b_since[row] = now_us
            if now_us - self._b_since[row] >= delay_us:
                self.alert_b &= ~bit
                self.status_b |= bit
                self._b_fine[row] = NEVER

    def _tick_ocd3(self, now_us: int) -> None:
        chip = self.chip
        if self.status_c & OCD3:
            if chip.measure.ma < self.ocd_clear_ma:
                self.ocd3_since = now_us
            elif now_us - self.ocd3_since >= self.recovery_us:
                self.status_c &= ~OCD3
        elif chip.measure.cc1_user > self.ocd3_user:
            self.alert_c &= ~OCD3
        else:
            if not self.alert_c & OCD3:
                self.alert_c |= OCD3
                self.ocd3_since = now_us
            if now_us - self.ocd3_since >= self.ocd3_us:
                self.alert_c &= ~OCD3
                self.status_c |= OCD3
                self.ocd3_since = now_us
