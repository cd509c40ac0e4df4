"""Commissioning as a conversation: what the board wants done, and what its findings mean. No I/O.

`Dialogue` asks a desk (`request(name, **given) -> dict`) and a person (`tell(words)`, `number(words)`,
`again(words) -> bool`, `wait()`).
"""

from cellwarden.desk import good

STEPS = {
    "part": "the monitor answers, is the right part, and holds its configuration",
    "cells": "as many cells as configured, each in its place",
    "bleed": "each cell is bled alone: its wires carry current",
    "order": "each cell is loaded by hand: its own reading moves",
    "ntcs": "each thermistor is held between two fingers",
    "fets": "both FETs off, each alone, both: measured at the terminals",
    "pins": "the off-pins open both FETs without a command",
    "current": "sign and size of the current against your meter",
    "trips": "four trips with temporary tight limits: ALERT moves, the FET opens",
    "watchdog": "silence: the monitor opens both FETs by itself",
    "key": "somebody owns the board",
}

PROMPTS = {
    "load_cell": "Load cell {n}: a 1 ohm resistor or a 5 W bulb across its two terminals. Keep it there.",
    "unload_cell": "Cell {n} was seen. Take the load away.",
    "warm_ntc": "Hold thermistor {n} between two fingers until it is 1.5 degC warmer.",
    "load_ma": "Connect a load of 1 to 10 A through your ammeter. What does it show, in mA?",
    "charger_ma": "Take the load away, connect a charger. Its current in mA (0: there is none here)?",
}

# finding -> words; {n}: cell or sensor, from 1; {v}: the number that came with it
FINDINGS = {
    "no_monitor": "the monitor does not answer: supply, SDA, SCL, the CRC setting",
    "not_verified": "the monitor answers but is not the part of this board, or does not keep its configuration",
    "wires_swapped": "the two sense wires of cell {n} are swapped: it reads {v} mV",
    "cell_missing": "cell {n} reads {v} mV: its wire is missing, or cell_n is too large",
    "cell_n_small": "the stack has {v} mV more than its cells: cell_n is too small",
    "wire_open": "a sense wire of cell {n} or of its neighbour is open",
    "sum_wrong": "cells and stack differ by {v} mV: the top wire or the supply wire",
    "bleed_wire_open": "a wire of cell {n} carries no balancing current: it jumps by {v} mV",
    "no_bleed": "cell {n} does not bleed: resistor, switch or wire",
    "no_cell_moved": "no reading moved while cell {n} was to be loaded",
    "cells_swapped": "cell {n} was loaded and cell {v} moved: their wires are swapped",
    "cell_stays_low": "cell {n} did not recover: is the load still there, or is it a weak cell?",
    "ntc_missing": "thermistor {n} is open or shorted",
    "fet_ntc_missing": "the MOSFETs' thermistor is open or shorted",
    "no_ntc_moved": "no thermistor became warmer while {n} was to be held",
    "ntcs_swapped": "thermistor {n} was held and {v} became warmer: they are swapped",
    "terminals_live": "both FETs are off and PACK has {v} mV: a charger is connected, or a FET is welded",
    "fets_swapped": "the charge FET alone brought {v} mV to PACK: the gates of CHG and DSG are swapped",
    "dsg_dead": "the discharge FET does not conduct: its gate, or the FET (PACK has {v} mV)",
    "chg_dead": "the charge FET does not conduct: its gate, or the FET",
    "chg_welded": "the charge FET conducts although it is off",
    "blocked": "protection does not permit the FETs: look at the faults (cellwarden status)",
    "chg_held_off": "the monitor keeps the charge FET off: CFETOFF is not connected or low",
    "dsg_held_off": "the monitor keeps the discharge FET off: DFETOFF is not connected or low",
    "fet_held_off": "the monitor keeps a FET off",
    "fet_stuck": "a FET stays on that was switched off",
    "off_pins_dead": "neither off-pin opens its FET: CFETOFF and DFETOFF are not wired to the board",
    "chg_off_pin_dead": "CFETOFF does not open the charge FET: it touches 3.3 V or has a pull-up",
    "dsg_off_pin_dead": "DFETOFF does not open the discharge FET: it touches 3.3 V or has a pull-up",
    "current_offset": "{v} mA are read with both FETs off: something bypasses the shunt",
    "no_answer": "nobody said what the meter shows: the FETs are off again",
    "load_small": "{v} mA are too few: at least 500",
    "no_current": "only {v} mA are read: the load bypasses the shunt, or its sense lines are open",
    "shunt_reversed": "the current has the wrong sign: SRP and SRN are swapped",
    "shunt_wrong": "the reading does not fit: it would with shunt_uohm {v}",
    "alert_open": "the monitor tripped and no edge came: ALERT is not connected to the board",
    "no_trip_cov": "the tight cell over-voltage limit did not open the charge FET",
    "no_trip_cuv": "the tight cell under-voltage limit did not open the discharge FET",
    "no_trip_otc": "the tight temperature limit did not open the charge FET",
    "no_trip_otd": "the tight temperature limit did not open the discharge FET",
    "trip_stays": "a rehearsed trip does not end",
    "watchdog_dead": "the monitor did not open the FETs in silence",
    "watchdog_time": "the monitor opened the FETs after {v} ms: not its configured time",
    "no_memory": "the board has too little memory left for this: start it again "
    "(`cellwarden reset board`), then go on",
    "no_tight": "the monitor cannot hold a limit that tight: a cell or sensor is at an end of its range",
    "not_kept": "the board could not keep what has passed: its file system is full; make room, then go on",
    "no_key": "the board has no key: cellwarden unlock --new-key FILE",
}


def finding_words(state: dict) -> str:
    """What the board found, for a person."""
    which, value = state.get("which", -1), state.get("value", 0)
    words = FINDINGS.get(state["finding"], state["finding"].replace("_", " "))
    return words.format(n=which + 1, v=value)


class Dialogue:
    """Leads a person through it. `run()` -> (done, last state)."""

    def __init__(self, desk, person):
        self._desk = desk
        self._person = person
        self._said = None

    def run(self, date: str):
        """From where it was to its end, or until the person gives up."""
        good(self._desk.request("date", date=date))
        good(self._desk.request("begin"))
        while True:
            state = self._desk.request("state")
            if state["state"] in ("passed", "waived", "done"):
                return True, state
            if state["state"] == "open":  # the board was started anew meanwhile
                good(self._desk.request("begin"))
            elif state["state"] == "failed":
                if not self._person.again(finding_words(state)):
                    self._desk.request("stop")
                    return False, state
                self._said = None
                good(self._desk.request("retry"))
            else:
                self._talk(state)
            self._person.wait()

    def _talk(self, state: dict) -> None:
        """Say each step and prompt once; ask for a number when the board waits for one."""
        step, prompt = state["step"], state.get("prompt", "")
        if self._said is None or self._said[0] != step:
            self._person.tell(f"{step}: {STEPS.get(step, '')}")
        now = (step, prompt, state.get("which", -1))
        if prompt and now != self._said:
            words = PROMPTS.get(prompt, prompt).format(n=state.get("which", -1) + 1)
            if prompt.endswith("_ma"):
                self._desk.request("answer", ma=self._person.number(words))
            else:
                self._person.tell("  " + words)
        self._said = now
