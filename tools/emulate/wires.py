"""Wires between the emulated Pico's pins and the simulator's lines, and its I2C and SPI to byte-level devices.

The emulator's pins do not read back what drives them, an absent I2C address takes 50 ms and spoils the next
transfer, and bytes take no time. All three matter here.
"""

from rp2040py import I2CMode
from rp2040py.peripherals import i2c as rp_i2c

from sim.spi import Slot

_SSPCR0 = 0
_PIO_AT = (0x50200, 0x50300)  # in the emulator's map of the bus


def mend() -> None:
    """An aborted transfer leaves the transmit FIFO empty, and the driver waits for that to be said."""
    if getattr(rp_i2c.RPI2C, "mended", False):
        return
    abort = rp_i2c.RPI2C._abort

    def patched(self, reason):
        abort(self, reason)
        self._set_interrupts(rp_i2c.R_TX_EMPTY)

    rp_i2c.RPI2C._abort = patched
    rp_i2c.RPI2C.mended = True


class PioStores:
    """A PIO block on the bus; an instruction that the processor makes it execute reaches the pins at once."""

    _INSTR = (0xD8, 0xF0, 0x108, 0x120)  # SMx_INSTR

    def __init__(self, pio):
        self._pio = pio

    def write_uint32_atomic(self, offset: int, value: int, how: int) -> None:
        self._pio.write_uint32_atomic(offset, value, how)
        if offset in self._INSTR:
            self._pio.check_changed_pins()

    def __getattr__(self, name):
        return getattr(self._pio, name)


class PioClock:
    """PIO keeps its time while the processor sleeps: the emulator would step it once for a whole rest.

    `poll_ns`: a pin's edge is looked at so late at worst, when nothing wakes the processor.
    """

    def __init__(self, mcu, poll_ns: int = 10_000):
        self._mcu = mcu
        for at, pio in zip(_PIO_AT, mcu.pio):
            mcu.peripherals[at] = PioStores(pio)
        self.poll_ns = poll_ns
        self._after = False
        self._alarm = mcu.clock.create_alarm(self._tick)
        self._alarm.schedule(8)

    def _tick(self) -> None:
        if not self._after:  # the step of this instant comes after this call: look one cycle later
            self._after = True
            self._alarm.schedule(8)
            return
        self._after = False
        ns = self.poll_ns
        for pio in self._mcu.pio:
            if not pio.stopped:
                ns = min(ns, (pio.next_due_fp - pio.cycle_fp) / 256 * 8 - 8)
        self._alarm.schedule(max(ns, 8))


class Output:
    """A pin of the Pico that drives an end of a `sim.pins.Line`; floating while it is no output.

    The wire's level comes back to the pin's input.
    """

    def __init__(self, mcu, pin: int, line, follow):
        self._pin = mcu.gpio[pin]
        self._end = line.end(f"GP{pin}")
        self._follow = follow  # brings the simulator to the present first
        self._pin.add_listener(self._changed)
        self.look()

    def _changed(self, _new, _old) -> None:
        self.look()

    def look(self) -> None:
        """Take over what the pin does; a reset changes it without a word."""
        pin = self._pin
        level = (1 if pin.output_value else 0) if pin.output_enable else None
        if level is not self._end.out:
            self._follow()
            self._end.drive(level)
            pin.set_input_value(bool(self._end.value()))


class Input:
    """A `sim.pins.Line` that drives a pin of the Pico."""

    def __init__(self, mcu, pin: int, line):
        self._pin = mcu.gpio[pin]
        line.watch(self._changed)
        self._pin.set_input_value(bool(line.level))

    def _changed(self, level: int) -> None:
        self._pin.set_input_value(bool(level))


class I2C:
    """One I2C block and the devices on it, {address: device}; bytes take their time on the bus."""

    def __init__(self, mcu, block: int, devices, follow):
        self.devices = devices
        self.busy_ns = 0  # time with something on the bus
        self.transactions = 0
        self._mcu = mcu
        self._port = mcu.i2c[block]
        self._follow = follow
        self._device = None
        self._todo = []
        self._alarm = mcu.clock.create_alarm(self._due)
        port = self._port
        port.on_connect = self._connect
        port.on_write_byte = self._write
        port.on_read_byte = self._read
        port.on_stop = self._stop

    def attach(self, device) -> None:
        """Connect a device at its own address."""
        self.devices[device.addr] = device

    def drop(self) -> None:
        """The Pico was reset: what it was doing on the bus is over, and nobody said stop."""
        self._alarm.cancel()
        self._todo.clear()
        self._device = None

    def _due(self) -> None:
        self._follow()
        self._todo.pop(0)()

    def _later(self, bits: int, call) -> None:
        port = self._port
        ns = bits * (port.scl_low_period + port.scl_high_period) * 8
        self.busy_ns += ns
        self._todo.append(call)
        self._alarm.schedule(ns)

    def _connect(self, addr: int, mode) -> None:
        self._follow()
        device = self.devices.get(addr)
        ack = bool(device and device.start(mode == I2CMode.READ))
        self._device = device if ack else None
        self.transactions += 1
        self._later(10, lambda: self._port.complete_connect(ack))

    def _write(self, byte: int) -> None:
        self._follow()
        ack = bool(self._device.write(byte))
        self._later(9, lambda: self._port.complete_write(ack))

    def _read(self, _ack) -> None:
        self._follow()
        byte = self._device.read()
        self._later(9, lambda: self._port.complete_read(byte))

    def _stop(self) -> None:
        self._follow()
        if self._device:
            self._device.stop()
            self._device = None
        self._later(1, self._port.complete_stop)


class SPI:
    """One SPI block and the devices on their chip selects; bytes take their time on the bus."""

    def __init__(self, mcu, block: int, follow):
        self.busy_ns = 0
        self.transactions = 0  # times a chip was selected
        self._port = mcu.spi[block]
        self._follow = follow
        self._slots = []
        self._back = 0
        self._alarm = mcu.clock.create_alarm(self._due)
        self._port.on_transmit = self._exchange

    @property
    def baudrate(self) -> float:
        return self._port.clock_frequency

    @property
    def polarity(self) -> int:
        return self._port.read_uint32(_SSPCR0) >> 6 & 1

    @property
    def phase(self) -> int:
        return self._port.read_uint32(_SSPCR0) >> 7 & 1

    def attach(self, device, cs_line) -> Slot:
        """Connect a device; its chip select is that wire."""
        slot = Slot(self, device, cs_line)
        self._slots.append(slot)
        return slot

    def drop(self) -> None:
        """The Pico was reset in the middle of a byte."""
        self._alarm.cancel()

    def _exchange(self, byte: int) -> None:
        self._follow()
        selected = [slot for slot in self._slots if slot.selected]
        for slot in selected:
            slot.check(self)
        self._back = selected[0].device.exchange(byte) if selected else 0xFF
        ns = 8 / self.baudrate * 1e9
        self.busy_ns += ns
        self._alarm.schedule(ns)

    def _due(self) -> None:
        self._port.complete_transmit(self._back)
