"""Every command, as a new user gives it to a simulated board."""

import csv
import json
import time

import pytest

from bms.blackbox import VERSION
from cellwarden import cli, transport
from host_tests.cli.cli_rig import KEY, Desk
from roles import CHG
from sim.mischief import find
from simboard.person import Overload


def test_ports_are_listed_and_none_is_an_answer_too(desk, monkeypatch):
    monkeypatch.setattr("cellwarden.look.find_ports", list)
    code, out, _ = desk.give("ports", port="")
    assert code == 1 and "no serial port" in out
    one = {"port": "/dev/ttyACM0", "usb": True, "what": "Board in FS mode", "id": "2e8a:0005"}
    monkeypatch.setattr("cellwarden.look.find_ports", lambda: [one])
    assert desk.good("ports", port="").startswith("/dev/ttyACM0")
    assert json.loads(desk.good("ports", "--json", port="")) == [one]


def test_the_one_board_on_usb_needs_no_port_and_two_are_asked_about(desk, monkeypatch):
    usb = [{"port": desk.port, "usb": True}, {"port": "/dev/ttyS0", "usb": False}]
    monkeypatch.setattr(transport, "ports", lambda: usb)
    assert "no faults" in desk.good("status", port="")
    usb[1]["usb"] = True
    assert "choose one" in desk.bad(2, "status", port="")
    usb.clear()
    assert "plug it in" in desk.bad(2, "status", port="")


def test_status_says_what_the_pack_measures(desk):
    desk.stand_still()
    out = desk.good("status")
    assert "Cellwarden: run, " in out and "no faults" in out and f"firmware {VERSION}" in out
    assert any(f" {soc_pm / 10} %" in out for soc_pm in (599, 600))
    found = desk.json("status")
    assert found["cells"] == list(desk.pack.snap.cell_mv)[:16] and found["faults"] == []


def test_health_says_what_the_pack_is_worth_and_by_what_evidence(desk):
    out = desk.good("health")
    assert "capacity: not measured yet" in out and "kWh" in out
    with desk.served.lock:
        desk.served.board.sim.run(3)
        known = desk.pack.health
        known.capacity.full(known.life.age_min)
        known.capacity.move(-92000)
        known.capacity.empty(known.life.age_min)
        known.resistance.uohm[6] = 1234
        known.resistance.n = 60
        known.deltas.e5[3] = -5400
        known.weak = 1 << 3
        known.to_empty_min = 187
        e4, sigma_e4 = known.capacity.e4, known.capacity.sigma_e4
        wh = known.energy_wh(desk.pack.soc)
    out = desk.good("health")
    assert f"{e4 / 100:.1f} % ± {2 * sigma_e4 / 100:.1f} of the rated" in out
    assert "from 1 spans, the last from full to empty" in out
    assert "1.23" in out and "-5.4" in out and "cell 4: empties first" in out
    assert "empty in 3 h 07 min" in out
    found = desk.json("health")
    assert abs(found["energy_wh"] - wh) < 20 and found["uohm"][6] == 1234 and found["weak"] == [4]
    assert found["cell_min_mv"]["value"] == -desk.pack.health.life.value[1]
    assert f"empty in 3 h 07 min; capacity {e4 / 100:.0f} % ±" in desk.good("status")
    assert desk.json("status")["health"]["spans"] == 1


def test_a_trip_is_told_in_words_with_cell_value_and_limit(desk):
    desk.trip()
    out = desk.good("log", "list")
    assert "tripped: discharge over-current" in out and "limit" in out and "window" in out
    found = desk.json("log", "list", "-n", "0")
    assert found["windows"][0]["cause"] in ("ocd1", "ocd2", "scd")
    assert [event["record"] for event in found["events"]] == sorted(
        event["record"] for event in found["events"]
    )


def test_monitor_tells_readings_and_events_and_ends(desk):
    lines = desk.good("monitor", "-n", "2", "--json").splitlines()
    found = json.loads(lines[-1])
    assert len(lines) == 2 and len(found["cells"]) == 16
    assert any(event["kind"] == "boot" for event in found["events"])
    assert "no faults" in desk.good("monitor", "-n", "1")


def test_the_whole_screen_shows_cells_faults_and_events(desk):
    from rich.console import Console

    from cellwarden.screen import draw

    found = json.loads(desk.good("monitor", "-n", "1", "--json"))
    found["faults"] = [{"words": "open sense wire: cell 3", "state": "locked", "blocks": ["chg"]}]
    console = Console(width=150, height=44, record=True, file=open("/dev/null", "w"))
    console.print(draw(found))
    text = console.export_text()
    assert "locked: open sense wire: cell 3 [charging stopped]" in text and " 16 " in text
    assert f"{found['soc_pm'] / 10} %" in text and "the firmware has started" in text


def test_settings_are_read_changed_compared_and_carried_to_a_file(desk, tmp_path):
    assert desk.json("config", "get", "cell_n", "bal_on_mv") == {"cell_n": 16, "bal_on_mv": 15}
    assert "bal_on_mv: 15 -> 20 mV" in desk.good("config", "set", "bal_on_mv=20")
    assert desk.json("config", "get", "bal_on_mv")["bal_on_mv"] == 15  # not before a start
    mine = tmp_path / "mine.json"
    desk.good("config", "export", mine)
    assert json.loads(mine.read_text())["bal_on_mv"] == 20
    code, out, _ = desk.give("config", "diff", mine)
    assert code == 1 and "bal_on_mv: 15 -> 20 mV" in out
    desk.good("reset", "board")
    assert desk.good("config", "diff", mine).strip() == "no difference"
    desk.good("config", "set", "bal_on_mv=", "--restart")
    assert "bal_on_mv" not in json.loads(desk.good("config", "export"))


def test_what_waits_for_the_next_start_is_told_beside_what_is_in_force(desk):
    """Who looks for a change and sees the old value would believe that it was lost."""
    desk.good("config", "set", "bal_on_mv=20")
    out = desk.good("config", "get", "bal_on_mv", "cov_mv", key=None)
    assert " 15 mV" in out and "\nfrom the next start on: bal_on_mv: 15 -> 20 mV\n" in out
    assert "from the next" not in desk.good("config", "get", "cov_mv", key=None)
    assert desk.json("config", "get", "bal_on_mv") == {"bal_on_mv": 15}
    desk.good("reset", "board")
    assert " 20 mV" in desk.good("config", "get", "bal_on_mv")


def test_settings_are_edited_in_an_editor(desk, monkeypatch):
    monkeypatch.setenv("EDITOR", "ed")
    monkeypatch.setattr("click.edit", lambda text, **more: text)
    assert "nothing changed" in desk.good("config", "edit")
    monkeypatch.setattr("click.edit", lambda text, **more: text.replace("100000", "90000"))
    assert "capacity_mah: 100000 -> 90000 mAh" in desk.good("config", "edit")
    monkeypatch.setattr("click.edit", lambda text, **more: text.replace("16", "99"))
    assert "cell_n 99 is outside" in desk.bad(2, "config", "edit")


def test_a_file_is_checked_without_a_board_and_imported_whole(desk, tmp_path):
    good, other = tmp_path / "good.json", tmp_path / "other.json"
    good.write_text('{"cell_n": 16, "capacity_mah": 50000}')
    other.write_text('{"cell_n": 15}')
    assert desk.good("config", "check", good, port="").startswith("good: 16 cells LFP")
    code, out, _ = desk.give("config", "diff", good, other, port="")
    assert code == 1 and "cell_n: 16 -> 15" in out
    desk.good("config", "import", good, "--restart")
    assert desk.json("config", "get", "capacity_mah") == {"capacity_mah": 50000}


def test_settings_that_the_monitor_cannot_hold_are_refused_before_they_keep_it_from_starting(
    desk, tmp_path
):
    small = tmp_path / "small.json"
    small.write_text('{"cell_n": 16, "capacity_mah": 20000}')  # 3 C is no step of the chip's
    for words in (["config", "check", small], ["config", "import", small]):
        said = desk.bad(2, *words, port="" if "check" in words else None)
        assert "scd_ma: 60000 is 40000 in the monitor" in said
    assert "would not start" in desk.bad(2, "config", "set", "capacity_mah=20000")
    said = desk.bad(2, "config", "check", small, "--board", "pico_ltc6811", port="")
    assert "scd_ma: 60000, the comparator trips at 300000" in said
    flash = ["flash", "--board", "pico_bq76952", "--config", small]
    assert "scd_ma" in desk.bad(2, *flash, key=None)
    desk.good("config", "set", "capacity_mah=20000", "scd_ma=80000", "--restart")
    assert "no faults" in desk.good("status")


def test_another_makers_dangerous_settings_are_refused(desk, tmp_path):
    theirs = tmp_path / "jk.json"
    theirs.write_text(json.dumps({"CellOVP": 4.2, "CellCount": 16}))
    before = desk.good("config", "export")
    code, _, err = desk.give("config", "import", theirs, "--kind", "jk")
    assert code == 2 and "Traceback" not in err and err.splitlines()[-1].startswith("cellwarden: ")
    assert desk.good("config", "export") == before
    assert "one of auto" in desk.bad(2, "config", "import", theirs, "--kind", "bosch")


def test_fets_are_locked_and_released_with_the_key_only(desk):
    assert "the key" in desk.bad(2, "fets", "off", key=None)
    assert "not the board's key" in desk.bad(4, "fets", "off", key="00" * 16)
    assert "wait" in desk.bad(4, "fets", "off")  # who fails makes everybody wait
    with desk.served.lock:
        desk.served.board.wire.advance(5000)
    assert "locked off: charge" in desk.good("fets", "off", "charge")
    assert desk.pack.user_off == CHG
    assert desk.json("fets")["locked_off"] == ["chg"]
    assert "locked off: none" in desk.good("fets", "on")


def test_balance_shows_every_cell(desk):
    found = desk.json("balance")
    assert len(found["cells"]) == 16 and not any(cell["bleeds"] for cell in found["cells"])
    assert desk.good("balance").endswith("mV apart\n")


def test_unlock_opens_the_line_for_jbd_and_makes_a_key(desk, tmp_path):
    assert "for 60 s" in desk.good("unlock", "--seconds", "60")
    assert desk.served.board.wire.slave.unlocked_ms > 0
    path = tmp_path / "key"
    assert "the board has a key" in desk.bad(2, "unlock", "--new-key", path, key=None)
    assert not path.exists()
    desk.good("unlock", "--new-key", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "locked off" in desk.good("fets", "off", key=path)
    assert "is there already" in desk.bad(2, "unlock", "--new-key", path, key=path)


def test_a_board_without_a_key_is_given_one(desk, tmp_path):
    (desk.disk / "key.txt").unlink()
    assert "--new-key" in desk.bad(2, "reset", "faults", key=None)
    desk.good("unlock", "--new-key", tmp_path / "first", key=None)
    assert (desk.disk / "key.txt").read_text() == (tmp_path / "first").read_text().strip() != KEY


def test_held_settings_are_confirmed(desk):
    (desk.disk / "config.json").write_text('{"cell_n": 16, "capacity_mah": 60000}')
    with desk.served.lock:
        desk.served.board.start()
    assert "held off" in desk.good("status")
    assert "acknowledged" in desk.bad(4, "config", "set", "bal_on_mv=20")
    desk.good("unlock", "--settings")
    assert "held off" not in desk.good("status")


def test_reset_clears_faults_restarts_and_sets_the_clock(desk):
    assert "no faults" in desk.good("reset", "faults")
    desk.pack.journal.started_s -= 1000
    assert "knows the time" in desk.good("reset", "time", key=KEY)
    assert abs(desk.pack.journal.wall_s() - time.time()) < 30
    starts = desk.served.board.starts
    assert "started again" in desk.good("reset", "board")
    assert desk.served.board.starts == starts + 1


def test_the_record_is_exported_verified_replayed_and_survives_no_change(desk, tmp_path):
    desk.trip()
    copy = tmp_path / "copy"
    desk.good("log", "export", copy)
    key = desk.disk / "device.key"
    out = desk.good("log", "verify", "--from", copy, "--device-key", key, port="")
    assert "chain followed" in out
    assert "all equal" in desk.good("replay", copy, "--device-key", key, port="")
    segment = copy / "windows" / "00"
    data = bytearray(segment.read_bytes())
    data[900] ^= 4
    segment.write_bytes(data)
    code, out, err = desk.give("log", "verify", "--from", copy, "--device-key", key, port="")
    assert code == 1 and "record" in out and not err
    assert "another key" not in out


def test_events_scans_and_samples_become_tables(desk, tmp_path):
    desk.trip()
    desk.good("log", "export", tmp_path / "e.csv")
    with open(tmp_path / "e.csv") as file:
        events = list(csv.DictReader(file))
    assert any("over-current" in row["words"] for row in events)
    desk.good("log", "export", tmp_path / "w.jsonl", "--what", "windows")
    scans = [json.loads(line) for line in (tmp_path / "w.jsonl").read_text().splitlines()]
    assert len(scans) > 40 and {"cell16_mv", "decided_intent", "t_ms"} <= set(scans[0])
    desk.good("log", "export", tmp_path / "m.csv", "--what", "minutes")
    assert "end it with" in desk.bad(2, "log", "export", tmp_path / "x.xls")


def test_parquet_without_pyarrow_says_what_to_install(desk, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "pip install '.[parquet]'" in desk.bad(2, "log", "export", tmp_path / "e.parquet")
    assert not (tmp_path / "e.parquet").exists()


def test_a_window_is_drawn(desk, tmp_path):
    pytest.importorskip("matplotlib", reason="NEEDS matplotlib: pip install matplotlib")
    assert "nothing has tripped" in desk.bad(2, "log", "plot", tmp_path / "p.png")
    desk.trip()
    desk.good("log", "plot", tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "no window begins" in desk.bad(
        2, "log", "plot", tmp_path / "q.png", "--window", "99999"
    )
    assert "end it with" in desk.bad(2, "log", "plot", tmp_path / "p.gif")


def test_a_year_with_restarts_is_one_line_in_order():
    pytest.importorskip("matplotlib", reason="NEEDS matplotlib: pip install matplotlib")
    from cellwarden import picture

    row = {"cell_min_mv": 3300, "cell_max_mv": 3310, "pack_ma": 5, "soc_pm": 500}
    row |= {"temp_min_ddegc": 200, "temp_max_ddegc": 210}
    run = [row | {"uptime_s": s, "wall_s": 0} for s in (3600, 7200, 60, 3660)]
    days = picture.days_of(run)
    assert days == sorted(days) and days[-1] * 86400 == 7200 + 3660
    told = [one | {"wall_s": 1_800_000_000 + 3600 * i} for i, one in enumerate(run)]
    assert (picture.days_of(told)[3] - picture.days_of(told)[0]).total_seconds() == 3 * 3600
    for found in (run, told):
        assert picture.long_run(found, "hours", "png").startswith(b"\x89PNG")


def test_a_year_shows_each_days_lowest_mean_and_highest(monkeypatch):
    """8760 points up and down each day were four solid blocks of colour."""
    pytest.importorskip("matplotlib", reason="NEEDS matplotlib: pip install matplotlib")
    from cellwarden import picture

    def at(hour):
        warm = -32768 if hour // 24 == 5 else 100 + hour % 24
        row = {"cell_min_mv": 3200 + hour % 24, "cell_max_mv": 3300, "pack_ma": hour % 2 * 1000}
        row |= {"soc_pm": 500, "temp_min_ddegc": warm, "temp_max_ddegc": warm}
        return row | {"uptime_s": hour * 3600, "wall_s": 1_767_225_600 + hour * 3600}

    drawn = []
    monkeypatch.setattr(picture, "_saved", lambda figure, form: drawn.append(figure) or b"")
    picture.long_run([at(hour) for hour in range(365 * 24)], "hours", "png")
    cells, current, _, temps = drawn[0].axes
    assert [len(axis.lines[0].get_xdata()) for axis in drawn[0].axes] == [365] * 4
    low, high = cells.collections[0].get_paths()[0].get_extents().intervaly
    assert (low, high) == (3.2, 3.3)
    assert current.lines[0].get_ydata()[7] == 0.5
    assert temps.lines[0].get_ydata()[5] != temps.lines[0].get_ydata()[5], "sensors were not there"
    picture.long_run([at(hour) for hour in range(48)], "hours", "png")
    assert len(drawn[1].axes[0].lines[0].get_xdata()) == 48


def test_help_and_completion_know_every_command(desk, monkeypatch):
    out = desk.good("--help", port="")
    for name in cli.COMMANDS:
        if cli._module(cli.COMMANDS[name]):
            assert f"  {name} " in out
            assert desk.good(name, "--help", port="")
    from click.shell_completion import ShellComplete

    found = ShellComplete(cli.main, {}, "cellwarden", "_X").get_completions(["config"], "ex")
    assert [item.value for item in found] == ["export"]


@pytest.mark.parametrize(
    "line, words",
    [
        ("config get bal_o", ["bal_on_mv", "bal_off_mv"]),
        ("config set shunt", ["shunt_uohm"]),
        ("config import --kind j", ["jk", "jbd"]),
        ("config check --board pico_i", ["pico_isl94202"]),
        ("flash --board esp", ["esp32_bq76952"]),
        ("status --port /dev/ttyA", ["/dev/ttyACM0"]),
        ("calibrate c", ["cell1", "cell2"]),
    ],
)
def test_completion_knows_fields_boards_and_ports(monkeypatch, capsys, line, words):
    monkeypatch.setattr(transport, "ports", lambda: [{"port": "/dev/ttyACM0", "usb": True}])
    monkeypatch.setenv("_CELLWARDEN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "cellwarden " + line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split())))
    with pytest.raises(SystemExit):
        cli.run([])
    offered = [row.split(",")[1] for row in capsys.readouterr().out.split()]
    assert offered[: len(words)] == words, offered


def test_a_port_before_the_command_is_told_its_place(desk):
    assert "after the command" in desk.bad(2, "--port", desk.port, "status", port="")


def test_demo_and_flash_are_under_the_same_name(desk):
    assert "--headless" in desk.good("demo", "--help", port="")
    assert "Choose one" in desk.bad(2, "flash", "--board", "toaster", port="")
    assert "no board on" in desk.bad(
        3, "flash", "--board", "pico_bq76952", port="/dev/nowhere", key=None
    )


def test_settings_that_cannot_be_used_are_told_and_mended_from_the_desk(desk, tmp_path):
    served = desk.served
    with served.lock:
        settings = served.board.settings()
        settings.load()
        settings.change({"cell_n": 16, "capacity_mah": 20000})  # another firmware could hold them
        served.board.start()
        for _ in range(20):  # the events are on the disk
            served.board.step()
    said = desk.good("status")
    assert "FETs are held off: the settings cannot be used: scd_ma: 60000 is 40000" in said
    assert "FETs that conduct: none" in said and "config set" in said
    assert "settings: not usable" in desk.good("log", "list")
    assert "refuses: not what is in force" in desk.bad(4, "unlock", "--settings")
    desk.good("config", "set", "scd_ma=80000", "--restart")
    assert desk.json("config", "get", "scd_ma", "capacity_mah") == {
        "capacity_mah": 20000,
        "scd_ma": 80000,
    }
    assert desk.json("status")["problems"] == []


def test_a_board_that_checks_at_its_next_start_looks_the_same(desk, monkeypatch):
    """As one does whose memory is short."""

    def change(*_):
        raise MemoryError

    monkeypatch.setattr("simboard.board.change", change)
    desk.good("config", "set", "bal_on_mv=20")
    assert desk.good("config", "set", "bal_off_mv=5").startswith("bal_on_mv: 15 -> 20 mV")
    given = json.loads(desk.good("config", "export"))
    assert (given["bal_on_mv"], given["bal_off_mv"]) == (20, 5)
    assert desk.json("config", "get", "bal_on_mv") == {"bal_on_mv": 15}
    desk.good("reset", "board")
    assert desk.json("config", "get", "bal_on_mv", "bal_off_mv") == {
        "bal_on_mv": 20,
        "bal_off_mv": 5,
    }
    assert json.loads(desk.good("config", "export")) == given
    (desk.disk / "wanted.json").write_text('{"cell_n": 16, "capacity_mah": 20000}')
    desk.good("reset", "board")
    assert "sent last were refused: scd_ma: 60000 is 40000" in desk.good("status")
    assert desk.json("config", "get", "bal_on_mv") == {"bal_on_mv": 20}


def test_a_board_whose_file_is_none_is_given_another(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "config.json").write_text("{")
    desk = Desk(tmp_path, capsys)
    assert "cannot be used: not JSON" in desk.good("status")
    assert "`cellwarden config import FILE`" in desk.bad(2, "config", "set", "cell_n=16")
    mine = tmp_path / "mine.json"
    mine.write_text('{"cell_n": 15}')
    desk.good("config", "import", mine, "--restart")
    assert desk.json("config", "get", "cell_n") == {"cell_n": 15}
    assert desk.json("status")["problems"] == []
    desk.served.end()


def test_a_start_of_the_simulated_board_is_one_of_a_board(desk):
    """The charge it knew, which start it is, and why: as a device keeps them."""
    desk.trip()
    before = desk.pack.soc.charge_uah
    desk.good("reset", "board")
    assert abs(desk.pack.soc.charge_uah - before) < before // 50 and not desk.pack.soc.guessed
    events = desk.json("log", "list")["events"]
    assert "software" in [event["words"] for event in events if event["kind"] == "reset"][-1]


def test_a_board_nobody_has_shows_a_trip_when_asked_to(tmp_path, capsys, monkeypatch):
    """Without it no picture of a window could be tried before something has happened to a real pack."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    desk = Desk(tmp_path, capsys, overload=Overload())
    with desk.served.lock:
        for _ in range(400):
            desk.served.board.step()
    try:
        assert "window 1: ocd1" in desk.good("log", "list")
        desk.good("log", "plot", tmp_path / "trip.svg")
    finally:
        desk.served.end()


def test_counters_over_the_life_of_a_board_are_a_table_too(desk, tmp_path):
    """They are written once a day, and early in each life: how often what has tripped, how many starts."""
    desk.good("status")  # tells it the time
    desk.trip()
    with desk.served.lock:
        desk.served.board._boxes[0]._save_ms = 0
        for _ in range(40):
            desk.served.board.step()
    out = tmp_path / "counters.csv"
    assert " rows of counters" in desk.good("log", "export", out, "--what", "counters")
    *_, row = csv.DictReader(out.open())
    assert (row["starts"], row["trips_ocd1"], row["trips_cov"]) == ("1", "1", "0")
    assert int(row["uptime_s"]) >= 50 and row["wall_s"] != "0" and row["events_lost"] == "0"


def test_another_board_on_the_same_port_does_not_inherit_a_record(desk, tmp_path, monkeypatch):
    """One with a smaller flash has fewer segments than what lies there from before: ours go, a person's stay."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    desk.trip()
    copy = tmp_path / "copy"
    desk.good("log", "export", copy)
    stray = (copy / "windows" / "00").read_bytes()
    (copy / "minutes" / "28").write_bytes(stray)
    assert "has the log of another board" in desk.bad(2, "log", "export", copy)
    assert (copy / "minutes" / "28").read_bytes() == stray
    desk.good("log", "list")
    (cache,) = (tmp_path / "cache" / "cellwarden").iterdir()
    strays = [cache / name for name in ("events/28", "windows/32.part")]
    for path in (*strays, cache / "events" / "notes.txt"):
        path.write_bytes(stray)
    desk.good("log", "list")
    assert not any(path.exists() for path in strays) and (cache / "events" / "notes.txt").exists()


def test_a_transfer_that_was_stopped_leaves_a_copy_that_nothing_was_changed_in(desk, tmp_path):
    """A segment that has grown lies beside the longer one that is still being read: that is no record twice."""
    desk.trip()
    copy = tmp_path / "copy"
    desk.good("log", "export", copy)
    part = copy / "events" / "00.part"
    part.write_bytes((copy / "events" / "00").read_bytes()[:700])
    assert "comes after" not in desk.good("log", "verify", "--from", copy, port="")


def test_the_end_of_a_burst_of_bus_errors_is_not_told_as_another(desk):
    with desk.served.lock:
        sim = desk.served.board.sim
        sim.run(5)
        find("dead_bus").apply(sim)
        sim.run(3)
        find("dead_bus").clear(sim)
        sim.run(70)
    begin, end = (
        e["words"] for e in desk.json("log", "list", "-n", 0)["events"] if e["kind"] == "bus"
    )
    assert begin.startswith("the bus failed, 3 times") and "has not failed for a minute" in end


def test_the_first_trip_after_a_start_is_kept_whatever_was_before(desk):
    """A quiet board's last event is its first minute's: it counted as one that starts again and again."""
    desk.good("status", key=None)
    with desk.served.lock:
        for _ in range(720):
            desk.served.board.step()
        desk.served.board.start()
        for _ in range(20):
            desk.served.board.step()
    desk.good("status", key=None)  # tells the time
    with desk.served.lock:
        desk.served.board.sim.plant.outside.overload(500.0)
        for _ in range(40):
            desk.served.board.step()
    events = desk.json("log", "list", "-n", 0)["events"]
    kinds = [event["kind"] for event in events]
    kinds = kinds[len(kinds) - kinds[::-1].index("reset") - 1 :]
    assert "clock" in kinds and "trip" in kinds, kinds
