"""Runs before main.py: nothing that can fail. The off-pins float, so the FETs are off."""

import micropython

micropython.alloc_emergency_exception_buf(100)
