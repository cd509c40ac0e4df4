"""Boards: the wiring that the READMEs show is the wiring in `board.py`, and it is safe from the first pin on."""

import importlib
import re
import time
from pathlib import Path

import machine
import pytest

import pico
from bms.bits import OUT_BUZZER, OUT_FAN, OUT_HEATER, OUT_LED_FAULT, OUT_LED_RUN
from bms.changes import wired
from bms.config import Config
from deploy.files import files
from host_tests.shared import ROOT

NAMES = (
    "pico_bq76952",
    "esp32_bq76952",
    "libresolar_bms_c1",
    "pico_bq76940",
    "pico_ltc6811",
    "pico_isl94202",
)
# packs that a board can carry, where the default is none
SETTINGS = {
    "pico_bq76940": {"cell_n": 15, "ntc_n": 2},
    "pico_isl94202": {"cell_n": 8, "ntc_n": 1, "precharge_on": 0},
}
BARE = ("libresolar_bms_c1",)  # no off-pins, no outputs but LEDs, no interlock, no jumper
ROLES = "cells shunt temps switch bleed guard alert".split()
REST = "cutoff outputs interlock clock watchdog uart name ntcs".split()
HARD = {
    "pico_bq76952": True,
    "esp32_bq76952": False,
    "libresolar_bms_c1": False,
    "pico_bq76940": True,
    "pico_ltc6811": True,
    "pico_isl94202": True,
}
BUS = {"UART_TX", "UART_RX", "SDA", "SCL", "ALERT", "LED"}
TRIP = {"pico_bq76940": "TRIPPED"}  # input of the interrupt, where it is not the monitor's ALERT
GATE_PINS = set("LATCHED UNLATCH STROKE ALIVE CHG DSG PDSG CHG_ON DSG_ON LIFT".split())
MORE = {
    "pico_bq76940": {"PDSG", "LIFT", "BOOT", "STROKE", "PACK", "STACK"},
    "pico_ltc6811": GATE_PINS | {"MISO", "MOSI", "SCK", "CS"},
}
PINS = {"CFETOFF", "DFETOFF", "HEATER", "FAN", "BUZZER", "INTERLOCK", "SERVICE"}
C1_PINS = {"LED_FAULT", "RS485_DE", "RS485_RE"}


@pytest.fixture(params=NAMES)
def any_board(request, monkeypatch):
    """A board's module on loose wires, and MicroPython's names in `time`."""
    yield from imported(request.param, monkeypatch)


@pytest.fixture(params=[name for name in NAMES if name not in BARE])
def board(request, monkeypatch):
    """A board that has off-pins and everything else."""
    yield from imported(request.param, monkeypatch)


@pytest.fixture
def c1(monkeypatch):
    yield from imported("libresolar_bms_c1", monkeypatch)


def imported(name, monkeypatch):
    monkeypatch.setattr(time, "sleep_us", lambda us: None, raising=False)
    machine.use()
    yield importlib.import_module(f"boards.{name}.board")
    machine.use()


def config(board, **changes):
    """Settings of a pack that this board carries."""
    return Config({**SETTINGS.get(board.NAME, {}), **changes})


def level(pin) -> int:
    return machine.bench.bank.line(pin).level


def pins(board) -> dict:
    """Constants that are pins: all the names of the README's table."""
    return {name: constant(board, name) for name in table(board)}


def constant(board, name):
    """Of the board itself, or one that every board of its kind has."""
    return getattr(board, name) if hasattr(board, name) else getattr(pico, name)


def table(board) -> dict:
    """Constant -> pin, from the wiring table of the README."""
    text = (ROOT / "boards" / board.NAME / "README.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE)
    return {name: pin.strip() for name, pin in rows}


def test_the_table_in_the_readme_is_the_wiring(any_board):
    board = any_board
    shown = table(board)
    bus = BUS - {"ALERT"} | {TRIP.get(board.NAME, "ALERT")}
    own = C1_PINS if board.NAME in BARE else PINS | MORE.get(board.NAME, set())
    assert set(shown) == bus | own
    for name, pin in pins(board).items():
        if isinstance(pin, int):
            assert shown[name] in (f"GP{pin}", f"GPIO{pin}"), name


def test_no_pin_has_two_jobs(any_board):
    used = list(pins(any_board).values())
    assert len(used) == len(set(used))


def test_a_board_hands_over_every_role(any_board):
    made = any_board.make(config(any_board))
    for name in ROLES + REST:
        assert hasattr(made, name), name
    assert made.name == any_board.NAME
    assert made.ntcs == any_board.NTCS


def test_what_has_no_place_for_a_thermistor_is_refused_before_it_is_stored(any_board):
    """Its default is refused by a board with fewer, too."""
    ntcs = any_board.make(config(any_board)).ntcs
    for n in range(1, 9):
        if n <= len(ntcs):
            wired({"ntc_n": n}, ntcs)
            continue
        with pytest.raises(ValueError, match=f"ntc_n: {n}, "):
            wired({"ntc_n": n} if n != 3 else {}, ntcs)


def test_the_off_pins_are_low_after_make(board):
    board.make(config(board))
    assert (level(constant(board, "CFETOFF")), level(constant(board, "DFETOFF"))) == (0, 0)


def test_the_off_pins_come_before_everything_else(board, monkeypatch):
    order = []
    real = board.Pin

    class Recorded(real):
        def __init__(self, pin, *args, **kwargs):
            order.append((pin, kwargs.get("value")))
            super().__init__(pin, *args, **kwargs)

    monkeypatch.setattr(board, "Pin", Recorded)
    monkeypatch.setattr(pico, "Pin", Recorded)
    board.make(config(board))
    assert order[:2] == [(constant(board, "CFETOFF"), 0), (constant(board, "DFETOFF"), 0)]


def test_make_says_nothing_to_the_monitor(any_board):
    any_board.make(config(any_board))
    assert [bus.transactions for bus in machine.bench.buses.values()] == [0]


def test_an_open_interlock_reads_open_and_a_closed_one_closed(board):
    made = board.make(config(board))
    assert made.interlock()
    machine.bench.bank.line(constant(board, "INTERLOCK")).end("switch").drive(0)
    assert not made.interlock()


def test_the_watchdog_runs_unless_the_service_jumper_is_closed(board):
    assert board.make(config(board)).watchdog.timeout_ms == 2000
    machine.bench.bank.line(constant(board, "SERVICE")).end("jumper").drive(0)
    assert board.make(config(board)).watchdog is None


def test_an_alert_edge_takes_the_permission_away(board):
    made = board.make(config(board))
    made.cutoff.arm()
    assert made.cutoff.release(0)
    assert (level(constant(board, "CFETOFF")), level(constant(board, "DFETOFF"))) == (1, 1)
    machine.bench.bank.line(getattr(board, TRIP.get(board.NAME, "ALERT"))).end("monitor").drive(0)
    assert (level(constant(board, "CFETOFF")), level(constant(board, "DFETOFF"))) == (0, 0)


def test_only_rp2_asks_for_a_hard_interrupt(any_board, monkeypatch):
    asked = {}
    monkeypatch.setattr(machine.Pin, "irq", lambda self, **words: asked.update(words))
    any_board.make(config(any_board)).cutoff.arm()
    assert asked.get("hard", False) is HARD[any_board.NAME]


def test_outputs_drive_their_own_pin_only(board):
    outputs = board.make(config(board)).outputs
    wires = {
        OUT_HEATER: constant(board, "HEATER"),
        OUT_FAN: constant(board, "FAN"),
        OUT_BUZZER: constant(board, "BUZZER"),
    }
    for bit in wires:
        outputs.write(bit)
        assert {b for b, pin in wires.items() if level(pin)} == {bit}
    outputs.write(0)
    assert not any(level(pin) for pin in wires.values())


def test_a_board_says_which_micropython_it_needs(any_board):
    assert any_board.PLATFORM == ("rp2" if HARD[any_board.NAME] else "esp32")


def test_without_off_pins_an_alert_still_wakes_the_scan(c1):
    woken = []
    made = c1.make(Config({"ntc_n": 2}))
    made.cutoff.wake = lambda: woken.append(True)
    made.cutoff.arm()
    assert made.cutoff.release(0)
    machine.bench.bank.line(c1.ALERT).end("monitor").drive(0)
    assert woken and made.cutoff.tripped and not made.cutoff.permits


def test_without_off_pins_the_monitor_does_not_wait_for_them(c1, monkeypatch):
    """Address 0x92FA, CFETOFF and DFETOFF Pin Config: 0 is no function, 0x86 forces off while low."""
    board = importlib.import_module("boards.pico_bq76952.board")
    for made, n, code in ((c1, 2, 0), (board, 3, 0x86)):
        guard = made.make(Config({"ntc_n": n})).guard
        guard.load(Config({"ntc_n": n}))
        (window,) = [w for w in guard._windows if w.address <= 0x92FA < w.address + 32]
        at = 0x92FA - window.address
        assert bytes(window.data[at : at + 2]) == bytes([code, code])
        assert window.own[at] == window.own[at + 1] == 1, "read back for ever"


def test_the_rs485_transceiver_is_silent_and_the_prompt_does_not_hear_the_reader(c1):
    made = c1.make(Config({"ntc_n": 2}))
    assert (level(c1.RS485_DE), level(c1.RS485_RE)) == (0, 1)
    assert set(machine.bench.uarts) == {0, 1}
    assert machine.bench.uarts[1] is made.uart and made.uart.baudrate == 9600


def test_the_leds_of_the_c1_are_run_and_fault(c1):
    outputs = c1.make(Config({"ntc_n": 2})).outputs
    for bit, lit in ((OUT_LED_RUN, (1, 0)), (OUT_LED_FAULT, (0, 1))):
        outputs.write(bit)
        assert (level(c1.LED), level(c1.LED_FAULT)) == lit


def test_the_watchdog_of_the_c1_always_runs(c1):
    assert c1.make(Config({"ntc_n": 2})).watchdog.timeout_ms == 2000


def test_fewer_thermistors_than_the_board_has_pins_for_is_a_matter_of_configuration(board):
    most = len(board.NTCS)
    for ntc_n in range(1, most + 1):
        fits = config(board, ntc_n=ntc_n)
        board.make(fits).guard.load(fits)
    many = config(board, ntc_n=most + 1)
    with pytest.raises(ValueError, match=f"ntc_n: {most + 1}, wired are {most}"):
        board.make(many).guard.load(many)


def test_every_scan_strokes_the_dead_man(monkeypatch):
    for board in imported("pico_bq76940", monkeypatch):
        made = board.make(config(board))
        seen = []
        machine.bench.bank.line(board.STROKE).watch(seen.append)
        made.cutoff.stroke()
        assert seen == [], "not before the FETs are permitted"
        made.cutoff.release(0)
        for _ in range(3):
            made.cutoff.stroke()
        assert seen == [1, 0] * 4


def test_the_terminals_are_read_in_millivolts(monkeypatch):
    for board in imported("pico_bq76940", monkeypatch):
        machine.bench.adcs[board.PACK] = 65535
        machine.bench.adcs[board.STACK] = 32768
        board.make(config(board))
        terminals = board.Terminals(
            board.ADC(board.PACK), board.FULL_MV, None, None, board.ADC(board.STACK)
        )
        assert 82400 < terminals.read_mv() <= 82500 and terminals.read_stack_mv() == 41250


def frozen_by(manifest: Path) -> list[Path]:
    """What a manifest and those it includes freeze; the port's own is the port's."""
    folder, found = manifest.parent, []

    def include(path):
        if not path.startswith("$(PORT_DIR)"):
            found.extend(frozen_by(folder / path))

    def freeze(path, scripts=("",)):
        found.extend(folder / path / script for script in scripts)

    words = {
        "include": include,
        "freeze": freeze,
        "module": lambda file, base_path: found.append(folder / base_path / file),
        "package": lambda package, base_path: found.append(folder / base_path / package),
    }
    exec(manifest.read_text(), words)
    return [path.resolve() for path in found]


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_freezes_each_file_of_the_board_once(name):
    frozen = frozen_by(ROOT / "boards" / name / "manifest.py")
    assert [path for path in frozen if not path.exists()] == []
    held = {Path(path).stem for path, _ in files(name) if path.count("/") == 1}
    assert sorted(path.stem for path in frozen) == sorted(held | {"bms", "lib"})


GATES = "CHG DSG PDSG UNLATCH LIFT STROKE".split()


@pytest.fixture
def gated(monkeypatch):
    yield from imported("pico_ltc6811", monkeypatch)


def test_gates_are_off_and_everything_else_is_quiet_after_make(gated):
    gated.make(Config())
    assert [level(getattr(gated, name)) for name in GATES] == [0] * 6
    assert level(gated.CS) == 1


@pytest.mark.parametrize("cell_n, shares", [(4, (4,)), (12, (12,)), (13, (7, 6)), (16, (8, 8))])
def test_up_to_twelve_cells_sit_on_one_device_and_more_on_two(gated, cell_n, shares):
    assert gated.share(cell_n) == shares
    gated.make(Config({"cell_n": cell_n})).guard.load(Config({"cell_n": cell_n}))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"scd_ma": 290000}, "scd_ma: 290000, the comparator trips at 300000"),
        ({"ocd2_ma": 300000, "scd_ma": 320000}, "must be above ocd2_ma, 300000"),
        ({"scd_us": 100}, "scd_us: 100, wired are 195"),
    ],
)
def test_a_comparator_that_does_not_fit_the_configuration_is_refused(gated, changes, words):
    config = Config(changes)
    with pytest.raises(ValueError, match=words):
        gated.make(config).guard.load(config)


def test_a_board_says_how_many_may_connect_and_whether_its_button_is_pressed(any_board):
    made = any_board.make(config(any_board))
    assert (
        made.ble_links
        == constant(any_board, "BLE_LINKS")
        == (1 if any_board.PLATFORM == "rp2" else 3)
    )
    if any_board.NAME in BARE:
        assert made.button is None
        return
    line = machine.bench.bank.line(constant(any_board, "SERVICE"))
    assert made.button() is False
    line.end("finger").drive(0)
    assert made.button() is True
