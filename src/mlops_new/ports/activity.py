"""What happens on a platform, for many projects at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol


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


class Activities(Protocol):
    """What happens on a platform, project by project."""

    def __call__(self, projects: Collection[str]) -> Mapping[str, Activity]:
        """For each project that the platform knows."""
        ...
