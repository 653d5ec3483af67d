"""What the registry holds, as plain values."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/mlops-new-local"
# SageMaker takes no ARN whose region is shorter than nine letters; this is the one that clients are told to use here.
REGION = "us-east-1"
_ARN = f"arn:aws:sagemaker:{REGION}:000000000000"


class Status(StrEnum):
    """SageMaker's words for executions and steps, and two more for steps: Waiting, NotRun."""

    WAITING = "Waiting"
    EXECUTING = "Executing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    NOT_RUN = "NotRun"


@dataclass(frozen=True)
class Pipeline:
    """A registered definition, marked with the project and the repository that it belongs to.

    `about` has what else a client of the AWS interface said of it, by the names of CreatePipeline's members.
    """

    name: str
    digest: str
    project: str
    repository: str
    updated: str
    created: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The pipeline's name in SageMaker's form."""
        return pipeline_arn(self.name)


@dataclass(frozen=True)
class Step:
    """A step of one execution.

    Args:
        name: Unique in its pipeline.
        type: As the definition writes it: Processing, Training, ….
        status: Where it is.
        started: UTC, ISO 8601; empty before.
        ended: The same; empty before.
        seconds: How long its last attempt took.
        reason: Why it failed, or was not run.
        log: What its process wrote; None where no process ran.
        attempt: Counted over retries and resumed runs; 0 before the first.
        properties: What `Get: Steps.<name>.…` reads: the shape of SageMaker's Describe answer.
        request: What its last attempt asked for, every expression evaluated; empty until then.
    """

    name: str
    type: str
    status: Status
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    reason: str = ""
    log: Path | None = None
    attempt: int = 0
    properties: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline, with the definition and the parameters it was started with.

    `about` has what else a client of the AWS interface said of it, by the names of StartPipelineExecution's members;
    `stopping` is when it was asked to stop, empty where it was not.
    """

    id: str
    pipeline: str
    definition: str
    parameters: dict[str, Any]
    image: str
    status: Status
    started: str
    ended: str = ""
    reason: str = ""
    steps: tuple[Step, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)
    stopping: str = ""

    @property
    def arn(self) -> str:
        """The execution's name in SageMaker's form."""
        return f"{pipeline_arn(self.pipeline)}/execution/{self.id}"


@dataclass(frozen=True)
class Draft:
    """An execution that can be recorded: all that can be known beforehand was checked.

    Args:
        pipeline: Of which.
        definition: The text that is run.
        parameters: Every parameter's value.
        image: The image for steps whose own is not one of this machine; empty where there is none.
        steps: Name and type of each, in the definition's order.
        about: What else was said of it.
        token: Who starts twice with the same one starts once; empty where nobody cares.
        request: What was asked for, before defaults: with the same token it has to be the same.
    """

    pipeline: str
    definition: str
    parameters: dict[str, Any]
    image: str
    steps: tuple[tuple[str, str], ...]
    about: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    request: str = ""


@dataclass(frozen=True)
class ModelPackage:
    """A registered model version. `document` has the shape of DescribeModelPackage's answer."""

    group: str
    version: int
    status: str
    created: str
    execution: str
    document: dict[str, Any]

    @property
    def arn(self) -> str:
        """The package's name in SageMaker's form."""
        return package_arn(self.group, self.version)


def pipeline_arn(name: str) -> str:
    """A pipeline's name in SageMaker's form."""
    return f"{_ARN}:pipeline/{name}"


def package_arn(group: str, version: int) -> str:
    """A model package's name in SageMaker's form."""
    return f"{_ARN}:model-package/{group}/{version}"


def group_arn(name: str) -> str:
    """A model package group's name in SageMaker's form."""
    return f"{_ARN}:model-package-group/{name}"


def job_arn(kind: str, name: str) -> str:
    """A job's or model's name in SageMaker's form; `kind` is processing-job, training-job, transform-job or model."""
    return f"{_ARN}:{kind}/{name}"


def now() -> str:
    """The time, UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
