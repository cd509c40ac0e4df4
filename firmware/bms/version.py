"""Which firmware this is. A log names it, because only the same policy decides the same."""

VERSION = "0.2.0"
