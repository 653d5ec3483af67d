"""What only this machine's registry holds, and names in SageMaker's form."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops_new.ports import executions

ROLE = "arn:aws:iam::000000000000:role/mlops-new-local"
# SageMaker takes no ARN whose region is shorter than nine letters; this is the one that clients are told to use here.
REGION = "us-east-1"
_ARN = f"arn:aws:sagemaker:{REGION}:000000000000"


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
class Step(executions.Step):
    """A step of one execution on this machine.

    Args:
        request: What its last attempt asked for, every expression evaluated; empty until then.
    """

    request: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Execution(executions.Execution):
    """One run of a pipeline on this machine.

    Args:
        definition: The text that it runs.
        image: The image for steps whose own is not one of this machine; empty where there is none.
        about: What else a client of the AWS interface said of it, by the names of StartPipelineExecution's members.
        stopping: When it was asked to stop; empty where it was not.
    """

    steps: tuple[Step, ...] = ()
    definition: str = ""
    image: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    stopping: str = ""


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


def pipeline_arn(name: str) -> str:
    """A pipeline's name in SageMaker's form."""
    return f"{_ARN}:pipeline/{name}"


def execution_arn(pipeline: str, identity: str) -> str:
    """An execution's name in SageMaker's form."""
    return f"{pipeline_arn(pipeline)}/execution/{identity}"


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
