"""`python -m bench_soc --data DIR`: scores of counting, a text book filter and the firmware, as JSON."""

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

from bench_soc import cases, health
from bench_soc.data import DataError, load_runs, load_tables
from bench_soc.score import summary

ROOT = Path(__file__).resolve().parent.parent.parent
_DATA = Path(os.environ.get("CELLWARDEN_SHARED", ROOT.parent / "shared")) / "data"
_HEAD = ("rmse", "max", "at_1h", "at_20pct", "end", "coverage")


def options(argv):
    parser = argparse.ArgumentParser(prog="bench_soc", description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of CSV files")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench_soc.json")
    parser.add_argument("--plots", action="store_true", help="also draw every case, next to --out")
    parser.add_argument("--only", default="", help="runs or cases whose name has this in it")
    parser.add_argument("--methods", default="counting,ekf,cellwarden,own_settings,default_curve")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    return parser.parse_args(argv)


def work(job):
    """One case of one run, in a process of its own."""
    (case, run, name, sensors, from_s), tables, methods, plot = job
    scores, curves = cases.play(run, name, sensors, tables, methods, from_s)
    if plot is not None:
        from bench_soc.plots import draw

        draw(plot, run, name, case, curves)
    return case, run.name, name, scores


def main(argv=None) -> int:
    asked = options(argv)
    problems = []
    try:
        runs, tables = load_runs(asked.data, problems), load_tables(asked.data)
    except DataError as error:
        print(f"bench_soc: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"bench_soc: {problem}", file=sys.stderr)
    if not runs:
        print(f"NEEDS recordings: no run in {asked.data}; --data DIR", file=sys.stderr)
        return 2
    plot = asked.out.with_suffix("") if asked.plots else None
    methods = asked.methods.split(",")
    todo = [
        (job, tables, methods, plot)
        for job in cases.jobs(runs)
        if any(word in f"{job[0]} {job[1].name}" for word in asked.only.split(","))
    ]
    began = time.monotonic()
    with multiprocessing.Pool(asked.workers) as pool:
        done = pool.map(work, todo, chunksize=1)
    result = gather(done, methods)
    if not asked.only:
        result["asymmetry"] = health.asymmetry(runs, tables)
        result["capacity"] = health.capacity(runs, tables)
        result["resistance"] = health.resistance(runs, tables, asked.data)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    show(result["summary"])
    for part in ("asymmetry", "capacity", "resistance"):
        for name, row in result.get(part, {}).items():
            print(f"{part:12s}{name:40s}{row}")
    print(f"{len(done)} cases in {time.monotonic() - began:.0f} s -> {asked.out}")
    if problems:
        print(f"bench_soc: {len(problems)} files were left out, see above", file=sys.stderr)
    return 1 if problems else 0


def gather(done, methods):
    """The whole result: every score, and median and worst by case and method."""
    by_case = {}
    for case, _, _, scores in done:
        for method, one in scores.items():
            by_case.setdefault(case, {}).setdefault(method, []).append(one)
    return {
        "unit": "points of SoC; coverage: part of the time that the 95 % interval holds the truth",
        "summary": {
            case: {method: summary(rows[method]) for method in methods if method in rows}
            for case, rows in by_case.items()
        },
        "runs": [
            {"case": case, "run": run, "set": name, "scores": scores}
            for case, run, name, scores in done
        ],
    }


def show(found):
    """Median / worst of every metric."""
    print(f"{'case':16s}{'method':14s}" + "".join(f"{name:>16s}" for name in _HEAD))
    for case, methods in found.items():
        for method, metrics in methods.items():
            cells = [
                "{:.2f} / {:.2f}".format(*metrics[name]) if name in metrics else "-"
                for name in _HEAD
            ]
            print(f"{case:16s}{method:14s}" + "".join(f"{cell:>16s}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
