"""What a step's handler is given, and how it fails."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_new.platforms.local.database.model_table import ModelRegistry
from mlops_new.platforms.local.database.records import Execution
from mlops_new.platforms.local.jobs.workspace import Workspace
from mlops_new.platforms.local.processes.supervised import StopSignal
from mlops_new.platforms.local.store.object_store import ObjectStore
from mlops_new.ports.platform import Image

SERVICE_FAULT = "Step.SERVICE_FAULT"
THROTTLING = "Step.THROTTLING"
INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"

_LONGEST_NAME = 63
_LONGEST_REASON = 1024


class StepFailed(Exception):
    """A step failed.

    Args:
        reason: Why, for a person; cut at SageMaker's 1024 characters.
        kind: The exception type of a retry policy that this is; empty when no retry can help: the job itself failed.
    """

    def __init__(self, reason: str, *, kind: str = "") -> None:
        super().__init__(reason)
        self.reason = reason.strip()[:_LONGEST_REASON]
        self.kind = kind


class StepStopped(Exception):
    """The run was stopped while the step ran."""


def job_name(execution: str, step: str, attempt: int) -> str:
    """The name of the job of one attempt at a step."""
    unique = hashlib.sha256(f"{execution}/{step}/{attempt}".encode()).hexdigest()[:10]
    start = f"pipelines-{execution}-{step}"[: _LONGEST_NAME - len(unique) - 1]
    return f"{start.rstrip('-')}-{unique}"


@dataclass(frozen=True)
class Task:
    """One attempt at one step.

    Args:
        name: The step.
        attempt: From 1.
        arguments: The request, every expression evaluated.
        execution: The run it belongs to.
        workspace: Its files.
        objects: The object store.
        models: Models and model packages.
        image: Gives the image of a URI, or raises StepFailed.
        stop: Raised when the run is stopped.
        notify: Takes what a person should know.
        members: What the step has beside its request, every expression evaluated.
        asked: Takes the arguments when they are evaluated, before the handler is called.
    """

    name: str
    attempt: int
    arguments: Mapping[str, Any]
    execution: Execution
    workspace: Workspace
    objects: ObjectStore
    models: ModelRegistry
    image: Callable[[str], Image]
    stop: StopSignal
    notify: Callable[[str], None]
    members: Mapping[str, Any] = field(default_factory=dict)
    asked: Callable[[Mapping[str, Any]], None] = lambda _: None

    @property
    def job_name(self) -> str:
        """The job's name: unique, the same whenever it is asked, and within SageMaker's 63 characters."""
        return job_name(self.execution.id, self.name, self.attempt)

    def one_instance(self, resources: Mapping[str, Any]) -> None:
        """Say so where more instances are asked for than this machine is."""
        count = resources.get("InstanceCount", 1)
        if str(count) != "1":
            self.notify(f"{self.name}: {count} instances are asked for; this machine runs the job as one")
