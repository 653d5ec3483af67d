"""What the jobs behind a pipeline's steps say of themselves, and where their logs can be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from mlops_new.platforms.sagemaker.account import Account

# Step metadata → the operation that describes the job, the member that names it, and its log group.
_JOBS = {
    "ProcessingJob": ("DescribeProcessingJob", "ProcessingJobName", "ProcessingJobs"),
    "TrainingJob": ("DescribeTrainingJob", "TrainingJobName", "TrainingJobs"),
    "TransformJob": ("DescribeTransformJob", "TransformJobName", "TransformJobs"),
}
_CHECKS = ("QualityCheck", "ClarifyCheck")
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


@dataclass(frozen=True)
class About:
    """What there is to know of an ended step beyond its listing.

    Args:
        properties: The shape of the Describe answer.
        link: The log in CloudWatch's console; empty where there is none.
        reason: Why the job failed.
    """

    properties: dict[str, Any] = field(default_factory=dict)
    link: str = ""
    reason: str = ""


def describe(account: Account, metadata: Mapping[str, Any]) -> About:
    """Read a step's metadata, and its job where it has one."""
    for kind, (operation, member, logs) in _JOBS.items():
        if kind in metadata:
            return _job(account, metadata[kind]["Arn"], operation, member, logs)
    for kind in _CHECKS:
        if kind in metadata:
            return _check(account, metadata[kind])
    if "RegisterModel" in metadata:
        return About({"ModelPackageArn": metadata["RegisterModel"]["Arn"]})
    if "Fail" in metadata:
        return About(reason=metadata["Fail"].get("ErrorMessage", ""))
    return About()


def _job(account: Account, arn: str, operation: str, member: str, logs: str) -> About:
    name = arn.rpartition("/")[2]
    found = account.find("sagemaker", operation, about=f"job {name}", **{member: name})
    if found is None:
        return About(link=log_link(account, logs, name))
    return About(found, log_link(account, logs, name), found.get("FailureReason", ""))


def _check(account: Account, metadata: Mapping[str, Any]) -> About:
    """A check's own files stand in its metadata, not in its job."""
    job = str(metadata.get("CheckJobArn", "")).rpartition("/")[2]
    return About(dict(metadata), log_link(account, "ProcessingJobs", job) if job else "")


def log_link(account: Account, group: str, job: str) -> str:
    """Where a browser shows the log streams of a job."""
    console = _CONSOLES.get(account.identity.partition, "console.aws.amazon.com")
    # The console's own encoding: once as a URL, and once more with $ for %.
    path = quote(quote(f"/aws/sagemaker/{group}", safe=""), safe="").replace("%", "$")
    query = quote(f"?logStreamNameFilter={job}", safe="").replace("%", "$")
    region = account.region
    return f"https://{region}.{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{path}{query}"
