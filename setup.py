"""`pip install .`: the command, with the firmware's own code inside it (`cellwarden/_tree`)."""

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
TREES = ("lib", "firmware", "boards", "tools")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "cellwarden", "vm", "*.egg-info")


class WithSources(build_py):
    """The package, and beside it what it runs, lays on boards and replays with."""

    def run(self):
        super().run()
        tree = Path(self.build_lib) / "cellwarden" / "_tree"
        for name in TREES:
            shutil.rmtree(tree / name, ignore_errors=True)
            shutil.copytree(ROOT / name, tree / name, ignore=LEFT_OUT)


version = re.search(r'VERSION = "(.*)"', (ROOT / "firmware/bms/version.py").read_text()).group(1)
setup(version=version, cmdclass={"build_py": WithSources})
