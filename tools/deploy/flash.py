"""Installs the firmware on a board: checks first, copies what changed, makes it valid in one step.

Nothing that boots is touched until every new file lies on the board and has the right hash. Then
boot.py is replaced, which suits old and new firmware alike, and a plan is written; whatever happens
after that, boot.py finishes the plan at the next start. See firmware/boot.py.
"""

from pathlib import Path

from deploy.files import CompileError, files
from deploy.link import Broken, FlashError, Link, emulated
from deploy.plan import (
    BACK,
    BOOT,
    CONFIG,
    INSTALLED,
    PREVIOUS,
    SMALL_N,
    STAGE,
    TRIAL,
    Change,
    hiding,
    listed,
    sha256,
    staged_name,
    twins,
    with_list,
)

LEAST = (1, 24)
SAYS = "cellwarden"  # the status line begins with it
_CONFIG_N = 1 << 16
_WAIT_S = 20
_EMULATED_WAIT_S = 600
_TRIES = 4
_LONGER = """\
import sys
try:
    import machine
    machine.WDT(timeout=8300)
except (AttributeError, ImportError, OSError, ValueError):
    pass
"""
_INSTEAD = "; --replace takes the old version away first: nothing protects or conducts until the new one is there"
_REPLACED = (
    "no room for both: the old version goes first; the FETs are off until the new one starts"
)
_ABOUT = "(sys.platform, tuple(sys.implementation[1])[:3], getattr(sys.implementation, '_mpy', 0))"


def gather(board: str, config_path):
    """The files of a board, with the list of them; a configuration only if it is a good one."""
    config = []
    try:
        if config_path is not None:
            config = [(CONFIG, _read(config_path))]
            check_config(config[0][1].decode(), str(config_path), board)
        return with_list(sorted(files(board) + config))
    except UnicodeDecodeError:
        raise FlashError(f"{config_path} is refused: it is no text") from None
    except (CompileError, ValueError, OSError) as error:
        raise FlashError(" ".join(str(error).split())) from None


def _read(path) -> bytes:
    """Once: it may be a pipe."""
    with open(path, "rb") as file:
        data = file.read(_CONFIG_N + 1)
    if len(data) > _CONFIG_N:
        raise ValueError(f"{path} is refused: more than {_CONFIG_N} bytes")
    return data


def check_config(text: str, name: str, board: str = "") -> None:
    """Is it a configuration, and one that the board's monitor can hold?"""
    from bms.config import ConfigError, from_json
    from deploy.holds import refusal

    try:
        why = refusal(from_json(text), board)
    except ConfigError as error:
        why = str(error)
    if why:
        raise FlashError(f"{name} is refused: {why}")


class Flash:
    """One update of one board over an open link. `tell`: where progress goes; `replace`: as --replace."""

    def __init__(self, link: Link, platform: str, wanted, tell=print, replace: bool = False):
        self._link = link
        self._platform = platform
        self._wanted = wanted
        self._tell = tell
        self._replace = replace

    def install(self) -> None:
        """All of it, or nothing (but for `replace`); the board runs again afterwards, whatever happened."""
        link = self._link
        self._stop_firmware()
        try:
            self._check_image()
            link.run(Path(__file__).with_name("on_device.py").read_text(), "starting")
            link.run(dict(self._wanted)[BOOT].decode(), "finishing an earlier update")
            change = self._compare()
            if change.nothing():
                self._tell("everything is there already")
                return
            change = self._make_room(change)
            self._upload(change)
            self._commit(change)
            self._verify(change)
        finally:
            link.reset()

    def _stop_firmware(self) -> None:
        """Stop it and give its watchdog more time; it may bite between the two, so try again."""
        for left in reversed(range(_TRIES)):
            self._link.interrupt()
            try:
                self._link.run(_LONGER, "stopping the firmware")
                return
            except Broken:
                if not left:
                    raise
                self._link.renew()

    def _check_image(self) -> None:
        platform, version, mpy = self._link.ask(_ABOUT, "asking for its version")
        check_image(self._platform, platform, version, mpy, self._wanted)

    def _compare(self) -> Change:
        link = self._link
        doing = "looking at its files"
        if link.ask("has_frozen()", doing):
            raise FlashError(
                "this MicroPython has Cellwarden frozen into it: put a plain image on the board first"
            )
        hidden = hiding(link.ask("names('/')", doing), self._wanted)
        if hidden:
            raise FlashError(f"{hidden[0]} would be imported instead of ours in /lib: remove it")
        self._check_kept_config()
        before = listed(link.ask(f"read({INSTALLED!r})", doing))
        paths = [path for path, _ in self._wanted]
        staged = [f"{STAGE}/{staged_name(path)}" for path in paths]
        found = self._hashes(sorted({*paths, *before, *twins(self._wanted), *staged}))
        return Change(self._wanted, before, found)

    def _hashes(self, paths) -> dict:
        text = self._link.run(f"hashes({paths!r})", "looking at its files")
        pairs = [line.split(" ", 1) for line in text.splitlines()]
        return {path: digest for digest, path in pairs}

    def _check_kept_config(self) -> None:
        """Without CONFIG the board keeps its own, and the new firmware must accept that."""
        if CONFIG in dict(self._wanted):
            return
        text = self._link.ask(f"read({CONFIG!r})", "looking at its files")
        if not text:
            raise FlashError("the board has no config.json yet: give one with CONFIG=path")
        check_config(text, "the board's config.json")

    def _make_room(self, change: Change) -> Change:
        """Old and new lie side by side; where they cannot the old one goes first, if that is allowed."""
        keep = [staged_name(path) for path in change.changed if path not in change.upload]
        self._link.run(f"clear({STAGE!r}, {keep!r})", "removing leftovers")
        self._link.run(f"clear({PREVIOUS!r}, [])", "removing the version before")
        doing = "looking for room"
        block_n, free = self._link.ask("space()", doing)
        needed = change.blocks(block_n)
        if needed <= free:
            return change
        alone = change.alone()
        taken = self._link.ask(f"taken({change.old()!r}, {block_n}, {SMALL_N})", doing)
        instead = alone.blocks(block_n) <= free + taken and change.may_go_back
        if not (instead and self._replace):
            raise FlashError(
                f"the file system is too full: {needed * block_n // 1024} KiB are needed, "
                f"{free * block_n // 1024} KiB are free{_INSTEAD if instead else ''}"
            )
        self._tell(_REPLACED)
        self._carry_out(change.removal(), "removing the old version")
        return alone

    def _upload(self, change: Change) -> None:
        self._link.run(f"folders({change.folders()!r})", "making folders")
        for count, path in enumerate(change.upload, 1):
            data = change.data[path]
            self._tell(f"{count}/{len(change.upload)} {path} {len(data)} B")
            self._link.write(f"{STAGE}/{staged_name(path)}", data)
        want = {f"{STAGE}/{name}": digest for name, digest in change.staged().items()}
        self._demand(want)

    def _demand(self, want: dict) -> None:
        found = self._hashes(sorted(want))
        wrong = [path for path in sorted(want) if found.get(path) != want[path]]
        if wrong:
            raise FlashError(
                f"{wrong[0]} does not read back as it was written: is the flash worn?"
            )

    def _commit(self, change: Change) -> None:
        """boot.py first: it must know how to finish the plan before there is one."""
        link = self._link
        if BOOT in change.changed:
            link.run(f"move({STAGE + '/' + staged_name(BOOT)!r}, {BOOT!r})", "replacing boot.py")
        if change.may_go_back:
            link.write(f"{STAGE}/{BACK}", change.way_back().encode())
            link.write(f"{STAGE}/{TRIAL}", b"")
        self._carry_out(change.lines(), "putting the files in place")

    def _carry_out(self, plan: str, doing: str) -> None:
        """From the rename on boot.py ends it, whatever happens."""
        link = self._link
        link.run(f"folders([{STAGE!r}])", "making folders")
        link.write(f"{STAGE}/part", plan.encode())
        link.run(f"import os\nos.rename('{STAGE}/part', '{STAGE}/plan')", "writing the plan")
        link.run("finish(dog.bark)", doing)

    def _verify(self, change: Change) -> None:
        self._demand({path: sha256(change.data[path]) for path in change.data})
        left = [path for path, digest in self._hashes(change.gone).items() if digest]
        if left:
            raise FlashError(f"{left[0]} should be gone and is not")
        self._tell(f"{len(change.changed)} files replaced, {len(change.gone)} removed, verified")


def check_image(needed: str, platform: str, version, mpy: int, wanted) -> None:
    """The board's MicroPython can load what we have; `FlashError` says why not."""
    text = ".".join(str(part) for part in version)
    if platform != needed:
        raise FlashError(
            f"this board is for MicroPython of {needed}, the one there is of {platform}"
        )
    if tuple(version) < LEAST:
        least = ".".join(str(part) for part in LEAST)
        raise FlashError(f"MicroPython {text} is too old: put {least} or newer on the board")
    for path, data in wanted:
        # native code of another processor is no reason: its module has a plain twin
        if path.endswith(".mpy") and data[1] != mpy & 0xFF:
            raise FlashError(f"MicroPython {text} cannot load {path}: another .mpy version")


def patience_s(port: str) -> float:
    """How long a board there may take to start."""
    return _EMULATED_WAIT_S if emulated(port) else _WAIT_S


def first_status(link: Link, seconds: float = _WAIT_S) -> str:
    """The first line that the firmware says after the reset."""
    trace = False
    for line in link.listen(seconds):
        if line.startswith(SAYS):
            return line
        if trace and line and not line.startswith("File "):
            raise FlashError(f"installed, but the firmware does not start: {line}")
        trace = trace or line.startswith("Traceback")
    raise FlashError(f"installed, but the board has said nothing for {seconds:.0f} s")
