"""What only this machine's registry holds, and names in SageMaker's form."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mlops_new import records

ROLE = "arn:aws:iam::000000000000:role/mlops-new-local"
_ARN = "arn:aws:sagemaker:local:000000000000"


@dataclass(frozen=True)
class Pipeline:
    """A registered definition, marked with the project and the repository that it belongs to."""

    name: str
    digest: str
    project: str
    repository: str
    updated: str


@dataclass(frozen=True)
class Execution(records.Execution):
    """One run of a pipeline on this machine.

    Args:
        definition: The text that it runs.
        image: The image for steps whose own is not one of this machine; empty where there is none.
    """

    definition: str = ""
    image: str = ""


def pipeline_arn(name: str) -> str:
    """A pipeline's name in SageMaker's form."""
    return f"{_ARN}:pipeline/{name}"


def execution_arn(pipeline: str, identity: str) -> str:
    """An execution's name in SageMaker's form."""
    return f"{pipeline_arn(pipeline)}/execution/{identity}"


def package_arn(group: str, version: int) -> str:
    """A model package's name in SageMaker's form."""
    return f"{_ARN}:model-package/{group}/{version}"


def job_arn(kind: str, name: str) -> str:
    """A job's or model's name in SageMaker's form; `kind` is processing-job, training-job, transform-job or model."""
    return f"{_ARN}:{kind}/{name}"


def now() -> str:
    """The time, UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
