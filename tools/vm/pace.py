"""Scans a second of this interpreter, simulator included: `pace.py SECONDS` of simulated time."""

import sys
import time

from boards.sim.board import make_sim


def main() -> None:
    sim = make_sim(soc=0.5)
    sim.run(5)
    before = sim.pack.snap.seq
    ticks = getattr(time, "ticks_us", None)
    began_us = ticks() if ticks else time.perf_counter_ns() // 1000
    sim.run(int(sys.argv[1]))
    now_us = ticks() if ticks else time.perf_counter_ns() // 1000
    took_us = time.ticks_diff(now_us, began_us) if ticks else now_us - began_us
    print((sim.pack.snap.seq - before) * 1000000 // took_us)


main()
