"""The registered pipelines of this machine, as making a project sees them."""

import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_new.definition import Definition, canonical
from mlops_new.names import Kind, Mark
from mlops_new.platforms.local.home import Home
from mlops_new.ports.checks import Check, Purpose
from mlops_new.ports.host_setup import HostStep
from mlops_new.ports.registry import Group, Pipeline, Remains

if TYPE_CHECKING:
    from mlops_new.platforms.local.engine import LocalPlatform


class LocalPipelines:
    """Looks without making anything: a dry run leaves no trace, not even an empty registry.

    Args:
        root: MLOPS_NEW_HOME.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        # Steps come side by side, and one that SQLite has wait sleeps longer than the other takes.
        self._turn = threading.Lock()

    def find_pipeline(self, name: str) -> Pipeline | None:
        """The registered pipeline, or None."""
        if not Home(self._root).registry.exists():
            return None
        with self._platform() as platform:
            found = platform.find_pipeline(name)
        return Pipeline(found.name, found.digest, Mark(found.project, found.repository)) if found else None

    def register(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Create or update.

        Raises:
            Conflict: a pipeline of this name is not marked so.
        """
        text = canonical(definition.document)
        with self._platform() as platform:
            platform.register(name, text, project=mark.project, repository=mark.repository)

    def unregister(self, name: str, *, mark: Mark) -> None:
        """Delete; gone is fine. Executions, what they made, and model versions stay.

        Raises:
            Conflict: a pipeline of this name is not marked so.
        """
        if not Home(self._root).registry.exists():
            return
        with self._platform() as platform:
            platform.unregister(name, project=mark.project, repository=mark.repository)

    def examine(self, purpose: Purpose) -> list[Check]:
        """Nothing: what this machine needs is checked whatever the platform."""
        del purpose
        return []

    def find_group(self, name: str) -> Group:
        """Every project's: its versions are kept by its name, and the first one makes it."""
        return Group(name, Mark(name, Kind.BUILD.value))

    def create_group(self, name: str, *, mark: Mark) -> None:
        """Nothing has to be made."""

    def remains(self, project: str, pipelines: Collection[str], *, purge: bool) -> Remains:
        """What there is of a project besides pipelines. Reads only."""
        if not Home(self._root).registry.exists():
            return Remains()
        from mlops_new.platforms.local import purge as purging

        with self._platform() as platform:
            running = purging.running(platform, pipelines)
            return Remains(purging.steps(platform, project, pipelines) if purge else (), (), running)

    def perform(self, what: HostStep) -> None:
        """Purge one kind of thing."""
        from mlops_new.platforms.local import purge as purging

        if not isinstance(what, purging.Purge):
            raise TypeError(what)
        with self._platform() as platform:
            purging.perform(platform, what)

    @contextmanager
    def _platform(self) -> "Iterator[LocalPlatform]":
        # The runner comes with it, and a new project is rendered and pushed before there is anything to register.
        from mlops_new.platforms.local.engine import LocalPlatform

        with self._turn, closing(LocalPlatform(self._root)) as platform:
            yield platform
