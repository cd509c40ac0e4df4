"""Programs of other people read our pack: Home Assistant's decoder, and anything that opens a serial port."""

import json
import os
import select
import subprocess
import termios
from pathlib import Path

import pytest

from bms.report.jbd_slave import JbdSlave
from host_tests.common.scan_rig import Rig
from jbd_pty import PtyServer

BASIC, CELLS, NAME = "dda50300fffd77", "dda50400fffc77", "dda50500fffb77"


def reply(slave, frame):
    for byte in bytes.fromhex(frame):
        slave.put(byte)
    n = slave.answer()
    return bytes(slave.view[:n])


def home_assistant(slave):
    """(values, device information) as aiobmsble decodes them."""
    python = os.environ.get("CELLWARDEN_PY312")
    if not python:
        pytest.skip("NEEDS Python 3.12 or newer for aiobmsble: make test finds one, also pyenv's")
    script = Path(__file__).with_name("read_with_aiobmsble.py")
    replies = {frame: reply(slave, frame).hex() for frame in (BASIC, CELLS, NAME)}
    done = subprocess.run(
        [python, str(script)],
        input=json.dumps(replies),
        capture_output=True,
        text=True,
        timeout=60,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_home_assistant_reads_the_pack():
    rig = Rig(12, cell_n=16)
    rig.roles.cell_mv[:] = [3300 + i for i in range(16)]
    rig.roles.pack_ma = -12340
    rig.roles.temps[:] = [251, -49, 300]
    rig.run()
    values, info = home_assistant(JbdSlave(rig.pack))
    assert values["cell_voltages"] == [(3300 + i) / 1000 for i in range(16)]
    assert values["voltage"] == pytest.approx(52.92) and values["current"] == -12.34
    assert values["battery_level"] == 50 and values["problem"] is False
    assert values["temp_values"] == [25.1, -4.9, 30.0, 25.0]
    assert values["chrg_mosfet"] is values["dischrg_mosfet"] is True
    assert info == {"sw_version": "1.0", "hw_version": "Cellwarden"}


def test_home_assistant_sees_a_fault_and_the_fet_that_it_opened():
    rig = Rig(12, cell_n=8)
    rig.roles.temps[0] = -30
    rig.run(12)
    values, _ = home_assistant(JbdSlave(rig.pack))
    assert values["problem"] is True and values["problem_code"] == 1 << 5
    assert values["chrg_mosfet"] is False and values["dischrg_mosfet"] is True


def test_a_program_opens_the_port_asks_and_comes_back():
    server = PtyServer(JbdSlave(Rig(12).pack))
    for _ in range(2):  # some clients open the port for each request
        port = os.open(server.path, os.O_RDWR | os.O_NOCTTY)
        attributes = termios.tcgetattr(port)
        attributes[4] = attributes[5] = termios.B9600
        termios.tcsetattr(port, termios.TCSANOW, attributes)
        os.write(port, b"\x00\xff" + bytes.fromhex(CELLS))
        server.poll(20)
        assert select.select([port], [], [], 5)[0]
        answer = os.read(port, 100)
        assert answer[:4] == b"\xdd\x04\x00\x08" and len(answer) == 15
        server.poll(20)
        assert not select.select([port], [], [], 0)[0], "nothing unasked"
        os.close(port)
    server.close()
