#!/bin/sh
# Prints a Python 3.12 or newer that has the programs of requirements/interop.txt, in a virtual
# environment inside the folder given. Prints nothing when there is no such Python: the tests that
# want it then say so.
set -eu
cd "$(dirname "$0")/.."
python=$(sh tools/find_python.sh 3.12) || exit 0
if [ -f requirements/interop.txt ]; then
    echo "installing requirements/interop.txt" >&2
    "$python" -m venv "$1/interop"
    python="$PWD/$1/interop/bin/python"
    "$python" -m pip install -qq --disable-pip-version-check --no-input -r requirements/interop.txt
fi
echo "$python"
