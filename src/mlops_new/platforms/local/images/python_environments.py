"""Python environments made from pinned requirements, kept by the hash of what they are made from."""

import hashlib
import platform
import shutil
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_new.errors import Error, Unreachable
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images import environment_program as program
from mlops_new.platforms.local.images.pip_settings import PipNeededError
from mlops_new.platforms.local.processes.supervised import Ending, StopSignal, Supervised
from mlops_new.platforms.local.processes.waiting import telling
from mlops_new.platforms.local.store import file_copies
from mlops_new.system.environment import inheritable

_COMPLETE = "complete"
_UNREACHABLE = ("NewConnectionError", "Temporary failure in name resolution", "ConnectTimeoutError", "ProxyError")
_LEAST_FREE = 1 << 20  # bytes; on a full disk not even pip's own words can be kept
_MAKE_ROOM = "free some space and run the same command again"


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
    made_of += [text for _, text in program.texts(requirements)]
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:32]


def _complete(folder: Path) -> bool:
    return (folder / _COMPLETE).is_file()


def _make(folder: Path, requirements: Path, notify: Callable[[str], None]) -> None:
    # Environments hold their own path and cannot be moved, so this one is made where it stays; the marker is what
    # makes it count, and whatever a killed attempt has left is removed.
    file_copies.remove(folder)
    log = folder.with_suffix(".log")
    log.unlink(missing_ok=True)
    request, environ = program.Request(folder, (requirements,)), program.inherited(inheritable())
    try:
        installers = _installers(request, environ)
        tool = installers[0].name if installers else "venv"
        notify(
            f"making the image's environment from container/requirements.txt with {tool}: once for these requirements"
        )
        with telling(notify, "the image's environment", log):
            _run([program.empty(folder, environ)], requirements.parent, log)
            _install(installers, requirements.parent, log)
            if installers:
                _run([program.compilation(request, environ)], requirements.parent, log, check=False)
        (folder / _COMPLETE).touch()
    except BaseException:
        file_copies.remove(folder)
        raise


@dataclass(frozen=True)
class _Installer:
    name: str
    commands: Callable[[], list[program.Command]]


def _installers(request: program.Request, environ: dict[str, str]) -> list[_Installer]:
    """What installs the packages: uv, and pip where that fails; pip alone; or nothing where nothing is asked for."""
    if not any(text.strip() for _, text in program.texts(request.requirements[0])):
        return []
    by_pip = _Installer("pip", lambda: program.pip_commands(request, environ))
    try:
        commands = program.uv_commands(request, environ)
    except PipNeededError as needed:
        return [replace(by_pip, name=f"pip ({needed})" if str(needed) else "pip")]
    return [_Installer("uv", lambda: commands), by_pip]


def _install(installers: list[_Installer], folder: Path, log: Path) -> None:
    for number, installer in enumerate(installers, start=1):
        try:
            return _run(installer.commands(), folder, log)
        except Error:
            if number == len(installers):
                raise
            with log.open("a", encoding="utf-8") as said:
                said.write(f"{installer.name} has failed, so {installers[number].name} is tried\n")
    return None


def _run(commands: list[program.Command], folder: Path, log: Path, *, check: bool = True) -> None:
    for command in commands:
        ending = _ending(command, folder, log)
        if check and ending.code != 0:
            raise _explained(log, str(ending))


def _ending(command: program.Command, folder: Path, log: Path) -> Ending:
    stop = StopSignal()
    try:
        with Supervised(command.words, environment=command.environment, folder=folder, log=log) as process:
            return process.wait(stop)
    finally:
        stop.close()


def _explained(log: Path, ending: str) -> Error:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    why = (errors or lines or [ending])[-1]
    hint = f"all that uv, pip and venv said is in {log}"
    if shutil.disk_usage(log.parent).free < _LEAST_FREE or any("No space left on device" in line for line in lines):
        return Error(f"the disk is full: the image's environment cannot be made in {log.parent}", hint=_MAKE_ROOM)
    if any(sign in line for sign in _UNREACHABLE for line in lines):
        return Unreachable(
            f"the image's environment cannot be made, the package index does not answer: {why}", hint=hint
        )
    return Error(f"the image's environment cannot be made: {why}", hint=hint)
