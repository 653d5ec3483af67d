"""What an update is about and what came of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_new.names import Kind
from mlops_new.ports.templates import Template
from mlops_new.template.answers import Answer
from mlops_new.template.versions import Recorded


@dataclass(frozen=True)
class Side:
    """One repository of a project, as the Git host has it.

    Args:
        kind: Build or deploy.
        slug: Its name there.
        url: Its clone URL.
        place: A scratch repository that has fetched it.
        main: The commit of `main`.
        answers: The text of its answers file on `main`.
        recorded: What that says of the template.
        branches: The update branches that the host has, and their commits.
    """

    kind: Kind
    slug: str
    url: str
    place: Path
    main: str
    answers: str
    recorded: Recorded
    branches: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """A file that an update changes.

    Args:
        path: The file, after the update.
        what: `added`, `changed`, `deleted`, `renamed`; or `mode`, where the content stays what it is.
        added: Lines that come.
        removed: Lines that go.
        was: The path before, of a renamed one.
        mode: What kind of file it becomes, where that is another than before.
    """

    path: str
    what: str
    added: int = 0
    removed: int = 0
    was: str = ""
    mode: str = ""

    def __str__(self) -> str:
        named = f"{self.was} → {self.path}" if self.was else self.path
        lines = [] if self.what == "mode" else [f"+{self.added} -{self.removed}"]
        return f"{self.what:<8} {named} ({', '.join([*lines, *([self.mode] if self.mode else [])])})"


@dataclass(frozen=True)
class Clash:
    """A file that a person has to decide about.

    Args:
        path: The file.
        why: What stands against what.
    """

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass(frozen=True)
class Merged:
    """What the three-way merge of one repository made.

    Args:
        tree: The merged files as a Git tree of the scratch repository; None where something clashes.
        theirs: The commit that holds the template's side; picking it onto `main` is the merge.
        changes: What it changes in the repository.
        both: Files that were edited here and changed in the template, and merged.
        clashes: What a person has to decide.
        kept: Deleted by the template, edited here: kept.
        stays_deleted: Changed by the template, deleted here: stays so.
        healed: Files that lagged behind the recorded version, or never arrived: brought along.
    """

    tree: str | None
    theirs: str
    changes: tuple[Change, ...]
    both: tuple[str, ...] = ()
    clashes: tuple[Clash, ...] = ()
    kept: tuple[str, ...] = ()
    stays_deleted: tuple[str, ...] = ()
    healed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Updated:
    """One repository and what an update makes of it.

    Args:
        side: The repository.
        target: The version it is brought to.
        merged: The merge; None where there is nothing to merge.
        in_place: The commit of the update's branch, where the Git host has all of it already.
        log: What the template's own commits say, the newest first.
        answers: What becomes of the project's answers.
        given: The questions that are answered anew, where that is all that the update does.
    """

    side: Side
    target: Template
    merged: Merged | None = None
    in_place: str | None = None
    log: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    given: tuple[str, ...] = ()
