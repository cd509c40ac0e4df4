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


from bms import faults, journal, protect  # noqa: E402, F401  every board has them in memory

pack = pack_of_16()
for name in ("bms.config", "bms.chemistry", "bms.relations", "bms.fields"):
    sys.modules.pop(name, None)
    delattr(sys.modules["bms"], name.split(".")[1])


def ble():
    from bms.report.ble import BleReporter

    key = bytes(16)
    made = BleReporter(pack, "pico", 1, None, Flag(), gc.mem_free, os.urandom, key=lambda: key)
    made.start()
    return made


def kept(name):
    gc.collect()
    print(name, before - gc.mem_free())


gc.collect()
before = gc.mem_free()
reporter = ble()
kept("heap-idle")
radio.handler(1, (64, 0, bytes(6)))
radio.handler(21, (64, 247))
reporter.advance(100)
place = reporter.links[0]


def asked(name, handle, data):
    """Interrupt and answer of one write; the answer's longest piece."""
    radio.data = data
    print(name + "-interrupt", timed(lambda: radio.handler(3, (64, handle))))
    longest = total = 0
    while True:
        took = timed(reporter.work)
        longest = max(longest, took)
        total += took
        link = place.talk
        if link is not None and link._out_at >= link._out_n and link._data is None and took < 500:
            break
        if link is not None:
            link._credit_ms = 500
    print(name, total)
    print(name + "-piece", longest)


# the first of its kind loads who answers it
asked("load-jbd", reporter.jbd_in, b"\xdd\xa5\x03\x00\xff\xfd\x77")
kept("heap-jbd")
asked("basic", reporter.jbd_in, b"\xdd\xa5\x03\x00\xff\xfd\x77")
asked("cells", reporter.jbd_in, b"\xdd\xa5\x04\x00\xff\xfc\x77")
asked("noise", reporter.jbd_in, (b"\xdd\xa5\x04\x39" + b"\xdd\xa5\x03" * 20) * 2)
asked("load-native", reporter.native_in, frame(0x01, b""))
kept("heap-native")
asked("hello", reporter.native_in, frame(0x10, bytes(8)))
asked("prove", reporter.native_in, frame(0x11, bytes(16)))
asked("watch", reporter.native_in, frame(0x02, b"\xe8\3\x0a"))
for row in range(20):  # tripped before the oldest record that the journal still has
    pack.protect.state[row] = 1
for _ in range(pack.journal.depth):
    pack.journal.note(journal.BOOT, 0, -1, 0, 0, pack)
asked("faults", reporter.native_in, frame(0x03, b""))
asked("health", reporter.native_in, frame(0x06, b""))
print("beat", timed(lambda: reporter.advance(100)))
