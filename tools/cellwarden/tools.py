"""`flash`, `replay` and `demo`: the project's own tools under one name."""

import contextlib
import io
from pathlib import Path

import click

from cellwarden import offer
from cellwarden.common import on_board
from cellwarden.fetch import LOGS
from cellwarden.problem import LINE, PROBLEM, Lost, Problem

_CONFIG = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "-p",
    "--port",
    envvar="CELLWARDEN_PORT",
    help="serial port of the board, over USB",
    shell_complete=offer.ports,
)
@click.option(
    "--board", help="a folder of boards/, such as pico_bq76952", shell_complete=offer.boards
)
@click.option("--config", type=_CONFIG, help="its config.json; without, it keeps its own")
@click.option(
    "--replace",
    is_flag=True,
    help="where both have no room: take the old version away first; no way back",
)
def flash(port, board, config, replace):
    """Install or update the firmware. It opens the FETs; cut anywhere, a whole version starts, or with
    --replace none."""
    from cellwarden.transport import default_port
    from deploy.files import boards, constant
    from deploy.flash import Flash, first_status, gather, patience_s
    from deploy.link import Broken, FlashError, Link

    if board not in boards():
        given = "which board?" if board is None else f"--board {board}:"
        raise Problem(f"{given} Choose one with --board: {', '.join(boards())}")
    try:
        wanted = gather(board, config)
        link = Link(port or default_port())
        try:
            Flash(link, constant(board, "PLATFORM"), wanted, click.echo, replace).install()
            click.echo(first_status(link, patience_s(link.port)))
        finally:
            link.close()
    except Broken as error:
        raise Lost(str(error)) from None
    except FlashError as error:
        problem = Problem(str(error))
        problem.code = LINE if "no board on" in str(error) else PROBLEM
        raise problem from None


@click.command(short_help="Decide a record again: is it the same, bit for bit?")
@click.argument(
    "path", metavar="[LOG]", required=False, type=click.Path(exists=True, path_type=Path)
)
@click.option("--device-key", help="what its chain is made with: 64 hex digits or a file")
@click.option("--scan", is_flag=True, help="every scan's decisions")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a window")
@on_board
def replay(path, device_key, scan, as_json, target):
    """Run a log's windows through this firmware again: the same decisions, bit for bit? LOG or the board."""
    from cellwarden.log import pull
    from replay.__main__ import main

    where = path if path is not None else pull(target, list(LOGS))
    arguments = [str(where), *(["--key", device_key] if device_key is not None else [])]
    arguments += [word for word, on in (("--scan", scan), ("--json", as_json)) if on]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(arguments)
    if said.getvalue():
        problem = Problem(said.getvalue().strip().removeprefix("replay: "))
        problem.code = code
        raise problem
    return code


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments):
    """The firmware on a simulated pack, to be watched. `cellwarden demo --help` has its options;
    `cellwarden demo --board` is a simulated board on a PTY instead, to try every other command."""
    try:
        if "--board" in arguments:
            from simboard.__main__ import main as serve

            return serve([word for word in arguments if word != "--board"])
        from demo.cli import main

        return main(list(arguments))
    except SystemExit as end:  # argparse, after --help
        return int(end.code or 0)
