"""Programs on this computer that talk to an emulated Pico as if it hung on a cable."""

import os
import signal
import subprocess
import sys
import tempfile

from emulate.console import Console

_SAID_MAX = 1 << 20


def _hears_ctrl_c() -> None:
    """Whatever started us in the background may have told us, and so our children, to ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Cable:
    """The Pico's console on a port, while a program runs. `port`: what the program is told to open."""

    def __init__(self, pico):
        self._console = Console(pico)
        self.port = self._console.url

    def run(self, command, show: bool = False, act=None) -> tuple[int, str]:
        """Exit code, and everything it said; `show`: it says that to the terminal instead.

        `act(program, said)`: called again and again, with what it has said so far; it may answer
        through `program.stdin`.
        """
        paths = {"PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)}
        options = {
            "stdin": None if act is None else subprocess.PIPE,
            "stderr": None if show else subprocess.STDOUT,
            "env": {**os.environ, **paths, "PYTHONUNBUFFERED": "1"},
            "preexec_fn": _hears_ctrl_c,
        }
        words = [str(part) for part in command]
        with tempfile.TemporaryFile("w+") as said:
            with subprocess.Popen(words, stdout=None if show else said, **options) as program:

                def over():
                    if act is not None:
                        text = os.pread(said.fileno(), _SAID_MAX, 0)
                        act(program, text.decode(errors="replace"))
                    return program.poll() is not None

                try:
                    self._console.serve(over)
                finally:
                    program.kill()
            said.seek(0)
            return program.returncode, said.read()

    def flash(self, board: str, config_path, show: bool = False) -> tuple[int, str]:
        """What `make flash BOARD=... PORT=... CONFIG=...` runs."""
        options = (f"--board={board}", f"--port={self.port}", f"--config={config_path}")
        return self.run((sys.executable, "-m", "deploy", "flash", *options), show)

    def mpremote(self, *words) -> tuple[int, str]:
        """`mpremote connect PORT ...`."""
        return self.run((sys.executable, "-m", "mpremote", "connect", self.port, *words))

    def cut(self) -> None:
        """It comes off, under whatever program talks; the next one finds it there again."""
        self._console.cut()

    def close(self) -> None:
        self._console.close()
