"""The board's desk for commissioning and calibration, over its channel: `request(name, **given) -> dict`.

Whoever talks to a `Desk` in the same program hands over an object with the same method.
"""

import json
import struct

from cellwarden.problem import Refused

_ASK = {"state": 0x30, "calibration": 0x38}
_REPORT = 5  # object of docs/link.md
# name: command, s32 arguments, text behind them
_DO = {
    "begin": (0x20, (), ""),
    "answer": (0x21, ("ma",), ""),
    "retry": (0x22, (), ""),
    "stop": (0x23, (), ""),
    "waive": (0x24, (), "who"),
    "forget": (0x25, (), ""),
    "date": (0x26, (), "date"),
    "point": (0x30, ("which", "true"), "kind"),
    "calibrate": (0x31, (), "date"),
    "uncalibrate": (0x32, ("which",), "kind"),
}
_DATA_MAX = 16  # of a command


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
        data += given.get(text, "").encode()[: _DATA_MAX - len(data)]
        try:
            self._board.do(command, int.from_bytes(data, "little"), len(data) or 1)
        except Refused as refused:
            return {"error": str(refused)}
        return {}
