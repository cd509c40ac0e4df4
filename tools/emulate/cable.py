"""Programs on this computer that talk to an emulated Pico as if it hung on a cable."""

import os
import subprocess
import sys
import tempfile

from emulate.console import Console

_SAID_MAX = 1 << 20


class Cable:
    """The Pico's console on a port, while a program runs. `port`: what the program is told to open."""

    def __init__(self, pico):
        self._console = Console(pico)
        self.port = self._console.url

    def run(self, command, show: bool = False, act=None) -> tuple[int, str]:
        """Exit code, and everything it said; `show`: it says that to the terminal instead.

        `act(program, said)`: called again and again, with what it has said so far.
        """
        paths = {"PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)}
        with tempfile.TemporaryFile("w+") as said:
            program = subprocess.Popen(
                [str(part) for part in command],
                stdout=None if show else said,
                stderr=None if show else subprocess.STDOUT,
                env={**os.environ, **paths, "PYTHONUNBUFFERED": "1"},
            )

            def over():
                if act is not None:
                    act(program, os.pread(said.fileno(), _SAID_MAX, 0).decode(errors="replace"))
                return program.poll() is not None

            try:
                self._console.serve(over)
            finally:
                program.kill()
            program.wait()
            said.seek(0)
            return program.returncode, said.read()

    def flash(self, board: str, config_path, show: bool = False) -> tuple[int, str]:
        """What `make flash BOARD=... PORT=... CONFIG=...` runs."""
        options = (f"--board={board}", f"--port={self.port}", f"--config={config_path}")
        return self.run((sys.executable, "-m", "deploy", "flash", *options), show)

    def mpremote(self, *words) -> tuple[int, str]:
        """`mpremote connect PORT ...`."""
        return self.run((sys.executable, "-m", "mpremote", "connect", self.port, *words))

    def close(self) -> None:
        self._console.close()
