#!/bin/sh
# Prints a Python of at least the version given ("3.11") that can make virtual environments.
# Looks at $PYTHON, then on PATH, then at pyenv's. Prints nothing and fails when there is none.
set -u
least=$1
usable='import sys, venv, ensurepip
sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))'
for python in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
    if "$python" -c "$usable" "$least" >/dev/null 2>&1; then
        "$python" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
exit 1
