# Freezes Cellwarden and this board's wiring into a MicroPython of the port's own:
#   make -C ports/esp32 BOARD=ESP32_GENERIC_C3 FROZEN_MANIFEST=.../boards/libresolar_bms_c1/manifest.py
include("../manifest.py")
module("board.py", base_path=".")
