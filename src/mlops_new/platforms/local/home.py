"""Where everything that is local lives, and the locks that keep two commands apart."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.system import locks

TIMEOUT = 1800.0  # seconds


@dataclass(frozen=True)
class Home:
    """The folder that holds repositories, objects, images, runs and the registry of this machine.

    Args:
        root: An absolute path; `Home.open` makes it.
    """

    root: Path

    @classmethod
    def open(cls, root: Path) -> "Home":
        """Make the folder where it is missing, and see that it can be written.

        Raises:
            Error: The folder cannot be made or written.
        """
        home = cls(root.expanduser().absolute())
        try:
            for folder in (home.objects, home.images, home.environments, home.executions, home.locks):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _not_writable(home.root, error.strerror) from error
        if not os.access(home.root, os.W_OK | os.X_OK):
            raise _not_writable(home.root, "permission denied")
        return home

    @property
    def git(self) -> Path:
        """The bare repositories."""
        return self.root / "git"

    @property
    def objects(self) -> Path:
        """`s3://bucket/key` is the file `objects/bucket/key`."""
        return self.root / "objects"

    @property
    def uploads(self) -> Path:
        """Objects that clients send in parts, until they are complete."""
        return self.root / "uploads"

    @property
    def registry(self) -> Path:
        """The SQLite database of pipelines, executions, steps, models and model packages."""
        return self.root / "registry.sqlite3"

    @property
    def images(self) -> Path:
        """Snapshots of code, by content hash."""
        return self.root / "images"

    @property
    def environments(self) -> Path:
        """Python environments, by the hash of what they are made from."""
        return self.root / "environments"

    @property
    def executions(self) -> Path:
        """The files of every run: one folder an execution, in it one a step."""
        return self.root / "executions"

    @property
    def locks(self) -> Path:
        """Lock files; each holds the process id of who took it last."""
        return self.root / "locks"

    def lock(self, name: str, notify: Callable[[str], None] | None = None) -> AbstractContextManager[None]:
        """Hold the lock of this name; the system frees it when the process dies, however it dies.

        Args:
            name: What is worked on.
            notify: Told once, with who holds it, before waiting.

        Raises:
            Error: Another process holds it for longer than an environment takes to be made on a slow line.
        """
        return locks.hold(self.locks, name, timeout=TIMEOUT, waiting=notify)


def _not_writable(root: Path, why: str | None) -> Error:
    return Error(
        f"{root} cannot be written: {why or 'unknown reason'}",
        hint="set MLOPS_NEW_HOME to a folder of yours, or give yourself the right to write there",
    )
