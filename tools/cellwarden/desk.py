"""The board's desk for commissioning and calibration, over its channel: `request(name, **given) -> dict`.

Whoever talks to a `Desk` in the same program hands over an object with the same method.
"""

import json
import struct

from bms.report.commission import ASK, DO
from cellwarden.problem import Refused

_REPORT = 5  # object of docs/link.md
_ASK = {name: kind for kind, name in ASK.items()}
_DO = {name: (command, numbers, text) for command, (name, numbers, text) in DO.items()}
DATA_MAX = 16  # of a command


def good(said: dict) -> dict:
    """What a desk has said, unless it refuses."""
    if "error" in said:
        raise Refused(said["error"])
    return said


class DeskLine:
    """`board`: an open `cellwarden.board.Board`."""

    def __init__(self, board):
        self._board = board

    def request(self, name: str, **given) -> dict:
        """{"error": words} when the board refuses."""
        if name == "report":
            return json.loads(self._board.read(_REPORT) or b"{}")
        if name in _ASK:
            return json.loads(self._board.asked(_ASK[name]))
        command, numbers, text = _DO[name]
        data = b"".join(struct.pack("<i", given[key]) for key in numbers)
        data += given.get(text, "").encode()[: DATA_MAX - len(data)]
        try:
            self._board.do(command, int.from_bytes(data, "little"), len(data) or 1)
        except Refused as refused:
            return {"error": str(refused)}
        return {}
