"""What the estimators cost on the emulated Pico: `python -m emulate.soc_cost`; needs MICROPYTHON_UF2.

A pack of 16 cells at four scans a second; longest and mean of each call. Cycle-approximate, no flash cache
misses, no time for a flash erase.
"""

import json
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
from coulomb import Coulomb
counter = Coulomb()
gc.collect()
before = gc.mem_alloc()
snap = Snapshot(16, 3)
soc = Soc(config)
health = Health(config)
gc.collect()
objects = gc.mem_alloc() - before
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
a = us()
for k in range(200):
    soc._count(-60000, 250)
b = us()
for k in range(200):
    pass
c = us()
d = us()
for k in range(200):
    counter.add(-60000, 250)
e = us()

class Box:
    pass

import os
from bms.keeper import Keeper
pack = Box()
pack.soc = soc
pack.health = health
pack.config = config
pack.journal = pack.mode = pack.protect = Box()
pack.journal.uptime_s = pack.mode.mode = pack.protect.waiting = 0
os.mkdir("log")
keeper = Keeper(pack, "log", 1)
save = []
for k in range(4):
    f = us()
    keeper.slack(0)
    save.append(diff(us(), f))
    pack.journal.uptime_s += 3600
f = us()
keeper = Keeper(pack, "log", 1)
load = diff(us(), f)
import json
print(json.dumps({
    "objects": objects, "most": most, "mean": [s // n for s in sums],
    "count": (diff(b, a) - diff(c, b)) / 200, "add": (diff(e, d) - diff(c, b)) / 200,
    "save": save, "load": load, "errors": keeper.errors, "guessed": soc.guessed,
}))
"""


def measure() -> dict:
    """Times in us, as the script above prints them."""
    pico = Pico(flash_with(content("pico_bq76952", {"cell_n": 16}, {"/main.py": b"pass\n"})))
    pico.boot()
    pico.enter_raw()
    found = json.loads(pico.execute(_ON_PICO, 600000))
    if found["errors"] or found["guessed"]:
        raise RuntimeError(f"the state is not kept: {found}")
    return found


def rows(found=None) -> list:
    """(name, value, unit, bound)."""
    found = measure() if found is None else found
    most, mean = ([us / 1000 for us in found[key]] for key in ("most", "mean"))
    return [
        ("estimator with 16 deltas and health, longest scan", most[2], "ms", 3),
        ("  mean scan", mean[2], "ms", None),
        ("  of it the state of charge, longest", most[0], "ms", None),
        ("path of the integer counter", found["count"], "us", 60),
        ("state of charge and health: saving them", max(found["save"]) / 1000, "ms", None),
        ("  loading them", found["load"] / 1000, "ms", None),
    ]


def main() -> None:
    found = measure()
    print(found)
    for name, value, unit, bound in rows(found):
        print(f"{name:55} {value:10.3f} {unit:4}" + (f"   bound {bound}" if bound else ""))


if __name__ == "__main__":
    sys.exit(needing_it(main))
