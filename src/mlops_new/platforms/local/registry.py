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
from mlops_new.ports.registry import Group, Pipeline, Remains
from mlops_new.ports.step import Step

if TYPE_CHECKING:
    from mlops_new.platforms.local.stores import Stores


class LocalRegistry:
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
        with self._stores() as stores:
            found = stores.pipelines.find(name)
        return Pipeline(found.name, found.digest, Mark(found.project, found.repository)) if found else None

    def register(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Create or update.

        Raises:
            Conflict: a pipeline of this name is not marked so.
        """
        text = canonical(definition.document)
        with self._stores() as stores:
            stores.pipelines.register(name, text, project=mark.project, repository=mark.repository)

    def unregister(self, name: str, *, mark: Mark) -> None:
        """Delete; gone is fine. Executions, what they made, and model versions stay.

        Raises:
            Conflict: a pipeline of this name is not marked so.
        """
        if not Home(self._root).registry.exists():
            return
        with self._stores() as stores:
            stores.pipelines.unregister(name, project=mark.project, repository=mark.repository)

    def find_group(self, name: str) -> Group:
        """Every project's: its versions are kept by its name, and the first one makes it."""
        return Group(name, Mark(name, Kind.BUILD.value))

    def create_group(self, name: str, *, mark: Mark) -> None:
        """Nothing has to be made."""

    @contextmanager
    def _stores(self) -> "Iterator[Stores]":
        with self._turn, _opened(self._root) as stores:
            yield stores


class LocalRemoval:
    """What this machine has of a project besides pipelines.

    Args:
        root: MLOPS_NEW_HOME.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def remains(self, project: str, pipelines: Collection[str], *, purge: bool) -> Remains:
        """What there is of a project besides pipelines. Reads only."""
        if not Home(self._root).registry.exists():
            return Remains()
        from mlops_new.platforms.local import purge as purging

        with _opened(self._root) as stores:
            running = purging.running(stores, pipelines)
            return Remains(purging.steps(stores, project, pipelines) if purge else (), (), running)

    def perform(self, what: Step) -> None:
        """Purge one kind of thing."""
        from mlops_new.platforms.local import purge as purging

        if not isinstance(what, purging.Purge):
            raise TypeError(what)
        with _opened(self._root) as stores:
            purging.perform(stores, what)


class NothingToCheck:
    """What this machine needs is checked whatever the platform."""

    def examine(self, purpose: Purpose) -> list[Check]:
        """Nothing: what this machine needs is checked whatever the platform."""
        del purpose
        return []


@contextmanager
def _opened(root: Path) -> "Iterator[Stores]":
    # It takes a while to load, and a new project is rendered and pushed before there is anything to register.
    from mlops_new.platforms.local.stores import Stores

    stores = Stores.open(root)
    with closing(stores.database):
        yield stores
