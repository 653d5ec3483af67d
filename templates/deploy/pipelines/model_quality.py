"""The model-quality pipeline as a recipe: predictions against what really happened.

Edit it, run `make definition`, and commit `model_quality.json` with it: that file is what is reviewed and registered.
It is started when ground truth has arrived. Its outputs lie under the comparison's id, a hash of both tables: where
they are, that truth has been compared already and nothing is started.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sagemaker.core.workflow.parameters import ParameterString

import jobs
from jobs import module, output, script

if TYPE_CHECKING:
    from sagemaker.mlops.workflow.pipeline import Pipeline

CONFIG = Path(__file__).parents[1] / "config.toml"
MODEL_PACKAGE = ParameterString("ModelPackageArn")  # the one that made the predictions
MODEL_QUALITY = ParameterString("ModelQualityBaselineUri")
PREDICTIONS = ParameterString("PredictionsUri")
COMPARISON = ParameterString("ComparisonId")
CODE = ParameterString("CodeUri")  # a prefix that holds this repository's steps/ and config.toml


def pipeline() -> Pipeline:
    """Join predictions with ground truth, check the metrics against the baseline, decide, report."""
    settings = jobs.settings(CONFIG)
    on_processing = settings.instance_type("processing")
    step = jobs.Jobs(settings.project, "model-quality", on_processing, run=COMPARISON)

    check = step.processing(
        "ModelQualityCheck",
        module("monitoring.model_quality", "--check"),
        inputs={"predictions": PREDICTIONS, "ground_truth": jobs.INPUT_DATA, "baseline": MODEL_QUALITY},
        outputs=["model_quality"],
    )
    found = {"model_quality": output(check, "model_quality")}
    decide = step.processing(
        "Decide",
        script("decide"),
        inputs={"code": CODE, **found},
        outputs=["decision"],
        arguments=["--model-package", MODEL_PACKAGE, "--execution", jobs.EXECUTION_ID],
    )
    report = step.processing(
        "Report",
        module("monitoring.report"),
        inputs={**found, "decision": output(decide, "decision")},
        outputs=["report"],
    )
    model = [jobs.IMAGE, MODEL_PACKAGE, MODEL_QUALITY]
    return step.pipeline(
        parameters=[
            *(jobs.ROLE, *model, jobs.BUCKET, jobs.INPUT_DATA, PREDICTIONS, COMPARISON, CODE, jobs.COMMIT),
            on_processing,
        ],
        steps=[check, decide, report],
    )
