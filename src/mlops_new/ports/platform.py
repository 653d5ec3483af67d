"""What commands need of the place where a project's pipelines run: small protocols, by who needs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlops_new.definition import Definition
from mlops_new.names import Mark
from mlops_new.ports.events import Listener
from mlops_new.ports.executions import Execution, ModelPackage


class Pipelines(Protocol):
    """The pipelines that are about to be run."""

    def unsupported(self, definition: Definition) -> list[str]:
        """What in a definition cannot be run here, a sentence each."""
        ...

    def make_ready(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """See to it that the pipeline that is about to be run has this definition."""
        ...


class Executions(Protocol):
    """Runs of pipelines: begun, followed, stopped."""

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

    def describe(self, execution: str) -> Execution:
        """A run with its steps, or `Invalid`."""
        ...


class Models(Protocol):
    """Registered model versions."""

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


class Objects(Protocol):
    """What pipelines read and write."""

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


class ParameterSources(Protocol):
    """Where parameters come from that a person did not give."""

    @property
    def bucket(self) -> str:
        """The bucket that pipelines read and write."""
        ...

    @property
    def role(self) -> str:
        """The ARN of the role that jobs run as."""
        ...

    @property
    def prefers_sample(self) -> bool:
        """Whether a run without data takes the repository's sample even where the pipeline has a default."""
        ...

    def analyzer(self, parameter: str) -> str:
        """The image of `ModelMonitorImageUri` or `ClarifyImageUri`."""
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


@dataclass(frozen=True)
class Image:
    """What a job runs in, on this machine.

    Args:
        uri: `mlops-new.local/<project>:<digest>`.
        digest: The hash of the files.
        code: The snapshot; never given to a job itself, only a copy of it.
        python: The environment's interpreter.
    """

    uri: str
    digest: str
    code: Path
    python: Path


class Machine(Protocol):
    """What can be done only where images, objects and processes are this machine's."""

    def build_image(self, repository: Path, *, project: str, notify: Callable[[str], None]) -> Image:
        """Make an image of a repository as it stands; nothing is done twice for the same files and requirements."""
        ...

    def is_image(self, uri: str) -> bool:
        """Whether a URI is an image of this machine."""
        ...

    def image(self, uri: str, *, notify: Callable[[str], None]) -> Image:
        """An image of this machine, with its environment; `Invalid` where it is none."""
        ...

    def path(self, uri: str) -> Path:
        """Where an object or prefix lies on this machine, for reading only."""
        ...

    def begin_job(self, request: Mapping[str, Any], *, step: str) -> Execution:
        """Record a processing job of no pipeline that is about to begin.

        Args:
            request: CreateProcessingJob's.
            step: What its only step is called.

        Raises:
            Invalid: It cannot be run here.
        """
        ...


@dataclass(frozen=True)
class Platform:
    """Where a project's pipelines run. Whoever needs one part of it takes that part.

    Args:
        option: What a command that is suggested needs to reach it, with a space before it; empty for the usual one.
        pipelines: What is run.
        executions: Its runs.
        models: What runs register.
        objects: What runs read and write.
        sources: Where parameters come from that a person did not give.
        machine: What only this machine can; None where pipelines run elsewhere.
    """

    option: str
    pipelines: Pipelines
    executions: Executions
    models: Models
    objects: Objects
    sources: ParameterSources
    machine: Machine | None = None


@dataclass(frozen=True)
class EmbeddedPlatform(Platform):
    """The platform of this machine."""

    machine: Machine
