"""What a client on the Pico's UART sees: asks in the JBD protocol, in the Pico's time."""

_UART = 0
_BASIC, _COUNTERS = 0x03, 0xAA
_PROTECTION_AT = 16  # of the answer to 03
_LIMIT_MS = 4000  # the first request loads the code that answers it, a piece after each scan
# protection word of the answer to 03, from bit 0
_WORDS = (
    "cell over-voltage, cell under-voltage, pack over-voltage, pack under-voltage, hot on charge, cold on charge, "
    "hot on discharge, cold on discharge, over-current on charge, over-current on discharge, short circuit, "
    "monitor fault, FETs locked"
).split(", ")


class Jbd:
    """Attach it before the Pico runs, or at any time later."""

    def __init__(self, pico):
        self._pico = pico
        self._port = pico.mcu.uart[_UART]
        self._said = bytearray()
        self._port.on_byte = self._said.append

    def ask(self, register: int) -> bytes:
        """The data of the answer; `TimeoutError` when there is none."""
        body = bytes((register, 0))
        check = -sum(body) & 0xFFFF
        self._said.clear()
        self._port.feed(b"\xdd\xa5" + body + check.to_bytes(2, "big") + b"\x77")
        if not self._pico.run_until(self._whole, _LIMIT_MS, 5):
            raise TimeoutError(f"no answer on the UART: {bytes(self._said).hex()}")
        return bytes(self._said[4:-3])

    def _whole(self) -> bool:
        said = self._said
        return len(said) > 6 and len(said) >= said[3] + 7

    def protection(self) -> str:
        """What protects at the moment, in words."""
        word = int.from_bytes(self.ask(_BASIC)[_PROTECTION_AT : _PROTECTION_AT + 2], "big")
        found = [name for bit, name in enumerate(_WORDS) if word >> bit & 1]
        return ", ".join(found) or "nothing is wrong"
