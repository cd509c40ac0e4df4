"""Which MicroPython the emulated Pico boots, and when it may be downloaded. No network is touched here."""

import subprocess

import pytest

from emulate import image as images


def uf2(payload: bytes, total=None, family=0xE48BFF56, flags=0x2000) -> bytes:
    """An image of 256-byte blocks; `total`: what it says of their number."""
    parts = [payload[at : at + 256].ljust(256, b"\0") for at in range(0, len(payload), 256)]
    out = b""
    for number, part in enumerate(parts):
        words = (flags, 0x10000000 + 256 * number, 256, number, total or len(parts), family)
        head = b"UF2\n\x57\x51\x5d\x9e" + b"".join(word.to_bytes(4, "little") for word in words)
        out += (head + part).ljust(508, b"\0") + b"\x30\x6f\xb1\x0a"
    return out


GOOD = uf2(b"x" * 200 + b"3.4.0; MicroPython v1.28.0 on 2026-04-06\0" + b"y" * 900)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Nothing was ever downloaded, nothing was given, and nothing may be run."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MICROPYTHON_UF2", raising=False)
    monkeypatch.delenv("CELLWARDEN_DOWNLOAD", raising=False)
    monkeypatch.setattr(images, "_failed", [])
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: pytest.fail("a program was run"))
    images.cached().parent.mkdir(parents=True)
    return tmp_path


def complain(tmp_path, data):
    path = tmp_path / "image.uf2"
    path.write_bytes(data)
    return images.complaint(path)


def test_the_whole_release_is_taken(tmp_path):
    assert complain(tmp_path, GOOD) is None


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "too early"),
        (GOOD[:-512], "too early"),
        (GOOD[:-100], "no UF2"),
        (b"<html>" + GOOD, "no UF2"),
        (GOOD.replace(b"v1.28.0", b"v1.27.0"), "does not say MicroPython v1.28.0"),
    ],
)
def test_a_torn_or_another_image_is_not(tmp_path, data, why):
    assert why in complain(tmp_path, data)


def test_a_plain_test_run_never_asks_the_network(home):
    with pytest.raises(images.NoImage, match="^NEEDS a MicroPython image"):
        images.image()


def test_what_was_downloaded_before_is_used(home):
    images.cached().write_bytes(GOOD)
    assert images.image() == str(images.cached())


def test_the_image_that_is_given_goes_first(home, monkeypatch):
    images.cached().write_bytes(GOOD)
    given = home / "mine.uf2"
    given.write_bytes(uf2(b"another build"))
    monkeypatch.setenv("MICROPYTHON_UF2", str(given))
    assert images.image() == str(given)
    given.unlink()
    with pytest.raises(images.NoImage, match="^NEEDS a MicroPython image.*is not there"):
        images.image()


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "ends too early"),
        (b"not found\n", "is no UF2, or torn"),
        (GOOD[:-512], "ends too early"),
        (GOOD[:-100], "is no UF2, or torn"),
        (uf2(b"of a Pico 2", family=0xE48BFF59), "is for another chip than the RP2040"),
    ],
)
def test_what_cannot_boot_is_refused_before_it_is_waited_for(home, monkeypatch, data, why):
    given = home / "mine.uf2"
    given.write_bytes(data)
    monkeypatch.setenv("MICROPYTHON_UF2", str(given))
    with pytest.raises(images.NoImage, match=f"^NEEDS.*mine.uf2 {why}$"):
        images.image()


def test_an_image_that_names_no_chip_may_be_one(home, monkeypatch):
    given = home / "mine.uf2"
    given.write_bytes(uf2(b"by another tool", family=0, flags=0))
    monkeypatch.setenv("MICROPYTHON_UF2", str(given))
    assert images.image() == str(given)


def test_a_download_that_fails_is_tried_once(home, monkeypatch):
    tries = []

    def fail(command, timeout, **more):
        tries.append(command)
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setenv("CELLWARDEN_DOWNLOAD", "1")
    monkeypatch.setattr(subprocess, "run", fail)
    for _ in range(3):
        with pytest.raises(images.NoImage, match="no download within"):
            images.image()
    assert len(tries) == 1
    assert tries[0][-3:] == ["--image", "1.28.0", "--fetch-fw-only"]


@pytest.mark.parametrize("data, fine", [(GOOD, True), (GOOD[:-512], False)])
def test_only_a_whole_download_is_kept(home, monkeypatch, data, fine):
    monkeypatch.setenv("CELLWARDEN_DOWNLOAD", "1")
    monkeypatch.setattr(subprocess, "run", lambda *a, **b: images.cached().write_bytes(data))
    if fine:
        assert images.image() == str(images.cached())
    else:
        with pytest.raises(images.NoImage, match="too early"):
            images.image()
    assert images.cached().is_file() == fine
