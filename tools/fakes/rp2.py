"""`rp2` for the host: PIO programs assembled to words and run cycle by cycle on the simulator's wires.

As much of it as our programs use: RP2040 data sheet 3.4 (instructions) and 3.5.6.3 (an input takes two
cycles through its synchroniser). State machines live in `machine.bench.pio`, as hardware outlives
objects. After each call from the processor and each edge of a pin that a program looks at, the machines
run for `settle` cycles, 0 to count cycles by hand with `run`.
"""

import machine

from fakes_pio import Cell, assemble

_SETTLE = 32
_SM0_INSTR = 0x502000D8
_SM_STEP = 0x18


class PIO:
    IN_LOW = 0
    IN_HIGH = 1
    OUT_LOW = 2
    OUT_HIGH = 3
    SHIFT_LEFT = 0
    SHIFT_RIGHT = 1


class Flash:
    """What is there for files, as a block device: of it, how many blocks of 4 KiB that is."""

    block_n = 352  # of a Pico

    def ioctl(self, op: int, _arg: int) -> int:
        return self.block_n if op == 4 else -1


class Program:
    """`words`: as MicroPython's assembler makes them, jumps relative to the start."""

    def __init__(self, words, wrap, start, set_init):
        self.words = words
        self.wrap_target, self.wrap = wrap
        self.start = start
        self.set_init = set_init


def asm_pio(set_init=None, **_more):
    """Decorator: the function's body, as a Program."""

    def made(function):
        words, wrap = assemble(function)
        pins = () if set_init is None else set_init
        return Program(words, wrap, 0, pins if isinstance(pins, tuple) else (pins,))

    return made


class StateMachine:
    """State machine `id`; with a program it is set up anew and stopped."""

    def __init__(self, id, program=None, freq=-1, **pins):
        self._id = id
        cells = machine.bench.pio.setdefault("cells", {})
        if program is not None:
            cells[id] = Cell(program, _divider(freq), pins, machine.bench)
            machine.bench.registers[_SM0_INSTR + id * _SM_STEP] = self.exec
            self._watch(pins)
        self._cell = cells[id]

    def _watch(self, pins) -> None:
        for name in ("in_base", "jmp_pin"):
            if name in pins:
                pins[name].line.watch(lambda _level: _settle())

    def active(self, value=None):
        """Whether it runs; start or stop it."""
        if value is not None:
            self._cell.enabled = bool(value)
            _settle()
        return self._cell.enabled

    def restart(self) -> None:
        """From its first instruction; the FIFO keeps its words."""
        self._cell.pc = 0
        _settle()

    def exec(self, word: int) -> None:
        """One instruction, at once, running or not."""
        self._cell.execute(word, forced=True)
        _settle()

    def put(self, value: int) -> None:
        """One word into the FIFO. On a device a full FIFO blocks for ever; here that fails the test."""
        assert len(self._cell.fifo) < 4, f"StateMachine({self._id}).put would block"
        self._cell.fifo.append(value)
        _settle()

    def tx_fifo(self) -> int:
        """Words not yet pulled."""
        return len(self._cell.fifo)

    def rx_fifo(self) -> int:
        """Words pushed and not yet read."""
        return len(self._cell.pushed)

    def get(self) -> int:
        """The oldest of them; on a device it waits for one."""
        return self._cell.pushed.pop(0)


def run(cycles: int) -> None:
    """Let every state machine run for so many system clocks."""
    cells = sorted(machine.bench.pio.get("cells", {}).items())
    for _ in range(cycles):
        for _, cell in cells:
            cell.sample()
        for _, cell in cells:
            cell.clock()


def _settle() -> None:
    run(machine.bench.pio.get("settle", _SETTLE))


def _divider(freq: int) -> int:
    return 1 if freq < 0 else machine.freq() // freq
