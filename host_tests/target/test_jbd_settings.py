"""Settings that a JBD program writes on the UART of a Pico, which has no room to check them while it protects."""

import struct

from btlink import native
from cellwarden import settings
from cellwarden.board import RESTART, Board
from host_tests.target import rig
from host_tests.target.rig import apart
from host_tests.unit.test_jbd_slave import COMMIT, ENTER, request

KEY = bytes(range(16))
OK, REFUSED = 0, 0x81
CHIP_COV = 0x36  # JBD's second over-voltage, here the monitor's own
COV_THRESHOLD = 0x9278  # of the monitor's memory, 50.6 mV


class Uart:
    """The line that a JBD program and ours share, in the Pico's time."""

    is_ble = False

    def __init__(self, pico):
        self._pico = pico
        self._port = pico.mcu.uart[0]
        self._said = bytearray()
        self._port.on_byte = self._said.append

    def write(self, data) -> None:
        self._port.feed(data)

    def read(self) -> bytes:
        self._pico.run_ms(20)
        said = bytes(self._said)
        self._said.clear()
        return said

    def jbd(self, frame) -> int:
        """Status of the answer to a request."""
        self.write(bytes.fromhex(frame) if isinstance(frame, str) else frame)
        said = b""
        while len(said) < 7:
            said += self.read()
        return said[2]

    def set(self, register: int, value: int) -> list:
        """Status of the write and of the commit behind it."""
        assert self.jbd(ENTER) == OK
        return [self.jbd(request(register, struct.pack(">H", value), True)), self.jbd(COMMIT)]


@apart
def test_what_a_jbd_program_writes_waits_for_the_next_start_and_is_in_the_monitor_then(started):
    bench = started
    uart = Uart(bench.pico)
    board = Board("uart", key=KEY, open=lambda *_: uart, patience=100)
    before = bench.chip.memory.u1(COV_THRESHOLD)
    assert before == 3710 * 10 // 506
    board.about = board.find()
    assert uart.set(CHIP_COV, 3760)[0] == REFUSED, "nobody has unlocked it"
    assert "/wanted.json" not in rig.read(bench.pico.flash())
    board.own(KEY)
    board.do(native.WINDOW, 600, 2)
    assert uart.set(CHIP_COV, 3760) == [OK, OK]
    assert bench.conducting() and settings.in_force(board)["chip_cov_mv"] == 3710
    assert settings.given(board)["chip_cov_mv"] == 3760
    assert "/wanted.json" in rig.read(bench.pico.flash()), (
        "it did not have to wait: test another way"
    )
    board.do(RESTART, 0)
    assert bench.pico.run_until(bench.off, 2000, 5)
    rig.await_permission(bench, 30000)
    assert bench.chip.memory.u1(COV_THRESHOLD) == 3760 * 10 // 506 == before + 1
    assert "/wanted.json" not in rig.read(bench.pico.flash())
