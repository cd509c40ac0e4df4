"""The command line's frame: which commands there are, and how every problem becomes one line."""

import contextlib
import difflib
import errno
import importlib.util
import os
import sys

import click

from bms.version import VERSION
from cellwarden.problem import LINE, PIPE, PROBLEM, STOPPED, Problem

_COMPLETE = "_CELLWARDEN_COMPLETE"  # a shell asks what could come next
_AFTER = ("-p", "--port", "--baud", "--key", "--patience", "--json")
# name: module with `command`. Loaded when it is used, so that each starts at once.
COMMANDS = {
    "ports": "look",
    "status": "look",
    "health": "health",
    "monitor": "monitor",
    "config": "config",
    "log": "log",
    "replay": "tools",
    "balance": "act",
    "fets": "act",
    "unlock": "act",
    "reset": "act",
    "flash": "tools",
    "demo": "tools",
    "commission": "commission",
    "calibrate": "calibrate",
}


class Commands(click.Group):
    """Finds a command in its module."""

    def list_commands(self, ctx):
        return [name for name in COMMANDS if _module(COMMANDS[name])]

    def resolve_command(self, ctx, args):
        near = difflib.get_close_matches(args[0], COMMANDS, 1)
        if near and args[0] not in COMMANDS:  # Click looks among those that are loaded
            raise click.UsageError(f"No such command '{args[0]}'. Did you mean '{near[0]}'?", ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx, name):
        if name not in COMMANDS or not _module(COMMANDS[name]):
            return None
        return getattr(importlib.import_module(f"cellwarden.{COMMANDS[name]}"), name)


def _module(name: str) -> bool:
    return importlib.util.find_spec(f"cellwarden.{name}") is not None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="cellwarden")
def main():
    """A Cellwarden board from a computer: look, configure, read its record, update.

    Give the board with --port or CELLWARDEN_PORT: a serial port, a PTY, socket://HOST:PORT or
    ble:ADDRESS. With one board on USB it is found.

    Exit codes: 0 good, 1 the answer is no, 2 yours to mend, 3 no board or a broken line, 4 the board
    refuses, 130 stopped, 141 nobody reads on.

    Completion: eval "$(_CELLWARDEN_COMPLETE=bash_source cellwarden)" (or zsh_source, fish_source).
    """


def run(arguments=None) -> int:
    """Exit code of one command; whatever goes wrong is one line on stderr."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # closed by who started us
    sys.stderr = sys.stderr or open(os.devnull, "w")
    try:
        code = main.main(arguments, prog_name="cellwarden", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except Problem as problem:
        return _say(str(problem), problem.code)
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # no error, and not in Click 8.1
            click.echo(error.format_message())
            return 0
        return _say(error.format_message() + _help_for(error), PROBLEM)
    except (KeyboardInterrupt, click.Abort):
        return _say("stopped", STOPPED)
    except SystemExit:
        if _COMPLETE in os.environ:
            raise
        return PIPE  # of Click's own, when stdout is closed
    except OSError as error:
        return _say(_of_system(error), PROBLEM)
    except Exception as error:  # an answer that no board gives, or a mistake of ours
        if os.environ.get("CELLWARDEN_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        return _say(f"what came cannot be read ({what}); CELLWARDEN_DEBUG=1 shows where", LINE)


def _help_for(error) -> str:
    """Where to read on; Click's own two lines would be three."""
    ctx = getattr(error, "ctx", None)
    if ctx is None:
        return ""
    if ctx.command is main and getattr(error, "option_name", "") in _AFTER:
        return f": {error.option_name} comes after the command (cellwarden status --help)"
    return f" ({ctx.command_path} --help)"


def _of_system(error: OSError) -> str:
    name = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{name}the disk is full: make room and run it again, it goes on where it was"
    return name + (error.strerror or str(error)).lower()


def _say(text: str, code: int) -> int:
    with contextlib.suppress(OSError):  # a full disk behind stderr
        print("cellwarden:", " ".join(text.split()), file=sys.stderr, flush=True)
    return code
