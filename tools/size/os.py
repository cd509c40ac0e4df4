"""`os` for the size rig: the machine's own, and random bytes as every board has."""

from uos import *  # noqa: F403


def urandom(n):
    return bytes(n)
