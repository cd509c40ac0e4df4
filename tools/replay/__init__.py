"""Logs of the black box on a host: read them, check that nobody has changed them, replay them."""
