"""Runs on the board, sent there as text by `flash`. MicroPython's dialect.

Every function strokes the watchdog: when the cable is pulled, the board restarts by itself and runs
what was installed before.
"""

import binascii
import hashlib
import os
import sys

import machine


class Dog:
    """The watchdog that firmware may have left running, with the longest time that every port has."""

    def __init__(self):
        try:
            self._dog = machine.WDT(timeout=8300)
        except (AttributeError, ValueError, OSError):
            self._dog = None

    def feed(self):
        if self._dog is not None:
            self._dog.feed()

    def bark(self):
        """The same, and tell the other end that we are alive."""
        self.feed()
        print(".", end="")


dog = Dog()
buffer = bytearray(1024)


def is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def sha(path):
    """Hash of a file in hex, empty when there is none."""
    dog.feed()
    try:
        file = open(path, "rb")
    except OSError:
        return ""
    total = hashlib.sha256()
    try:
        n = file.readinto(buffer)
        while n:
            total.update(memoryview(buffer)[:n])
            n = file.readinto(buffer)
    except OSError:  # a folder of that name
        return ""
    finally:
        file.close()
    return binascii.hexlify(total.digest()).decode()


def hashes(paths):
    for path in paths:
        print(sha(path), path)


def read(path):
    """A text file, empty when there is none."""
    dog.feed()
    if not is_there(path):
        return ""
    with open(path) as file:
        return file.read()


def names(folder):
    dog.feed()
    return os.listdir(folder) if is_there(folder) else []


def space():
    """Block size, free blocks."""
    about = os.statvfs("/")
    return about[0], about[3]


def taken(paths, block_n, small_n):
    """Blocks that come back at least when these are removed: up to `small_n` bytes lie in a folder."""
    total = 0
    for path in paths:
        dog.feed()
        n = os.stat(path)[6] if is_there(path) else 0
        if n > small_n:
            total += -(-n // block_n)
    return total


def has_frozen():
    """This image has the firmware's modules built in."""
    path = sys.path[:]
    sys.path[:] = [".frozen"]
    try:
        __import__("coulomb")
    except ImportError:
        return False
    finally:
        sys.path[:] = path
    return True


def folders(paths):
    for path in paths:
        if not is_there(path):
            os.mkdir(path)


def clear(folder, keep):
    """Remove leftovers of an update that never came to its end; the folder too when all of it was."""
    for name in names(folder):
        if name not in keep:
            dog.feed()
            os.remove(folder + "/" + name)
    if is_there(folder) and not names(folder):
        os.rmdir(folder)


class Writer:
    """The one file that is being written."""

    def begin(self, path):
        dog.feed()
        self._file = open(path, "wb")

    def put(self, text):
        dog.feed()
        self._file.write(binascii.a2b_base64(text))

    def end(self):
        dog.feed()
        self._file.close()


writer = Writer()
