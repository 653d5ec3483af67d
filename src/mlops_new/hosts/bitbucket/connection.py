"""What the parts of one workspace share: its requests, the settings, and what this command has made and deleted."""

from dataclasses import dataclass, field

from mlops_new.hosts.bitbucket.api.answer_fields import Document
from mlops_new.hosts.bitbucket.api.credentials import Account
from mlops_new.hosts.bitbucket.api.repository_endpoint import Repository
from mlops_new.hosts.bitbucket.api.retry_policy import RetryPolicy
from mlops_new.hosts.bitbucket.api.transport import Transport, at


@dataclass(frozen=True)
class Hosting:
    """How repositories are hosted.

    Args:
        project: The key of a Bitbucket project that exists and takes every repository; None: each project has its own.
        fork_policy: Who may fork: `no_forks`, `no_public_forks` or `allow_forks`.
    """

    project: str | None = None
    fork_policy: str = "no_forks"


@dataclass(frozen=True)
class Connection:
    """The requests to one workspace. Threads may share it.

    Args:
        transport: Sends them.
        hosting: The settings.
        unseen_by_git: The URLs of repositories that were created here, until git has seen them.
        deleted: The slugs of repositories that were deleted here: listings show them for a while.
    """

    transport: Transport
    hosting: Hosting
    unseen_by_git: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)

    @property
    def account(self) -> Account:
        """Whose requests they are."""
        return self.transport.account

    @property
    def workspace(self) -> str:
        """The workspace's name, as it stands in URLs."""
        return self.account.workspace

    @property
    def retry_policy(self) -> RetryPolicy:
        """How long is waited for what."""
        return self.transport.retry_policy

    def url(self, slug: str) -> str:
        """The clone URL a repository has or will have."""
        return f"{self.account.git}/{self.account.workspace}/{slug}.git"

    def repository(self, slug: str) -> Repository:
        """A handle for the requests of one repository."""
        return Repository(self.transport, slug)

    def repositories(self, query: str) -> list[Document]:
        """The repositories of the workspace that a query finds."""
        path = at("repositories", self.account.workspace)
        return self.transport.list(path, f"list the repositories of {self.account.workspace}", q=query)


def quoted(text: str) -> str:
    """A text in a query."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
