"""What a run has shown: as a dict for tools, as text for people."""

import json
import os
import tempfile
from pathlib import Path

from demo.problem import Problem
from demo.readable import show

_TOP_N = 12


def summarise(session, wall_s: float, complete: bool) -> dict:
    """Every value of a run, the plant's truth beside what the firmware believes."""
    seen = session.extremes
    pack = session.pack
    return {
        "simulated_s": round(session.now_s, 3),
        "scans": session.scans,
        "trips": session.trip_n,
        "warnings": session.warning_n,
        "trips_by_fault": dict(sorted(session.trips.items())),
        "cell_mv_min": seen.cell_mv_min,
        "cell_mv_max": seen.cell_mv_max,
        "temp_ddegc_min": seen.temp_ddegc_min,
        "temp_ddegc_max": seen.temp_ddegc_max,
        "soc_pm_start": session.soc_pm_start,
        "soc_pm_end": pack.soc.soc_pm,
        "bus_errors": session.bus_errors,
        "resets": session.resets,
        "wall_s": round(wall_s, 3),
        "speedup": round(session.now_s / wall_s, 1) if wall_s > 0 else None,
        "complete": complete,
        "seed": session.seed,
        "pack": _pack(pack.config),
        "trace": None if session.trace is None else _trace(session),
        "plant": _plant(session.sim.plant),
        "journal": list(session.records),
        "journal_n": session.record_n,
    }


def _pack(config) -> dict:
    names = ("chemistry", "cell_n", "capacity_mah", "hash")
    return {name: getattr(config, name) for name in names}


def _trace(session) -> dict:
    trace = session.trace
    discharge_a, charge_a = session.peak_a()
    return {
        "path": trace.path,
        "rows": trace.n,
        "duration_s": trace.duration_us / 1e6,
        "current_scale": round(session.sim.plant.drive.scale, 4),
        "wants_discharge_a": round(discharge_a, 2),
        "wants_charge_a": round(charge_a, 2),
    }


def _plant(plant) -> dict:
    """Physics, not opinion."""
    worst = plant.worst
    return {
        "cell_v_min": round(worst.cell_v_min, 4),
        "cell_v_max": round(worst.cell_v_max, 4),
        "soc_pm_end": round(plant.soc() * 1000),
        "charge_a_max": round(worst.charge_a_max, 2),
        "discharge_a_max": round(worst.discharge_a_max, 2),
        "temp_c_min": round(worst.temp_min_c, 2),
        "temp_c_max": round(worst.temp_max_c, 2),
        "charged_ah": round(plant.charged_ah, 3),
        "discharged_ah": round(plant.discharged_ah, 3),
        "charged_below_0c_ah": round(worst.cold_ah, 4),
        "fet_openings": len(worst.openings),
    }


def in_words(result: dict) -> str:
    """The summary that a run ends with."""
    lines = [f"  {name:<15} {text}" for name, text in _rows(result)]
    return "\n".join(lines + _first_trips(result))


def _rows(result: dict) -> list:
    plant = result["plant"]
    cells = f"{_show(result['cell_mv_min'], 'mV')} .. {_show(result['cell_mv_max'], 'mV')}"
    temps = f"{_show(result['temp_ddegc_min'], '0.1 degC')} .. "
    temps += _show(result["temp_ddegc_max"], "0.1 degC")
    soc = f"{_percent(result['soc_pm_start'])} -> {_percent(result['soc_pm_end'])}"
    hours = result["simulated_s"] / 3600
    rows = [
        ("simulated", f"{result['simulated_s']:.1f} s ({hours:.2f} h), {result['scans']} scans"),
        ("took", f"{result['wall_s']:.1f} s, {result['speedup'] or 0:.0f} times real time"),
        ("cells", f"{cells}   (truth {plant['cell_v_min']:.3f} .. {plant['cell_v_max']:.3f} V)"),
        (
            "cells' NTCs",
            f"{temps}   (truth {plant['temp_c_min']:.1f} .. {plant['temp_c_max']:.1f} °C)",
        ),
        ("SoC", f"{soc}   (truth at the end {_percent(plant['soc_pm_end'])})"),
        ("current", f"-{plant['discharge_a_max']:.1f} .. +{plant['charge_a_max']:.1f} A"),
        ("charge moved", f"-{plant['discharged_ah']:.2f} / +{plant['charged_ah']:.2f} Ah"),
        ("trips", _trips(result)),
        ("bus errors", f"{result['bus_errors']}, resets {result['resets']}"),
    ]
    return rows if result["complete"] else [*rows, ("ended", "before its time")]


def _show(value, unit: str) -> str:
    return "none" if value is None else show(value, unit)


def _percent(pm) -> str:
    return "unknown" if pm is None else f"{pm / 10:.1f} %"


def _trips(result: dict) -> str:
    counted = ", ".join(f"{name} {n}" for name, n in result["trips_by_fault"].items())
    return f"{result['trips']}, warnings {result['warnings']}" + (
        f"   ({counted})" if counted else ""
    )


def _first_trips(result: dict) -> list:
    """Each with its reason, as many as fit; the whole journal is in the JSON."""
    trips = [r for r in result["journal"] if r["kind"] in ("trip", "lock")]
    lines = [f"  {_clock(r['t_s']):>12}  {r['words']}" for r in trips[:_TOP_N]]
    if len(trips) > _TOP_N:
        lines.append(f"  {'':>12}  and {len(trips) - _TOP_N} more: --json FILE has them all")
    return ["", *lines] if lines else []


def _clock(t_s: float) -> str:
    minutes, seconds = divmod(t_s, 60)
    return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{seconds:05.2f}"


def check_writable(path) -> None:
    """Refuse a place that cannot be written before the run, not after it."""
    path = Path(path)
    if path.is_dir():
        raise Problem(f"{path} is a directory, --json wants a file")
    if not path.parent.is_dir():
        raise Problem(f"{path}: there is no directory {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise Problem(f"{path}: {path.parent} cannot be written to")


def write_json(path, result: dict) -> None:
    """Write all of it or nothing: a reader never sees half a file. A device or pipe is written to as it is."""
    path = Path(path)
    try:
        if path.exists() and not path.is_file():  # a pipe or a device is no file to be replaced
            path.write_text(
                json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            return
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=path.name, suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            json.dump(result, file, indent=1, ensure_ascii=False)
            file.write("\n")
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}") from None
