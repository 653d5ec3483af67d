"""What exists already: on disk, on the Git host, on the platform. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from mlops_new import definition, git
from mlops_new.ports import GitHost, HostedRepository, Pipeline, Registry
from mlops_new.spec import DEFINITIONS, Kind, pipeline_name, slug
from mlops_new.templates import ANSWERS_FILE, UPSTREAM, read_answers

TEMPLATE_SLUG = "mlops-templates"


class CopyState(Enum):
    """What stands where a working copy goes."""

    ABSENT = auto()
    OURS = auto()
    FOREIGN = auto()


@dataclass(frozen=True)
class WorkingCopy:
    """A place on disk, and the answers of the repository that stands there."""

    path: Path
    state: CopyState
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class TemplateRepository:
    """The template repository: its refs, empty while it does not exist."""

    url: str
    hosted: HostedRepository | None
    refs: Mapping[str, str]

    @property
    def newest(self) -> str | None:
        """The highest tag that is a version."""
        tags = [ref.removeprefix("refs/tags/") for ref in self.refs if ref.startswith("refs/tags/")]
        return max(
            (tag for tag in tags if version_of(tag)), key=lambda tag: version_of(tag) or Version("0"), default=None
        )

    @property
    def edited(self) -> bool:
        """Whether `main` holds an organisation's own commits."""
        return self.refs.get("refs/heads/main") != self.refs.get(f"refs/heads/{UPSTREAM}")


@dataclass(frozen=True)
class Observed:
    """Everything that a plan is made from."""

    copies: Mapping[Kind, WorkingCopy]
    hosted: Mapping[Kind, HostedRepository | None]
    pipelines: Mapping[str, Pipeline | None]
    committed: Mapping[str, str]
    template: TemplateRepository

    def recorded_answers(self) -> Mapping[str, Any]:
        """The answers of whichever repository exists; empty for a new project."""
        return next((copy.answers for copy in self.copies.values() if copy.state is CopyState.OURS), {})


def observe(name: str, directory: Path, host: GitHost, registry: Registry) -> Observed:
    """Look at everything that carries, or will carry, the project's name."""
    copies = {kind: working_copy(directory / slug(name, kind), name, kind) for kind in Kind}
    pipelines = [pipeline_name(name, short) for definitions in DEFINITIONS.values() for short in definitions]
    return Observed(
        copies=copies,
        hosted={kind: host.find(slug(name, kind)) for kind in Kind},
        pipelines={pipeline: registry.find_pipeline(pipeline) for pipeline in pipelines},
        committed=_committed(name, copies),
        template=template_repository(host),
    )


def working_copy(path: Path, name: str, kind: Kind) -> WorkingCopy:
    """What stands at a path, judged by the answers file that every rendered repository keeps."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return WorkingCopy(path, CopyState.ABSENT, {})
    file = path / ANSWERS_FILE
    answers = read_answers(file.read_text(encoding="utf-8")) if file.is_file() else {}
    ours = answers.get("project_name") == name and answers.get("repository_kind") == kind and git.head(path)
    return WorkingCopy(path, CopyState.OURS if ours else CopyState.FOREIGN, answers if ours else {})


def template_repository(host: GitHost) -> TemplateRepository:
    """The template repository of a Git host."""
    hosted = host.find(TEMPLATE_SLUG)
    url = host.url(TEMPLATE_SLUG)
    if hosted is None:
        return TemplateRepository(url, None, {})
    with host.credentials(url) as env:
        return TemplateRepository(url, hosted, git.remote_refs(url, env))


def version_of(tag: str) -> Version | None:
    """The version that a tag names, or None."""
    try:
        return Version(tag)
    except InvalidVersion:
        return None


def _committed(name: str, copies: Mapping[Kind, WorkingCopy]) -> dict[str, str]:
    digests = {}
    for kind, copy in copies.items():
        for short, file in DEFINITIONS[kind].items() if copy.state is CopyState.OURS else ():
            if text := git.read(copy.path, "HEAD", file):
                digests[pipeline_name(name, short)] = definition.parse(text, source=file).digest
    return digests
