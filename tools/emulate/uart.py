"""A PL011 that takes time, in place of the emulator's: that one never lets its transmit interrupt go.

MicroPython's driver then stays in the handler for ever. It had no transmit FIFO, no BUSY, no receive time-out.
`port.on_byte = f(byte)` is called when a byte has left, `port.feed(data)` sends to the Pico, both at the baud
rate. Register numbers are those of the PL011 manual.
"""

from rp2040py.peripherals import uart as pl011

_BUSY, _TXFF, _RTIM = 1 << 3, 1 << 5, 1 << 6
_LEVELS = (4, 8, 16, 24, 28)  # of a FIFO of 32, by UARTIFLS
_FIFO_N = 32
_RSR, _IFLS, _DMACR = 0x04, 0x34, 0x48
_TIMEOUT_BITS = 32


def _level(code: int) -> int:
    return _LEVELS[min(code & 7, 4)]


class _Pl011:
    """What is put into `RPUART`; `self` is one of those."""

    def clear(self) -> None:
        self.tx_queue, self.shifting, self.levels, self.feed_queue, self.dmacr = (
            [],
            None,
            0x12,
            [],
            0,
        )

    @property
    def byte_ns(self) -> float:
        control = self._line_ctrl_register
        bits = 1 + self.word_length + (2 if control & 8 else 1) + (1 if control & 2 else 0)
        divisor = 16 * (self._int_divisor + self._frac_divisor / 64) or 1
        return bits * 1e9 * divisor / self.rp2040.clk_peri

    @property
    def room(self) -> int:
        return _FIFO_N if self.fifos_enabled else 1

    def tell(self) -> None:
        active = bool(self._interrupt_status & self._interrupt_mask)
        self.rp2040.set_interrupt(self.irq, active)

    def set_bits(self, on: int, off: int = 0) -> None:
        self._interrupt_status = (self._interrupt_status | on) & ~off
        self.tell()

    def shift(self) -> None:
        self.shifting = self.tx_queue.pop(0)
        if len(self.tx_queue) == (_level(self.levels) if self.fifos_enabled else 0):
            self.set_bits(pl011.UARTTXINTR)
        self.tx_alarm.schedule(self.byte_ns)

    def shifted(self) -> None:
        byte, self.shifting = self.shifting, None
        if self.tx_queue:
            self.shift()
        if self.on_byte:
            self.on_byte(byte)

    def timed_out(self) -> None:
        if not self.rx_fifo.empty:
            self.set_bits(_RTIM)

    def feed(self, data) -> None:
        idle = not self.feed_queue
        self.feed_queue += data
        if idle and self.feed_queue:
            self.rx_alarm.schedule(self.byte_ns)

    def fed(self) -> None:
        byte = self.feed_queue.pop(0)
        if self.feed_queue:
            self.rx_alarm.schedule(self.byte_ns)
        if not (self.enabled and self.rx_enabled) or self.rx_fifo.item_count >= self.room:
            return  # overrun: lost
        self.rx_fifo.push(byte)
        enough = _level(self.levels >> 3) if self.fifos_enabled else 1
        self.timeout_alarm.schedule(_TIMEOUT_BITS * self.byte_ns / 10)
        self.set_bits(pl011.UARTRXINTR if self.rx_fifo.item_count >= enough else 0)

    def take(self) -> int:
        byte = 0 if self.rx_fifo.empty else self.rx_fifo.pull()
        off = pl011.UARTRXINTR if self.rx_fifo.item_count < _level(self.levels >> 3) else 0
        self.set_bits(0, off | (_RTIM if self.rx_fifo.empty else 0))
        return byte

    def flags(self) -> int:
        value = pl011.RXFE if self.rx_fifo.empty else 0
        value |= pl011.RXFF if self.rx_fifo.item_count >= self.room else 0
        value |= 0 if self.tx_queue else pl011.TXFE
        value |= _TXFF if len(self.tx_queue) >= self.room else 0
        return value | (_BUSY if self.tx_queue or self.shifting is not None else 0)

    def give(self, byte: int) -> None:
        if len(self.tx_queue) < self.room:
            self.tx_queue.append(byte)
        if len(self.tx_queue) > _level(self.levels):
            self.set_bits(0, pl011.UARTTXINTR)
        if self.shifting is None:
            self.shift()

    def answer(self, at: int):
        """Value of a register that we have, else None."""
        if at == pl011.UARTDR:
            return self.take()
        if at == pl011.UARTFR:
            return self.flags()
        return {_IFLS: self.levels, _RSR: 0, _DMACR: self.dmacr}.get(at)

    def accept(self, at: int, value: int) -> bool:
        """Write a register that we have; False for the others."""
        if at == pl011.UARTDR:
            self.give(value & 0xFF)
        elif at == _IFLS:
            self.levels = value & 0x3F
        elif at == _DMACR:
            self.dmacr = value
        elif at == pl011.UARTIMSC:
            self._interrupt_mask = value & 0x7FF
            self.tell()
        elif at == pl011.UARTICR:
            self.set_bits(0, self.raw_write_value)
        else:
            return False
        return True


def _dress(target) -> None:
    """Put the parts of `_Pl011` into the emulator's class."""
    target.tx_queue = ()
    for name, part in vars(_Pl011).items():
        if not name.startswith("__"):
            setattr(target, name, part)


def mend() -> None:
    """Patch the class, once, before any device is made."""
    target = pl011.RPUART
    if hasattr(target, "tx_queue"):
        return
    init, reset = target.__init__, target.reset
    read, write = target.read_uint32, target.write_uint32
    _dress(target)

    def patched_init(self, *args, **more):
        init(self, *args, **more)
        clock = self.rp2040.clock
        self.tx_alarm = clock.create_alarm(self.shifted)
        self.rx_alarm = clock.create_alarm(self.fed)
        self.timeout_alarm = clock.create_alarm(self.timed_out)
        self.clear()

    def patched_reset(self):
        for alarm in (self.tx_alarm, self.rx_alarm, self.timeout_alarm):
            alarm.cancel()
        self.clear()
        reset(self)

    def patched_read(self, at):
        value = self.answer(at)
        return read(self, at) if value is None else value

    def patched_write(self, at, value):
        if not self.accept(at, value):
            write(self, at, value)

    target.__init__, target.reset = patched_init, patched_reset
    target.read_uint32, target.write_uint32 = patched_read, patched_write
    target.check_interrupts = _Pl011.tell
