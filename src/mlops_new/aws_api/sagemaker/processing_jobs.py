"""Processing jobs that clients start themselves, as Airflow's SageMakerProcessingOperator does."""

from typing import Any

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.http.service_errors import ServiceError, not_found, validation
from mlops_new.aws_api.http.service_models import fit, model
from mlops_new.aws_api.sagemaker.describe_jobs import STATUSES
from mlops_new.aws_api.sagemaker.paging import between, page
from mlops_new.aws_api.sagemaker.tagging import by_key
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database import standalone
from mlops_new.platforms.local.database.records import Execution, job_arn
from mlops_new.platforms.local.database.tag_table import Tags
from mlops_new.platforms.local.engine import Engine
from mlops_new.ports.executions import Status

Document = dict[str, Any]

_KIND = "processing-job"
_SORTED = {"CreationTime": "CreationTime", "Name": "ProcessingJobName", "Status": "ProcessingJobStatus"}


class Processing:
    """CreateProcessingJob, StopProcessingJob, ListProcessingJobs, and DescribeProcessingJob for these.

    Args:
        platform: The embedded platform.
        of_steps: Describes the jobs that pipelines start.
    """

    def __init__(self, platform: Engine, of_steps: Operation) -> None:
        self._platform = platform
        self._of_steps = of_steps
        self._tags = Tags(platform.stores.database)

    def operations(self) -> dict[str, Operation]:
        """By SageMaker's names."""
        return {
            "CreateProcessingJob": self.create,
            "DescribeProcessingJob": self.describe,
            "ListProcessingJobs": self.list,
            "StopProcessingJob": self.stop,
        }

    def create(self, params: Document) -> Document:
        """Have a job run by a process of its own. A name is taken once, as in SageMaker."""
        name, tags = params["ProcessingJobName"], by_key(params.get("Tags", []))
        if self._find(name):
            raise ServiceError("ResourceInUse", f"there is a processing job {name} already")
        self._platform.start_detached(self._platform.drafts.of_job(params))
        self._tags.add(f"{_KIND}/{name}", tags)
        return {"ProcessingJobArn": job_arn(_KIND, name)}

    def describe(self, params: Document) -> Document:
        """All about one, a pipeline's too."""
        found = self._find(params["ProcessingJobName"])
        if found is None:
            return dict(self._of_steps(params) or {})
        shape = model("sagemaker").operation_model("DescribeProcessingJob").output_shape
        return fit({**standalone.request(found), **found.steps[0].properties, **_shown(found)}, shape)

    def list(self, params: Document) -> Document:
        """Those that clients have started, the earliest first; a pipeline's own are listed with its steps."""
        every = [_summary(found) for found in self._platform.stores.executions.all() if standalone.job(found)]
        chosen = [found for found in every if _wanted(found, params)]
        by = _SORTED[params.get("SortBy", "CreationTime")]
        shown = page(chosen, params, lambda one: (one[by], one["ProcessingJobName"]))
        return {"ProcessingJobSummaries": shown.items, "NextToken": shown.token}

    def stop(self, params: Document) -> Document:
        """Ask one to stop."""
        name = params["ProcessingJobName"]
        found = self._find(name)
        if found is None:
            raise not_found(f"there is no processing job {name} on this machine that a client has started")
        try:
            self._platform.stop(found.id)
        except Invalid:
            raise validation(f"the processing job {name} is not running") from None
        return {}

    def _find(self, name: str) -> Execution | None:
        found = self._platform.stores.executions.all(standalone.pipeline(name))
        return self._platform.stores.executions.describe(found[0].id) if found else None


def _summary(execution: Execution) -> Document:
    name = str(standalone.job(execution))
    stopping = execution.stopping and execution.status == Status.EXECUTING
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": job_arn(_KIND, name),
        "CreationTime": execution.started,
        "ProcessingEndTime": execution.ended or None,
        "LastModifiedTime": execution.ended or execution.started,
        "ProcessingJobStatus": "Stopping" if stopping else STATUSES[execution.status],
    }


def _shown(execution: Execution) -> Document:
    (step,) = execution.steps
    failed = execution.status == Status.FAILED
    return {
        **_summary(execution),
        "ProcessingStartTime": step.started or None,
        "FailureReason": step.reason or execution.reason if failed else None,
    }


def _wanted(document: Document, params: Document) -> bool:
    return (
        params.get("NameContains", "") in document["ProcessingJobName"]
        and params.get("StatusEquals", document["ProcessingJobStatus"]) == document["ProcessingJobStatus"]
        and between(document["CreationTime"], params.get("CreationTimeAfter"), params.get("CreationTimeBefore"))
        and between(
            document["LastModifiedTime"], params.get("LastModifiedTimeAfter"), params.get("LastModifiedTimeBefore")
        )
    )
