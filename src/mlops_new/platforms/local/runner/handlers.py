"""Steps that need no process: models, model packages, conditions, failures; and the table of all step types."""

from collections.abc import Callable
from typing import Any

from mlops_new.platforms.local.database.model_table import described
from mlops_new.platforms.local.database.records import job_arn
from mlops_new.platforms.local.jobs.check_jobs import check
from mlops_new.platforms.local.jobs.container_jobs import process, train
from mlops_new.platforms.local.jobs.task import StepFailed, Task
from mlops_new.platforms.local.jobs.transform import transform

Handler = Callable[[Task], dict[str, Any]]


def create_model(task: Task) -> dict[str, Any]:
    """Keep a model by name; a Transform step serves it."""
    document = {"ModelName": task.job_name, "ModelArn": job_arn("model", task.job_name), **task.arguments}
    task.models.put_model(task.job_name, document)
    return document


def register_model(task: Task) -> dict[str, Any]:
    """Register the next version of a model package group; a resumed run gets the one that it registered before."""
    group = str(task.arguments["ModelPackageGroupName"])
    package = task.models.add_model_package(
        group, task.execution.id, task.name, lambda version: described(task.arguments, group, version)
    )
    return package.document


def fail(task: Task) -> dict[str, Any]:
    """End the run with a message."""
    raise StepFailed(str(task.arguments.get("ErrorMessage", "the pipeline ended at a Fail step")))


HANDLERS: dict[str, Handler] = {
    "Processing": process,
    "Training": train,
    "Transform": transform,
    "QualityCheck": check,
    "ClarifyCheck": check,
    "Model": create_model,
    "RegisterModel": register_model,
    "Fail": fail,
}
PROCESSES = frozenset({"Processing", "Training", "Transform", "QualityCheck", "ClarifyCheck"})
