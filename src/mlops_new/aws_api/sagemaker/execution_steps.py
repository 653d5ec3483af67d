"""The steps of an execution, as ListPipelineExecutionSteps tells them."""

from collections.abc import Callable, Mapping
from typing import Any

from mlops_new.platforms.local.database.records import Execution, Step, job_arn
from mlops_new.platforms.local.jobs.task import job_name
from mlops_new.ports.executions import Status

Document = dict[str, Any]
Body = Mapping[str, Any]

_BASELINES = (
    "CalculatedBaselineConstraints",
    "CalculatedBaselineStatistics",
    "BaselineUsedForDriftCheckConstraints",
    "BaselineUsedForDriftCheckStatistics",
)


def started(step: Step) -> bool:
    """Whether SageMaker would list it: what waits, or is not run, is not listed."""
    return bool(step.started) and step.status not in {Status.WAITING, Status.NOT_RUN}


def shown(execution: Execution, step: Step, body: Body) -> Document:
    """One step.

    Args:
        execution: Whose.
        step: How far it is.
        body: What the definition says of it.
    """
    running = step.status == Status.EXECUTING
    return {
        "StepName": step.name,
        "StepDisplayName": body.get("DisplayName"),
        "StepDescription": body.get("Description"),
        "StartTime": step.started,
        "EndTime": None if running else step.ended or None,
        "StepStatus": "Stopping" if running and execution.stopping else str(step.status),
        "FailureReason": step.reason if step.status == Status.FAILED else None,
        "Metadata": _metadata(execution, step, body) or None,
        "AttemptCount": step.attempt,
    }


def _metadata(execution: Execution, step: Step, body: Body) -> Document:
    """What the step made: the job's ARN, the condition's outcome, …; nothing before it has asked for it."""
    makes = _METADATA.get(step.type)
    return makes(step, body, job_name(execution.id, step.name, step.attempt)) if makes else {}


_Makes = Callable[[Step, Body, str], Document]


def _job(member: str, kind: str) -> _Makes:
    return lambda step, _, name: {member: {"Arn": job_arn(kind, name)}} if step.request else {}


def _made(member: str, arn: str) -> _Makes:
    return lambda step, _body, _name: {member: {"Arn": step.properties[arn]}} if arn in step.properties else {}


def _condition(step: Step, _body: Body, _name: str) -> Document:
    return {"Condition": {"Outcome": "True" if step.properties["Outcome"] else "False"}} if step.properties else {}


def _fail(step: Step, _body: Body, _name: str) -> Document:
    return {"Fail": {"ErrorMessage": step.reason}} if step.reason else {}


def _check(member: str) -> _Makes:
    def makes(step: Step, body: Body, name: str) -> Document:
        job = {"CheckJobArn": job_arn("processing-job", name)} if step.request else {}
        found = {name: step.properties[name] for name in _BASELINES if name in step.properties}
        return {member: {"CheckType": body.get("CheckType"), **found, **job}}

    return makes


_METADATA: Mapping[str, _Makes] = {
    "Processing": _job("ProcessingJob", "processing-job"),
    "Training": _job("TrainingJob", "training-job"),
    "Transform": _job("TransformJob", "transform-job"),
    "Model": _made("Model", "ModelArn"),
    "RegisterModel": _made("RegisterModel", "ModelPackageArn"),
    "Condition": _condition,
    "Fail": _fail,
    "QualityCheck": _check("QualityCheck"),
    "ClarifyCheck": _check("ClarifyCheck"),
}
