"""`cellwarden commission`: a guided check of the wiring, resumable, with a report."""

import json
import time
from datetime import date
from pathlib import Path

import click

from cellwarden.common import as_json, on_board, one_of, say, write_whole
from cellwarden.desk import DATA_MAX, DeskLine, good
from cellwarden.dialogue import STEPS, Dialogue, finding_words
from cellwarden.problem import DIFFERS, Problem

_LOOK_S = 0.3


class Person:
    """Whoever sits at the terminal."""

    def tell(self, words: str) -> None:
        click.echo(words)

    def number(self, words: str) -> int:
        return click.prompt("  " + words, type=click.IntRange(0, 300000))

    def again(self, words: str) -> bool:
        click.echo("  " + words)
        return click.confirm("  Mended? Try this step again", default=True)

    def wait(self) -> None:
        time.sleep(_LOOK_S)


@click.command(short_help="Check the wiring, step by step; until then FETs stay off.")
@click.option("--state", is_flag=True, help="only tell how far it is")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="file for the report"
)
@click.option("--waive", metavar="NAME", help="skip it: you answer for the wiring, by name")
@click.option("--forget", is_flag=True, help="begin from the first step; FETs go off")
@on_board
@as_json
def commission(state, report, waive, forget, target, as_json):
    """Check the wiring step by step. FETs stay off until all passed; cut off, it goes on where it was."""
    one_of({"--state": state, "--waive": waive is not None, "--forget": forget})
    with target.board() as board:
        desk = DeskLine(board)
        done = True
        found = desk.request("state")
        held = found["held"]
        if waive is not None:
            if not 0 < len(waive.encode()) <= DATA_MAX:
                raise Problem(f"a waiver needs a name of at most {DATA_MAX} letters")
            desk.request("date", date=date.today().isoformat())
            found = _after(desk, "waive", who=waive)
        elif forget:
            found = _after(desk, "forget")
        elif not state:
            if found["state"] in ("passed", "waived") and found["passed"] == len(STEPS):
                raise Problem(
                    "it has passed already: --report FILE keeps it, --forget begins anew"
                )
            done, found = _talk(desk)
        if report is not None:
            write_whole(report, _report(board, desk))
        if found["state"] == "waived":
            found["who"] = desk.request("report").get("who", "")
        if held and not found["held"]:
            board.restart()  # a board that is held keeps no windows around trips
            found["started_again"] = True
    say(found, as_json, _lines)
    return 0 if done else DIFFERS


def _report(board, desk) -> bytes:
    """What the board keeps of it, and which firmware with which settings that was."""
    who = board.who() or {}
    told = desk.request("report") | {"firmware": who.get("version", "")}
    told["settings_hash"] = f"{board.about.get('config_hash', 0):08x}"
    return (json.dumps(told, indent=1, sort_keys=True) + "\n").encode()


def _after(desk, name: str, **given) -> dict:
    good(desk.request(name, **given))
    return desk.request("state")


def _talk(desk):
    try:
        return Dialogue(desk, Person()).run(date.today().isoformat())
    except (KeyboardInterrupt, click.Abort):
        desk.request("stop")
        raise


def _lines(found):
    by = f" by {found['who']}" if found.get("who") else ""
    yield f"{found['state']}{by}, {found['passed']} of {len(STEPS)} steps passed" + (
        ": FETs are held off" if found["held"] else ""
    )
    if "started_again" in found:
        yield "the board has started again"
    if "finding" in found:
        yield finding_words(found)
