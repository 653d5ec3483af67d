"""What making and removing a project needs of the platform: pipelines, model package groups, what is left."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from mlops_new.definition import Definition
from mlops_new.names import Mark
from mlops_new.ports.step import Step


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
class Group:
    """A model package group: what holds the versions of a project's model.

    Args:
        name: The project's.
        mark: Whose it is; None when it was not made by mlops-new.
    """

    name: str
    mark: Mark | None


@dataclass(frozen=True)
class Remains:
    """What a platform has of a project besides its pipelines.

    Args:
        steps: What deletes it, in order; they come before the pipelines, which lead to what their executions made.
        kept: What stays, and why, in sentences.
        running: Executions that have not ended, each with its pipeline.
    """

    steps: tuple[Step, ...] = ()
    kept: tuple[str, ...] = ()
    running: tuple[str, ...] = ()


class Registry(Protocol):
    """The pipelines and model package groups of a platform."""

    def find_pipeline(self, name: str) -> Pipeline | None:
        """The registered pipeline, or None."""
        ...

    def register(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Create or update; one that is not marked ours is a `Conflict`."""
        ...

    def unregister(self, name: str, *, mark: Mark) -> None:
        """Delete; gone is fine, one that is not marked ours is a `Conflict`. What its executions made stays."""
        ...

    def find_group(self, name: str) -> Group | None:
        """The model package group, or None."""
        ...

    def create_group(self, name: str, *, mark: Mark) -> None:
        """Create it, marked in the same act; one that is ours already is fine, any other is a `Conflict`."""
        ...


class PlatformRemoval(Protocol):
    """What removing a project needs of the platform, besides `Registry.unregister`."""

    def remains(self, project: str, pipelines: Collection[str], *, purge: bool) -> Remains:
        """What there is of a project besides pipelines. Reads only.

        Args:
            project: The project's name.
            pipelines: Those of its pipelines that are registered.
            purge: Whether what executions have made goes, too.
        """
        ...

    def perform(self, what: Step) -> None:
        """Do one of the steps that `remains` gave; what is done already is left as it is."""
        ...
