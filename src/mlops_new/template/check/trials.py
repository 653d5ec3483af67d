"""What is tried with a template, each trial in a process of its own; what went well is not tried again."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.errors import Error, Invalid
from mlops_new.names import ANSWERS_FILE, Kind
from mlops_new.ports.templates import Template
from mlops_new.system.environment import inheritable
from mlops_new.system.worker_pool import spread
from mlops_new.template.answers import read_answers
from mlops_new.template.check.inspection import faults
from mlops_new.template.copier import Copier

_CHECKS = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("pytest", "-q"))
_ALONE = 8  # up to here a second process, which has to load Copier, would not save time
_LINES = 12  # of what a failed check says


@dataclass(frozen=True)
class Trial:
    """One thing that is tried.

    Args:
        what: `render`, `definitions`, `tests` or `update from …`.
        kind: Build or deploy.
        answers: The answers, as a sorted JSON text so that trials can be told apart.
        template: The version that is rendered.
        old: The released version that an update begins at.
        python: The interpreter that definitions are compiled, or tests run, with.
    """

    what: str
    kind: Kind
    answers: str
    template: Template
    old: str | None = None
    python: str | None = None

    def key(self, digest: str) -> str:
        """What its outcome depends on."""
        return f"{digest} {self.what} {self.kind} {self.answers} {self.old} {self.python}"

    @property
    def data(self) -> dict[str, Any]:
        """The answers."""
        return dict(json.loads(self.answers))


@dataclass(frozen=True)
class Tried:
    """How a trial ended.

    Args:
        trial: What was tried.
        faults: What is wrong, a line each.
        refused: The questions do not allow these answers together.
        seconds: How long it took; 0 where it was known from before.
    """

    trial: Trial
    faults: tuple[str, ...] = ()
    refused: bool = False
    seconds: float = 0.0


def perform(trials: Sequence[Trial]) -> list[Tried]:
    """Try them side by side."""
    return spread(_perform, trials, alone=_ALONE)


def _perform(trial: Trial) -> Tried:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as folder:
        try:
            found = _faults(trial, Path(folder))
        except Invalid:
            return Tried(trial, refused=True, seconds=time.monotonic() - started)
        except Error as error:
            found = [error.message]
    return Tried(trial, tuple(found), seconds=time.monotonic() - started)


def _faults(trial: Trial, folder: Path) -> list[str]:
    made = folder / trial.kind
    if trial.old:
        return _update_faults(trial, folder)
    Copier().render(trial.template, trial.kind, trial.data, made, {})
    match trial.what:
        case "definitions":
            return _failed(made, [str(trial.python), "definition.py", "--check"])
        case "tests":
            programs = Path(str(trial.python)).parent
            return [line for check in _CHECKS for line in _failed(made, [str(programs / check[0]), *check[1:]])]
        case _:
            return faults(made, trial.kind)


def _failed(folder: Path, command: Sequence[str]) -> list[str]:
    env = {**inheritable(), "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return [f"{Path(command[0]).name} fails", *(f"  {line}" for line in said[-_LINES:])]


def _update_faults(trial: Trial, folder: Path) -> list[str]:
    """Where plain `copier update` of a released version comes to something else than a fresh render."""
    copier, updated, fresh = Copier(), folder / "updated", folder / "fresh"
    copier.render(Template(trial.template.url, str(trial.old)), trial.kind, trial.data, updated, {})
    try:
        copier.update(updated, trial.template.version)
    except Invalid as error:  # which that version did not
        return [error.message]
    answers = (updated / ANSWERS_FILE).read_text(encoding="utf-8")
    if read_answers(answers).get("_commit") != trial.template.version:
        return ["the update did not arrive at this version"]
    copier.rerender(trial.template, answers, fresh, {})
    return _differences(_contents(updated), _contents(fresh))


def _differences(updated: Mapping[str, bytes], fresh: Mapping[str, bytes]) -> list[str]:
    names = sorted(name for name in {*updated, *fresh} if updated.get(name) != fresh.get(name))
    return [f"{name} is not what a fresh render has" for name in names]


def _contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
