"""What the core needs from the outside world: small protocols that the core owns."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mlops_new.cost.prices import Job
from mlops_new.definition import Definition
from mlops_new.errors import Error
from mlops_new.names import Kind, Mark, Template
from mlops_new.project.steps import HostStep, SetUp


@dataclass(frozen=True)
class HostedRepository:
    """A repository on the Git host.

    Args:
        slug: Its name there.
        url: What `git clone` takes; never holds a secret.
        mark: Whose it is; None when it was not made by mlops-new.
        head: The commit of `main`; None while nothing was pushed.
    """

    slug: str
    url: str
    mark: Mark | None
    head: str | None


@dataclass(frozen=True)
class Marked:
    """A repository of ours, as a listing of a Git host shows it."""

    slug: str
    url: str
    mark: Mark


@dataclass(frozen=True)
class Listed:
    """What a Git host shows of a repository's `main` without fetching it.

    Args:
        repository: Whose it is.
        answers: The text of its answers file; None where there is none, or nothing was pushed.
        files: The blob of each file; None where the host would have to be asked for each.
    """

    repository: Marked
    answers: str | None
    files: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Activity:
    """What a platform knows of one project.

    Args:
        pipelines: The names of those that are registered for it.
        executions: By pipeline, the last one's status and when it began (UTC, ISO 8601).
        model: The latest approved version; None where none is.
    """

    pipelines: frozenset[str] = frozenset()
    executions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    model: int | None = None


@dataclass(frozen=True)
class Pipeline:
    """A registered pipeline.

    Args:
        name: Its name on the platform.
        digest: Of the normalised definition.
        mark: Whose it is; None when it was not made by mlops-new.
    """

    name: str
    digest: str
    mark: Mark | None


@dataclass(frozen=True)
class Workspace:
    """A Bitbucket workspace, whose Pipelines a cloud is to trust.

    Args:
        name: As it stands in URLs.
        uuid: Without braces.
    """

    name: str
    uuid: str

    @property
    def issuer(self) -> str:
        """Who signs the tokens of its Pipelines, without the scheme."""
        return f"api.bitbucket.org/2.0/workspaces/{self.name}/pipelines-config/identity/oidc"

    @property
    def audience(self) -> str:
        """Whom these tokens are for."""
        return f"ari:cloud:bitbucket::workspace/{self.uuid}"


@dataclass(frozen=True)
class Group:
    """A model package group: what holds the versions of a project's model.

    Args:
        name: The project's.
        mark: Whose it is; None when it was not made by mlops-new.
    """

    name: str
    mark: Mark | None


class GitHost(Protocol):
    """Where repositories are hosted."""

    def url(self, slug: str) -> str:
        """The clone URL a repository has or will have."""
        ...

    def find(self, slug: str) -> HostedRepository | None:
        """The repository, or None."""
        ...

    def marked(self) -> list[Marked]:
        """Every repository there that carries a mark of ours."""
        ...

    def overview(self, project: str | None = None) -> list[Listed]:
        """What `main` of every repository of ours is rendered from: as few requests as the host allows."""
        ...

    def open_updates(self, slugs: Collection[str], branches: str) -> Mapping[str, str]:
        """By slug, where an update can be reviewed: an open pull request, or a branch, from a branch named so.

        Args:
            slugs: The repositories.
            branches: What the branches' names begin with.
        """
        ...

    def create(self, slug: str, *, mark: Mark, description: str) -> HostedRepository:
        """Create it, marked in the same act; one that is ours already is returned as it is."""
        ...

    def adopt(self, slug: str, *, mark: Mark) -> None:
        """Mark a repository that somebody made by hand; one that carries another mark is a `Conflict`."""
        ...

    def delete_repository(self, slug: str, mark: Mark) -> None:
        """Delete a repository that carries the mark; gone is fine, any other is a `Conflict`."""
        ...

    def workspace(self) -> Workspace | None:
        """Whose CI a cloud is to trust; None where there is no CI."""
        ...

    def appears(self, url: str) -> bool:
        """After git did not find a repository: wait, if it was created a moment ago, and say whether it is there."""
        ...

    @property
    def has_pull_requests(self) -> bool:
        """Whether a branch can be proposed there; otherwise it is reviewed as it is."""
        ...

    def find_proposal(self, slug: str, branch: str) -> str | None:
        """The address of the open pull request from a branch to `main`; None where there is none."""
        ...

    def propose(self, slug: str, branch: str, title: str, description: str) -> str:
        """Open a pull request from a branch to `main`, or find the one that is open, and give its address."""
        ...

    def credentials(self, url: str) -> AbstractContextManager[Mapping[str, str]]:
        """The environment that lets git read and write the URL, for one command."""
        ...


@dataclass(frozen=True)
class Check:
    """One thing that was looked at before anything is touched.

    Args:
        name: What.
        ok: Whether it stands in nobody's way; true also where it cannot be known.
        detail: What was found.
        hint: What to do where it is not ok.
        code: The exit code of a command that fails because of it.
    """

    name: str
    ok: bool
    detail: str
    hint: str = ""
    code: int = Error.code


@dataclass(frozen=True)
class Purpose:
    """What a platform is to be used for.

    Args:
        instances: Kinds of jobs and the instance types that they run on.
        managed: Whether checks are left to Model Monitor and Clarify.
        workspace: The Bitbucket workspace whose Pipelines sign in there; None: they are not looked at.
    """

    instances: tuple[tuple[Job, str], ...] = ()
    managed: bool = False
    workspace: Workspace | None = None


class HostSetup(Protocol):
    """What a Git host has besides repositories: what holds them, CI, rules. To the core they are steps, no more."""

    def missing(self, project: str, hosted: Mapping[Kind, HostedRepository | None]) -> tuple[SetUp, ...]:
        """What a project's set-up lacks, in the order of a plan. Reads only.

        Raises:
            Conflict: what holds the repositories exists and is not ours.
        """
        ...

    def require(self, steps: Iterable[SetUp]) -> None:
        """Raise `Invalid` where a step needs something, a secret say, that was not given."""
        ...

    def check_rendered(self, project: str, kind: Kind, repository: Path) -> None:
        """Raise `Invalid` where the settings count on something that the repository's files do not have."""
        ...

    def notes(self, project: str) -> tuple[str, ...]:
        """What a person should know beforehand of what the plan leads to, a sentence each. Pure."""
        ...

    def depends(self, what: HostStep, earlier: HostStep) -> bool:
        """Whether one of its steps waits for another. Pure."""
        ...

    def perform(self, what: HostStep) -> None:
        """Do one thing; what is done already is left as it is."""
        ...

    def examine(self, project: str | None) -> list[Check]:
        """Whether the credentials and the service allow what `project` does. Reads only."""
        ...

    def removable(self, project: str, slugs: Collection[str]) -> tuple[HostStep, ...]:
        """What is left of a project, and ours to delete, once its repositories `slugs` are gone. Reads only."""
        ...


class Registry(Protocol):
    """The platform's side of making a project."""

    def find_pipeline(self, name: str) -> Pipeline | None:
        """The registered pipeline, or None."""
        ...

    def register(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Create or update; one that is not marked ours is a `Conflict`."""
        ...

    def unregister(self, name: str, *, mark: Mark) -> None:
        """Delete; gone is fine, one that is not marked ours is a `Conflict`. What its executions made stays."""
        ...

    def examine(self, purpose: Purpose) -> list[Check]:
        """Whether the platform is ready for a purpose, and the credentials allow it. Reads only."""
        ...

    def find_group(self, name: str) -> Group | None:
        """The model package group, or None."""
        ...

    def create_group(self, name: str, *, mark: Mark) -> None:
        """Create it, marked in the same act; one that is ours already is fine, any other is a `Conflict`."""
        ...

    def remains(self, project: str, pipelines: Collection[str], *, purge: bool) -> "Remains":
        """What there is of a project besides pipelines. Reads only.

        Args:
            project: The project's name.
            pipelines: Those of its pipelines that are registered.
            purge: Whether what executions have made goes, too.
        """
        ...

    def perform(self, what: HostStep) -> None:
        """Do one of the steps that `remains` gave; what is done already is left as it is."""
        ...


@dataclass(frozen=True)
class Remains:
    """What a platform has of a project besides its pipelines.

    Args:
        steps: What deletes it, in order; they come before the pipelines, which lead to what their executions made.
        kept: What stays, and why, in sentences.
        running: Executions that have not ended, each with its pipeline.
    """

    steps: tuple[HostStep, ...] = ()
    kept: tuple[str, ...] = ()
    running: tuple[str, ...] = ()


class Templates(Protocol):
    """The door to Copier."""

    def resolve(
        self,
        template: Template | None,
        data: Mapping[str, Any],
        *,
        ask: bool,
        env: Mapping[str, str] | None = None,
        recorded: Mapping[str, Any] | None = None,
        proposed: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Every question answered: by data, else by a person if `ask`, else as recorded, else by its default.

        `Invalid` when data is refused; what is recorded and refused has its default.

        The packaged template's, where none is named; otherwise `env` lets git read it. What is proposed is a default.
        """
        ...

    def render(
        self,
        template: Template,
        kind: Kind,
        answers: Mapping[str, Any],
        destination: Path,
        env: Mapping[str, str],
    ) -> None:
        """Render one repository into an empty place; `env` lets git read the template."""
        ...

    def rerender(self, template: Template, answers: str, destination: Path, env: Mapping[str, str]) -> None:
        """Render one repository anew from the text of its answers file, as an update does."""
        ...


class Activities(Protocol):
    """What happens on a platform, project by project."""

    def __call__(self, projects: Collection[str]) -> Mapping[str, Activity]:
        """For each project that the platform knows."""
        ...


class Lock(Protocol):
    """One command at a time on one thing."""

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock of that name; wait for whoever holds it, for a bounded while."""
        ...


@dataclass(frozen=True)
class Commit:
    """A commit that a working copy has checked out."""

    sha: str
    dirty: bool

    def __str__(self) -> str:
        return f"{self.sha}-dirty" if self.dirty else self.sha
