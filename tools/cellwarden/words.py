"""A board's frames as people read them."""

import struct

from bms import faults, journal
from demo.readable import MODE_NAMES, fet_names, output_names, readable, reason
from roles import TEMP_NONE

_STATES = ("clear", "tripped", "locked", "acknowledged")
_FLAGS = ("fresh", "charger", "load", "guessed")


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
    if who is not None:
        found["version"] = who.get("version")
        found["board"] = who.get("board")
        found["held"] = bool(who.get("held"))
        found["rolled"] = bool(who.get("rolled"))
    return found


def mode(number: int) -> str:
    return MODE_NAMES[number] if number < len(MODE_NAMES) else f"mode {number}"


def fault(row: dict) -> dict:
    """One row that is not clear; a row of a newer firmware keeps its number."""
    found = {"state": _STATES[row["state"] & 3], "blocks": fet_names(row["blocks"])}
    found |= {"cell": row["cell"] + 1 if row["cell"] >= 0 else None}
    found |= {"value": row["value"], "limit": row["limit"]}
    if row["row"] < faults.ROW_N:
        about = faults.ROWS[row["row"]]
        found["name"] = about[faults.NAME]
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
    t_s = record["uptime_s"] + record["uptime_ms"] / 1000
    known = record["kind"] < len(journal.NAMES)
    of_row = record["kind"] in (journal.TRIP, journal.CLEAR, journal.LOCK, journal.ACK)
    if (
        known
        and not (of_row and record["item"] >= faults.ROW_N)
        and record["mode"] < len(MODE_NAMES)
    ):
        return readable(record, t_s)
    return {"t_s": t_s, "kind": str(record["kind"]), "words": f"event {record['kind']}"}


def lines(found: dict):
    """A status for a terminal."""
    yield f"{found['name']}: {found['mode']}, {found['soc_pm'] / 10:.1f} %" + (
        " (a guess)" if "guessed" in found["flags"] else ""
    )
    if found.get("version"):
        yield f"  firmware {found['version']} on {found['board']}, up {clock(found['uptime_s'])}"
    yield f"  {found['stack_mv'] / 1000:.3f} V, {found['pack_ma'] / 1000:+.2f} A"
    if found.get("health"):
        yield "  " + worth(found["health"])
    fets = ", ".join(found["fets"]) or "none"
    off = f"; locked off by hand: {', '.join(found['user_off'])}" if found["user_off"] else ""
    yield f"  FETs that conduct: {fets}{off}"
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
    if found.get("held"):
        yield "  FETs are held off: the settings wait to be confirmed (`cellwarden unlock --settings`)"
    if found.get("rolled"):
        yield "  the last update reached no verified scan and was taken back"
    for row in found["faults"]:
        blocks = f" [{' and '.join(row['blocks'])} off]" if row["blocks"] else ""
        yield f"  {row['state']}: {row['words']}{blocks}"
    if not found["faults"]:
        yield "  no faults"


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


def clock(seconds: int) -> str:
    """Days, hours, minutes."""
    days, rest = divmod(seconds, 86400)
    text = f"{rest // 3600}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days} d {text}" if days else text
