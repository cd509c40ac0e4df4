"""The line to a board: mpremote's transport, and whatever goes wrong with it as one sentence."""

import ast
import base64
import contextlib
import functools
import io
import re
import struct
import time

_CHUNK_N = 1536  # bytes of one write, a multiple of 3
_EMULATED_S = 120
_CODES = {"5": "input/output error", "19": "no such device", "28": "the file system is full"}


class FlashError(Exception):
    """Ends the work; the text is the one line that a person gets."""


class Broken(FlashError):
    """The line broke, or the board fell silent."""


def connect(port: str):
    """mpremote's serial transport; also takes `socket://host:port`."""
    from mpremote.transport import TransportError
    from mpremote.transport_serial import SerialTransport

    try:
        transport = SerialTransport(port, timeout=10)
    except (TransportError, OSError, ValueError) as error:
        raise FlashError(f"no board on {port}: {_sentence(error)}; {_ports()}") from None
    return patient(transport) if emulated(port) else transport


def emulated(port: str) -> bool:
    """Something that is many times slower than a board."""
    return port.startswith("socket://")


def patient(transport):
    """mpremote gives up after 10 s of silence; it has no option for that."""
    transport.exec_raw = functools.partial(transport.exec_raw, timeout=_EMULATED_S)
    enter = functools.partial(transport.enter_raw_repl, timeout_overall=_EMULATED_S)
    transport.enter_raw_repl = enter
    return transport


def _ports() -> str:
    from serial.tools import list_ports

    found = sorted(port.device for port in list_ports.comports() if port.vid is not None)
    return "ports with a board on USB: " + (", ".join(found) or "none")


def _sentence(error) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _said(error_text: str) -> str:
    """The last line of a device's traceback, with the common numbers in words."""
    lines = error_text.strip().splitlines() or ["no reason given"]
    number = re.search(r"OSError: (?:\[Errno )?(\d+)", lines[-1])
    return _CODES.get(number.group(1), lines[-1]) if number else lines[-1]


class Link:
    """Runs code on the board. `open`: port -> transport."""

    def __init__(self, port: str, open=connect):
        self.port = port
        self._open = open
        self._transport = open(port)
        self.awake = False  # its REPL obeys us, so its firmware stands still

    @contextlib.contextmanager
    def _guarded(self, doing: str):
        """mpremote prints what surprises it, and raises many things."""
        from mpremote.transport import TransportError, TransportExecError

        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except TransportExecError as error:
            raise FlashError(f"{doing}: {_said(error.error_output)}") from None
        except (TransportError, OSError, struct.error) as error:
            raise Broken(
                f"{self.port}: lost the board while {doing} ({_sentence(error)})"
            ) from None

    def interrupt(self) -> None:
        """Stop the firmware; boot.py runs, main.py does not."""
        try:
            with self._guarded("stopping the firmware"):
                self._transport.enter_raw_repl(soft_reset=True)
        except Broken:
            raise FlashError(f"{self.port}: no MicroPython answers there") from None
        self.awake = True

    def run(self, code: str, doing: str) -> str:
        with self._guarded(doing):
            return self._transport.exec(code).decode()

    def ask(self, expression: str, doing: str):
        return ast.literal_eval(self.run(f"print(repr({expression}))", doing).strip())

    def write(self, path: str, data: bytes) -> None:
        doing = f"writing {path}"
        self.run(f"writer.begin({path!r})", doing)
        for at in range(0, len(data), _CHUNK_N):
            self.run(f"writer.put({base64.b64encode(data[at : at + _CHUNK_N])!r})", doing)
        self.run("writer.end()", doing)

    def reset(self) -> None:
        """Start the board afresh; the line may break on it."""
        with contextlib.suppress(FlashError), self._guarded("resetting"):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        self.awake = False

    def renew(self, seconds: float = 10, clock=time.monotonic, rest=time.sleep) -> None:
        """Open the port again, which a reset of the board may have taken away."""
        self.close()
        end = clock() + seconds
        while True:
            rest(0.5)
            try:
                self._transport = self._open(self.port)
                return
            except FlashError:
                if clock() > end:
                    raise

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._transport.close()

    def listen(self, seconds: float, clock=time.monotonic, rest=time.sleep):
        """Yield the lines that a board prints after a reset, over a port that may come anew."""
        self.close()
        end = clock() + seconds
        text = b""
        transport = None
        while clock() < end:
            try:
                transport = transport or self._open(self.port)
                serial = transport.serial
                text += serial.read(serial.inWaiting())
            except (FlashError, OSError):
                transport = None
            *lines, text = text.split(b"\n")
            for line in lines:
                yield line.decode(errors="replace").strip()
            rest(0.05)
        if transport is not None:
            self._transport = transport
