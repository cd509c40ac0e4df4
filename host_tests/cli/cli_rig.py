"""The command as a person gives it, against the product's code behind a pseudo terminal."""

import json

from bms.bits import RUN
from cellwarden import cli
from simboard.serve import Served

KEY = "00112233445566778899aabbccddeeff"


class Desk:
    """A person at a desk: a board on a cable, a key, a folder of files."""

    def __init__(self, tmp_path, capsys, **board):
        self.folder = tmp_path
        self.disk = tmp_path / "board"
        self.disk.mkdir(exist_ok=True)
        (self.disk / "key.txt").write_text(KEY)
        self.served = Served(self.disk, 40, **board).begin()
        self._start()
        self._capsys = capsys
        self.port = self.served.path

    def _start(self) -> None:
        """The board has started, whatever else this machine does; one that is held never runs."""
        served = self.served
        with served.lock:
            for _ in range(80):
                if served.board.pack.mode.mode == RUN:
                    break
                served.board.step()

    def stand_still(self) -> None:
        """No more scans: what two commands say can be compared."""
        with self.served.lock:
            self.served.speed = 0.0

    @property
    def pack(self):
        return self.served.board.pack

    def give(self, *words, port=None, key=KEY):
        """(exit code, stdout, stderr) of a command."""
        more = [] if port == "" else ["--port", port or self.port]
        if port != "" and key is not None:
            more += ["--key", key]
        self._capsys.readouterr()
        code = cli.run([*map(str, words), *more])
        said = self._capsys.readouterr()
        assert not self.served.ctrl_c_n, "on a console this would have stopped the firmware"
        return code, said.out, said.err

    def good(self, *words, **more) -> str:
        """Output of a command that must succeed, without a word on stderr."""
        code, out, err = self.give(*words, **more)
        assert (code, err) == (0, ""), (words, code, err, out)
        return out

    def bad(self, code: int, *words, **more) -> str:
        """The one line on stderr of a command that must fail with this code."""
        got, out, err = self.give(*words, **more)
        assert got == code, (words, got, out, err)
        err = err.removeprefix("\n")  # of Click, behind ^C
        assert err.count("\n") == 1 and err.startswith("cellwarden: ") and "Traceback" not in err
        return err

    def json(self, *words, **more):
        return json.loads(self.good(*words, "--json", **more))

    def trip(self) -> None:
        """Something happens that leaves a window of scans: a short heavy discharge."""
        served = self.served
        with served.lock:
            sim = served.board.sim
            sim.run(15)
            sim.plant.outside.overload(150.0)
            sim.run(12)
            sim.plant.outside.overload(0.0)
            sim.run(25)
