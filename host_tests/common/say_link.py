"""Says in lines what the cable's channel answers; two interpreters must say the same."""

import sys

if "firmware" not in "".join(sys.path):  # a native micropython starts with nothing
    sys.path[:] = ["lib", "firmware", "tools", ""] + sys.path
sys.path += ["/tools/fakes", "tools/fakes", ".frozen"]

import hashlib

from auth import KeyLock, hmac_sha256
from bms.report.jbd_slave import JbdSlave
from bms.report.link import Link
from bms.report.link_store import Store
from bms.report.wire import Wire
from crc8 import crc8
from host_tests.common.scan_rig import Rig
from linkframe import line

KEY = bytes(range(16))
MINE = b"12345678"
NONCE = bytes(range(16))
TEXT = b'{"cell_n": 4}'


class Host:
    def configure(self, text):
        print("configure", text)
        if "4" in text:
            raise ValueError("not today")

    def restart(self):
        print("restart")


class Place:
    n = 2
    size = 64

    def read(self, segment, at, buf):
        for i in range(len(buf)):
            buf[i] = segment + at + i


def frame(kind, data=b"") -> bytes:
    body = bytes([0xC3, kind, len(data)]) + data
    return body + bytes([crc8(body, len(body))])


def tag(purpose, body=b"") -> bytes:
    return hmac_sha256(KEY, purpose + NONCE + MINE + body)[:16]


def do(counter, command, arguments) -> bytes:
    body = bytes([counter, 0, 0, 0, command]) + arguments
    return frame(0x12, body + tag(b"cellwarden do", body))


def main() -> None:
    pack = Rig(12).pack
    store = Store(pack, "rig", lambda: (Place(),), "/none/")

    def make(slave):
        return Link(pack, slave, KeyLock(KEY), lambda n: NONCE[:n], store, Host())

    wire = Wire(lambda data: print("  " + bytes(data).hex()), JbdSlave(pack), make)
    digest = hashlib.sha256(TEXT).digest()[:16]
    for data in (
        bytes.fromhex("dda50400fffc77"),
        frame(1),
        line(frame(3)),
        frame(0x20),
        frame(0x21, bytes([1, 0, 0, 0, 0, 9])),
        frame(0x21, bytes([0x11, 60, 0, 0, 0, 9])),
        frame(0x22, bytes([0x11, 0, 0, 0, 0, 128, 0])),
        frame(0x21, bytes([2, 0, 0, 0, 0, 9])),
        frame(0x23, b"\0\0" + TEXT),
        frame(0x10, MINE),
        frame(0x11, tag(b"cellwarden unlock")),
        frame(0x23, b"\0\0" + TEXT),
        do(1, 4, digest),
        frame(0x21, bytes([6, 0, 0, 0, 0, 99])),
        do(2, 5, b"\0"),
        b"~%%%\n",
    ):
        print(bytes(data)[:12].hex())
        for byte in data:
            wire.put(byte)
    wire.advance(400)


main()
