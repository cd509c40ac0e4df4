"""Assembler and state machine of the fake `rp2`, for the instructions that our programs use."""

import types

_CONDITIONS = {None: 0, "not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "pin": 6}
_SOURCES = {"pins": 0, "x": 1, "y": 2, "null": 3, "isr": 6, "osr": 7}
_SOURCES.update({"~" + name: 8 | code for name, code in _SOURCES.items()})
_DESTINATIONS = {"pins": 0, "x": 1, "y": 2, "isr": 6, "osr": 7}
_SET = {"pins": 0, "x": 1, "y": 2, "pindirs": 4}
_NAMES = "x y osr isr null pin pins pindirs gpio x_dec y_dec not_x not_y"
_MASK = 0xFFFFFFFF


def assemble(function):
    """(words, (wrap target, wrap)) of a function written for `rp2.asm_pio`."""
    words, labels, jumps, wrap = [], {}, {}, [0, None]

    def jmp(condition, target=None):
        if target is None:
            condition, target = None, condition
        jumps[len(words)] = target
        words.append(_CONDITIONS[condition] << 5)

    def wait(polarity, source, index):
        words.append(0x2000 | polarity << 7 | {"gpio": 0, "pin": 1}[source] << 5 | index)

    def mark(which):
        wrap[which] = len(words) - which

    names = {
        "wrap_target": lambda: mark(0),
        "wrap": lambda: mark(1),
        "label": lambda name: labels.__setitem__(name, len(words)),
        "jmp": jmp,
        "wait": wait,
        "pull": lambda block=1: words.append(0x8080 | block << 5),
        "push": lambda block=1: words.append(0x8000 | block << 5),
        "invert": lambda src: "~" + src,
        "mov": lambda to, src: words.append(0xA000 | _DESTINATIONS[to] << 5 | _SOURCES[src]),
        "set": lambda to, value: words.append(0xE000 | _SET[to] << 5 | value),
        "block": 1,
        "noblock": 0,
    }
    names.update((name, name) for name in _NAMES.split())
    types.FunctionType(function.__code__, {**function.__globals__, **names})()
    for at, target in jumps.items():
        words[at] |= labels[target]
    return words, (wrap[0], len(words) - 1 if wrap[1] is None else wrap[1])


class Cell:
    """One state machine on its pins."""

    def __init__(self, program, divider: int, pins, bench):
        self.program = program
        self.enabled = False
        self.pc = program.start
        self.x = self.y = self.osr = self.isr = 0
        self.fifo, self.pushed = [], []
        self._divider = divider
        self._phase = 0
        self._jmp = pins.get("jmp_pin")
        self._in = pins.get("in_base")
        self._pipe = [1, 1]  # the synchroniser
        self._ends, self._levels, self._out = [], 0, 0
        for i, how in enumerate(program.set_init):
            self._ends.append(_owned(bench, pins["set_base"].id + i))
            self._levels |= (how & 1) << i
            self._out |= (how >> 1) << i
        self._drive()

    def sample(self) -> None:
        """One system clock of the input synchroniser."""
        pin = self._in or self._jmp
        if pin is not None:
            self._pipe = [self._pipe[1], pin.line.level]

    def clock(self) -> None:
        """One system clock; an instruction when the divider says so."""
        if not self.enabled:
            return
        self._phase += 1
        if self._phase >= self._divider:
            self._phase = 0
            self.execute(self.program.words[self.pc])

    def execute(self, word: int, forced: bool = False) -> None:
        """One instruction; what stalls leaves the program counter where it is."""
        kind, argument, value = word >> 13, word >> 5 & 7, word & 31
        following = self.pc if forced else self._after()
        if kind == 0:
            following = value if self._jumps(argument) else following
        elif kind == 1 and self._pipe[0] != word >> 7 & 1:
            return
        elif kind == 4 and not argument & 4:
            self.pushed.append(self.isr)
        elif kind == 4 and not self._pull(bool(argument & 1)):
            return
        elif kind == 5:
            self._move(argument, value)
        elif kind == 7:
            self._set(argument, value)
        self.pc = following

    def _after(self) -> int:
        return self.program.wrap_target if self.pc == self.program.wrap else self.pc + 1

    def _jumps(self, condition: int) -> bool:
        if condition == _CONDITIONS["x_dec"]:
            was = self.x
            self.x = (was - 1) & _MASK
            return was != 0
        if condition == _CONDITIONS["y_dec"]:
            was = self.y
            self.y = (was - 1) & _MASK
            return was != 0
        if condition == _CONDITIONS["not_x"]:
            return self.x == 0
        return condition == 0 or (condition == _CONDITIONS["pin"] and self._pipe[0] == 1)

    def _pull(self, blocks: bool) -> bool:
        if self.fifo:
            self.osr = self.fifo.pop(0)
        elif blocks:
            return False
        else:
            self.osr = self.x
        return True

    def _move(self, to: int, source: int) -> None:
        names = ("", "x", "y", "null", "", "", "isr", "osr")
        came, went = names[source & 7], names[to]
        assert came and went not in ("", "null", "osr"), "not modelled"
        value = 0 if came == "null" else getattr(self, came)
        setattr(self, went, ~value & _MASK if source & 8 else value)

    def _set(self, what: int, value: int) -> None:
        if what == _SET["pins"]:
            self._levels = value
        elif what == _SET["pindirs"]:
            self._out = value
        else:
            raise AssertionError("not modelled")
        self._drive()

    def _drive(self) -> None:
        for i, end in enumerate(self._ends):
            end.drive(self._levels >> i & 1 if self._out >> i & 1 else None)


def _owned(bench, number: int):
    """The end of a wire that PIO drives from now on, and no longer the processor."""
    for pin in bench.bank._pins:
        if pin.id == number:
            pin.lend()
    ends = bench.pio.setdefault("ends", {})
    if number not in ends:
        ends[number] = bench.bank.line(number).end("pio")
    return ends[number]
