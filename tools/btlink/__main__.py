"""`python -m btlink`: how soon and how often the product answers on a virtual link, in real time.

The link adds next to nothing, so this is the product's own part on this machine; a phone adds its connection
interval, 15 to 50 ms, and a board is some hundred times slower (make emulate). No assertion: figures.
"""

import asyncio
import statistics
import struct
import time

from bluetooth import PICO_W
from bumble.link import LocalLink

from boards.sim.board import make_sim
from btlink import native
from btlink.phone import NATIVE, Phone
from btlink.product import Product

_BASIC = bytes.fromhex("dda50300fffd77")
_CELLS = bytes.fromhex("dda50400fffc77")
_MTUS = (23, 185, 247)
_ASKED_N = 200
_PAUSE_S = 0.025  # slower than the product lets anybody ask
_RUN_N = 120
_WATCH_S = 4.95


async def ask(mtu: int, link, product) -> None:
    """JBD: latency of single requests, and the rate when the next follows at once."""
    phone = await Phone.make(link, product, mtu)
    first, whole = [], []
    for i in range(_ASKED_N):
        frame, n = ((_BASIC, 38), (_CELLS, 39))[i % 2]
        began_s = time.perf_counter()
        await phone.first(frame, n)
        first.append(phone.at_s[0] - began_s)
        whole.append(phone.at_s[-1] - began_s)
        await asyncio.sleep(_PAUSE_S)
    began_s = time.perf_counter()
    for _ in range(_RUN_N):
        await phone.first(_CELLS, 39)
    rate = _RUN_N / (time.perf_counter() - began_s)
    show(f"JBD, MTU {mtu}, first piece", first)
    show(f"JBD, MTU {mtu}, whole reply", whole)
    print(f"{'':8}one request after the other: {rate:.0f} frames a second (a module: 14)")
    await phone.connection.disconnect()


async def watch(mtu: int, link, product) -> None:
    """The native service: readings as often as it tells them."""
    phone = await Phone.make(link, product, mtu, ends=NATIVE)
    await phone.write(native.frame(native.WATCH, struct.pack("<HB", 100, 60)))
    await asyncio.sleep(_WATCH_S)
    frames = [row for row in native.split(b"".join(phone.pieces)) if row[0] == native.TOLD_LIVE]
    seconds = phone.at_s[-1] - phone.at_s[2]
    rate = (len(frames) - 1) / seconds
    size = len(frames[0][1]) + 4
    print(f"native, MTU {mtu}: {rate:.1f} frames of {size} bytes a second, 10 asked")
    await phone.connection.disconnect()


def show(what: str, seconds) -> None:
    ms = sorted(1000 * each for each in seconds)
    p95 = ms[len(ms) * 95 // 100]
    print(f"{what}: p50 {statistics.median(ms):.2f} ms, p95 {p95:.2f} ms, longest {ms[-1]:.2f} ms")


async def main() -> None:
    sim = make_sim(16, seed=3)
    sim.run(6)
    link = LocalLink()
    product = await Product.make(link, sim.pack, PICO_W)
    for mtu in _MTUS:
        await ask(mtu, link, product)
        while not product.radio.device.is_advertising:
            await asyncio.sleep(0.01)
    await watch(247, link, product)
    await product.close()


asyncio.run(main())
