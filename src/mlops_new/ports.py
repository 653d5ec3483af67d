"""What the core needs from the outside world: small protocols that the core owns."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlops_new.definition import Definition
from mlops_new.spec import Kind, Mark, Template


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


class GitHost(Protocol):
    """Where repositories are hosted."""

    def url(self, slug: str) -> str:
        """The clone URL a repository has or will have."""
        ...

    def find(self, slug: str) -> HostedRepository | None:
        """The repository, or None."""
        ...

    def create(self, slug: str, *, mark: Mark, description: str) -> HostedRepository:
        """Create it, marked in the same act; one that is ours already is returned as it is."""
        ...

    def credentials(self, url: str) -> AbstractContextManager[Mapping[str, str]]:
        """The environment that lets git read and write the URL, for one command."""
        ...


class Registry(Protocol):
    """The platform's side of making a project."""

    def find_pipeline(self, name: str) -> Pipeline | None:
        """The registered pipeline, or None."""
        ...

    def register(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Create or update; one that is not marked ours is a `Conflict`."""
        ...


class Templates(Protocol):
    """The door to Copier."""

    def resolve(self, template: Template | None, data: Mapping[str, Any], *, ask: bool) -> dict[str, Any]:
        """Every question answered: by data, else by a person if `ask`, else by its default; `Invalid` when refused.

        The packaged template's, where none is named.
        """
        ...

    def render(self, url: str, version: str, kind: Kind, answers: Mapping[str, Any], destination: Path) -> None:
        """Render one repository into an empty place."""
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
