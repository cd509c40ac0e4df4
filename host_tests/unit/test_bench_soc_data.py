"""Recordings that somebody gives `make bench-soc`: what is no run is told in a line, and costs no other run."""

import pytest

np = pytest.importorskip("numpy", reason="NEEDS numpy: make bench-soc installs it")

from bench_soc import __main__ as bench  # noqa: E402
from bench_soc.data import load_runs  # noqa: E402

HEAD = "t_s,current_ma,voltage_mv,temp_c,soc_ref_pct"


def discharge(step_s=10, name_of_first="t_s", rows=700):
    """1 Ah cell, from full, 0.5 A; one row each `step_s`."""
    lines = [HEAD.replace("t_s", name_of_first)]
    for k in range(rows):
        soc_pct = 100 - k * step_s * 0.5 / 36
        if soc_pct < 5:
            break
        lines.append(f"{k * step_s},-500,{3300 - 40 * (1 - soc_pct / 100):.1f},25,{soc_pct:.3f}")
    return lines


def changed(number, text):
    lines = discharge()
    lines[number - 1] = text
    return lines


BAD = {
    "empty": ([], "x.csv: empty"),
    "column": ([line.rsplit(",", 1)[0] for line in discharge()], "no column soc_ref_pct"),
    "word": (changed(9, "80,-500,much,25,98.9"), "line 9: 'much' in voltage_mv is no number"),
    "gap": (changed(12, "110,,3290,25,98.5"), "line 12: nothing in current_ma is no number"),
    "nan": (changed(30, "290,-500,nan,25,96"), "line 30: 'nan' in voltage_mv is no number"),
    "short": (changed(40, "390,-500"), "line 40: nothing in voltage_mv is no number"),
    "few": (discharge()[:50], "49 rows, more than 100 make a run"),
    "back": (changed(20, "5,-500,3290,25,97.5"), "line 20: t_s goes back"),
    "flat": ([HEAD] + [f"{k},0,3300,25,50" for k in range(200)], "soc_ref_pct is 50..50"),
    "percent": ([HEAD] + [f"{k},0,3300,25,{k}" for k in range(200)], "soc_ref_pct is 0..199"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_run_is_told_in_one_line_and_the_others_are_used(name, tmp_path):
    lines, words = BAD[name]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    (tmp_path / "good.csv").write_text("\n".join(discharge()))
    problems = []
    runs = load_runs(tmp_path, problems)
    assert [run.name for run in runs] == ["good"]
    assert len(problems) == 1 and words in problems[0] and "\n" not in problems[0]


def test_a_file_that_is_not_text_is_told_too(tmp_path):
    (tmp_path / "x.csv").write_bytes(bytes(range(128, 256)) * 20)
    problems = []
    assert load_runs(tmp_path, problems) == [] and problems == ["x.csv: not text: left out"]


def test_other_tables_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "index.csv").write_text("name,cell\nx,y\n")
    (tmp_path / "r.csv").write_text("t_s,r_mohm\n1,2\n")
    problems = []
    assert load_runs(tmp_path, problems) == [] and problems == []


def test_the_command_says_it_and_its_exit_code_does(tmp_path, capsys):
    folder = tmp_path / "data"
    folder.mkdir()
    arguments = ["--data", str(folder), "--out", str(tmp_path / "o.json"), "--methods", "counting"]
    assert bench.main(arguments) == 2 and "no run in" in capsys.readouterr().err
    (folder / "good.csv").write_text("\n".join(discharge()))
    (folder / "bad.csv").write_text("\n".join(BAD["gap"][0]))
    assert bench.main([*arguments, "--workers", "1", "--only", "drive_A"]) == 1
    said = capsys.readouterr()
    assert "drive_A" in said.out and "line 12" in said.err and "Traceback" not in said.err


@pytest.mark.parametrize("step_s", [1, 10, 60])
def test_any_sample_rate_gives_the_same_capacity(step_s, tmp_path):
    (tmp_path / "x.csv").write_text("\n".join(discharge(step_s, rows=7000)))
    (run,) = load_runs(tmp_path)
    assert run.capacity_ah == pytest.approx(1.0, rel=0.02)
