"""Checks that find out what is missing before anything is touched. They read only."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.ports.checks import Check
from mlops_new.system import git
from mlops_new.system.environment import inheritable
from mlops_new.system.files import require_writable

_ENOUGH_SPACE = 2.0  # GB


class NotReady(Error):
    """Something that a command needs is missing; nothing was touched."""

    def __init__(self, failed: list[Check]) -> None:
        hints = dict.fromkeys(check.hint for check in failed if check.hint)
        super().__init__("; ".join(map(_sentence, failed)), hint="; ".join(hints))
        self.code = failed[0].code  # the exit code of what is missing


def refuse(checks: Iterable[Check]) -> None:
    """Raise one error that names everything that is not ok."""
    if failed := [check for check in checks if not check.ok]:
        raise NotReady(failed)


def local_checks(home: Path) -> list[Check]:
    """What every command needs of this machine."""
    return [
        _check("git", git.check_version),
        _check("git identity", git.check_identity),
        _check("home", lambda: _writable(home)),
        _check("disk space", lambda: _space(home)),
        _check("python venv", _venv),
    ]


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=look())
    except Error as error:
        return Check(name, ok=False, detail=error.message, hint=error.hint, code=error.code)


def _writable(home: Path) -> str:
    require_writable(home, way_out="set MLOPS_NEW_HOME to a folder of yours")
    return str(home)


def _space(home: Path) -> str:
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if free < _ENOUGH_SPACE:
        raise Error(
            f"{free:.1f} GB are free for {home}; an environment of a model takes about {_ENOUGH_SPACE:.0f} GB",
            hint="free some disk space, or set MLOPS_NEW_HOME to a folder on another disk",
        )
    return f"{free:.1f} GB free"


def _venv() -> str:
    """An environment without pip, which is what fails where a distribution has taken `venv` apart, as Debian has."""
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as folder:
        command = [sys.executable, "-m", "venv", "--without-pip", f"{folder}/environment"]
        made = subprocess.run(command, capture_output=True, text=True, check=False, env=inheritable())
        pip = subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True, check=False)
    if made.returncode or pip.returncode:
        last = (made.stdout + made.stderr).strip().splitlines() or ["the module ensurepip is missing"]
        raise Error(f"Python cannot make environments: {last[-1]}", hint="install your system's python3-venv package")
    return f"Python {sys.version.split()[0]} makes environments"


def _sentence(check: Check) -> str:
    return check.detail if check.name.split()[0] in check.detail else f"{check.name}: {check.detail}"
