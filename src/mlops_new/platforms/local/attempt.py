"""One attempt at one step: its arguments evaluated, its handler called, its end put into words."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_new.errors import Error
from mlops_new.platforms.local.expressions import ExpressionError, Scope, evaluate, holds
from mlops_new.platforms.local.graph import Node
from mlops_new.platforms.local.handlers import HANDLERS
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images import Image, ImageStore
from mlops_new.platforms.local.models import ModelRegistry
from mlops_new.platforms.local.objects import ObjectStore
from mlops_new.platforms.local.records import Execution, Status, now, pipeline_arn
from mlops_new.platforms.local.registry import Registry
from mlops_new.platforms.local.supervised import StopSignal
from mlops_new.platforms.local.task import SERVICE_FAULT, StepFailed, StepStopped, Task
from mlops_new.platforms.local.workspace import Workspace

_Notify = Callable[[str], None]


@dataclass(frozen=True)
class Stores:
    """What is kept on this machine."""

    home: Home
    registry: Registry
    models: ModelRegistry
    objects: ObjectStore
    images: ImageStore


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


def attempt(
    stores: Stores,
    execution: Execution,
    node: Node,
    number: int,
    place: Workspace,
    properties: Mapping[str, Mapping[str, Any]],
    stop: StopSignal,
    notify: _Notify,
) -> Outcome:
    """Try a step once.

    Args:
        stores: What is kept on this machine.
        execution: The run.
        node: The step.
        number: Which attempt it is.
        place: Its files, removed when it succeeds, all but the log.
        properties: Of the steps that have succeeded.
        stop: Raised when the run is stopped.
        notify: Takes what a person should know.
    """
    images = _Images(stores.images, execution.image, notify)
    task = Task(node.name, number, {}, execution, place, stores.objects, stores.models, images.get, stop, notify)
    scope = _scope(stores, task, properties)
    try:
        result = _perform(node, task, scope)
    except StepFailed as failed:
        return Outcome(Status.FAILED, reason=failed.reason, kind=failed.kind)
    except StepStopped:
        return Outcome(Status.STOPPED, reason="the run was stopped")
    except (ExpressionError, Error) as error:
        return Outcome(Status.FAILED, reason=str(error))
    except OSError as error:
        return Outcome(Status.FAILED, reason=_in_words(error), kind=SERVICE_FAULT)
    place.clear()
    return Outcome(Status.SUCCEEDED, result)


def _perform(node: Node, task: Task, scope: Scope) -> dict[str, Any]:
    if node.type == "Condition":
        return {"Outcome": all(holds(condition, scope) for condition in node.arguments["Conditions"])}
    from dataclasses import replace

    return HANDLERS[node.type](replace(task, arguments=evaluate(node.arguments, scope)))


def _scope(stores: Stores, task: Task, properties: Mapping[str, Mapping[str, Any]]) -> Scope:
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
    files = _property_files(json.loads(execution.definition))

    def property_file(step: str, name: str) -> Any:
        if (step, name) not in files or step not in properties:
            raise ExpressionError(f"step {step} has no property file {name}")
        output, path = files[step, name]
        uri = _output_uri(properties[step], output)
        return _read_json(stores.objects, f"{uri.rstrip('/')}/{path}")

    return Scope(
        execution.parameters, variables, properties, property_file, lambda uri: _read_json(stores.objects, uri)
    )
