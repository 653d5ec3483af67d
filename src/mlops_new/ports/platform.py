"""What commands need of the place where a project's pipelines run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from mlops_new.definition import Definition
from mlops_new.names import Mark
from mlops_new.ports.events import Listener
from mlops_new.ports.executions import Execution, ModelPackage


class Platform(Protocol):
    """Where a project's pipelines run: what every platform means the same by."""

    @property
    def bucket(self) -> str:
        """The bucket that pipelines read and write."""
        ...

    @property
    def role(self) -> str:
        """The ARN of the role that jobs run as."""
        ...

    @property
    def option(self) -> str:
        """What a command that is suggested needs to reach it, with a space before it; empty for the usual one."""
        ...

    @property
    def prefers_sample(self) -> bool:
        """Whether a run without data takes the repository's sample even where the pipeline has a default."""
        ...

    def analyzer(self, parameter: str) -> str:
        """The image of `ModelMonitorImageUri` or `ClarifyImageUri`."""
        ...

    def unsupported(self, definition: Definition) -> list[str]:
        """What in a definition cannot be run here, a sentence each."""
        ...

    def own_image(self, repository: Path, *, project: str, needed: bool, notify: Callable[[str], None]) -> str:
        """The URI of the image of a build repository as it stands.

        Args:
            repository: The working copy.
            project: Its project.
            needed: Whether the pipeline takes it; a platform that keeps images elsewhere gives "" where it does not.
            notify: Told what takes a while.
        """
        ...

    def upload(self, path: Path, *, project: str, kind: str = "data") -> str:
        """Store a file or folder by its content, once, and give its URI."""
        ...

    def upload_code(self, repository: Path, *, project: str) -> str:
        """Store the files that Git tracks or would track, and give the prefix: what `CodeUri` wants."""
        ...

    def folder(self, uri: str, note: str) -> str:
        """See to it that there is something at a prefix, if only a note, and give it back."""
        ...

    def exists(self, uri: str) -> bool:
        """Whether there is an object at a URI, or anything below it."""
        ...

    def read(self, uri: str) -> bytes | None:
        """An object's content; None where there is none."""
        ...

    def place(self, uri: str) -> str:
        """Where a person finds an object: a path on this machine, or the URI."""
        ...

    def make_ready(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """See to it that the pipeline that is about to be run has this definition."""
        ...

    def begin(self, pipeline: str, *, given: Mapping[str, str], image: str) -> Execution:
        """Start a run, after all that can be known beforehand was checked.

        Args:
            pipeline: A registered pipeline.
            given: Parameter values by name.
            image: What `own_image` gave.
        """
        ...

    def run(self, execution: str, listener: Listener) -> Execution:
        """See a run that was begun to its end, or to where a person leaves it; its status says which."""
        ...

    def resume(self, execution: str, listener: Listener) -> Execution:
        """The same for one that failed or was stopped: from where it was."""
        ...

    def detach(self, execution: str, *, resume: bool) -> None:
        """Let it go on while nobody looks."""
        ...

    def stop(self, execution: str) -> None:
        """Ask a run to end; `Invalid` where it has ended already."""
        ...

    def execution(self, execution: str) -> Execution:
        """A run with its steps."""
        ...

    def registered_by(self, execution: Execution, group: str) -> ModelPackage | None:
        """The model version that a run has registered, or None."""
        ...

    def model_packages(self, group: str) -> list[ModelPackage]:
        """The versions of a group, the latest first."""
        ...

    def model_package(self, group: str, version: int) -> ModelPackage:
        """One version, or `Invalid`."""
        ...

    def set_approval(self, group: str, version: int, status: str, note: str = "") -> ModelPackage:
        """Approve or reject a version."""
        ...
