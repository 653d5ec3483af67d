"""Processing jobs that no pipeline starts. Each is a run of one step, so it is executed, kept and stopped like one."""

import json
from collections.abc import Mapping
from typing import Any

from mlops_new.platforms.local.database.records import Execution

STEP = "Job"
_KIND = "processing-job/"  # no name of a pipeline has a slash


def pipeline(name: str) -> str:
    """What stands in the place of the pipeline's name for a job of this name."""
    return _KIND + name


def job(execution: Execution) -> str | None:
    """The job that an execution is; None where it is a pipeline's."""
    return execution.pipeline.removeprefix(_KIND) if execution.pipeline.startswith(_KIND) else None


def definition(request: Mapping[str, Any], step: str) -> str:
    """A definition with nothing but a step that asks for the job."""
    document = {
        "Version": "2020-12-01",
        "Parameters": [],
        "Steps": [{"Name": step, "Type": "Processing", "Arguments": dict(request)}],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def request(execution: Execution) -> dict[str, Any]:
    """What such an execution was asked for."""
    arguments: dict[str, Any] = json.loads(execution.definition)["Steps"][0]["Arguments"]
    return arguments
