"""The embedded platform as the commands see it: every platform's methods, by the names of `ports.platform.Platform`."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlops_new.definition import Definition, canonical
from mlops_new.errors import Invalid
from mlops_new.names import Mark
from mlops_new.platforms.local.database.records import ROLE, Execution
from mlops_new.platforms.local.engine import LocalPlatform
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.platforms.local.runner.support import unsupported
from mlops_new.platforms.local.store.object_store import BUCKET
from mlops_new.ports import executions
from mlops_new.ports.executions import ModelPackage


class LocalRuns(LocalPlatform):
    """A `ports.platform.Platform`, and what only this machine has."""

    bucket = BUCKET
    role = ROLE
    option: str = ""
    prefers_sample = True

    def analyzer(self, parameter: str) -> str:
        """No image: the project's own monitoring runs in the analyzers' place."""
        del parameter
        return "not-on-this-machine"

    def unsupported(self, definition: Definition) -> list[str]:
        """What the runner cannot do, a sentence each."""
        return unsupported(definition)

    def own_image(self, repository: Path, *, project: str, needed: bool, notify: Callable[[str], None]) -> str:
        """Make an image of the repository; here it also stands in for images of somewhere else."""
        del needed
        return self.build_image(repository, project=project, notify=notify).uri

    def exists(self, uri: str) -> bool:
        """Whether there is an object at a URI, or anything below it."""
        try:
            return self.local_path(uri).exists()
        except (OSError, ValueError, Invalid):  # no object has a name that no file can have
            return False

    def read(self, uri: str) -> bytes | None:
        """An object's content; None where there is none."""
        path = self.local_path(uri)
        return path.read_bytes() if path.is_file() else None

    def place(self, uri: str) -> str:
        """Where an object or prefix lies on this machine."""
        return str(self.local_path(uri))

    def make_ready(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Register it: what is being worked on is what runs.

        Raises:
            Conflict: A pipeline of this name is another project's.
        """
        self.register(name, canonical(definition.document), project=mark.project, repository=mark.repository)

    def begin(self, pipeline: str, *, given: Mapping[str, str], image: str) -> Execution:
        """Record a run that is about to begin.

        Raises:
            Invalid: There is no such pipeline, parameters do not fit, or something in it cannot be run here.
        """
        return self.start(pipeline, given=given, image=self.image(image, notify=_nobody) if image else None)

    def begin_job(self, request: Mapping[str, Any], *, step: str) -> Execution:
        """Record a processing job of no pipeline that is about to begin.

        Args:
            request: CreateProcessingJob's.
            step: What its only step is called.

        Raises:
            Invalid: It cannot be run here.
        """
        return self.stores.registry.start(self.draft_job(request, step=step), Process.current())

    def detach(self, execution: str, *, resume: bool) -> None:
        """Have it run by a process of its own."""
        if resume:
            self.resume_detached(execution, token=secrets.token_hex(16), about={})
        else:
            self.run_detached(execution)

    def registered_by(self, execution: executions.Execution, group: str) -> ModelPackage | None:
        """The model version that a run has registered, or None."""
        return next((package for package in self.model_packages(group) if package.execution == execution.id), None)


def _nobody(_: str) -> None:
    """The environment was made a moment ago: there is nothing to tell."""
