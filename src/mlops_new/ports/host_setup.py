"""What a Git host has besides repositories, as steps that only it understands."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops_new.names import Kind
from mlops_new.ports.git_host import HostedRepository
from mlops_new.ports.step import Delegated, Step


@dataclass(frozen=True)
class SetUp(Delegated):
    """Something that this Git host has besides repositories: for the project, or for one of them.

    Args:
        what: The host's own step.
        kind: Which repository, once that exists; None: the project, before it has repositories.
        before_push: The first push waits for it.
        needs_main: It waits for the first push.
    """

    kind: Kind | None
    before_push: bool = False
    needs_main: bool = False


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

    def depends(self, what: Step, earlier: Step) -> bool:
        """Whether one of its steps waits for another. Pure."""
        ...

    def perform(self, what: Step) -> None:
        """Do one thing; what is done already is left as it is."""
        ...

    def removable(self, project: str, slugs: Collection[str]) -> tuple[Step, ...]:
        """What is left of a project, and ours to delete, once its repositories `slugs` are gone. Reads only."""
        ...
