"""Who may turn which FET on, in the BQ769x2 model.

Turning off is immediate; turning on waits for the evaluation every 250 ms (1 s in SLEEP). `permit` is
what protections, host, off-pins and state allow; `normal` is what is on for that reason; `body` is what
body-diode protection turns on on top. TRM section 5.2.3; FET_CONTROL bits per SLUUCW9.
"""

from sim.chips.bq769x2_bits import (
    ALL,
    CHARGE,
    CHG,
    DISCHARGE,
    DSG,
    FXN_MASK,
    FXN_NATIVE,
    NEVER,
    NORMAL,
    OPT_ACTIVE_LOW,
    OPT_BOTHOFF,
    PCHG,
    PDSG,
    QUARTER_US,
    SECOND_US,
    SLEEP,
)

_SFET = 0x01
_SLEEPCHG = 0x02
_HOST_FET_EN = 0x04
_FET_CTRL_EN = 0x08
_PDSG_EN = 0x10
_FET_INIT_OFF = 0x20
_CPEN = 0x01
_PF_FETS = 0x02
_HARDWARE_CHG = (0x98, 0x18)  # only these masks let a comparator act on the FET driver by itself
_HARDWARE_DSG = (0x80, 0xE4)


class Fets:
    """The four FET drivers."""

    def __init__(self, chip):
        self.chip = chip
        self.reset()

    def reset(self) -> None:
        """Power-up: everything off, test mode until FET_EN."""
        self.enabled = False
        self.test = 0
        self.host_off = 0  # FETs the host forces off one by one
        self.all_off = False  # FET_INIT_OFF or ALL_FETS_OFF; only ALL_FETS_ON ends it
        self.permit = self.normal = self.body = self.on = 0
        self.seen_a = 0  # Safety Status A at the last evaluation
        self.base_us = 0
        self.due_us = NEVER
        self.pre_us = -1  # start of predischarge
        self.pins_off = 0
        self.load_detect = False
        self.load_detect_on = False
        self.ld_on = False
        self.low = False  # PRECHARGE mode

    def configure(self) -> None:
        """Take FET options and protection masks from data memory."""
        memory = self.chip.memory
        self.options = memory.u1(0x9308)
        self.pump = bool(memory.u1(0x9309) & _CPEN)
        self.chg_masks = [memory.u1(0x9265 + i) for i in range(3)]
        self.dsg_masks = [memory.u1(0x9269 + i) for i in range(3)]
        self.body_ma = memory.i2(0x9273)
        self.precharge_mv = (memory.i2(0x930A), memory.i2(0x930C))
        self.timeout_us = memory.u1(0x930E) * 10000
        self.delta_v = memory.u1(0x930F) * 0.01
        self.pin_config = (memory.u1(0x92FA), memory.u1(0x92FB))
        self.pf_opens = bool(memory.u2(0x925F) & _PF_FETS)
        if self.options & _FET_INIT_OFF:
            self.all_off = True

    def start(self, first_us: int) -> None:
        """The first evaluation comes then, the others every 250 ms after it."""
        self.base_us = first_us
        self.update()
        self._schedule()

    # -- what is allowed -----------------------------------------------------------------------

    def host(self, off: int) -> None:
        """The host forces exactly these FETs off."""
        if self.options & _HOST_FET_EN:
            self.host_off = off
            self.update()

    def all_fets(self, on: bool) -> None:
        """ALL_FETS_ON, which also ends single blocks, or ALL_FETS_OFF."""
        if self.options & _HOST_FET_EN:
            self.all_off = not on
            if on:
                self.host_off = 0
            self.update()

    def toggle_test(self, fet: int) -> None:
        """CHGTEST and its sisters: ignored once FET_EN is set."""
        if not self.enabled:
            self.test ^= fet
            self.update()

    def update(self) -> None:
        """Something changed: turn off at once what is no longer permitted."""
        self.permit = self._permitted(False)
        self.normal &= self.permit
        if not self.permit & DSG and self.pre_us >= 0:
            self.pre_us = -1
            self.normal &= ~PDSG
        self.body &= self._body_allowed()
        self._drive()
        self._schedule()

    def _permitted(self, ticking: bool) -> int:
        state = self.chip.state
        self.pins_off = self._pins()
        if state not in (NORMAL, SLEEP) or self.chip.power.fets_off:
            return 0
        if not self.options & _FET_CTRL_EN:
            return 0
        permit = ALL & ~self.pins_off & ~self._protections(ticking)
        if self.enabled:
            permit &= 0 if self.all_off else ~self.host_off
        else:
            permit &= self.test
        if state == SLEEP and not self.options & _SLEEPCHG:
            permit &= ~CHARGE
        if not self.pump:
            permit &= ~(CHG | DSG)
        return permit & ALL

    def _protections(self, ticking: bool) -> int:
        """FETs that safety statuses forbid; some masks act only at the next evaluation."""
        guard = self.chip.protect
        if ticking:
            self.seen_a = guard.status_a
        late = self.seen_a & guard.status_a
        a = guard.status_a if self.chg_masks[0] in _HARDWARE_CHG else late
        off = 0
        if self._any(self.chg_masks, a):
            off |= CHARGE
        a = guard.status_a if self.dsg_masks[0] in _HARDWARE_DSG else late
        if self._any(self.dsg_masks, a):
            off |= DISCHARGE
        if self.pf_opens and any(guard.pf):
            off = ALL
        return off

    def _any(self, masks, status_a: int) -> bool:
        guard = self.chip.protect
        return bool(masks[0] & status_a | masks[1] & guard.status_b | masks[2] & guard.status_c)

    def _pins(self) -> int:
        """FETs that CFETOFF, DFETOFF or BOTHOFF force off."""
        off = 0
        lines = (self.chip.cfetoff, self.chip.dfetoff)
        for i in range(2):
            config = self.pin_config[i]
            if config & FXN_MASK != FXN_NATIVE:
                continue
            if bool(lines[i].level) != bool(config & OPT_ACTIVE_LOW):
                off |= DISCHARGE if i else CHARGE
                if i and config & OPT_BOTHOFF:
                    off = ALL
        return off

    # -- evaluation ----------------------------------------------------------------------------

    def run(self, now_us: int) -> None:
        """Body diodes, predischarge time-out, and the evaluation when it is due."""
        if self.body or (self.normal and self.options & _SFET):
            body = self._body_wanted()
            if body != self.body:
                self.body = body
                self._drive()
                self._schedule()
        if now_us >= self.due_us:
            self._evaluate(now_us)

    def _body_allowed(self) -> int:
        if self.chip.state not in (NORMAL, SLEEP) or self.chip.power.fets_off:
            return 0
        return ALL & ~self.pins_off

    def _body_wanted(self) -> int:
        """The FET that is off while current flows through its body diode."""
        ma = self.chip.measure.ma
        normal = self.normal
        body = 0
        if not normal & CHG and normal & DISCHARGE and ma < -self.body_ma:
            body = CHG
        elif not normal & DSG and normal & CHARGE and ma > self.body_ma:
            body = DSG
        return body & self._body_allowed()

    def _target(self) -> int:
        """What is to be on in the end, predischarge aside."""
        if not self.enabled:
            return self.permit
        target = self.permit & (CHG | DSG)
        if self.low and self.permit & PCHG:
            target = target & ~CHG | PCHG
        return target

    def _schedule(self) -> None:
        """Plan the next evaluation, if there is anything to evaluate."""
        if self.chip.state not in (NORMAL, SLEEP):
            self.due_us = NEVER
            return
        waiting = self._target() & ~self.normal or self.pre_us >= 0
        waiting = waiting or self.seen_a != self.chip.protect.status_a
        waiting = waiting or bool(self.enabled and self.precharge_mv[0])
        if not waiting:
            self.due_us = NEVER
            return
        now_us = self.chip.world.now_us
        period_us = SECOND_US if self.chip.state == SLEEP else QUARTER_US
        if now_us < self.base_us:
            self.due_us = self.base_us
        else:
            passed = (now_us - self.base_us) // period_us + 1
            self.due_us = self.base_us + passed * period_us
        if self.pre_us >= 0 and self.timeout_us:
            self.due_us = min(self.due_us, max(now_us, self.pre_us + self.timeout_us))

    def _evaluate(self, now_us: int) -> None:
        self.permit = self._permitted(True)
        self.normal &= self.permit
        self._precharge()
        target = self._target()
        if self.enabled:
            self.normal &= target | PDSG
            if self.options & _PDSG_EN and target & DSG and not self.normal & DSG:
                target = self._predischarge(now_us, target)
        self.normal = target
        self.body = self._body_wanted() if self.options & _SFET else 0
        self._drive()
        self._schedule()

    def _predischarge(self, now_us: int, target: int) -> int:
        """PDSG first; DSG when LD has come up or the time is over (checked from the second look on)."""
        if not self.timeout_us and not self.delta_v:
            return target
        if self.pre_us < 0:
            self.pre_us = now_us
        else:
            plant = self.chip.plant
            over = self.timeout_us and now_us - self.pre_us >= self.timeout_us
            if over or (self.delta_v and plant.stack_v - plant.ld_v <= self.delta_v):
                self.pre_us = -1
                return target
        return target & ~DSG | self.permit & PDSG

    def _precharge(self) -> None:
        start_mv, stop_mv = self.precharge_mv
        cells = self.chip.measure.used_mv()
        if start_mv and min(cells) < start_mv:
            self.low = True
        elif not start_mv or min(cells) >= stop_mv:
            self.low = False

    # -- outputs -------------------------------------------------------------------------------

    def _drive(self) -> None:
        on = self.normal | self.body
        if on == self.on and not self.load_detect:
            return
        if on != self.on:
            self.on = on
            plant = self.chip.plant
            plant.chg_on = bool(on & CHG)
            plant.dsg_on = bool(on & DSG)
            plant.pchg_on = bool(on & PCHG)
            plant.pdsg_on = bool(on & PDSG)
            self.chip.moved()
        self._drive_load_detect()

    def set_load_detect(self, on: bool) -> None:
        """LOAD_DETECT_ON and LOAD_DETECT_OFF: pull LD up while DSG is off."""
        self.load_detect = on
        self._drive_load_detect()

    def _drive_load_detect(self) -> None:
        on = self.load_detect and not self.on & DSG and self.chip.state in (NORMAL, SLEEP)
        if on != self.load_detect_on:
            self.load_detect_on = on
            self.chip.plant.load_detect = on
            self.chip.moved()

    def note_load_detect(self) -> None:
        """LD has just been measured: Control Status tells whether the pull-up was on then."""
        if self.ld_on != self.load_detect_on:
            self.ld_on = self.load_detect_on
            self.chip.changed = True
