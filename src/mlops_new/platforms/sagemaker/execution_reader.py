"""Executions of an account's pipelines, read as records."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops_new import definition as documents
from mlops_new.definition import Definition
from mlops_new.platforms.sagemaker import job_details
from mlops_new.platforms.sagemaker.account import Account, side_by_side
from mlops_new.ports.executions import Execution, Status, Step

# No execution lives longer.
_LONGEST = timedelta(days=28)

# What is on its way to a status is not there yet.
STATUSES: Mapping[str, Status] = {
    "Starting": Status.EXECUTING,
    "Executing": Status.EXECUTING,
    "Stopping": Status.EXECUTING,
    "Stopped": Status.STOPPED,
    "Failed": Status.FAILED,
    "CompletedWithFailures": Status.FAILED,
    "Succeeded": Status.SUCCEEDED,
}


def summaries(account: Account, pipeline: str, *, most: int | None = None) -> Iterator[dict[str, Any]]:
    """The executions of a pipeline as they are listed, the latest first; none where there is no such pipeline."""
    pages = account.find_pages(
        "sagemaker",
        "ListPipelineExecutions",
        about=f"pipeline {pipeline}",
        PipelineName=pipeline,
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"MaxItems": most},
    )
    for page in pages:
        yield from page["PipelineExecutionSummaries"]


def running(account: Account, pipeline: str) -> list[str]:
    """The executions of a pipeline that have not ended, each with the pipeline."""
    oldest = datetime.now(UTC) - _LONGEST
    found: list[str] = []
    for summary in summaries(account, pipeline):
        if summary["StartTime"] < oldest:
            break
        if STATUSES[summary["PipelineExecutionStatus"]] is Status.EXECUTING:
            found.append(f"{pipeline}/{identity(summary['PipelineExecutionArn'])}")
    return found


def identity(arn: str) -> str:
    """What an execution is called in short: the last part of its ARN."""
    return arn.rpartition("/")[2]


def pipeline_of(arn: str) -> str:
    """The pipeline that an execution's ARN names."""
    return arn.split("/")[1]


class Reader:
    """Reads one execution, again and again while it runs; what does not change is asked for once.

    Args:
        account: Where it runs.
        arn: Of the execution.
    """

    def __init__(self, account: Account, arn: str) -> None:
        self._account, self._arn = account, arn
        self._about = f"execution {identity(arn)} of {pipeline_of(arn)}"
        self._definition: Definition | None = None
        self._parameters: dict[str, Any] | None = None
        self._described: dict[str, Step] = {}

    @property
    def id(self) -> str:
        """What the execution is called in short."""
        return identity(self._arn)

    def unseen(self) -> Execution:
        """The execution as it is known before it was looked at."""
        return Execution(self.id, self._arn, pipeline_of(self._arn), {}, Status.EXECUTING, "")

    def read(self) -> Execution:
        """The execution as it is now, with the steps of its definition; those that ended are described in full."""
        described = self._ask("DescribePipelineExecution")
        status = STATUSES[described["PipelineExecutionStatus"]]
        return Execution(
            id=identity(self._arn),
            arn=self._arn,
            pipeline=pipeline_of(self._arn),
            parameters=self._given(),
            status=status,
            started=moment(described.get("CreationTime")),
            ended="" if status is Status.EXECUTING else moment(described.get("LastModifiedTime")),
            reason=described.get("FailureReason", ""),
            steps=self._steps(status),
        )

    def _steps(self, status: Status) -> tuple[Step, ...]:
        listed = {step["StepName"]: step for page in self._pages() for step in page["PipelineExecutionSteps"]}
        unlisted = Status.WAITING if status is Status.EXECUTING else Status.NOT_RUN
        steps = [_step(step.name, step.type, listed.get(step.name), unlisted) for step in self._document().steps]
        return tuple(side_by_side(lambda step: self._whole(step, listed.get(step.name, {})), steps))

    def _whole(self, step: Step, listed: Mapping[str, Any]) -> Step:
        """The step with what its job says, once that has ended."""
        if not listed or step.status is Status.EXECUTING:
            return step
        known = self._described.get(step.name)
        if known is None or known.ended != step.ended:
            about = job_details.describe(self._account, listed.get("Metadata", {}))
            known = replace(step, properties=about.properties, link=about.link, reason=step.reason or about.reason)
            self._described[step.name] = known
        return known

    def _pages(self) -> Iterator[dict[str, Any]]:
        return self._account.pages(
            "sagemaker", "ListPipelineExecutionSteps", about=self._about, PipelineExecutionArn=self._arn
        )

    def _document(self) -> Definition:
        if self._definition is None:
            text = self._ask("DescribePipelineDefinitionForExecution")["PipelineDefinition"]
            self._definition = documents.parse(text, source=self._about)
        return self._definition

    def _given(self) -> dict[str, Any]:
        if self._parameters is None:
            pages = self._account.pages(
                "sagemaker", "ListPipelineParametersForExecution", about=self._about, PipelineExecutionArn=self._arn
            )
            self._parameters = {one["Name"]: one["Value"] for page in pages for one in page["PipelineParameters"]}
        return self._parameters

    def _ask(self, operation: str) -> dict[str, Any]:
        return self._account.call("sagemaker", operation, about=self._about, PipelineExecutionArn=self._arn)


def model_names(account: Account, arn: str) -> list[str]:
    """The models that the Model steps of an execution have made."""
    pages = account.pages(
        "sagemaker", "ListPipelineExecutionSteps", about=f"execution {identity(arn)}", PipelineExecutionArn=arn
    )
    arns = [
        step.get("Metadata", {}).get("Model", {}).get("Arn")
        for page in pages
        for step in page["PipelineExecutionSteps"]
    ]
    return [arn.rpartition("/")[2] for arn in arns if arn]


def moment(value: datetime | None) -> str:
    """A time as records hold it: UTC, ISO 8601 with milliseconds; empty where there is none."""
    if value is None:
        return ""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _step(name: str, kind: str, listed: Mapping[str, Any] | None, unlisted: Status) -> Step:
    if listed is None:
        reason = "" if unlisted is Status.WAITING else "no branch led to it, or the run ended before"
        return Step(name, kind, unlisted, reason=reason)
    started, ended = listed.get("StartTime"), listed.get("EndTime")
    return Step(
        name=name,
        type=kind,
        status=STATUSES[listed["StepStatus"]],
        started=moment(started),
        ended=moment(ended),
        seconds=(ended - started).total_seconds() if started and ended else 0.0,
        reason=listed.get("FailureReason", ""),
        attempt=1,
    )
