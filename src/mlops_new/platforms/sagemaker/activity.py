"""What happens in an account, for many projects at once: four calls for each, several at a time."""

from collections.abc import Collection, Mapping

from mlops_new.names import pipeline_names
from mlops_new.platforms.sagemaker.account import Account, side_by_side
from mlops_new.platforms.sagemaker.aws_errors import Absent
from mlops_new.platforms.sagemaker.execution_reader import STATUSES, moment
from mlops_new.ports.activity import Activity

# A pipeline's last execution: its status, and when it began; None where it has none.
Last = tuple[str, str] | None


class SageMakerActivities:
    """Looks at the last execution of each pipeline and the latest approved model.

    Args:
        account: Where.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def __call__(self, projects: Collection[str]) -> Mapping[str, Activity]:
        """For each project."""
        pipelines = [name for project in projects for name in pipeline_names(project)]
        registered = dict(one for one in side_by_side(self._last, pipelines) if one)
        models = dict(zip(projects, side_by_side(self._model, projects), strict=True))
        return {project: _activity(project, registered, models[project]) for project in projects}

    def _last(self, pipeline: str) -> tuple[str, Last] | None:
        """None where the pipeline is not registered."""
        pages = self._account.pages(
            "sagemaker",
            "ListPipelineExecutions",
            about=f"pipeline {pipeline}",
            PipelineName=pipeline,
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"MaxItems": 1},
        )
        try:
            found = [one for page in pages for one in page["PipelineExecutionSummaries"]]
        except Absent:
            return None
        last = found[0] if found else None
        return pipeline, (STATUSES[last["PipelineExecutionStatus"]], moment(last["StartTime"])) if last else None

    def _model(self, group: str) -> int | None:
        pages = self._account.find_pages(
            "sagemaker",
            "ListModelPackages",
            about=f"model package group {group}",
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved",
        )
        versions = [int(one["ModelPackageVersion"]) for page in pages for one in page["ModelPackageSummaryList"]]
        return max(versions, default=None)


def _activity(project: str, registered: Mapping[str, Last], model: int | None) -> Activity:
    names = [name for name in pipeline_names(project) if name in registered]
    return Activity(frozenset(names), {name: last for name in names if (last := registered[name])}, model)
