"""What an update does on the Git host: one frozen dataclass for each thing."""

from dataclasses import dataclass
from pathlib import Path

from mlops_new.names import Kind
from mlops_new.ports.step import Step
from mlops_new.project.steps import PublishTemplate


@dataclass(frozen=True)
class PushBranch(Step):
    """Push an update's branch.

    Args:
        kind: Build or deploy.
        url: The repository.
        branch: The branch.
        place: The repository on this machine that has the commit.
        commit: The commit.
        replaces: What the branch holds now, an earlier update of ours; None where there is no such branch.
    """

    kind: Kind
    url: str
    branch: str
    place: Path
    commit: str
    replaces: str | None

    action = "push branch"
    subject = "url"

    def __str__(self) -> str:
        return f"{'Renew' if self.replaces else 'Push'} branch {self.branch} of {self.url}"


@dataclass(frozen=True)
class Propose(Step):
    """Open a pull request from an update's branch.

    Args:
        kind: Build or deploy.
        slug: The repository's name on the host.
        branch: The branch.
        title: Of the pull request.
        description: What people read before they merge.
    """

    kind: Kind
    slug: str
    branch: str
    title: str
    description: str

    action = "open pull request"
    subject = "slug"

    def __str__(self) -> str:
        return f"Open a pull request in {self.slug}: {self.title}"


UpdateStep = PublishTemplate | PushBranch | Propose
