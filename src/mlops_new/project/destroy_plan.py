"""What there is to remove of a project, as steps in the reverse order of making it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from mlops_new.errors import Conflict
from mlops_new.names import Kind, Mark, slug
from mlops_new.ports.git_host import HostedRepository
from mlops_new.ports.registry import Pipeline, Remains
from mlops_new.ports.step import Delegated, Step
from mlops_new.project.drift import LocalWork
from mlops_new.project.observe import CopyState, WorkingCopy
from mlops_new.system.git_urls import same_remote


@dataclass(frozen=True)
class Unregister(Step):
    """Delete a pipeline from the platform; what its executions made stays."""

    pipeline: str
    mark: Mark
    purged: bool = False

    action = "delete pipeline"
    subject = "pipeline"
    sign = "-"

    def __str__(self) -> str:
        return f"Delete pipeline {self.pipeline}" + ("" if self.purged else " (what its executions made stays)")


@dataclass(frozen=True)
class DeleteRepository(Step):
    """Delete a repository from the Git host."""

    slug: str
    url: str
    mark: Mark

    action = "delete repository"
    subject = "url"
    sign = "-"

    def __str__(self) -> str:
        return f"Delete repository {self.url}"


class Owner(Enum):
    """Who knows how something is taken down."""

    HOST = auto()
    PLATFORM = auto()


@dataclass(frozen=True)
class TakeDown(Delegated):
    """Delete what the Git host has besides repositories, or the platform besides pipelines.

    Args:
        what: The owner's own step.
        owner: Who knows how.
    """

    owner: Owner


@dataclass(frozen=True)
class RemoveCopy(Step):
    """Remove a working copy."""

    path: Path

    action = "remove working copy"
    subject = "path"
    sign = "-"

    def __str__(self) -> str:
        return f"Remove {self.path}"


Removal = Unregister | DeleteRepository | TakeDown | RemoveCopy


@dataclass(frozen=True)
class Found:
    """What there is of a project.

    Args:
        copies: The working copies.
        hosted: The repositories.
        pipelines: The pipelines.
        host_steps: What the Git host would delete besides.
        urls: Where the Git host has, or had, the repositories.
        remains: What the platform has besides pipelines.
        purge: Whether what executions have made goes, too.
    """

    copies: Mapping[Kind, WorkingCopy]
    hosted: Mapping[Kind, HostedRepository | None]
    pipelines: Mapping[str, Pipeline | None]
    host_steps: tuple[Step, ...]
    urls: Mapping[Kind, str]
    remains: Remains = field(default_factory=Remains)
    purge: bool = False


def plan_removal(name: str, found: Found) -> tuple[Removal, ...]:
    """Everything that is marked as this project's, and nothing else."""
    return tuple(_steps(name, found))


def ours(name: str, hosted: Mapping[Kind, HostedRepository | None]) -> list[str]:
    """The slugs of the repositories that carry the project's mark."""
    return [found.slug for kind, found in hosted.items() if found and found.mark == Mark(name, kind.value)]


def kept(name: str, found: Found) -> list[str]:
    """What stays although it has the project's name, and why."""
    foreign = [
        *(f"repository {one.url}" for one in found.hosted.values() if one and one.slug not in ours(name, found.hosted)),
        *(f"pipeline {one.name}" for one in found.pipelines.values() if one and not _is_pipeline_of(name, one)),
        *(str(copy.path) for copy in found.copies.values() if copy.state is CopyState.FOREIGN),
    ]
    elsewhere = [copy for kind, copy in found.copies.items() if _is_copy(copy) and not _is_from(copy, found.urls[kind])]
    return [
        *(f"{what} was not made for this project" for what in foreign),
        *(f"{copy.path} is a working copy of {copy.origin or 'no remote'}" for copy in elsewhere),
        *found.remains.kept,
    ]


def refuse_running(found: Found, options: str = "") -> None:
    """Refuse to pull the pipelines away under executions that have not ended.

    Args:
        found: What there is of the project.
        options: What the command that stops them needs to reach them.

    Raises:
        Conflict: naming them.
    """
    if running := found.remains.running:
        first = running[0].rpartition("/")[2]
        raise Conflict(
            f"{', '.join(running)} {'is' if len(running) == 1 else 'are'} still running",
            hint=f"wait for the end, or, in the project's repository: mlops-new stop {first}{options}",
        )


def pipelines_of(name: str, pipelines: Mapping[str, Pipeline | None]) -> list[str]:
    """The names of the project's pipelines, without those that are somebody else's."""
    return [pipeline for pipeline, found in pipelines.items() if found is None or _is_pipeline_of(name, found)]


def protect_local_work(work: Mapping[Path, LocalWork]) -> None:
    """Refuse to remove what exists nowhere else.

    Raises:
        Conflict: naming all of it.
    """
    lost = [f"{path} has {', '.join(sentences)}" for path, one in work.items() if (sentences := list(one.sentences()))]
    if lost:
        raise Conflict("; ".join(lost), hint="push or copy what you need, or add --discard-local-work")


def _steps(name: str, found: Found) -> Iterator[Removal]:
    yield from (TakeDown(step, Owner.PLATFORM) for step in found.remains.steps)
    for pipeline in found.pipelines.values():
        if pipeline and pipeline.mark and _is_pipeline_of(name, pipeline):
            yield Unregister(pipeline.name, pipeline.mark, found.purge)
    for kind, repository in reversed(list(found.hosted.items())):
        if repository and repository.slug in ours(name, found.hosted):
            yield DeleteRepository(slug(name, kind), repository.url, Mark(name, kind.value))
    yield from (TakeDown(step, Owner.HOST) for step in found.host_steps)
    for kind, copy in reversed(list(found.copies.items())):
        if _is_copy(copy) and _is_from(copy, found.urls[kind]):
            yield RemoveCopy(copy.path)


def _is_pipeline_of(name: str, pipeline: Pipeline) -> bool:
    return pipeline.mark is not None and pipeline.mark.project == name


def _is_copy(copy: WorkingCopy) -> bool:
    return copy.state is CopyState.OURS


def _is_from(copy: WorkingCopy, url: str) -> bool:
    return copy.origin is not None and same_remote(copy.origin, url)
