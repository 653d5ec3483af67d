"""One attempt at one step: its arguments evaluated, its handler called, its end put into words."""

import errno
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_new.definition.faults import dotted
from mlops_new.definition.requests import evaluated_faults
from mlops_new.errors import Error
from mlops_new.platforms.local.database.records import ROLE, Execution, now, pipeline_arn
from mlops_new.platforms.local.jobs.task import SERVICE_FAULT, StepFailed, StepStopped, Task
from mlops_new.platforms.local.runner.expressions import ExpressionError, Scope, evaluate, hold
from mlops_new.platforms.local.runner.handlers import HANDLERS
from mlops_new.platforms.local.runner.step_graph import Node
from mlops_new.platforms.local.runner.support import argument_faults
from mlops_new.platforms.local.store.object_store import ObjectStore
from mlops_new.ports.executions import Status

_ROLES = {
    "Model": "ExecutionRoleArn",
    **dict.fromkeys(("Processing", "Training", "QualityCheck", "ClarifyCheck"), "RoleArn"),
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended.

    Args:
        status: Succeeded, Failed or Stopped.
        properties: What later steps can read; empty unless it succeeded.
        reason: Why it failed.
        kind: The exception type that a retry policy may name; empty when none applies.
    """

    status: Status
    properties: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    kind: str = ""


def attempt(task: Task, node: Node, scope: Scope) -> Outcome:
    """Try a step once.

    Args:
        task: The attempt, its arguments not set.
        node: The step.
        scope: What its expressions can refer to.
    """
    try:
        result = _perform(task, node, scope)
    except StepFailed as failed:
        return Outcome(Status.FAILED, reason=failed.reason, kind=failed.kind)
    except StepStopped:
        return Outcome(Status.STOPPED, reason="the run was stopped")
    except (ExpressionError, Error) as error:
        return Outcome(Status.FAILED, reason=str(error))
    except OSError as error:
        return Outcome(Status.FAILED, reason=_in_words(error), kind=SERVICE_FAULT)
    return Outcome(Status.SUCCEEDED, result)


def scope_of(task: Task, graph: Mapping[str, Node], properties: Mapping[str, Mapping[str, Any]]) -> Scope:
    """What the expressions of a step can refer to.

    Args:
        task: The attempt at it.
        graph: All nodes by name.
        properties: Of the steps that have succeeded.
    """
    execution = task.execution
    variables = {
        "StartDateTime": execution.started,
        "CurrentDateTime": now(),
        "PipelineName": execution.pipeline,
        "PipelineArn": pipeline_arn(execution.pipeline),
        "PipelineExecutionId": execution.id,
        "PipelineExecutionArn": execution.arn,
        "TrainingJobName": task.job_name,
        "ProcessingJobName": task.job_name,
    }

    def property_file(step: str, name: str) -> Any:
        files = graph[step].body.get("PropertyFiles", []) if step in properties else []
        for file in files:
            if file["PropertyFileName"] == name:
                return _json_object(task.objects, _file_uri(properties[step], file))
        raise ExpressionError(f"step {step} has no property file {name}")

    return Scope(
        parameters=execution.parameters,
        execution=variables,
        steps={name: readable(members) for name, members in properties.items()},
        property_file=property_file,
        json_object=lambda uri: _json_object(task.objects, uri),
    )


def readable(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """What expressions read of a step: the outcome of a Condition is the text True or False (ConditionStepMetadata)."""
    return {**properties, "Outcome": str(properties["Outcome"])} if "Outcome" in properties else properties


def _perform(task: Task, node: Node, scope: Scope) -> dict[str, Any]:
    if node.type == "Condition":
        return {"Outcome": hold(node.arguments["Conditions"], scope)}
    arguments, members = evaluate(node.arguments, scope), evaluate(node.members, scope)
    arguments = _with_role(node.type, arguments, task.execution)
    # Once more, now that nothing is an expression any more.
    if faults := list(argument_faults(node.type, arguments, members)):
        raise StepFailed("; ".join(faults))
    if refused := evaluated_faults(node.type, node.arguments, arguments):
        raise StepFailed("; ".join(f"{dotted(fault.path)}: {fault.message}" for fault in refused))
    task.asked(arguments)
    return HANDLERS[node.type](replace(task, arguments=arguments, members=members))


def _with_role(kind: str, arguments: dict[str, Any], execution: Execution) -> dict[str, Any]:
    """The request with a role: that of the execution where the step says none."""
    member = _ROLES.get(kind)
    return arguments if member is None else {member: execution.about.get("RoleArn", ROLE), **arguments}


def _file_uri(properties: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    for output in properties.get("ProcessingOutputConfig", {}).get("Outputs", []):
        if output["OutputName"] == file["OutputName"]:
            return f"{output['S3Output']['S3Uri'].rstrip('/')}/{file['FilePath']}"
    raise ExpressionError(f"property file {file['PropertyFileName']}: there is no output {file['OutputName']}")


def _json_object(objects: ObjectStore, uri: str) -> Any:
    try:
        return json.loads(objects.path(uri).read_bytes())
    except FileNotFoundError:
        raise ExpressionError(f"there is no object at {uri}") from None
    except ValueError as error:
        raise ExpressionError(f"{uri} is not JSON: {error}") from None


def _in_words(error: OSError) -> str:
    what = "the disk is full" if error.errno in _FULL else error.strerror or str(error)
    return f"{what}: {error.filename}" if error.filename else what
