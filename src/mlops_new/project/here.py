"""Which project a command is about: the repository it stands in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.errors import Invalid
from mlops_new.names import ANSWERS_FILE, Kind, Mark, valid_name
from mlops_new.system import git
from mlops_new.template.answers import read_answers

_HINT = "cd into a project's build or deploy repository, or name it with -C"


@dataclass(frozen=True)
class Repository:
    """A working copy of one of a project's repositories.

    Args:
        project: The project's name.
        kind: Build or deploy.
        path: The root of the working copy.
        answers: What it was rendered with.
    """

    project: str
    kind: Kind
    path: Path
    answers: Mapping[str, Any]

    @property
    def mark(self) -> Mark:
        """The mark of what is made for it."""
        return Mark(self.project, self.kind.value)


def standing_in(directory: Path) -> Repository:
    """The repository that a folder is in.

    Raises:
        Invalid: it is in none that mlops-new made.
    """
    if not directory.is_dir():
        raise Invalid(f"there is no folder {directory}", hint=_HINT)
    root = git.top(directory)
    file = (root or directory) / ANSWERS_FILE
    if root is None or not file.is_file():
        raise Invalid(f"{directory} is not in a repository made by mlops-new", hint=_HINT)
    answers = read_answers(file.read_text(encoding="utf-8"))
    try:
        kind = Kind(answers.get("repository_kind", ""))
    except ValueError:
        raise Invalid(f"{file} does not say which kind of repository this is", hint=_HINT) from None
    return Repository(valid_name(str(answers.get("project_name", ""))), kind, root, answers)
