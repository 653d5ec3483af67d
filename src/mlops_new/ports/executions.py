"""What a platform tells of its executions and model versions, as plain values in SageMaker's words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Status(StrEnum):
    """SageMaker's words for executions and steps, and two more for steps: Waiting, NotRun."""

    WAITING = "Waiting"
    EXECUTING = "Executing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    NOT_RUN = "NotRun"


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
        log: What its process wrote; None where none ran on this machine.
        attempt: Counted over retries and resumed runs; 0 before the first.
        properties: What `Get: Steps.<name>.…` reads: the shape of SageMaker's Describe answer.
        link: Where its log can be read in a browser; empty where there is no such place.
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
    link: str = ""

    def outputs(self) -> Iterator[tuple[str, str]]:
        """The names and URIs of what it has stored."""
        properties = self.properties
        for output in properties.get("ProcessingOutputConfig", {}).get("Outputs", []):
            yield output["OutputName"], output["S3Output"]["S3Uri"]
        if "CalculatedBaselineConstraints" in properties:
            folder = str(properties["CalculatedBaselineConstraints"]).rpartition("/")[0]
            yield folder.rpartition("/")[2], folder  # as own checks call it; the analyzers' outputs all have one name
        if "ModelArtifacts" in properties:
            yield "model", properties["ModelArtifacts"]["S3ModelArtifacts"]
        if "TransformOutput" in properties:
            yield "transformed", properties["TransformOutput"]["S3OutputPath"]


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline, with the parameters it was started with.

    Args:
        id: Unique on its platform.
        arn: Its name in SageMaker's form.
        pipeline: The pipeline's name.
        parameters: By name.
        status: Where it is.
        started: UTC, ISO 8601.
        ended: The same; empty before.
        reason: Why it failed or was stopped.
        steps: In the definition's order; empty in listings.
    """

    id: str
    arn: str
    pipeline: str
    parameters: dict[str, Any]
    status: Status
    started: str
    ended: str = ""
    reason: str = ""
    steps: tuple[Step, ...] = ()

    def outputs(self) -> dict[str, str]:
        """The URIs of what its steps have stored, by output name; with the step's name where two share one."""
        found: dict[str, str] = {}
        for step in self.steps:
            for name, uri in step.outputs():
                found[name if name not in found else f"{step.name}.{name}"] = uri
        return found


@dataclass(frozen=True)
class ModelPackage:
    """A registered model version. `document` has the shape of DescribeModelPackage's answer."""

    group: str
    version: int
    arn: str
    status: str
    created: str
    execution: str
    document: dict[str, Any]


def approval(status: str) -> dict[str, str]:
    """What a model package's metadata tell of an approval, as SageMaker keeps no moment of it.

    The deploy repository's `model_in_use.py` finds by it which model was in use at a past date.
    """
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"approved_at": moment} if status == "Approved" else {}
