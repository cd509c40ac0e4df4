"""What `test_desk.py` leaves of the `cellwarden` command, on the console of an emulated Pico: as on a first evening."""

import json

from host_tests.target.desk import at_the, error_of, stop_at
from host_tests.target.rig import apart

BY_HAND_MS = 1500  # until a wish is carried out and read back
JK_LIST = {"Cell OVP (V)": 3.65, "Cell UVP (V)": 2.5, "Charge UTP (°C)": -20.0}


def fets(desk, bench, *words) -> tuple:
    """Both FETs after a command, as the plant has them."""
    desk.give("fets", *words)
    bench.pico.run_ms(BY_HAND_MS)
    return bench.plant.chg_on, bench.plant.dsg_on


@apart
def test_every_other_command_on_a_pico_that_protects_and_what_is_wrong_is_one_line(
    started, tmp_path
):
    bench = started
    with at_the(bench, tmp_path) as desk:
        refused = error_of(desk.give("fets", "off", "charge", code=2))
        assert "key" in refused and bench.conducting()
        desk.own()
        looked_at(desk, bench)
        assert fets(desk, bench, "off", "charge") == (False, True)
        assert fets(desk, bench, "on") == (True, True)
        settings(desk, bench, tmp_path)
        calibrated(desk, bench)
        desk.give("unlock")
        assert desk.give("reset", "faults") == "no faults\n"
        wrong_key(desk, bench, tmp_path)
        desk.give("monitor", act=stop_at("run"))  # Ctrl-C is how one ends it
        assert bench.conducting()


def looked_at(desk, bench) -> None:
    health = desk.json("health")
    assert health["capacity_mah"] > 0 and "left" in desk.give("health")
    balance = desk.json("balance")
    assert len(balance["cells"]) == 16, balance
    assert desk.give("log", "list").count("\n") >= 1
    assert bench.conducting()


def wrong_key(desk, bench, folder) -> None:
    """Another board's key, no key, a file that is none: nothing moves."""
    mine, desk.key = desk.key, folder / "other.key"
    desk.key.write_text("00" * 16)
    assert "key" in error_of(desk.give("fets", "off", code=4))
    desk.key.write_text("shoe")
    assert "key" in error_of(desk.give("fets", "off", code=2))
    desk.key = mine
    bench.pico.run_ms(BY_HAND_MS)
    assert bench.conducting()


def settings(desk, bench, folder) -> None:
    """Checked, compared, imported: what is dangerous is refused and nothing is stored."""
    before = desk.json("config", "get")
    given = folder / "mine.json"
    desk.give("config", "export", given)
    assert desk.give("config", "diff", given).count("\n") <= 1
    values = json.loads(given.read_text()) | {"bal_on_mv": 25}
    given.write_text(json.dumps(values))
    assert "bal_on_mv" in desk.give("config", "diff", given, code=1)
    given.write_text(given.read_text().replace("25", "2500"))
    assert "bal_on_mv 2500 is outside" in error_of(desk.give("config", "import", given, code=2))
    theirs = folder / "jk.json"
    theirs.write_text(json.dumps(JK_LIST))
    assert "-20" in desk.give("config", "import", theirs, "--kind", "jk", code=2)
    theirs.write_bytes(bytes(range(256)))
    error_of(desk.give("config", "import", theirs, code=2))
    assert desk.json("config", "get") == before and bench.conducting()


def calibrated(desk, bench) -> None:
    """One point of a cell, in force at once, shown and taken back."""
    mv = round(1000 * bench.plant.cell_v[2])
    desk.give("calibrate", "cell3", str(mv + 9), "--keep")
    bench.pico.run_ms(BY_HAND_MS)
    shown = desk.json("monitor", "-n", "1")["cells"]
    assert abs(shown[2] - mv - 9) <= 1 and abs(shown[1] - 1000 * bench.plant.cell_v[1]) <= 1
    assert desk.give("calibrate").startswith("cell3: +9 mV, since ")
    assert "beyond" in error_of(desk.give("calibrate", "cell3", str(mv + 90), "--keep", code=4))
    desk.give("calibrate", "cell3", "--clear")
    assert "nothing is corrected" in desk.give("calibrate")
