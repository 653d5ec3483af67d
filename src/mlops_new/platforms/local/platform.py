"""The embedded platform: the protocols of `ports.platform`, by what this machine keeps and runs."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.definition import Definition, canonical
from mlops_new.errors import Invalid
from mlops_new.names import Mark
from mlops_new.platforms.code_files import code_files
from mlops_new.platforms.local.database.pipeline_table import PipelineTable
from mlops_new.platforms.local.database.records import ROLE, Execution
from mlops_new.platforms.local.engine import Engine
from mlops_new.platforms.local.images.local_image import ImageStore
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.platforms.local.runner.support import unsupported
from mlops_new.platforms.local.store.object_store import BUCKET, ObjectStore
from mlops_new.ports.events import Listener
from mlops_new.ports.platform import EmbeddedPlatform, Image


def local_platform(engine: Engine, option: str = "") -> EmbeddedPlatform:
    """This machine as a platform.

    Args:
        engine: Runs what is to be run.
        option: What a command that is suggested needs to reach it.
    """
    stores, machine = engine.stores, ThisMachine(engine)
    return EmbeddedPlatform(
        option=option,
        pipelines=LocalPipelines(stores.pipelines),
        executions=LocalExecutions(engine, machine),
        models=stores.models,
        objects=LocalObjects(stores.objects),
        sources=LocalSources(stores.images),
        machine=machine,
    )


@dataclass(frozen=True)
class LocalPipelines:
    """The registered pipelines of this machine."""

    table: PipelineTable

    def unsupported(self, definition: Definition) -> list[str]:
        """What the runner cannot do, a sentence each."""
        return unsupported(definition)

    def make_ready(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Register it: what is being worked on is what runs.

        Raises:
            Conflict: A pipeline of this name is another project's.
        """
        self.table.register(name, canonical(definition.document), project=mark.project, repository=mark.repository)


@dataclass(frozen=True)
class LocalObjects:
    """The object store of this machine."""

    store: ObjectStore

    def upload(self, path: Path, *, project: str, kind: str = "data") -> str:
        """Store a file or folder by its content, and give its URI."""
        return self.store.upload(path, project=project, kind=kind)

    def upload_code(self, repository: Path, *, project: str) -> str:
        """Store the repository's code, and give the prefix: what `CodeUri` wants."""
        return self.store.upload_named(code_files(repository), project=project, kind="code")

    def folder(self, uri: str, note: str) -> str:
        """See to it that there is something at a prefix, if only a note: a job's input must not be empty."""
        if not self.store.find(uri):
            self.store.put_text(note, f"{uri.rstrip('/')}/README.txt")
        return uri

    def exists(self, uri: str) -> bool:
        """Whether there is an object at a URI, or anything below it."""
        try:
            return self.store.path(uri).exists()
        except (OSError, ValueError, Invalid):  # no object has a name that no file can have
            return False

    def read(self, uri: str) -> bytes | None:
        """An object's content; None where there is none."""
        path = self.store.path(uri)
        return path.read_bytes() if path.is_file() else None

    def place(self, uri: str) -> str:
        """Where an object or prefix lies on this machine."""
        return str(self.store.path(uri))


@dataclass(frozen=True)
class LocalSources:
    """What a run on this machine is given that a person did not name."""

    images: ImageStore

    bucket = BUCKET
    role = ROLE
    prefers_sample = True

    def analyzer(self, parameter: str) -> str:
        """No image: the project's own monitoring runs in the analyzers' place."""
        del parameter
        return "not-on-this-machine"

    def own_image(self, repository: Path, *, project: str, needed: bool, notify: Callable[[str], None]) -> str:
        """Make an image of the repository; here it also stands in for images of somewhere else."""
        del needed
        return self.images.build(repository, project=project, notify=notify).uri


@dataclass(frozen=True)
class ThisMachine:
    """What can be done only because images, objects and processes are this machine's."""

    engine: Engine

    def build_image(self, repository: Path, *, project: str, notify: Callable[[str], None]) -> Image:
        """Make an image of a repository as it stands; nothing is done twice for the same files and requirements."""
        return self.engine.stores.images.build(repository, project=project, notify=notify)

    def is_image(self, uri: str) -> bool:
        """Whether a URI is an image of this machine."""
        return self.engine.stores.images.known(uri)

    def image(self, uri: str, *, notify: Callable[[str], None]) -> Image:
        """An image of this machine, with its environment.

        Raises:
            Invalid: It is not one.
        """
        found = self.engine.stores.images.find(uri, notify)
        if found is None:
            raise Invalid(f"{uri} is not an image of this machine", hint="run the build pipeline here first")
        return found

    def path(self, uri: str) -> Path:
        """Where an object or prefix lies on this machine, for reading only."""
        return self.engine.stores.objects.path(uri)

    def begin_job(self, request: Mapping[str, Any], *, step: str) -> Execution:
        """Record a processing job of no pipeline that is about to begin.

        Raises:
            Invalid: It cannot be run here.
        """
        return self.engine.stores.executions.start(self.engine.drafts.of_job(request, step=step), Process.current())


@dataclass(frozen=True)
class LocalExecutions:
    """Runs on this machine."""

    engine: Engine
    machine: ThisMachine

    def begin(self, pipeline: str, *, given: Mapping[str, str], image: str) -> Execution:
        """Record a run that is about to begin.

        Raises:
            Invalid: There is no such pipeline, parameters do not fit, or something in it cannot be run here.
        """
        own = self.machine.image(image, notify=_nobody) if image else None
        return self.engine.start(pipeline, given=given, image=own)

    def run(self, execution: str, listener: Listener) -> Execution:
        """Run what `begin` recorded, to its end."""
        return self.engine.run(execution, listener)

    def resume(self, execution: str, listener: Listener) -> Execution:
        """Run a Stopped or Failed execution again from where it was."""
        return self.engine.resume(execution, listener)

    def detach(self, execution: str, *, resume: bool) -> None:
        """Have it run by a process of its own."""
        if resume:
            self.engine.resume_detached(execution, token=secrets.token_hex(16), about={})
        else:
            self.engine.run_detached(execution)

    def stop(self, execution: str) -> None:
        """Ask the process that runs an execution to stop it."""
        self.engine.stop(execution)

    def describe(self, execution: str) -> Execution:
        """A run with its steps."""
        return self.engine.stores.executions.describe(execution)


def _nobody(_: str) -> None:
    """The environment was made a moment ago: there is nothing to tell."""
