"""A board's frames as people read them."""

import struct
import time

from bms import fault_rows, faults, journal
from bms.pack import HOLD_COMMISSION, HOLD_SETTINGS
from bms.settings import EDITED, FACTORY, SOURCES, TO_BE_LOOKED_AT
from demo.readable import (
    MODE_NAMES,
    fet_names,
    fet_words,
    output_names,
    readable,
    reason,
    stopped,
)
from roles import TEMP_NONE

_STATES = ("clear", "tripped", "locked", "acknowledged")
_FLAGS = (
    "fresh",
    "charger",
    "load",
    "guessed",
    "held_settings",
    "held_commission",
    "settings_odd",
    "no_clock",
)
# what a person has to do about it
_ODD = {
    "held_settings": "FETs are held off: look at the settings, then `cellwarden unlock --settings`",
    "unusable": "FETs are held off: the settings cannot be used: {why}. Others are in force until "
    "`cellwarden config set` or `config import` mends them, with --restart",
    "refused": "the settings that were sent last were refused: {why}",
    "held_commission": "FETs are held off: nobody has checked the wiring: `cellwarden commission`",
    "bus": "the cell monitor is not in order: {bus}: look at its wiring and supply, and at the board's folder",
    "rolled": "the last update reached no verified scan and was taken back",
    "no_key": "no key yet, whoever comes first owns the board: `cellwarden unlock --new-key FILE`",
}
_SLOW_S = 60  # a clock that is off by less needs no word


def status(live: dict, rows: list, about: dict, who: dict | None) -> dict:
    """Everything that one look at a board says, names for numbers."""
    found = dict(live)
    found["name"] = about.get("name", "")
    found["mode"] = mode(live["mode"])
    found["flags"] = [name for i, name in enumerate(_FLAGS) if live["flags"] >> i & 1]
    for name in ("intent", "fets", "user_off"):
        found[name] = fet_names(live[name])
    found["outputs"] = output_names(live["outputs"])
    found["bleeding"] = [i + 1 for i in range(len(live["cells"])) if live["bleeding"] >> i & 1]
    found["temps"] = [None if t == TEMP_NONE else t for t in live["temps"]]
    found["faults"] = [fault(row) for row in rows]
    found["config_hash"] = about.get("config_hash")
    found["key"] = bool(about["access"] & 1)
    found["held"] = live["flags"] >> 4 & 3
    if who is not None:
        found["version"] = who.get("version")
        found["board"] = who.get("board")
        found["held"] |= who.get("held", 0)
        found["rolled"] = bool(who.get("rolled"))
        found["settings"] = who.get("settings", 0)
        found["why"] = who.get("why", "")
        found["bus"] = who.get("bus", "")
        found["wall_s"] = who.get("wall_s", 0)
    found["problems"] = list(problems(found))
    return found


def problems(found: dict):
    """What is not as it should be, and no fault: a sentence each that says what to do."""
    waits = found["held"] & HOLD_SETTINGS and found.get("settings") in (EDITED, FACTORY)
    if found.get("why") and found["held"] & HOLD_SETTINGS and not waits:
        yield _ODD["unusable"].format(why=found["why"])
    else:
        if found.get("why"):
            yield _ODD["refused"].format(why=found["why"])
        yield from _of_settings(found)
    if found["held"] & HOLD_COMMISSION:
        yield _ODD["held_commission"]
    if found.get("bus"):
        yield _ODD["bus"].format(bus=found["bus"])
    if found.get("rolled"):
        yield _ODD["rolled"]
    if not found["key"]:
        yield _ODD["no_key"]
    off_s = found["wall_s"] - time.time() if found.get("wall_s") else 0
    if abs(off_s) > _SLOW_S:
        yield f"the board's clock is off by {off_s:+.0f} s (`cellwarden reset time` with the key)"


def _of_settings(found: dict):
    if found["held"] & HOLD_SETTINGS:
        yield _ODD["held_settings"]
    source = found.get("settings", 0)
    if source in TO_BE_LOOKED_AT and source < len(SOURCES):
        yield "settings: " + SOURCES[source]
    elif "settings_odd" in found["flags"]:
        yield "settings: something was wrong with them at the start (`cellwarden log list` on a cable)"


def mode(number: int) -> str:
    return MODE_NAMES[number] if number < len(MODE_NAMES) else f"mode {number}"


def fault(row: dict) -> dict:
    """One row that is not clear; a row of a newer firmware keeps its number."""
    found = {"state": _STATES[row["state"] & 3], "blocks": fet_names(row["blocks"])}
    found |= {"cell": row["cell"] + 1 if row["cell"] >= 0 else None}
    found |= {"value": row["value"], "limit": row["limit"]}
    if row["row"] < faults.ROW_N:
        about = fault_rows.ROWS[row["row"]]
        found["name"] = about[fault_rows.NAME]
        found["words"] = reason(about, row["cell"], row["value"], row["limit"])
    else:
        found["name"], found["words"] = (
            f"row {row['row']}",
            "a fault that this program is too old for",
        )
    return found


def event(data: bytes) -> dict:
    """A told journal record."""
    names = (
        "seq uptime_s uptime_ms kind item cell mode soc_pm value limit intent actual scan config"
    ).split()
    record = dict(zip(names, struct.unpack(journal.FORMAT, data[4 : 4 + journal.SIZE])))
    return of_record(record)


def of_record(record: dict) -> dict:
    """A journal record in words; what a newer firmware notes keeps its number."""
    t_s = round(record["uptime_s"] + record["uptime_ms"] / 1000, 3)
    try:
        return readable(record, t_s)
    except (IndexError, KeyError):
        return {"t_s": t_s, "kind": str(record["kind"]), "words": f"event {record['kind']}"}


def lines(found: dict):
    """A status for a terminal."""
    what = "held off" if found["held"] and not found["faults"] else found["mode"]
    yield f"{found['name']}: {what}, {found['soc_pm'] / 10:.1f} % {interval(found)}".rstrip()
    if found.get("version"):
        yield f"  firmware {found['version']} on {found['board']}, up {clock(found['uptime_s'])}"
    yield (
        f"  {found['stack_mv'] / 1000:.3f} V, {found['pack_ma'] / 1000:+.2f} A, "
        f"{found['remaining_mah'] / 1000:.1f} of {found['capacity_mah'] / 1000:.1f} Ah, "
        f"{found['cycles']} cycles"
    )
    if found.get("health"):
        yield "  " + worth(found["health"])
    fets = fet_words(found["fets"]) or "none"
    off = by_hand(found)
    yield f"  FETs that conduct: {fets}" + (f"; locked off by hand: {off}" if off else "")
    low, high = min(found["cells"], default=0), max(found["cells"], default=0)
    yield f"  cells {low}..{high} mV, {high - low} mV apart" + (
        f", bleeding {', '.join(map(str, found['bleeding']))}" if found["bleeding"] else ""
    )
    for at in range(0, len(found["cells"]), 8):
        yield "    " + "  ".join(f"{mv / 1000:.3f}" for mv in found["cells"][at : at + 8])
    temps = ["--" if t is None else f"{t / 10:.1f}" for t in found["temps"]]
    yield f"  sensors {', '.join(temps)} °C"
    yield (
        f"  offers {found['cvl_mv'] / 1000:.1f} V, +{found['ccl_ma'] / 1000:.0f} A, "
        f"-{found['dcl_ma'] / 1000:.0f} A"
    )
    yield from (f"  {text}" for text in found["problems"])
    for row in found["faults"]:
        yield "  " + of_fault(row)
    if not found["faults"]:
        yield "  no faults"


def of_fault(row: dict) -> str:
    """A row that is not clear, in a line."""
    what = stopped(row["blocks"])
    return f"{row['state']}: {row['words']}" + (f" [{what}]" if what else "")


def worth(found: dict) -> str:
    """What is left and what the pack is worth, in a line."""
    text = f"{found['energy_wh'] / 1000:.2f} kWh left"
    for name, what in (("to_empty_min", "empty"), ("to_full_min", "full")):
        if found[name] is not None:
            text += f", {what} in {found[name] // 60} h {found[name] % 60:02d} min"
    if found["spans"]:
        text += (
            f"; capacity {found['capacity_e4'] / 100:.0f} % ± {2 * found['sigma_e4'] / 100:.0f} "
            "of the rated (cellwarden health)"
        )
    return text


def interval(found: dict) -> str:
    """What the state of charge surely lies between; empty when it is a point."""
    low, high = found["soc_lo_pm"] / 10, found["soc_hi_pm"] / 10
    guess = ", a guess" if "guessed" in found["flags"] else ""
    return (
        f"({low:.0f} to {high:.0f} %{guess})" if high > low else f"({guess[2:]})" if guess else ""
    )


def by_hand(found: dict) -> str:
    """FETs that a person locked; while the board holds them nobody knows."""
    return "" if found["held"] else fet_words(found["user_off"])


def clock(seconds: int) -> str:
    """Days, hours, minutes."""
    days, rest = divmod(seconds, 86400)
    text = f"{rest // 3600}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days} d {text}" if days else text
