"""Everything that is shown, as one dict: the terminal, the web page and the tests read nothing else."""

from bms import fault_rows, faults, settings
from demo.life import SOURCES
from demo.readable import MODE_NAMES, fet_names, now_of, output_names
from roles import TEMP_NONE
from sim.mischief import MISCHIEF

_STATES = ("clear", "tripped", "locked", "acknowledged")
_EVENT_N = 40
_MARKS = ("cuv_mv", "cuv_warn_mv", "full_mv", "cov_warn_mv", "cov_mv")
_FETS = ("chg", "dsg", "pdsg")
_LOOK = [settings.SOURCES[source] for source in settings.TO_BE_LOOKED_AT]
_BLOCKING = {row[fault_rows.NAME]: row[fault_rows.BLOCKS] for row in fault_rows.ROWS}


def build(runner) -> dict:
    """The state of a running demo, ready for JSON."""
    session = runner.session
    pack = session.pack
    return {
        "t_s": round(session.now_s, 1),
        "run": _run(runner),
        "mode": MODE_NAMES[pack.mode.mode],
        "fets": _fets(pack),
        "cells": _cells(pack),
        "spread": _spread(pack),
        "pack": _pack(pack),
        "temps": _temps(pack.snap),
        "limits": {name: getattr(pack.limits, name) for name in ("cvl_mv", "ccl_ma", "dcl_ma")},
        "outputs": output_names(pack.output_bits),
        "faults": active_faults(session),
        "events": _events(session),
        "event_n": session.record_n,
        "mischief": sorted(runner.active),
        "source": runner.life.source,
        "truth": _truth(session.sim.plant),
    }


def about(runner) -> dict:
    """What does not change while a demo runs, and the history until now."""
    config = runner.session.pack.config
    trace = runner.session.trace
    sim = runner.session.sim
    return {
        "name": runner.session.pack.name,
        "cell_n": config.cell_n,
        "capacity_mah": config.capacity_mah,
        "marks": {name: getattr(config, name) for name in _MARKS},
        "trace": None if trace is None else trace.path.rsplit("/", 1)[-1],
        "sources": [name for name in SOURCES if trace is None or name != "rest"],
        "speeds": runner.speeds,
        "mischief": [{"name": m.name, "words": m.words} for m in MISCHIEF if m.possible(sim)],
        "jbd": runner.jbd_path,
        "history": list(runner.history),
    }


def event(record: dict) -> dict:
    """One record, with how serious it is."""
    return {
        "t_s": record["t_s"],
        "words": record["words"],
        "kind": record["kind"],
        "level": level(record),
    }


def _events(session) -> list:
    """The newest first; `window` says that readings around it were kept."""
    newest = session.record_n - 1
    return [
        {**event(record), "window": session.around.has(newest - i)}
        for i, record in enumerate(reversed(last(session.records, _EVENT_N)))
    ]


def level(record: dict) -> str:
    """`bad` takes a FET away, `warn` only warns, `good` ends something, the rest is `info`."""
    if record["kind"] in ("trip", "lock", "ack"):
        return "bad" if _BLOCKING[record["item"]] else "warn"
    if record["kind"] in ("bus", "write", "refused") or record["item"] in _LOOK:
        return "warn"
    return "good" if record["kind"] in ("clear", "anchor", "armed") else "info"


def active_faults(session) -> list:
    """Rows that are not clear: the ones that block first, in the order in which they came."""
    protect = session.pack.protect
    found = []
    for i, row in enumerate(fault_rows.ROWS):
        record = session.tripped.get(row[fault_rows.NAME])
        if protect.state[i] == 0 or record is None:
            continue
        latched = protect.state[i] == 2 or bool(row[fault_rows.END] & faults.LATCH)
        found.append(
            {
                "name": row[fault_rows.NAME],
                "words": record["words"].split(": ", 1)[1],
                "now": now_of(row, session.pack.q),
                "state": _STATES[protect.state[i]],
                "since_s": record["t_s"],
                "blocks": fet_names(row[fault_rows.BLOCKS]),
                "latched": latched,
            }
        )
    return sorted(found, key=lambda fault: (not fault["blocks"], fault["since_s"]))


def last(records, n: int) -> list:
    """The newest of a deque, oldest first."""
    return [records[i] for i in range(max(0, len(records) - n), len(records))]


def _run(runner) -> dict:
    return {
        "speed": runner.speed,
        "speedup": runner.speedup,
        "progress": runner.progress(),
        "scans": runner.session.scans,
        "trips": runner.session.trip_n,
        "bus_errors": runner.session.bus_errors,
        "resets": runner.session.resets,
        "done": runner.done,
    }


def _fets(pack) -> list:
    wanted = fet_names(pack.intent)
    conducts = fet_names(pack.snap.fets)
    return [{"name": n, "wanted": n in wanted, "conducts": n in conducts} for n in _FETS]


def _cells(pack) -> list:
    mask, togo_uah = pack.balance.mask, pack.balance.togo_uah
    return [
        {"mv": mv, "bleeds": bool(mask >> i & 1), "togo_mah": togo_uah[i] // 1000}
        for i, mv in enumerate(pack.snap.cell_mv)
    ]


def _spread(pack) -> dict:
    """Who is lowest and highest: by the last quiet reading while bleeding bends the present one."""
    quiet = pack.balance.mask != 0 and min(pack.snap.rest_mv) > 0
    mv = list(pack.snap.rest_mv if quiet else pack.snap.cell_mv)
    low, high = min(mv), max(mv)
    found = {"min_mv": low, "max_mv": high, "min_i": mv.index(low), "max_i": mv.index(high)}
    return {**found, "before_bleeding": quiet}


def _pack(pack) -> dict:
    snap = pack.snap
    return {
        "fresh": snap.fresh,
        "age_ms": snap.age_ms,
        "stack_mv": snap.stack_mv,
        "pack_mv": snap.pack_mv,
        "pack_ma": snap.pack_ma,
        "soc_pm": pack.soc.soc_pm,
        "soc_lo_pm": getattr(pack.soc, "soc_lo_pm", None),
        "soc_hi_pm": getattr(pack.soc, "soc_hi_pm", None),
        "remaining_mah": pack.soc.remaining_mah(),
        "capacity_mah": pack.config.capacity_mah,
        "cycles": pack.soc.cycles,
        "soc_guessed": pack.soc.guessed,
        "charger": snap.charger,
        "latched": pack.protect.latched_n,
    }


def _temps(snap) -> list:
    """Name and 0.1 degC, None where there is no reading; `board` for what is no cell."""
    named = [(f"sensor {i + 1}", value, False) for i, value in enumerate(snap.temp_ddegc)]
    named += [("FETs", snap.fet_ddegc, True), ("monitor", snap.die_ddegc, True)]
    return [{"name": n, "ddegc": None if v == TEMP_NONE else v, "board": b} for n, v, b in named]


def _truth(plant) -> dict:
    """Physics, for those who do not believe the firmware."""
    worst = plant.worst
    return {
        "soc_pm": round(plant.soc() * 1000),
        "current_a": round(plant.current_a, 2),
        "cell_v_min": round(worst.cell_v_min, 3),
        "cell_v_max": round(worst.cell_v_max, 3),
        "discharge_a_max": round(worst.discharge_a_max, 1),
        "charge_a_max": round(worst.charge_a_max, 1),
        "temp_c_max": round(worst.temp_max_c, 1),
        "cold_ah": round(worst.cold_ah, 3),
    }
