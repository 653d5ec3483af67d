"""Where repositories are hosted, as the program needs it."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from mlops_new.names import Mark


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


class Repositories(Protocol):
    """The repositories of a Git host."""

    def url(self, slug: str) -> str:
        """The clone URL a repository has or will have."""
        ...

    def find(self, slug: str) -> HostedRepository | None:
        """The repository, or None."""
        ...

    def create(self, slug: str, *, mark: Mark, description: str) -> HostedRepository:
        """Create it, marked in the same act; one that is ours already is returned as it is."""
        ...

    def adopt(self, slug: str, *, mark: Mark) -> None:
        """Mark a repository that somebody made by hand; one that carries another mark is a `Conflict`."""
        ...

    def delete(self, slug: str, mark: Mark) -> None:
        """Delete a repository that carries the mark; gone is fine, any other is a `Conflict`."""
        ...

    def marked(self) -> list[Marked]:
        """Every repository there that carries a mark of ours."""
        ...

    def overview(self, project: str | None = None) -> list[Listed]:
        """What `main` of every repository of ours is rendered from: as few requests as the host allows."""
        ...


class PullRequests(Protocol):
    """Branches that are proposed for `main`."""

    @property
    def supported(self) -> bool:
        """Whether a branch can be proposed there; otherwise it is reviewed as it is."""
        ...

    def find(self, slug: str, branch: str) -> str | None:
        """The address of the open pull request from a branch to `main`; None where there is none."""
        ...

    def open(self, slug: str, branch: str, title: str, description: str) -> str:
        """Open a pull request from a branch to `main`, or find the one that is open, and give its address."""
        ...

    def open_updates(self, slugs: Collection[str], branches: str) -> Mapping[str, str]:
        """By slug, where an update can be reviewed: an open pull request, or a branch, from a branch named so.

        Args:
            slugs: The repositories.
            branches: What the branches' names begin with.
        """
        ...


class GitAccess(Protocol):
    """How git reads and writes what is hosted."""

    def credentials(self, url: str) -> AbstractContextManager[Mapping[str, str]]:
        """The environment that lets git read and write the URL, for one command."""
        ...

    def appears(self, url: str) -> bool:
        """After git did not find a repository: wait, if it was created a moment ago, and say whether it is there."""
        ...


class GitHost(Protocol):
    """Where repositories are hosted. Whoever needs one part of it takes that part."""

    @property
    def repositories(self) -> Repositories:
        """What is hosted there."""
        ...

    @property
    def pull_requests(self) -> PullRequests:
        """What is proposed there."""
        ...

    @property
    def access(self) -> GitAccess:
        """How git gets there."""
        ...

    def workspace(self) -> Workspace | None:
        """Whose CI a cloud is to trust; None where there is no CI."""
        ...
