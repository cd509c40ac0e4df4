# Freezes Cellwarden and this board's wiring into a MicroPython of the port's own:
#   make -C ports/esp32 BOARD=ESP32_GENERIC FROZEN_MANIFEST=.../boards/esp32_bq76952/manifest.py
include("../manifest.py")
module("board.py", base_path=".")
