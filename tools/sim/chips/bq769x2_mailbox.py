"""Subcommands and data memory through 0x3E..0x61 of the BQ769x2 model.

A command starts when 0x3F is written; a transfer of data executes the moment 0x61 is written, right
after 0x60 in the same transaction. Until a command that returns data is done, 0x3E/0x3F read 0xFF
and the buffer is stale. Execution times: TRM table 9-2; 200 us after a data-memory write: LibreSolar.
"""

from sim.chips import bq769x2_reports as reports
from sim.chips.bq769x2_bits import CHARGE, CONFIG, DISCHARGE, NEVER
from sim.chips.bq769x2_power import FULLACCESS, SEALED, UNSEALED

BUFFER = 0x40
_CHECKSUM = 0x60
_LENGTH = 0x61
_MEMORY_READ_US = 660
_MEMORY_WRITE_US = 200
_KEY_US = 5000000

# subcommands that take data: code -> bytes
_TAKES = {0x0083: 2, 0x0084: 2, 0x0097: 1, 0x0098: 1}

# not for a sealed chip: RESET, test toggles, FET_ENABLE, PF_ENABLE, SEAL, SET_CFGUPDATE
_UNSEALED_ONLY = (0x0012, 0x001C, 0x001E, 0x001F, 0x0020, 0x0022, 0x0024, 0x0030, 0x0090)

# DSG_TEST.. toggles: code -> FET bit
_TESTS = {0x001C: 8, 0x001E: 2, 0x001F: 1, 0x0020: 4}


class Mailbox:
    """The command registers and the transfer buffer."""

    def __init__(self, chip):
        self.chip = chip
        self.refused = 0  # transfers with a wrong checksum
        self.commands = []  # (now_us, code) of everything started, newest last
        self.keep = 64  # how many of them
        self._actions = {
            0x000E: self._exit_deepsleep,
            0x000F: self._deepsleep,
            0x0010: self._shutdown,
            0x0012: self._reset,
            0x0022: self._fet_enable,
            0x0024: self._pf_enable,
            0x0030: self._seal,
            0x0082: self._reset_passq,
            0x0090: self._set_config,
            0x0092: self._exit_config,
            0x0093: self._dsg_off,
            0x0094: self._chg_off,
            0x0095: self._all_off,
            0x0096: self._all_on,
            0x0099: self._sleep_enable,
            0x009A: self._sleep_disable,
            0x009D: self._load_detect_on,
            0x009E: self._load_detect_on,
            0x009F: self._load_detect_off,
            0x29BC: self._swap_comm,
        }
        self.clear()

    def clear(self) -> None:
        """After a reset."""
        self.code = self.previous = 0
        self.pending = False
        self.ready_us = NEVER
        self.hold_us = 0  # no new command before this
        self._low = 0
        self.summed = False
        self._key = 0
        self._key_us = -NEVER
        self.pf_enabled = True

    # -- registers -----------------------------------------------------------------------------

    def transaction_begins(self, now_us: int) -> None:
        """A busy command may have finished meanwhile."""
        self.summed = False
        if self.pending and now_us >= self.ready_us:
            self.pending = False
            self._answer()

    def write(self, reg: int, value: int) -> None:
        """One byte into 0x3E..0x61."""
        regs = self.chip.regs
        if reg == 0x3E:
            self._low = value
            regs[reg] = value
        elif reg == 0x3F:
            self._begin(value << 8 | self._low)
        elif reg == _CHECKSUM:
            regs[reg] = value
            self.summed = True
        elif reg == _LENGTH:
            if not self.summed:
                self.chip.refuse("length 0x61 written without checksum 0x60 before it")
            regs[reg] = value
            self._execute(value - 4)
        else:
            if self.pending:
                self.pending = False
                self._echo()
            regs[reg] = value

    def _echo(self) -> None:
        self.chip.regs[0x3E] = self.code & 0xFF
        self.chip.regs[0x3F] = self.code >> 8

    # -- commands ------------------------------------------------------------------------------

    def _begin(self, code: int) -> None:
        now_us = self.chip.world.now_us
        if now_us < self.hold_us:
            self.chip.refuse(f"0x{code:04X} sent while 0x{self.code:04X} still executes")
        self.previous = self.code
        self.code = code
        self.commands.append((now_us, code))
        if len(self.commands) > self.keep:
            del self.commands[0]
        self._echo()
        if self._takes_key(code, now_us):
            return
        sealed = self.chip.power.sec == SEALED
        if self.chip.memory.covers(code):
            if sealed:
                self.chip.refuse(f"data memory 0x{code:04X} of a sealed chip")
            else:
                self._fetch(now_us + _MEMORY_READ_US)
        elif code in reports.TIMES_US:
            self._fetch(now_us + reports.TIMES_US[code])
        elif sealed and code in _UNSEALED_ONLY:
            self.chip.refuse(f"subcommand 0x{code:04X} to a sealed chip")
        elif code in self._actions:
            self._actions[code](now_us)
        elif code in _TESTS:
            self.chip.fets.toggle_test(_TESTS[code])
        elif code not in _TAKES:
            self.chip.refuse(f"subcommand 0x{code:04X}")

    def _fetch(self, ready_us: int) -> None:
        self.pending = True
        self.ready_us = ready_us
        self.chip.regs[0x3E] = self.chip.regs[0x3F] = 0xFF

    def _answer(self) -> None:
        """Buffer, checksum and length of a finished command."""
        regs = self.chip.regs
        if self.chip.memory.covers(self.code):
            self.chip.memory.read_block(self.code, regs, BUFFER)
            count = 32
        else:
            count = reports.fill(self.chip, self.code, regs, BUFFER)
        self._echo()
        regs[_CHECKSUM] = self._sum(count)
        regs[_LENGTH] = count + 4

    def _sum(self, count: int) -> int:
        total = (self.code & 0xFF) + (self.code >> 8)
        for i in range(count):
            total += self.chip.regs[BUFFER + i]
        return ~total & 0xFF

    def _execute(self, count: int) -> None:
        regs = self.chip.regs
        if not 0 < count <= 32 or regs[_CHECKSUM] != self._sum(count):
            self.refused += 1
            return
        data = bytes(regs[BUFFER : BUFFER + count])
        if self.chip.memory.covers(self.code):
            self._write_memory(data)
        elif _TAKES.get(self.code) != count:
            self.chip.refuse(f"{count} data bytes for subcommand 0x{self.code:04X}")
        else:
            self._take(self.code, data)

    def _write_memory(self, data) -> None:
        chip = self.chip
        if chip.state != CONFIG:
            chip.refuse(f"data memory 0x{self.code:04X} written outside CONFIG_UPDATE")
            return
        wrong = chip.memory.write_block(self.code, data)
        if wrong:
            chip.refuse(wrong)
        self.hold_us = chip.world.now_us + _MEMORY_WRITE_US

    def _take(self, code: int, data) -> None:
        if code == 0x0083:
            self.chip.balance.command(data[0] | data[1] << 8)
        elif code == 0x0084:
            self.chip.balance.command_level(data[0] | data[1] << 8)
        elif code == 0x0097:
            off = data[0]  # b3 PCHG b2 CHG b1 PDSG b0 DSG, 1 = off: not the order of FET Status
            bits = (off >> 2 & 1) | (off >> 3 & 1) << 1 | (off & 1) << 2 | (off >> 1 & 1) << 3
            self.chip.fets.host(bits)

    # -- security ------------------------------------------------------------------------------

    def _takes_key(self, code: int, now_us: int) -> bool:
        """Key words look like subcommands."""
        power = self.chip.power
        u2 = self.chip.memory.u2
        first, second = (0x9257, 0x9259) if power.sec == SEALED else (0x925B, 0x925D)
        if power.sec not in (SEALED, UNSEALED):
            return code in (u2(0x9257), u2(0x9259), u2(0x925B), u2(0x925D))
        if self._key == first and now_us - self._key_us <= _KEY_US and code == u2(second):
            power.sec = UNSEALED if power.sec == SEALED else FULLACCESS
            self._key = 0
            self.chip.changed = True
            return True
        self._key = first if code == u2(first) else 0
        self._key_us = now_us
        return bool(self._key)

    def _seal(self, now_us: int) -> None:
        self.chip.power.sec = SEALED
        self.chip.changed = True

    # -- actions -------------------------------------------------------------------------------

    def _exit_deepsleep(self, now_us: int) -> None:
        self.chip.power.exit_deepsleep(now_us)

    def _deepsleep(self, now_us: int) -> None:
        self.chip.power.deepsleep(now_us)

    def _shutdown(self, now_us: int) -> None:
        self.chip.power.shutdown(now_us)

    def _reset(self, now_us: int) -> None:
        self.chip.power.boot(now_us)

    def _fet_enable(self, now_us: int) -> None:
        self.chip.fets.enabled = not self.chip.fets.enabled
        self.chip.fets.update()

    def _pf_enable(self, now_us: int) -> None:
        self.pf_enabled = not self.pf_enabled

    def _reset_passq(self, now_us: int) -> None:
        self.chip.measure.preset_passq()

    def _set_config(self, now_us: int) -> None:
        self.hold_us = self.chip.power.enter_config(now_us)

    def _exit_config(self, now_us: int) -> None:
        self.hold_us = self.chip.power.exit_config(now_us)

    def _dsg_off(self, now_us: int) -> None:
        self.chip.fets.host(self.chip.fets.host_off | DISCHARGE)

    def _chg_off(self, now_us: int) -> None:
        self.chip.fets.host(self.chip.fets.host_off | CHARGE)

    def _all_off(self, now_us: int) -> None:
        self.chip.fets.all_fets(False)

    def _all_on(self, now_us: int) -> None:
        self.chip.fets.all_fets(True)

    def _sleep_enable(self, now_us: int) -> None:
        self.chip.power.allow_sleep(True, now_us)

    def _sleep_disable(self, now_us: int) -> None:
        self.chip.power.allow_sleep(False, now_us)

    def _load_detect_on(self, now_us: int) -> None:
        self.chip.fets.set_load_detect(True)

    def _load_detect_off(self, now_us: int) -> None:
        self.chip.fets.set_load_detect(False)

    def _swap_comm(self, now_us: int) -> None:
        self.chip.port.swap()
