"""Records of the journal and rows of the fault table, in words and with units."""

from bms import fault_rows, faults, journal
from bms.config import unit
from bms.settings import SOURCES
from bms.words import FAULT_WORDS
from roles import TEMP_NONE

MODE_NAMES = (
    "off",
    "self-test",
    "precharge",
    "run",
    "charge only",
    "discharge only",
    "fault",
    "sleep",
    "shutdown",
)
_FET_NAMES = ("chg", "pchg", "dsg", "pdsg")
_REQUEST_WORDS = ("on", "off", "sleep", "shutdown", "clear the faults", "self-test")
_OUTPUT_NAMES = (
    "heater",
    "fan",
    "charge contactor",
    "discharge contactor",
    "buzzer",
    "fault LED",
    "run LED",
)
# TRIP_* bits, lowest first, by the fault row whose words they share; `roles` has the bits
_TRIPS = "cuv cov occ1 ocd1 ocd2 scd otc otd utc utd otf otint hwd pf override".split()
_TRIP_WORDS = [FAULT_WORDS.get(name, "FETs held off from outside") for name in _TRIPS]
# names of FETs for tools: the switch, and what it lets through, for people
_FET_WORDS = {
    "chg": ("charge", "charging"),
    "pchg": ("precharge of cells", "precharge of cells"),
    "dsg": ("discharge", "discharging"),
    "pdsg": ("precharge", "precharge"),
}
_CAUSES = ("not told", "power", "reset pin", "watchdog", "deep sleep", "software")
_ANCHORS = ("none", "full", "empty")
_OF_ROWS = (journal.TRIP, journal.CLEAR, journal.LOCK, journal.ACK)
_ROW_VERBS = {
    journal.TRIP: "tripped",
    journal.CLEAR: "over",
    journal.LOCK: "locked",
    journal.ACK: "acknowledged",
}
_OF_CELLS = (
    faults.Q_CELL_MAX_MV,
    faults.Q_CELL_MIN_MV,
    faults.Q_SPREAD_MV,
    faults.Q_OPENWIRE_MV,
)
_OF_SENSORS = (faults.Q_TEMP_MAX_DDEGC, faults.Q_TEMP_MIN_DDEGC, faults.Q_NTC_BAD)
_LINKS = {faults.Q_SPREAD_MV: "ahead by", faults.Q_OPENWIRE_MV: "swings by"}  # others: at
# unit of the firmware: what people read, how many of the one make the other, decimals
_SCALES = {
    "mV": ("V", 1000, 3),
    "mA": ("A", 1000, 1),
    "ms": ("s", 1000, 2),
    "0.1 degC": ("°C", 10, 1),
    "": ("", 1, 0),
}
_Q_UNITS = {
    number: unit(name.lower()) for name, number in vars(faults).items() if name.startswith("Q_")
}


def names_of(word: int, names) -> list:
    """Names of the bits that are set."""
    return [name for i, name in enumerate(names) if word >> i & 1]


def fet_names(word: int) -> list:
    """FETs of a permission or a status."""
    return names_of(word, _FET_NAMES)


def fet_words(names) -> str:
    """These FETs for people; empty without any."""
    return ", ".join(_FET_WORDS[name][0] for name in names)


def stopped(blocks) -> str:
    """What a fault that blocks these FETs stops, for people; empty when it only warns."""
    what = " and ".join(_FET_WORDS[name][1] for name in blocks)
    return f"{what} stopped" if what else ""


def output_names(word: int) -> list:
    """Outputs that are on."""
    return names_of(word, _OUTPUT_NAMES)


def show(value: int, unit_name: str) -> str:
    """A number of the firmware as people write it."""
    if unit_name == "0.1 degC" and value == TEMP_NONE:
        return "no reading"
    name, per, decimals = _SCALES[unit_name]
    return f"{value / per:.{decimals}f} {name}".strip()


def is_fact(row) -> bool:
    """Does the row only know yes and no? Then its number is nothing to show."""
    return row[fault_rows.TRIP] == 1


def now_of(row, q) -> str:
    """The row's quantity in this moment; empty where there is no number."""
    quantity = row[fault_rows.QUANTITY]
    return "" if is_fact(row) else show(q[quantity], _Q_UNITS[quantity])


def place(quantity: int, i: int) -> dict:
    """Which cell or sensor a number came from, counted from 1."""
    return {
        "cell": i + 1 if i >= 0 and quantity in _OF_CELLS else None,
        "sensor": i + 1 if i >= 0 and quantity in _OF_SENSORS else None,
    }


def reason(row, i: int, value: int, limit: int) -> str:
    """Why a row speaks: `cell over-voltage: cell 5 at 3.652 V, limit 3.650 V`."""
    quantity = row[fault_rows.QUANTITY]
    where = [f"{name} {n}" for name, n in place(quantity, i).items() if n is not None]
    if not is_fact(row):
        if where:
            where.append(_LINKS.get(quantity, "at"))
        number = _Q_UNITS[quantity]
        where.append(f"{show(value, number)}, limit {show(limit, number)}")
    text = FAULT_WORDS[row[fault_rows.NAME]]
    return f"{text}: {' '.join(where)}" if where else text


def readable(record: dict, t_s: float) -> dict:
    """One record of the journal for people and tools."""
    kind = record["kind"]
    out = {"t_s": t_s, "kind": journal.NAMES[kind], "item": None, "cell": None, "sensor": None}
    out["value"] = record["value"]
    out["limit"] = record["limit"]
    if kind in _OF_ROWS:
        row = fault_rows.ROWS[record["item"]]
        out["item"] = row[fault_rows.NAME]
        out.update(place(row[fault_rows.QUANTITY], record["cell"]))
        out["blocks"] = fet_names(row[fault_rows.BLOCKS])
        text = reason(row, record["cell"], record["value"], record["limit"])
        out["words"] = f"{_ROW_VERBS[kind]}: {text}"
    else:
        out["item"], out["words"] = _describe(kind, record)
    out["soc_pm"] = record["soc_pm"]
    out["mode"] = MODE_NAMES[record["mode"]]
    return out


def _describe(kind: int, record: dict):
    """Item and words of a record that is about no fault row."""
    value = record["value"]
    if kind == journal.BOOT:
        return None, "the firmware has started"
    if kind == journal.MODE:
        item = MODE_NAMES[record["item"]]
        return item, f"mode: {item}, before: {MODE_NAMES[value]}"
    if kind == journal.REQUEST and record["item"] == journal.LOCK_FETS:
        names = fet_names(value)
        return ", ".join(names), f"off by hand: {fet_words(names) or 'nothing'}"
    if kind in (journal.REQUEST, journal.REFUSED):
        item = ", ".join(names_of(value, _REQUEST_WORDS))
        return item, f"{'asked for' if kind == journal.REQUEST else 'refused'}: {item}"
    if kind == journal.ALERT:
        item = ", ".join(names_of(record["limit"], _TRIPS))
        text = "; ".join(names_of(record["limit"], _TRIP_WORDS)) or "cause already over"
        return item or None, f"the monitor raised its alert: {text}"
    if kind == journal.ARMED:
        text = (
            "armed, and everything read back" if value else f"differs at 0x{record['limit']:04x}"
        )
        return None, f"the monitor is {text}" if value else f"the monitor {text}"
    if kind == journal.ANCHOR:
        item = _ANCHORS[record["item"]]
        return item, f"{item}: SoC was {value / 10:.1f} % until now"
    return _describe_box(kind, record)


def _describe_box(kind: int, record: dict):
    """What the black box and the settings note."""
    value, item = record["value"], record["item"]
    if kind == journal.SETTINGS:
        words = SOURCES[item] if item < len(SOURCES) else f"source {item}"
        return words, f"settings: {words}"
    if kind == journal.RESET:
        words = _CAUSES[item] if item < len(_CAUSES) else f"cause {item}"
        return words, f"start {value}, cause: {words}"
    if kind == journal.LOST:
        return None, f"{record['limit']} events came too fast to be stored, {value} in all"
    if kind == journal.CALIBRATION:
        return None, _calibrated(record)
    if kind == journal.CLOCK:
        return None, f"the clock was moved by {value:+d} s" if item else "the time was told"
    if kind == journal.LAPSE:
        why = "a scan needed memory" if item else "scans came too late"
        return None, f"nothing conducted for a moment: {why} ({value} times so far)"
    if kind == journal.WRITE:
        return None, "a command to the monitor failed"
    if item:
        burst_n = record["limit"]
        return (
            None,
            f"the bus has not failed for a minute: {burst_n} errors in that burst, {value} so far",
        )
    return None, f"the bus failed, {value} times so far"


def _calibrated(record: dict) -> str:
    """What was corrected, from what to what."""
    item, value, before = record["item"], record["value"], record["limit"]
    if item > 6:
        return "calibrated"
    if item == 0 and before:
        return "the stored calibration is refused: none is in force"
    if item == 0:
        return f"calibration {value:08x} is in force" if value else "no calibration is in force"
    kind = ("cell", "current", "NTC")[(item - 1) // 2]
    name = kind if kind == "current" else f"{kind} {record['cell'] + 1}"
    if item % 2:
        shown = [f"{100 * gain / 16384:+.2f} %" for gain in (value, before)]
        return f"calibrated: gain of {name} {shown[0]}, before {shown[1]}"
    if kind == "NTC":
        shown = [f"{number / 10:+.1f} °C" for number in (value, before)]
    else:
        shown = [f"{number:+d} {'mV' if kind == 'cell' else 'mA'}" for number in (value, before)]
    return f"calibrated: offset of {name} {shown[0]}, before {shown[1]}"
