"""How far a project is from what it should be, in sentences. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_new.names import DEFINITIONS, TEMPLATE_MARK, Kind, Mark, pipeline_name
from mlops_new.ports.git_host import HostedRepository
from mlops_new.project.observe import CopyState, Observed, WorkingCopy


@dataclass(frozen=True)
class LocalWork:
    """What a working copy holds that its remote does not.

    Args:
        changed: How many files are changed or new, and not committed.
        commits: How many commits no remote branch has.
        stashed: How many stashes there are.
        behind: Whether `main` of the Git host has commits that were not fetched.
    """

    changed: int = 0
    commits: int = 0
    stashed: int = 0
    behind: bool = False

    def sentences(self) -> Iterator[str]:
        """What would be lost with the working copy."""
        if self.changed:
            yield f"{_count(self.changed, 'file')} with uncommitted changes"
        if self.commits:
            yield f"{_count(self.commits, 'commit')} not pushed"
        if self.stashed:
            yield f"{_count(self.stashed, 'stash', 'stashes')}"


def differences(name: str, seen: Observed, work: Mapping[Kind, LocalWork]) -> list[str]:
    """Everything that is not as it should be.

    Args:
        name: The project.
        seen: What there is.
        work: For each working copy of ours, what it holds beyond its remote.
    """
    return [
        *(text for kind in Kind for text in _copy(seen.copies[kind], work.get(kind))),
        *(text for kind in Kind for text in _hosted(name, kind, seen.hosted[kind])),
        *([seen.refusal.message] if seen.refusal else []),
        *_template(seen),
        *(f"to do: {step}" for step in seen.setup),
        *_group(name, seen),
        *(text for kind in Kind for text in _pipelines(name, kind, seen)),
    ]


def _copy(copy: WorkingCopy, work: LocalWork | None) -> Iterator[str]:
    match copy.state:
        case CopyState.ABSENT:
            yield f"working copy {copy.path} is missing"
        case CopyState.FOREIGN:
            yield f"{copy.path} is not this project's repository"
        case CopyState.OURS:
            yield from (f"{copy.path}: {text}" for text in work.sentences()) if work else ()
            if work and work.behind:
                yield f"{copy.path}: main has moved on at {copy.origin}"


def _hosted(name: str, kind: Kind, repository: HostedRepository | None) -> Iterator[str]:
    if repository is None:
        yield f"the {kind} repository is not hosted"
    elif repository.mark != Mark(name, kind.value):
        yield f"repository {repository.url} was not made for this project"
    elif repository.head is None:
        yield f"nothing was pushed to {repository.url}"


def _template(seen: Observed) -> Iterator[str]:
    hosted = seen.template.hosted
    if seen.template.problem:
        yield seen.template.problem
    if not seen.template.ours:
        return
    if hosted is None:
        yield f"the template repository {seen.template.url} is missing"
    elif hosted.mark != TEMPLATE_MARK:
        yield f"repository {seen.template.url} was not made by mlops-new"


def _group(name: str, seen: Observed) -> Iterator[str]:
    if seen.group is None:
        yield f"model package group {name} is missing"
    elif seen.group.mark is None or seen.group.mark.project != name:
        yield f"model package group {name} was not made for this project"


def _pipelines(name: str, kind: Kind, seen: Observed) -> Iterator[str]:
    for short, file in DEFINITIONS[kind].items():
        pipeline = pipeline_name(name, short)
        found = seen.pipelines[pipeline]
        if found is None:
            yield f"pipeline {pipeline} is not registered"
        elif found.mark is None or found.mark.project != name:
            yield f"pipeline {pipeline} was not made for this project"
        elif pipeline in seen.committed and found.digest != seen.committed[pipeline]:
            yield f"pipeline {pipeline} differs from the committed {file}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
