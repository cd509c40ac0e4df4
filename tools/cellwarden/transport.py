"""Ways to a board: a serial port, a PTY, `socket://host:port`, Bluetooth (`ble:ADDRESS`)."""

import contextlib
import errno
import os
import re
from urllib.parse import urlsplit

from cellwarden.problem import Lost, Problem

_HINTS = {
    errno.ENOENT: "there is no such port",
    errno.EACCES: "you may not open it (Linux: join the group dialout, log in again)",
    errno.EBUSY: "another program holds it: close that",
    errno.ECONNREFUSED: "nobody listens there",
    errno.ENOTTY: "that is no serial port",
}


def ports() -> list[dict]:
    """Serial ports of this computer, those on USB first."""
    from serial.tools import list_ports

    found = []
    for port in list_ports.comports():
        about = {"port": port.device, "usb": port.vid is not None, "what": port.description}
        about["id"] = f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None else None
        found.append(about)
    return sorted(found, key=lambda about: (not about["usb"], about["port"]))


def default_port() -> str:
    """The one board on USB; several or none is a problem to be told."""
    found = [about["port"] for about in ports() if about["usb"]]
    if len(found) == 1:
        return found[0]
    if found:
        raise Problem(f"several boards: choose one with --port: {', '.join(found)}")
    raise Problem("no board on USB: plug it in, or say --port (`cellwarden ports` lists them)")


def open_transport(port: str, baud: int):
    """An open line to `port`; `Lost` says why there is none."""
    if port.startswith("ble:"):
        from cellwarden.bluetooth import BleTransport

        return BleTransport(port[4:])
    if port.startswith("socket:") and not _has_port(port):
        raise Problem(f"{port}: write socket://HOST:PORT, with a number from 1 to 65535")
    return SerialTransport(port, baud)


def _has_port(url: str) -> bool:
    """pyserial's own word about it is one of Python's."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname and parts.port)
    except ValueError:
        return False


class SerialTransport:
    """What pyserial can open."""

    is_ble = False

    def __init__(self, port: str, baud: int):
        import serial

        self.port = port
        try:
            self._serial = serial.serial_for_url(port, baud, timeout=0.05, write_timeout=5)
        except (OSError, ValueError) as error:
            raise Lost(f"{port}: {_why(error)}; `cellwarden ports` lists what there is") from None
        with contextlib.suppress(OSError):
            self._serial.reset_input_buffer()

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except OSError as error:  # pyserial's are OSErrors
            raise Lost(f"{self.port}: the line broke ({_why(error)}): look at the cable") from None

    def read(self) -> bytes:
        """What came within some 50 ms."""
        try:
            return self._serial.read(max(1, self._serial.in_waiting))
        except (OSError, TypeError) as error:  # TypeError: pyserial, closed under its hands
            raise Lost(f"{self.port}: the line broke ({_why(error)}): look at the cable") from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._serial.close()


def _why(error) -> str:
    """pyserial keeps the number of some errors only in their text."""
    text = " ".join(str(error).split()) or type(error).__name__
    inner = re.search(r"(?:Errno |\()(\d+)", text)
    number = getattr(error, "errno", None) or (int(inner.group(1)) if inner else None)
    known = number in errno.errorcode
    return _HINTS.get(number) or (os.strerror(number).lower() if known else text)
