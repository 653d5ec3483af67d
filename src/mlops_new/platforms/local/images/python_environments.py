"""Python environments made from pinned requirements, kept by the hash of what they are made from."""

import hashlib
import platform
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from mlops_new.errors import Error, Unreachable
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.processes.supervised import StopSignal, Supervised
from mlops_new.platforms.local.processes.waiting import telling
from mlops_new.platforms.local.store import file_copies
from mlops_new.system.environment import inheritable

_COMPLETE = "complete"
_UNREACHABLE = ("NewConnectionError", "Temporary failure in name resolution", "ConnectTimeoutError", "ProxyError")
_LEAST_FREE = 1 << 20  # bytes; on a full disk not even pip's own words can be kept
_MAKE_ROOM = "free some space and run the same command again"
_OTHER_FILES = ("-r", "--requirement", "-c", "--constraint")


def environment(home: Home, requirements: Path, notify: Callable[[str], None]) -> Path:
    """Find or make the environment of a requirements file, and give its folder.

    Args:
        home: Where environments are kept.
        requirements: pip's format; the files it names by `-r` and `-c` count too.
        notify: Told when it has to be made, which takes a while.

    Raises:
        Error: It cannot be made; the message holds pip's own reason.
        Unreachable: The package index does not answer.
    """
    folder = home.environments / environment_digest(requirements)
    if not _complete(folder):
        with home.lock(f"environment-{folder.name}", notify):
            if not _complete(folder):
                _make(folder, requirements, notify)
    return folder


def environment_digest(requirements: Path) -> str:
    """What an environment is made from, as a hash: requirements, Python and machine."""
    made_of = [sys.implementation.cache_tag or "", platform.python_version(), sysconfig.get_platform()]
    made_of += [text for _, text in _texts(requirements, set())]
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:32]


def _texts(requirements: Path, seen: set[Path]) -> list[tuple[Path, str]]:
    if requirements in seen or not requirements.is_file():
        return []  # pip says what is wrong with it
    seen.add(requirements)
    text = requirements.read_text(encoding="utf-8", errors="replace")
    found = [(requirements, text)]
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if line.strip().startswith("-") else []
        if len(words) == 2 and words[0] in _OTHER_FILES:  # noqa: PLR2004 - an option and its file
            found += _texts((requirements.parent / words[1]).resolve(), seen)
    return found


def _complete(folder: Path) -> bool:
    return (folder / _COMPLETE).is_file()


def _make(folder: Path, requirements: Path, notify: Callable[[str], None]) -> None:
    # Environments hold their own path and cannot be moved, so this one is made where it stays; the marker is what
    # makes it count, and whatever a killed attempt has left is removed.
    notify(
        "making the image's environment from container/requirements.txt: once for these requirements, a minute or more"
    )
    file_copies.remove(folder)
    log = folder.with_suffix(".log")
    log.unlink(missing_ok=True)
    try:
        wanted = any(text.strip() for _, text in _texts(requirements, set()))
        # pip takes longer to come than everything else: it comes where it is needed.
        options = [] if wanted else ["--without-pip"]
        with telling(notify, "the image's environment", log):
            _run([sys.executable, "-I", "-m", "venv", *options, str(folder)], requirements.parent, log)
            if wanted:
                _install(folder, requirements, log)
        (folder / _COMPLETE).touch()
    except BaseException:
        file_copies.remove(folder)
        raise


def _install(folder: Path, requirements: Path, log: Path) -> None:
    python = str(folder / "bin" / "python")
    pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-compile"]
    _run([*pip, "--requirement", str(requirements)], requirements.parent, log)
    with log.open("a", encoding="utf-8") as said:
        said.write("compiling what was installed\n")
    # Compiled on all cores, which pip does not do. A file that does not compile is some package's template: no matter.
    _run(
        [python, "-I", "-m", "compileall", "-q", "-j", "0", str(folder / "lib")], requirements.parent, log, check=False
    )


def _run(command: list[str], folder: Path, log: Path, *, check: bool = True) -> None:
    stop = StopSignal()
    try:
        with Supervised(command, environment=_environment(), folder=folder, log=log) as process:
            ending = process.wait(stop)
    finally:
        stop.close()
    if check and ending.code != 0:
        raise _explained(log, str(ending))


def _environment() -> dict[str, str]:
    # The user's package index and proxy settings count; where her own Python looks for packages does not.
    unwanted = ("PYTHON", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER")
    return {name: value for name, value in inheritable().items() if not name.startswith(unwanted)}


def _explained(log: Path, ending: str) -> Error:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    why = (errors or lines or [ending])[-1]
    hint = f"all that pip and venv said is in {log}"
    if shutil.disk_usage(log.parent).free < _LEAST_FREE or any("No space left on device" in line for line in lines):
        return Error(f"the disk is full: the image's environment cannot be made in {log.parent}", hint=_MAKE_ROOM)
    if any(sign in line for sign in _UNREACHABLE for line in lines):
        return Unreachable(
            f"the image's environment cannot be made, the package index does not answer: {why}", hint=hint
        )
    return Error(f"the image's environment cannot be made: {why}", hint=hint)
