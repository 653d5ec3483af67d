"""The model-quality pipeline as a recipe: predictions against what really happened.

Edit it, run `make definition`, and commit `model_quality.json` with it: that file is what is reviewed and registered.
It is started when ground truth has arrived. What earlier executions compared is known from their outputs, row by row:
where nothing is new, it says so and stops.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.mlops.workflow.condition_step import ConditionStep

import jobs
import managed
import own
from jobs import module, output, script

if TYPE_CHECKING:
    from sagemaker.mlops.workflow.pipeline import Pipeline

CONFIG = Path(__file__).parents[1] / "config.toml"
MODEL_PACKAGE = ParameterString("ModelPackageArn")
MODEL_CREATED = ParameterString("ModelCreated", default_value="unknown")
PENDING = ParameterString("PendingModelPackage", default_value="none")  # a newer version that waits for approval
MODEL_QUALITY = ParameterString("ModelQualityBaselineUri")
CODE = ParameterString("CodeUri")  # a prefix that holds this repository's steps/ and config.toml


def pipeline() -> Pipeline:
    """Join predictions with ground truth; where rows are new, check the metrics, decide and report."""
    settings = jobs.settings(CONFIG)
    on_processing = settings.instance_type("processing")
    step = jobs.Jobs(settings.project, "model-quality", on_processing)

    checks = (managed if settings.monitoring == "managed" else own).Checks(step, settings.problem_type)
    truth = checks.truth(
        step.shared("predictions"), jobs.INPUT_DATA, baseline=MODEL_QUALITY, model_package=MODEL_PACKAGE
    )
    found = {"model_quality": truth.folder}
    run = ["--model-package", MODEL_PACKAGE, "--execution", jobs.EXECUTION_ID, "--created", jobs.STARTED]
    decide = step.processing(
        "Decide",
        script("decide"),
        inputs={"code": CODE, **found, "history": jobs.HISTORY},
        outputs=["decision"],
        arguments=[*run, "--trained", MODEL_CREATED, "--waiting", PENDING],
        after=truth.then,
    )
    report = step.processing(
        "Report",
        module("monitoring.report", "--inference"),
        inputs={**found, "decision": output(decide, "decision"), "history": jobs.HISTORY},
        outputs={"report": step.history("report")},
        arguments=[*run, "--input", jobs.INPUT_DATA, "--commit", jobs.COMMIT],
    )
    is_new = ConditionStep(
        "IsNew",
        conditions=[ConditionEquals(left=JsonGet(truth.first.name, truth.news, "new"), right=True)],
        if_steps=[*truth.then, decide, report],
        else_steps=[],
    )
    model_in_use = [jobs.IMAGE, MODEL_PACKAGE, MODEL_CREATED, PENDING, MODEL_QUALITY]
    return step.pipeline(
        parameters=[
            *(jobs.ROLE, *model_in_use, *checks.parameters),
            *(jobs.BUCKET, jobs.INPUT_DATA, jobs.HISTORY, CODE, jobs.COMMIT),
            on_processing,
        ],
        steps=[*checks.steps, is_new],
    )
