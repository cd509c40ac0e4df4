"""What must change on a board, decided from two lists; touches nothing."""

import hashlib

STAGE = "/staged"
PREVIOUS = "/previous"  # what the last update replaced, until the next
BACK, TRIAL = "back", "trial"  # staged with an update of a version that was there
INSTALLED = "/installed.txt"  # hash and path of everything we put there
CONFIG = "/config.json"  # yours: replaced when you give another one, never removed
BOOT = "/boot.py"
MAIN = "/main.py"  # without it nothing starts
SMALL_N = 512  # bytes of a file that littlefs lays into its folder: seven of them into two blocks
_RESERVE_N = 8  # blocks that the file system itself may take on the way


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def staged_name(path: str) -> str:
    """A flat name in /staged for a path on the device."""
    return path[1:].replace("/", "-")


def with_list(files) -> list[tuple[str, bytes]]:
    """The files and, last, the list of them."""
    lines = [f"{sha256(data)} {path}\n" for path, data in files]
    return [*files, (INSTALLED, "".join(lines).encode())]


def listed(text: str) -> list[str]:
    """Paths in an installed list."""
    return [line.split(" ", 1)[1] for line in text.splitlines() if " " in line]


def twins(wanted) -> list[str]:
    """Sources that MicroPython would import instead of our compiled modules."""
    return [path.removesuffix(".mpy") + ".py" for path, _ in wanted if path.endswith(".mpy")]


def hiding(names, wanted) -> list[str]:
    """Entries of / that MicroPython would import instead of a module of ours in /lib."""
    lib = {path[5:].removesuffix(".mpy") for path, _ in wanted if path.startswith("/lib/")}
    return ["/" + name for name in names if name.split(".")[0] in lib]


def _removed_as(path: str) -> int:
    return {MAIN: 0, INSTALLED: 2}.get(path, 1)


class Change:
    """`hashes`: path -> sha256 of what is on the board, "" or missing when it is not there."""

    def __init__(self, wanted, before: list[str], hashes: dict):
        self.data = dict(wanted)
        self.before = [path for path in before if hashes.get(path)]
        self._hashes = hashes
        self.may_go_back = bool(before)
        self.changed = [path for path, data in wanted if hashes.get(path) != sha256(data)]
        ours = set(before) | set(twins(wanted))
        self.gone = sorted(path for path in ours - set(self.data) - {CONFIG} if hashes.get(path))
        self.upload = [
            path
            for path in self.changed
            if hashes.get(f"{STAGE}/{staged_name(path)}") != sha256(self.data[path])
        ]

    def nothing(self) -> bool:
        return not self.changed and not self.gone

    def staged(self) -> dict:
        """Name in /staged -> hash that it must have."""
        return {staged_name(path): sha256(self.data[path]) for path in self.changed}

    def lines(self) -> str:
        """The plan for boot.py, which is in place before there is a plan."""
        moves = [f"{staged_name(path)} {path}\n" for path in self.changed if path != BOOT]
        lines = "".join(moves) + "".join(f"- {path}\n" for path in self.gone)
        if self.may_go_back:
            lines += f"{BACK} {PREVIOUS}/plan\n{TRIAL} {PREVIOUS}/trial\n"
        return lines

    def old(self) -> list[str]:
        """What the version that is there consists of, but for what the next one needs from the start."""
        return [path for path in self.before if path not in (BOOT, CONFIG)] + [INSTALLED]

    def alone(self) -> "Change":
        """The same on a board that has no version any more."""
        kept = {path: digest for path, digest in self._hashes.items() if path not in self.old()}
        return Change(list(self.data.items()), [], kept)

    def removal(self) -> str:
        """The plan that takes the old version away; first what starts it, its list last."""
        return "".join(f"- {path}\n" for path in sorted(self.old(), key=_removed_as))

    def way_back(self) -> str:
        """The plan that takes this one back: boot.py has put away what was replaced."""
        replaced = [path for path in self.changed if path != BOOT and self._hashes.get(path)]
        moves = [f"{staged_name(path)} {path}\n" for path in [*replaced, *self.gone]]
        added = [path for path in self.changed if path != BOOT and not self._hashes.get(path)]
        return "".join(moves) + "".join(f"- {path}\n" for path in added)

    def folders(self) -> list[str]:
        """Folders that the files need, outermost first."""
        found = {STAGE, PREVIOUS} if self.may_go_back else {STAGE}
        for path in self.changed:
            parts = path.split("/")[1:-1]
            found |= {"/" + "/".join(parts[: i + 1]) for i in range(len(parts))}
        return sorted(found)

    def blocks(self, block_n: int) -> int:
        """Blocks of the file system that must be free: old and new lie side by side for a while."""
        sizes = [len(self.data[path]) for path in self.upload]
        small_n = sum(n <= SMALL_N for n in sizes)
        of_files = sum(-(-n // block_n) for n in sizes if n > SMALL_N) + -(-small_n // 2)
        return of_files + 2 * len(self.folders()) + _RESERVE_N if self.upload else 0
