"""The demo's command line: it runs a trace to its end, and tells what a person did wrong."""

import asyncio
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from demo import cli, state, tui, web
from demo.problem import Problem
from demo.runner import Runner
from demo.session import Session

ROOT = Path(__file__).resolve().parent.parent.parent
PACK = ROOT / "tools" / "demo" / "packs" / "power_cell_16s.json"
HEADER = "t_s,current_ma,voltage_mv,temp_c"


@pytest.fixture
def trace(tmp_path):
    """Two minutes of a small cell: rest, discharge, charge."""
    path = tmp_path / "trace.csv"
    rows = [(t, -500 if 20 <= t < 60 else 300 if t >= 80 else 0) for t in range(0, 121, 2)]
    path.write_text(HEADER + "\n" + "".join(f"{t},{ma},3300,22.5\n" for t, ma in rows))
    return path


@pytest.fixture
def tell(capsys):
    """Run the command line; -> exit code, stdout, lines of stderr."""

    def run(*arguments):
        code = cli.main(["--cell-ah", "2.5", *[str(argument) for argument in arguments]])
        told = capsys.readouterr()
        return code, told.out, told.err.splitlines()

    return run


# headless --------------------------------------------------------------------------------------------


def test_a_headless_run_ends_with_the_whole_trace_in_the_summary(trace, tmp_path, tell):
    out = tmp_path / "out.json"
    code, words, _ = tell("--trace", trace, "--headless", "--json", out, "--speed", "max")
    result = json.loads(out.read_text())
    assert code == 0
    assert 120 <= result["simulated_s"] < 121 and result["complete"]
    assert 470 <= result["scans"] <= 490
    assert 3200 < result["cell_mv_min"] <= result["cell_mv_max"] < 3400
    assert 215 < result["temp_ddegc_min"] <= result["temp_ddegc_max"] < 240
    assert 0 <= result["soc_pm_end"] < result["soc_pm_start"] <= 1000
    assert result["bus_errors"] == 0 and result["speedup"] > 1
    assert result["plant"]["discharged_ah"] > result["plant"]["charged_ah"] > 0
    assert [r["words"] for r in result["journal"]][:2] == [
        "the firmware has started",
        "the monitor is armed, and everything read back",
    ]
    assert f"{result['scans']} scans" in words
    assert list(tmp_path.glob("*.part")) == []


def test_trips_are_reported_with_cell_value_and_limit_and_the_run_goes_on(trace, tmp_path, tell):
    text = trace.read_text().replace("3300", "2300")
    trace.write_text(text)
    out = tmp_path / "out.json"
    code, words, _ = tell("--trace", trace, "--headless", "--json", out)
    result = json.loads(out.read_text())
    assert code == 0 and result["complete"]
    assert result["trips"] == sum(
        result["trips_by_fault"][name] for name in result["trips_by_fault"] if "warn" not in name
    )
    trip = next(r for r in result["journal"] if r["kind"] == "trip" and r["item"] == "cuv")
    assert 1 <= trip["cell"] <= 16 and trip["value"] <= trip["limit"] == 2500
    assert trip["words"] in words and "limit 2.500 V" in trip["words"]


def test_the_power_cell_pack_carries_what_the_default_pack_refuses(tmp_path, tell):
    trace = tmp_path / "burst.csv"
    rows = [f"{t},{-8000 if 30 <= t < 38 else 0},3300,25,{100 - t / 10}\n" for t in range(61)]
    trace.write_text(HEADER + ",soc_ref_pct\n" + "".join(rows))
    default = tmp_path / "default.json"
    default.write_text("{}")
    results = []
    for arguments in (["--config", default], ["--config", PACK], []):
        out = tmp_path / "out.json"
        assert tell("--trace", trace, "--headless", "--json", out, *arguments)[0] == 0
        results.append(json.loads(out.read_text()))
    assert results[0]["trips"] > 0 and results[1]["trips_by_fault"].keys() <= {"cov_warn"}
    assert results[2]["plant"] == results[1]["plant"], "what a trace drives when nothing is said"


def test_a_trace_that_begins_under_load_waits_for_the_precharge(trace, tmp_path, tell):
    trace.write_text(trace.read_text().replace("\n0,0,", "\n0,-600,"))
    out = tmp_path / "out.json"
    tell("--trace", trace, "--headless", "--json", out)
    result = json.loads(out.read_text())
    assert result["trips"] == 0, result["trips_by_fault"]
    assert result["plant"]["discharge_a_max"] == pytest.approx(2.4, abs=0.05)


def test_a_run_can_be_cut_short_and_a_seed_makes_another_pack(trace, tmp_path, tell):
    seen = []
    for seed in (1, 1, 2):
        out = tmp_path / "out.json"
        tell("--trace", trace, "--headless", "--seconds", 30, "--seed", seed, "--json", out)
        result = json.loads(out.read_text())
        assert 30 <= result["simulated_s"] < 31
        seen.append((result["plant"]["cell_v_min"], result["plant"]["cell_v_max"]))
    assert seen[0] == seen[1] != seen[2]


# what a person can get wrong ---------------------------------------------------------------------------

WRONG_TRACES = {
    "empty": "",
    "no_header": "1,2,3,4\n2,3,4,5\n",
    "no_voltage": "t_s,current_ma,temp_c\n0,1,2\n1,1,2\n",
    "words": HEADER + "\n0,0,3300,25\n1,lots,3300,25\n",
    "backwards": HEADER + "\n5,0,3300,25\n4,0,3300,25\n",
    "short_row": HEADER + "\n0,0,3300,25\n1,0\n",
    "not_a_number": HEADER + "\n0,0,3300,25\n1,nan,3300,25\n",
    "in_volts": HEADER + "\n0,0,3.3,25\n1,0,3.3,25\n",
    "one_row": HEADER + "\n0,0,3300,25\n",
    "binary": "\0\0\0",
    "wild_current": HEADER + "\n0,0,3300,25\n1,-90000,3300,25\n2,0,3300,25\n",
}


def refused(answer, *words):
    code, out, lines = answer
    assert code == 2 and out == ""
    assert len(lines) == 1, lines
    assert lines[0].startswith("demo: ") and "Traceback" not in lines[0]
    for word in words:
        assert str(word) in lines[0], lines


@pytest.mark.parametrize("what", WRONG_TRACES)
def test_a_malformed_trace_is_one_line_that_names_it(what, tmp_path, tell):
    path = tmp_path / "wrong.csv"
    path.write_text(WRONG_TRACES[what])
    refused(tell("--trace", path, "--headless"), path)


def test_a_trace_that_moves_too_little_charge_to_tell_its_capacity_says_what_to_do(trace, capsys):
    assert cli.main(["--headless", "--trace", str(trace)]) == 2
    assert "--cell-ah" in capsys.readouterr().err


def test_a_trace_that_is_no_text_or_not_there_is_one_line(tmp_path, tell):
    path = tmp_path / "noise.csv"
    path.write_bytes(bytes(range(256)))
    refused(tell("--trace", path, "--headless"), path)
    refused(tell("--trace", tmp_path / "none.csv", "--headless"), "none.csv", "No such file")
    refused(tell("--trace", tmp_path, "--headless"), tmp_path)


@pytest.mark.parametrize(
    "text, word",
    [
        ("", "JSON"),
        ("[1]", "object"),
        ('{"cov_mv": 4200}', "cov_mv"),
        ('{"cov": 1}', "cov"),
        ('{"scan_ms": "fast"}', "scan_ms"),
        ('{"cell_n": 3, "capacity_mah": 500, "ocd1_ma": 300000}', "ocd1_ma"),
    ],
)
def test_a_bad_configuration_is_one_line_that_names_file_and_field(text, word, tmp_path, tell):
    path = tmp_path / "pack.json"
    path.write_text(text)
    refused(tell("--headless", "--config", path), word, path)


def test_a_configuration_that_is_not_there_is_one_line(tmp_path, tell):
    refused(tell("--headless", "--config", tmp_path / "none.json"), "none.json")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--speed", "0"),
        ("--speed", "-3"),
        ("--speed", "nan"),
        ("--speed", "quick"),
        ("--seconds", "0"),
        ("--seconds", "inf"),
        ("--cell-ah", "0"),
        ("--seed", "0"),
        ("--seed", "1.5"),
        ("--port", "80"),
        ("--port", "x"),
        ("--trace",),
        ("--unknown",),
        ("leftover",),
        ("--json", "/nowhere/out.json"),
        ("--json", "/"),
    ],
)
def test_a_wrong_option_is_one_line(arguments, tell):
    refused(tell("--headless", *arguments))


def test_a_port_in_use_is_one_line():
    async def busy():
        server = await asyncio.start_server(lambda *_: None, web.HOST, 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Problem, match=f"port {port} .* in use"):
            await web.serve(Runner(Session(), 1), port, 1)
        server.close()

    asyncio.run(busy())


def test_the_command_itself_prints_no_traceback(tmp_path):
    path = os.pathsep.join(
        str(ROOT / part) for part in ("lib", "firmware", "tools", "tools/fakes", ".")
    )
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--headless", "--trace", str(tmp_path / "none.csv")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_without_a_terminal_the_live_demo_prints_the_page_and_its_events(trace, tell):
    code, out, errors = tell("--trace", trace, "--speed", "max", "--seconds", "20", "--no-tui")
    assert code == 0 and errors == []
    assert "http://127.0.0.1:" in out and "mode: run, before: precharge" in out
    assert "simulated" in out


def test_the_smallest_terminal_shows_the_address_the_fault_and_what_it_stops():
    runner = Runner(Session(soc=0.5), None)
    for seconds, short in ((6, False), (2, True)):
        runner.command({"do": "mischief", "name": "short", "on": short})
        end_s = runner.session.now_s + seconds
        while runner.session.now_s < end_s:
            runner.session.step()
            runner.life.step()
    console = Console(width=80, height=30, record=True, file=io.StringIO())
    console.print(tui.draw(state.build(runner), state.about(runner), "http://127.0.0.1:8123/"))
    text = console.export_text()
    assert "http://127.0.0.1:8123/" in text and "FETs on  none" in text
    assert "short circuit  [charging and" in text and "discharging stopped]" in text
