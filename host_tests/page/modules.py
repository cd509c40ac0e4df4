"""Runs the dashboard's modules under node, without a browser."""

import json
import shutil
import subprocess

import pytest

from host_tests.shared import ROOT

PAGE = ROOT / "tools" / "dashboard"
_SECONDS = 60


def run_js(imports: str, body: str, given=None):
    """What `body` returns. `imports`: lines of `import {...} from "jbd_frame.js"`; `given`: its data."""
    node = shutil.which("node")
    if not node:
        pytest.skip("NEEDS node (Debian: apt install nodejs)")
    base = (PAGE / "js").as_uri()
    script = imports.replace('from "', f'from "{base}/')
    script += '\nimport { readFileSync } from "node:fs";\n'
    script += "const given = JSON.parse(readFileSync(0));\n"
    script += f"const work = async () => {{ {body} }};\n"
    script += "console.log(JSON.stringify(await work()));\n"
    done = subprocess.run(
        [node, "--input-type=module", "-e", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
