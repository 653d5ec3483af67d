"""Executions of pipelines: start, stop, retry, describe, list."""

from typing import Any

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.http.service_errors import not_found, validation
from mlops_new.aws_api.sagemaker import arns
from mlops_new.aws_api.sagemaker.execution_steps import shown as step_shown
from mlops_new.aws_api.sagemaker.execution_steps import started
from mlops_new.aws_api.sagemaker.paging import between, page
from mlops_new.aws_api.sagemaker.pipelines import Pipelines
from mlops_new.definition import parse
from mlops_new.definition.document import as_text
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.records import ROLE, Execution, pipeline_arn
from mlops_new.platforms.local.engine import Engine
from mlops_new.ports.executions import Status

Document = dict[str, Any]

_LONGEST_REASON = 1300
_ABOUT = (
    "PipelineExecutionDisplayName",
    "PipelineExecutionDescription",
    "ParallelismConfiguration",
    "RoleArn",
)


class Executions:
    """The operations on executions.

    Args:
        platform: The embedded platform.
        pipelines: Knows the registered ones.
    """

    def __init__(self, platform: Engine, pipelines: Pipelines) -> None:
        self._platform = platform
        self._pipelines = pipelines

    def operations(self) -> dict[str, Operation]:
        """By SageMaker's names."""
        return {
            "StartPipelineExecution": self.start,
            "StopPipelineExecution": self.stop,
            "RetryPipelineExecution": self.retry,
            "DescribePipelineExecution": self.describe,
            "DescribePipelineDefinitionForExecution": self.definition,
            "ListPipelineExecutions": self.list,
            "ListPipelineExecutionSteps": self.steps,
            "ListPipelineParametersForExecution": self.parameters,
        }

    def start(self, params: Document) -> Document:
        """Have a pipeline run by a process of its own."""
        found = self._pipelines.find(params["PipelineName"])
        token = params["ClientRequestToken"]
        given = _values(params.get("PipelineParameters", []))
        about = {name: params[name] for name in _ABOUT if name in params}
        draft = self._platform.drafts.of_pipeline(found.name, given=given, about=about, token=token)
        return {"PipelineExecutionArn": self._platform.start_detached(draft).arn}

    def stop(self, params: Document) -> Document:
        """Ask an execution to stop; it says Stopping until it has."""
        found = self._find(params["PipelineExecutionArn"])
        if _status(found) != Status.EXECUTING:
            raise validation(f"Only pipelines with 'Executing' status can be stopped: {found.id} is {_status(found)}")
        self._platform.stop(found.id)
        return {"PipelineExecutionArn": found.arn}

    def retry(self, params: Document) -> Document:
        """Have one that failed or was stopped go on from where it was."""
        found = self._find(params["PipelineExecutionArn"])
        anew = {name: params[name] for name in ("ParallelismConfiguration",) if name in params}
        retried = self._platform.resume_detached(found.id, token=params["ClientRequestToken"], about=anew)
        return {"PipelineExecutionArn": retried.arn}

    def describe(self, params: Document) -> Document:
        """All about one."""
        found = self._find(params["PipelineExecutionArn"])
        return {
            "PipelineArn": pipeline_arn(found.pipeline),
            "PipelineExecutionArn": found.arn,
            "PipelineExecutionDisplayName": _display_name(found),
            "PipelineExecutionStatus": _status(found),
            "PipelineExecutionDescription": found.about.get("PipelineExecutionDescription"),
            "FailureReason": found.reason[:_LONGEST_REASON] or None,
            "CreationTime": found.started,
            "LastModifiedTime": _changed(found),
            "ParallelismConfiguration": found.about.get("ParallelismConfiguration"),
            "RoleArn": found.about.get("RoleArn", ROLE),
        }

    def definition(self, params: Document) -> Document:
        """The definition that an execution runs, whatever the pipeline's is now."""
        found = self._find(params["PipelineExecutionArn"])
        return {"PipelineDefinition": found.definition, "CreationTime": found.started}

    def list(self, params: Document) -> Document:
        """Those of a pipeline and a time, the latest first."""
        pipeline = self._pipelines.find(params["PipelineName"])
        after, before = params.get("CreatedAfter"), params.get("CreatedBefore")
        chosen = [
            one for one in self._platform.stores.executions.all(pipeline.name) if between(one.started, after, before)
        ]
        by_arn = params.get("SortBy") == "PipelineExecutionArn"
        shown = page(chosen, params, lambda one: (one.id,) if by_arn else (one.started, one.id), descending=True)
        return {"PipelineExecutionSummaries": [_summary(one) for one in shown.items], "NextToken": shown.token}

    def steps(self, params: Document) -> Document:
        """The steps that have begun, the latest first."""
        if "PipelineExecutionArn" not in params:
            raise validation("PipelineExecutionArn is needed")
        found = self._find(params["PipelineExecutionArn"])
        begun = [(place, step) for place, step in enumerate(found.steps) if started(step)]
        shown = page(begun, params, lambda item: (item[1].started, item[0]), descending=True)
        bodies = {step.name: step.body for step in parse(found.definition, source=found.id).steps}
        listed = [step_shown(found, step, bodies[step.name]) for _, step in shown.items]
        return {"PipelineExecutionSteps": listed, "NextToken": shown.token}

    def parameters(self, params: Document) -> Document:
        """The value of every parameter, those of defaults too."""
        found = self._find(params["PipelineExecutionArn"])
        shown = page(found.parameters.items(), params, lambda item: (item[0],))
        return {
            "PipelineParameters": [{"Name": name, "Value": as_text(value)} for name, value in shown.items],
            "NextToken": shown.token,
        }

    def _find(self, arn: str) -> Execution:
        pipeline, identity = arns.execution(arn)
        try:
            found = self._platform.stores.executions.describe(identity)
        except Invalid:
            raise not_found(f"there is no execution {identity} on this machine") from None
        if found.pipeline != pipeline:
            raise not_found(f"the execution {identity} is not one of the pipeline {pipeline}")
        return found


def _values(given: list[Document]) -> dict[str, str]:
    values = {parameter["Name"]: parameter["Value"] for parameter in given}
    if len(values) != len(given):
        raise validation("PipelineParameters: a name is there twice")
    return values


def _status(execution: Execution) -> str:
    return "Stopping" if execution.stopping and execution.status == Status.EXECUTING else str(execution.status)


def _display_name(execution: Execution) -> str:
    # The service makes one up where none is given; it is no part of what the client asked for.
    return str(execution.about.get("PipelineExecutionDisplayName", f"execution-{execution.id}"))


def _changed(execution: Execution) -> str:
    return max([execution.started, execution.ended, execution.stopping, *(step.started for step in execution.steps)])


def _summary(execution: Execution) -> Document:
    return {
        "PipelineExecutionArn": execution.arn,
        "StartTime": execution.started,
        "PipelineExecutionStatus": _status(execution),
        "PipelineExecutionDescription": execution.about.get("PipelineExecutionDescription"),
        "PipelineExecutionDisplayName": _display_name(execution),
        "PipelineExecutionFailureReason": execution.reason or None,
    }
