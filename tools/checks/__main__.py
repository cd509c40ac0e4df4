"""`python -m checks`: import direction, dialect, size, and mpy-cross of every device file."""

import sys

from checks import dialect, imports, mpy, size
from checks.source import parse, python_files


def main() -> int:
    paths = python_files()
    problems = dialect.stale_tables(paths)
    warnings = []
    for path in paths:
        try:
            tree = parse(path)
        except SyntaxError as error:
            problems.append(f"{path}:{error.lineno}: {error.msg}")
            continue
        for check in (imports.check, dialect.check, size.check):
            problems += [
                f"{path}:{line}: {message}" for line, message in sorted(check(path, tree))
            ]
        warnings += [f"{path}:{line}: warning: {text}" for line, text in dialect.warn(path, tree)]
    mpy_n, mpy_bytes, failed = mpy.compile_all(paths)
    problems += failed
    for line in warnings + problems:
        print(line)
    print(
        f"checks: {len(paths)} files, {len(problems)} problems; "
        f"mpy-cross: {mpy_n} files, {mpy_bytes} bytes of lib and firmware"
    )
    return 1 if problems else 0


sys.exit(main())
