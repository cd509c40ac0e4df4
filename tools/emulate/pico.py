"""The emulated Pico itself: boots an image, runs for exact times, talks over its USB console."""

from rp2040py.boards import BoardSpec, FlashLayout
from rp2040py.device import MicroPythonDevice
from rp2040py.device.base_device import ResetCause
from rp2040py.execute_batch import execute_batch
from rp2040py.memory_map import FLASH_START_ADDRESS

from emulate import uart, usb, wires
from emulate.image import image

# The file system of a Pico: the last 1408 KiB of 2 MiB.
LAYOUT = FlashLayout(fs_start=0xA0000, fs_blockcount=352, fs_blocksize=4096)
FS_AT = 0xA0000
FS_N = 352 * 4096
_PERIPHERAL_HZ = 48_000_000  # MicroPython runs the peripherals from the USB clock


class Pico:
    """`flash`: content of the file system at power-up, None = empty. Wire it before `boot`."""

    def __init__(self, flash=None):
        usb.mend()
        uart.mend()
        wires.mend()
        self.device = MicroPythonDevice(
            board=BoardSpec(layout=LAYOUT, image=image()), filesystem=None
        )
        self.mcu = self.device.mcu
        self.clock = self.device.simulator.clock
        self.mcu.clk_peri = _PERIPHERAL_HZ
        self.out = bytearray()  # what the console said
        self.starts = 0  # times the console came up
        self.resets = 0
        self.on_reset = []  # called after each, of whatever cause: the emulator tells no pin of it
        self._tx = bytearray()
        self._cdc = self.device.cdc
        self._cdc.on_serial_data = self.out.extend
        self._cdc.on_device_connected = self._connected
        self._enter_reset, self.device._enter_reset = self.device._enter_reset, self._reset
        self._end = self.clock.create_alarm(self._stop)
        if flash is not None:
            self.mcu.flash[FS_AT : FS_AT + FS_N] = flash

    # time --------------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> float:
        """Time since power-up."""
        return self.clock.nanos

    def run_ns(self, ns: float) -> None:
        """Let it run, to one instruction exactly."""
        simulator = self.device.simulator
        end = self.clock.nanos + ns
        while self.clock.nanos < end:
            if self.mcu.run_pin_low:  # the emulator's time would stand still; the pack's does not
                self.clock.tick(end - self.clock.nanos)
                return
            self._end.schedule(end - self.clock.nanos)
            simulator.stopped = False
            while not simulator.stopped:
                if self._tx:
                    self._pump()
                execute_batch(simulator, 1)

    def run_ms(self, ms: float) -> None:
        self.run_ns(ms * 1e6)

    def run_until(self, condition, limit_ms: float, step_ms: float = 1) -> bool:
        """Run until `condition()`; False when the time is over before."""
        end = self.clock.nanos + limit_ms * 1e6
        while self.clock.nanos < end:
            if condition():
                return True
            self.run_ms(step_ms)
        return condition()

    def _stop(self) -> None:
        self.device.simulator.stopped = True

    # life --------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Power up; returns when the console is there."""
        self.mcu.core.pc = FLASH_START_ADDRESS
        self._await_start()

    def reset(self) -> None:
        """As the RUN pin does."""
        self.device.hard_reset(cause=ResetCause.RUN_PIN)
        self._await_start()

    def _reset(self, cause) -> None:
        self._enter_reset(cause)
        self.resets += 1
        for call in self.on_reset:
            call()

    def hold_reset(self, held: bool) -> None:
        """The RUN pin to ground, or let go."""
        self.mcu.set_run_pin(low=held)

    def flash(self) -> bytes:
        """The file system as it is in the flash chip at this moment."""
        return bytes(self.mcu.flash[FS_AT : FS_AT + FS_N])

    def _connected(self) -> None:
        self.starts += 1

    def _await_start(self, limit_ms: float = 5000) -> None:
        before = self.starts
        if not self.run_until(lambda: self.starts > before, limit_ms):
            raise TimeoutError("no USB console")

    # console -----------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self._tx += data

    def _pump(self) -> None:
        while self._tx and not self._cdc.tx_fifo.full:
            self._cdc.send_serial_byte(self._tx.pop(0))

    def wait_for(self, text: bytes, limit_ms: float = 20000) -> None:
        """Run until the console has said this."""
        if not self.run_until(lambda: text in self.out, limit_ms):
            raise TimeoutError(f"{text!r} not in {bytes(self.out)[-400:]!r}")

    def enter_raw(self) -> None:
        """Stop what runs and enter the raw prompt."""
        self.out.clear()
        self.send(b"\r\x03\x03\x01")
        self.wait_for(b"raw REPL; CTRL-B to exit\r\n>")

    def execute(self, source: str, limit_ms: float = 20000) -> str:
        """Run code at the raw prompt; what it printed. `RuntimeError` with its traceback."""
        self.start(source)
        if not self.run_until(lambda: self.out.count(b"\x04") >= 2, limit_ms):
            raise TimeoutError(f"still running: {bytes(self.out)[-400:]!r}")
        said, failed = bytes(self.out).split(b"\x04")[:2]
        if failed:
            raise RuntimeError(failed.decode())
        return said.decode()

    def start(self, source: str) -> None:
        """Start code at the raw prompt and do not wait for its end."""
        self.out.clear()
        self.send(source.encode() + b"\x04")
        self.wait_for(b"OK")
        del self.out[: self.out.index(b"OK") + 2]
