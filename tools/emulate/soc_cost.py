"""What the estimators cost on the emulated Pico: `python -m emulate.soc_cost`; needs MICROPYTHON_UF2.

A pack of 16 cells at four scans a second; longest and mean of each call. Cycle-approximate, no flash cache
misses.
"""

import sys

from emulate.deploy import content, flash_with
from emulate.image import needing_it
from emulate.pico import Pico

_ON_PICO = """
import gc, time
from bms.config import Config
config = Config({"cell_n": 16}).bare()
from bms.health import Health
from bms.snapshot import Snapshot
from bms.soc import Soc
gc.collect()
before = gc.mem_alloc()
snap = Snapshot(16, 3)
soc = Soc(config)
health = Health(config)
gc.collect()
print("objects", gc.mem_alloc() - before)
snap.fresh = snap.plausible = True
snap.fets = 3
snap.temp_min_ddegc = snap.temp_max_ddegc = 250
soc.set(300)
us, diff = time.ticks_us, time.ticks_diff
n = 0
most = [0, 0, 0]
sums = [0, 0, 0]
for k in range(150):
    ma = -60000 if k % 16 < 8 else -5000
    mv = 3255 - k // 200 + ma * 4 // 10000
    snap.pack_ma = ma
    for i in range(16):
        snap.cell_mv[i] = mv + i % 3
    snap.cell_sum_mv = 16 * mv + 15
    snap.cell_min_mv = mv
    snap.cell_max_mv = mv + 2
    a = us()
    soc.step(snap, 250)
    b = us()
    health.step(snap, soc, 250, True)
    c = us()
    for at, took in ((0, diff(b, a)), (1, diff(c, b)), (2, diff(c, a))):
        most[at] = max(most[at], took)
        sums[at] += took
    n += 1
print("most", most, "mean", [s // n for s in sums])
a = us()
for k in range(200):
    soc._count(-60000, 250)
b = us()
for k in range(200):
    pass
c = us()
d = us()
for k in range(200):
    soc._counter.add(-60000, 250)
e = us()
print("add", (diff(e, d) - diff(c, b)) / 200)
print("count", (diff(b, a) - diff(c, b)) / 200)
"""


def main() -> None:
    pico = Pico(flash_with(content("pico_bq76952", {"cell_n": 16}, {"/main.py": b"pass\n"})))
    pico.boot()
    pico.enter_raw()
    print(pico.execute(_ON_PICO, 600000))


if __name__ == "__main__":
    sys.exit(needing_it(main))
