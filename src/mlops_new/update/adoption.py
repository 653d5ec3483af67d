"""A repository that somebody made by hand, or with another generator, and what it lacks of a template. Reads only."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.errors import Invalid
from mlops_new.names import ANSWERS_FILE, DEFINITIONS, Kind
from mlops_new.system import git
from mlops_new.system.git_trees import Tree
from mlops_new.template.answers import read_answers

# Where `config.toml` says what the questions ask: table, key, question.
_CONFIGURED = (
    ("project", "name", "project_name"),
    ("project", "description", "description"),
    ("project", "problem_type", "problem_type"),
    ("project", "monitoring", "monitoring"),
    ("data", "target", "target"),
    ("data", "time", "time_column"),
    ("data", "ids", "id_columns"),
    ("data", "features", "features"),
    ("data", "categorical", "categorical"),
    ("evaluation", "metric", "metric"),
    ("evaluation", "threshold", "metric_threshold"),
    ("instances", "processing", "instance_type"),
)


@dataclass(frozen=True)
class Found:
    """A repository as it stands.

    Args:
        path: The root of the working copy.
        kind: Build or deploy.
        answers: What it says of itself, by question.
        origin: The URL of its remote `origin`.
    """

    path: Path
    kind: Kind
    answers: Mapping[str, Any]
    origin: str | None


@dataclass(frozen=True)
class Gap:
    """How a repository differs from a template with its answers.

    Args:
        same: How many files are as the template has them.
        differs: Files that are otherwise.
        missing: Files that it does not have.
        modes: Those that differ in their mode alone: executable, or not.
        deleted: Those that are missing because somebody has deleted them.
    """

    same: int
    differs: tuple[str, ...]
    missing: tuple[str, ...]
    modes: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The gap for people."""
        yield f"  {self.same} files are as the template has them"
        yield from (
            f"  differs  {path}{' (only whether it is executable)' if path in self.modes else ''}"
            for path in self.differs
        )
        yield from (f"  missing  {path}" for path in self.missing if path not in self.deleted)
        yield from (f"  missing  {path} (was deleted here: no update brings it)" for path in self.deleted)
        if self.differs:
            yield "  what differs stays as it is: an update brings only what an earlier version of the template has so"


def look(path: Path) -> Found:
    """What a repository says of itself: by its answers file, its `config.toml`, its files, its folder's name.

    Raises:
        Invalid: it is no Git repository, has no commit, or does not show whether it builds or deploys.
    """
    root = git.top(path) if path.is_dir() else None
    if root is None or git.head(root) is None:
        raise Invalid(f"{path} is no Git repository with a commit", hint="git init, and commit what there is")
    recorded = read_answers(git.read(root, "HEAD", ANSWERS_FILE) or "")
    answers = dict(configured(git.read(root, "HEAD", "config.toml") or ""))
    answers |= {name: value for name, value in recorded.items() if not name.startswith("_")}
    kind = _kind(root, answers)
    answers.setdefault("project_name", root.name.removesuffix(f"-{kind}"))
    return Found(root, kind, answers, git.origin(root))


def gap(ours: Tree, rendered: Tree, was: Callable[[str], bool] = lambda _: False) -> Gap:
    """What the template has otherwise, or besides.

    Args:
        ours: The repository.
        rendered: The template with its answers.
        was: Whether the repository's history has had a file.
    """
    wanted = {path: entry for path, entry in rendered.items() if path != ANSWERS_FILE}
    missing = sorted(path for path in wanted if path not in ours)
    differs = sorted(path for path, entry in wanted.items() if path in ours and ours[path] != entry)
    modes = tuple(path for path in differs if ours[path][1] == wanted[path][1])
    deleted = tuple(path for path in missing if was(path))
    return Gap(len(wanted) - len(missing) - len(differs), tuple(differs), tuple(missing), modes, deleted)


def _kind(root: Path, answers: Mapping[str, Any]) -> Kind:
    said = str(answers.get("repository_kind", ""))
    named = root.name.rpartition("-")[2]
    holds = [kind for kind, files in DEFINITIONS.items() if any((root / file).exists() for file in files.values())]
    for candidate in (said, named, *holds):
        if candidate in list(Kind):
            return Kind(candidate)
    raise Invalid(
        f"{root} does not show whether it is a build or a deploy repository",
        hint="name its folder NAME-build or NAME-deploy",
    )


def configured(text: str) -> Iterator[tuple[str, Any]]:
    """What a `config.toml` says to the template's questions, by question; nothing where it is no TOML."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for table, key, question in _CONFIGURED:
        found = tables.get(table)
        if isinstance(found, dict) and key in found:
            yield question, found[key]
