"""The jobs that steps run, described one by one."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.http.service_errors import validation
from mlops_new.aws_api.http.service_models import fit, model
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.records import Step, job_arn
from mlops_new.platforms.local.engine import Engine
from mlops_new.platforms.local.jobs.task import job_name
from mlops_new.ports.executions import Status

Document = dict[str, Any]

_EXECUTION = re.compile(r"pipelines-(?P<execution>[a-z0-9]{12})-")
STATUSES = {
    Status.EXECUTING: "InProgress",
    Status.SUCCEEDED: "Completed",
    Status.FAILED: "Failed",
    Status.STOPPED: "Stopped",
}
_ONE_DAY = 86_400


class Jobs:
    """DescribeProcessingJob, DescribeTrainingJob and DescribeTransformJob, for the last attempt at a step.

    Args:
        platform: The embedded platform.
    """

    def __init__(self, platform: Engine) -> None:
        self._platform = platform

    def operations(self) -> dict[str, Operation]:
        """By SageMaker's names."""
        return {
            "DescribeProcessingJob": self._describe("Processing", "processing-job", _nothing),
            "DescribeTrainingJob": self._describe("Training", "training-job", _training),
            "DescribeTransformJob": self._describe("Transform", "transform-job", _nothing),
        }

    def _describe(self, what: str, kind: str, more: Callable[[Step, str], Document]) -> Operation:
        shape = model("sagemaker").operation_model(f"Describe{what}Job").output_shape

        def describe(params: Document) -> Document:
            name = params[f"{what}JobName"]
            step = self._step(name, kind)
            return fit({**_common(step, what, name, job_arn(kind, name)), **more(step, name)}, shape)

        return describe

    def _step(self, name: str, kind: str) -> Step:
        match = _EXECUTION.match(name)
        try:
            steps = self._platform.stores.executions.describe(match["execution"]).steps if match else ()
        except Invalid:
            steps = ()
        for step in steps:
            if step.request and _KINDS.get(step.type) == kind and _job(match, step) == name:
                return step
        # SageMaker says it so, and clients, such as Airflow's operators, look at the code.
        raise validation(f"Could not find requested job with name: {name}")


def _job(match: re.Match[str] | None, step: Step) -> str:
    return job_name(match["execution"], step.name, step.attempt) if match else ""


_KINDS: Mapping[str, str] = {
    "Processing": "processing-job",
    "Training": "training-job",
    "Transform": "transform-job",
    "QualityCheck": "processing-job",
    "ClarifyCheck": "processing-job",
}


def _common(step: Step, what: str, name: str, arn: str) -> Document:
    ended = step.ended if step.status != Status.EXECUTING else None
    return {
        "CreationTime": step.started,
        "LastModifiedTime": step.ended or step.started,
        f"{what}StartTime": step.started,
        f"{what}EndTime": ended,
        **step.request,
        **step.properties,
        f"{what}JobName": name,
        f"{what}JobArn": arn,
        f"{what}JobStatus": STATUSES[step.status],
        "FailureReason": step.reason if step.status == Status.FAILED else None,
    }


def _nothing(_step: Step, _name: str) -> Document:
    return {}


def _training(step: Step, name: str) -> Document:
    secondary = {Status.EXECUTING: "Training"}.get(step.status, STATUSES[step.status])
    defaults = {
        "StoppingCondition": {"MaxRuntimeInSeconds": _ONE_DAY},
        "ModelArtifacts": {"S3ModelArtifacts": _artifacts(step, name)},
    }
    told = {**step.request, **step.properties}
    return {"SecondaryStatus": secondary, **{key: told.get(key, value) for key, value in defaults.items()}}


def _artifacts(step: Step, name: str) -> str:
    return f"{step.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output/model.tar.gz"
