"""What is looked at before anything is touched."""

from dataclasses import dataclass
from typing import Protocol

from mlops_new.cost.prices import Job
from mlops_new.errors import Error
from mlops_new.ports.git_host import Workspace


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


class HostChecks(Protocol):
    """Whether a Git host is ready."""

    def examine(self, project: str | None) -> list[Check]:
        """Whether the credentials and the service allow what `project` does. Reads only."""
        ...


class PlatformChecks(Protocol):
    """Whether a platform is ready."""

    def examine(self, purpose: Purpose) -> list[Check]:
        """Whether the platform is ready for a purpose, and the credentials allow it. Reads only."""
        ...
