"""`extra` for `on_pico`: a stranger who is connected writes the worst noise known, every 5 ms, for ever."""

import asyncio

from bluetooth import radio

NOISE = (b"\xdd\xa5\x04\x39" + b"\xdd\xa5\x03" * 20) * 2
_JBD, _REQUESTS = 0, 1  # service, characteristic


class Flood:
    async def run(self):
        while radio.handler is None:
            await asyncio.sleep_ms(100)
        radio.data = NOISE
        radio.handler(1, (64, 0, bytes(6)))  # connected
        written = (64, radio.handles[_JBD][_REQUESTS])
        while True:
            radio.handler(3, written)
            await asyncio.sleep_ms(5)


def tasks():
    return [Flood()]
