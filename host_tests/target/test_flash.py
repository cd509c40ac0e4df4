"""`make flash` with the real mpremote against a real MicroPython image on an emulated RP2040.

`MICROPYTHON_UF2`: the image. `CELLWARDEN_CONSOLE`: a command that runs it with its console on a TCP port,
`{port}` and `{image}` in it are filled in; it may take its time.
"""

import os
import shlex
import socket
import subprocess
import time

import pytest

from deploy.flash import Flash, first_status, gather
from deploy.link import FlashError, Link
from host_tests.shared import ROOT

_STOCK = "rp2040py micropython --image {image} --tcp-port {port}"
_START_S = 60


@pytest.fixture(scope="module")
def port():
    """An emulated Pico with nothing on it but MicroPython."""
    image = os.environ.get("MICROPYTHON_UF2")
    if not image:
        pytest.skip("NEEDS MICROPYTHON_UF2=/path/to/RPI_PICO.uf2")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    line = os.environ.get("CELLWARDEN_CONSOLE", _STOCK).format(image=image, port=number)
    try:
        emulator = subprocess.Popen(
            shlex.split(line), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
    except FileNotFoundError:
        pytest.skip("NEEDS rp2040py (Python 3.12), or CELLWARDEN_CONSOLE to start an emulator")
    try:
        _wait_for(number)
        yield f"socket://127.0.0.1:{number}"
    finally:
        emulator.terminate()
        emulator.wait(30)


def _wait_for(number: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", number)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError("the emulator does not open its port")


def update(port, wanted) -> list:
    said = []
    link = Link(port)
    try:
        Flash(link, "rp2", wanted, said.append).install()
        said.append(first_status(link, 60))
    finally:
        link.close()
    return said


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "config.json"
    config.write_text('{"cell_n": 16, "ntc_n": 3}')
    return gather("pico_bq76952", config)


def test_everything_goes_onto_the_board_and_the_firmware_speaks(port, wanted):
    said = update(port, wanted)
    assert f"{len(wanted)} files replaced, 0 removed, verified" in said
    assert said[-1].startswith("cellwarden pico_bq76952 ")


def test_again_nothing_is_copied_although_the_watchdog_runs(port, wanted):
    said = update(port, wanted)
    assert said[0] == "everything is there already"
    assert said[-1].startswith("cellwarden pico_bq76952 ")


def test_a_wrong_board_is_refused_and_the_old_version_goes_on(port, wanted):
    link = Link(port)
    try:
        with pytest.raises(FlashError, match="of esp32, the one there is of rp2"):
            Flash(link, "esp32", wanted).install()
        assert first_status(link, 60).startswith("cellwarden pico_bq76952 ")
    finally:
        link.close()
