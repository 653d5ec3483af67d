"""What exists already: on disk, on the Git host, on the platform. Reads only."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from mlops_new import definition
from mlops_new.errors import Conflict
from mlops_new.names import ANSWERS_FILE, DEFINITIONS, Kind, pipeline_name, pipeline_names, slug
from mlops_new.ports.git_host import GitHost, HostedRepository, Repositories
from mlops_new.ports.host_setup import HostSetup, SetUp
from mlops_new.ports.registry import Group, Pipeline, Registry
from mlops_new.system import git
from mlops_new.template.answers import read_answers
from mlops_new.template.repository import TemplateRepository, template_source


class CopyState(Enum):
    """What stands where a working copy goes."""

    ABSENT = auto()
    OURS = auto()
    FOREIGN = auto()


@dataclass(frozen=True)
class WorkingCopy:
    """A place on disk, and what the repository that stands there says of itself.

    Args:
        path: The place.
        state: What stands there.
        answers: What it was rendered with.
        origin: The URL of its remote `origin`.
    """

    path: Path
    state: CopyState
    answers: Mapping[str, Any]
    origin: str | None = None


@dataclass(frozen=True)
class Observed:
    """Everything that a plan is made from.

    Args:
        copies: The working copies.
        hosted: The repositories on the Git host.
        pipelines: The pipelines on the platform.
        group: The model package group on the platform.
        committed: The digests of the definitions that the working copies have committed.
        template: The template repository.
        setup: What the Git host says its own set-up lacks.
        refusal: What the Git host says stands in its way and is not ours.
    """

    copies: Mapping[Kind, WorkingCopy]
    hosted: Mapping[Kind, HostedRepository | None]
    pipelines: Mapping[str, Pipeline | None]
    committed: Mapping[str, str]
    template: TemplateRepository
    group: Group | None = None
    setup: tuple[SetUp, ...] = ()
    refusal: Conflict | None = None

    def recorded_answers(self) -> Mapping[str, Any]:
        """The answers of whichever repository exists; empty for a new project."""
        return _recorded_answers(self.copies)


def observe(
    name: str, directory: Path, host: GitHost, registry: Registry, setup: HostSetup, source: str | None = None
) -> Observed:
    """Look at everything that carries, or will carry, the project's name.

    Args:
        name: The project.
        directory: Where its working copies are.
        host: The Git host.
        registry: The pipelines.
        setup: What the Git host has besides repositories.
        source: The template repository that was asked for; else what the working copies record, else the host's own.
    """
    with ThreadPoolExecutor() as pool:  # a Git host may be far away
        template = pool.submit(_template, host, source, working_copies(name, directory))
        repositories = hosted(name, host.repositories)
        lacking = pool.submit(_lacking, name, repositories, setup)
        copies = working_copies(name, directory)
        steps, refusal = lacking.result()
        return Observed(
            copies=copies,
            hosted=repositories,
            pipelines=pipelines(name, registry),
            group=registry.find_group(name),
            committed=_committed(name, copies),
            template=template.result(),
            setup=steps,
            refusal=refusal,
        )


def _lacking(
    name: str, repositories: Mapping[Kind, HostedRepository | None], setup: HostSetup
) -> tuple[tuple[SetUp, ...], Conflict | None]:
    try:
        return setup.missing(name, repositories), None
    except Conflict as conflict:
        return (), conflict


def hosted(name: str, repositories: Repositories) -> dict[Kind, HostedRepository | None]:
    """The project's repositories on the Git host."""
    with ThreadPoolExecutor() as pool:
        found = {kind: pool.submit(repositories.find, slug(name, kind)) for kind in Kind}
        return {kind: future.result() for kind, future in found.items()}


def working_copies(name: str, directory: Path) -> dict[Kind, WorkingCopy]:
    """The project's repositories in a folder."""
    return {kind: working_copy(directory / slug(name, kind), name, kind) for kind in Kind}


def pipelines(name: str, registry: Registry) -> dict[str, Pipeline | None]:
    """All pipelines of a project that are, or are to be, on the platform."""
    names = pipeline_names(name)
    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(registry.find_pipeline, names), strict=True))


def working_copy(path: Path, name: str, kind: Kind) -> WorkingCopy:
    """What stands at a path, judged by the answers file that every rendered repository keeps."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return WorkingCopy(path, CopyState.ABSENT, {})
    file = path / ANSWERS_FILE
    answers = read_answers(file.read_text(encoding="utf-8")) if file.is_file() else {}
    ours = answers.get("project_name") == name and answers.get("repository_kind") == kind and git.head(path)
    if not ours:
        return WorkingCopy(path, CopyState.FOREIGN, {})
    return WorkingCopy(path, CopyState.OURS, answers, git.origin(path))


def _template(host: GitHost, source: str | None, copies: Mapping[Kind, WorkingCopy]) -> TemplateRepository:
    """The one that was asked for; else the recorded one, of which a project that is there already needs little."""
    recorded = _recorded_answers(copies).get("_src_path")
    try:
        return template_source(host, source or recorded)
    except git.GitError as error:
        if source:
            raise
        return TemplateRepository(str(recorded), None, {}, ours=False, problem=error.message)


def _recorded_answers(copies: Mapping[Kind, WorkingCopy]) -> Mapping[str, Any]:
    return next((copy.answers for copy in copies.values() if copy.state is CopyState.OURS), {})


def _committed(name: str, copies: Mapping[Kind, WorkingCopy]) -> dict[str, str]:
    digests = {}
    for kind, copy in copies.items():
        for short, file in DEFINITIONS[kind].items() if copy.state is CopyState.OURS else ():
            if text := git.read(copy.path, "HEAD", file):
                digests[pipeline_name(name, short)] = definition.parse(text, source=file).digest
    return digests
