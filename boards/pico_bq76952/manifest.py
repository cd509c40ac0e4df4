# Freezes Cellwarden and this board's wiring into a MicroPython of the port's own:
#   make -C ports/rp2 BOARD=RPI_PICO FROZEN_MANIFEST=.../boards/pico_bq76952/manifest.py
include("../manifest.py")
freeze("../rp2", ("pico.py", "pioguard.py", "onestore.py"))
module("board.py", base_path=".")
