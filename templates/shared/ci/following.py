"""An execution of a pipeline, told as it goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ci.errors import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENDED = ("Succeeded", "Failed", "Stopped")
# Which log group the jobs of a kind write to.
LOG_GROUPS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
    "QualityCheck": "/aws/sagemaker/ProcessingJobs",
    "ClarifyCheck": "/aws/sagemaker/ProcessingJobs",
}


def follow(sagemaker: Any, arn: str, *, minutes: float, every: float) -> int:
    """Tell what each step does until the execution has ended; 0 when it succeeded, else 1.

    Args:
        sagemaker: A boto3 client.
        arn: The execution.
        minutes: Give up following after so many; the execution goes on.
        every: Seconds between two looks.
    """
    told: dict[str, str] = {}
    until = time.monotonic() + 60 * minutes
    while True:
        # The status first: steps that are read after it has ended have ended, too.
        execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        for line in news(steps(sagemaker, arn), told):
            say(line)
        status = execution["PipelineExecutionStatus"]
        if status in ENDED:
            reason = execution.get("FailureReason")
            say(f"{status}: {reason}" if reason else status)
            return 0 if status == "Succeeded" else 1
        if time.monotonic() >= until:
            say(f"still {status} after {minutes:g} minutes; it goes on: {arn}")
            return 1
        time.sleep(every)


def steps(sagemaker: Any, arn: str) -> Iterator[dict[str, Any]]:
    """The steps that have begun, in that order."""
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    for page in pages:
        yield from page["PipelineExecutionSteps"]


def news(found: Iterator[dict[str, Any]], told: dict[str, str]) -> Iterator[str]:
    """A line for each step that is in another state than when it was last told, which is noted."""
    for step in found:
        name, status = step["StepName"], step["StepStatus"]
        if told.get(name) == status:
            continue
        told[name] = status
        yield f"{name}: {status}{_took(step)}"
        if status == "Failed":
            yield f"  {' '.join(str(step.get('FailureReason', 'no reason given')).split())}"
            if link := log(step.get("Metadata", {})):
                yield f"  log: {link}"


def _took(step: Mapping[str, Any]) -> str:
    if step["StepStatus"] not in ENDED or "EndTime" not in step or "StartTime" not in step:
        return ""
    seconds = round((step["EndTime"] - step["StartTime"]).total_seconds())
    return f" in {seconds // 60} min {seconds % 60} s"


def log(metadata: Mapping[str, Any]) -> str | None:
    """A link to the log of a step's job, in the AWS console; None where a step has no job."""
    for kind, group in LOG_GROUPS.items():
        about = metadata.get(kind, {})
        arn = about.get("Arn") or about.get("CheckJobArn")
        if arn:
            region, job = arn.split(":")[3], arn.rpartition("/")[2]
            # The console wants it encoded twice, with $ for %.
            place = group.replace("/", "$252F")
            return (
                f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
                f"{place}$3FlogStreamNameFilter$3D{job}"
            )
    return None
