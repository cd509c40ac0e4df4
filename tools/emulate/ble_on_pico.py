"""Runs on the Pico: what the Bluetooth code costs there, with a radio that takes everything.

Prints lines: name, microseconds or bytes.
"""

import gc
import os
import sys
import time

from bluetooth import radio


class Flag:
    def set(self):
        pass


def pack_of_16():
    from bms.config import Config
    from bms.pack import Pack

    pack = Pack(Config({"cell_n": 16}).bare())
    for i in range(16):
        pack.snap.cell_mv[i] = 3300 + i
    pack.snap.stack_mv = 52920
    pack.snap.seq = 1
    return pack


def timed(call):
    gc.collect()
    began = time.ticks_us()
    call()
    return time.ticks_diff(time.ticks_us(), began)


def frame(kind, data):
    from crc8 import crc8

    body = bytes([0xC3, kind, len(data)]) + data
    return body + bytes([crc8(body, len(body))])


pack = pack_of_16()
for name in ("bms.config", "bms.chemistry", "bms.relations", "bms.fields"):
    sys.modules.pop(name, None)
    delattr(sys.modules["bms"], name.split(".")[1])


def jbd():
    """A serial line speaks it anyway."""
    from bms.report.jbd_slave import JbdSlave

    return JbdSlave(pack)


def ble():
    from bms.report.ble import BleReporter

    made = BleReporter(pack, "pico", 1, None, Flag(), gc.mem_free, os.urandom, key=bytes(16))
    made.start()
    return made


line = jbd()
gc.collect()
before = gc.mem_free()
reporter = ble()
gc.collect()
print("heap", before - gc.mem_free())
radio.handler(1, (64, 0, bytes(6)))
radio.handler(21, (64, 247))
reporter.advance(100)
link, table = reporter.links[0], reporter.table


def asked(name, handle, data):
    """Interrupt and answer of one write; the answer's longest piece."""
    radio.data = data
    print(name + "-interrupt", timed(lambda: radio.handler(3, (64, handle))))
    longest = total = 0
    while True:
        took = timed(link.work)
        longest = max(longest, took)
        total += took
        if link._out_at >= link._out_n and link._data is None and took < 400:
            break
        link._credit_ms = 500
    print(name, total)
    print(name + "-piece", longest)


asked("basic", table.jbd_in, b"\xdd\xa5\x03\x00\xff\xfd\x77")
asked("cells", table.jbd_in, b"\xdd\xa5\x04\x00\xff\xfc\x77")
asked("noise", table.jbd_in, (b"\xdd\xa5\x04\x39" + b"\xdd\xa5\x03" * 20) * 2)
asked("hello", table.native_in, frame(0x10, bytes(8)))
asked("prove", table.native_in, frame(0x11, bytes(16)))
asked("watch", table.native_in, frame(0x02, b"\xe8\3\x0a"))
print("beat", timed(lambda: reporter.advance(100)))
