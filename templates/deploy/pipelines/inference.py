"""The inference pipeline as a recipe: what runs, in which order, on which data.

Edit it, run `make definition`, and commit `inference.json` with it: that file is what is reviewed and registered.
Image and model come in as parameters, so one execution uses one approved model package from beginning to end.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.parameters import ParameterString

import jobs
import managed
import own
from jobs import module, output, script

if TYPE_CHECKING:
    from sagemaker.mlops.workflow.pipeline import Pipeline

CONFIG = Path(__file__).parents[1] / "config.toml"
MODEL_DATA = ParameterString("ModelDataUrl")
MODEL_PACKAGE = ParameterString("ModelPackageArn")
DATA_QUALITY = ParameterString("DataQualityBaselineUri")
MODEL_CREATED = ParameterString("ModelCreated")
ATTRIBUTION = ParameterString("AttributionBaselineUri")
CODE = ParameterString("CodeUri")  # a prefix that holds this repository's steps/ and config.toml


def pipeline() -> Pipeline:
    """Preprocess, check against the model's own baselines, transform, postprocess and decide, report."""
    settings = jobs.settings(CONFIG)
    on_processing, on_transform = (settings.instance_type(job) for job in ("processing", "transform"))
    step = jobs.Jobs(settings.project, "inference", on_processing)

    preprocess = step.processing(
        "Preprocess",
        script("preprocess"),
        inputs={"raw": jobs.INPUT_DATA, "code": CODE, "model": MODEL_DATA},
        outputs=["transform_input", "batch"],
    )
    batch = output(preprocess, "batch")
    model = step.model("CreateModel", data=MODEL_DATA)
    checks = (managed if settings.monitoring == "managed" else own).Checks(step, settings.problem_type)
    data_quality = checks.data_quality(batch, baseline=DATA_QUALITY)
    attribution = checks.attribution(batch, model=model, model_data=MODEL_DATA, baseline=ATTRIBUTION)
    transform = step.transform(
        "Transform",
        model=model,
        data=output(preprocess, "transform_input"),
        instance_type=on_transform,
        after=[data_quality.step, attribution.step],  # a violation that is told to fail the run prevents predictions
    )
    found = {"data_quality": data_quality.folder, "attribution": attribution.folder}
    origin = [
        *("--model-package", MODEL_PACKAGE, "--execution", jobs.EXECUTION_ID, "--input", jobs.INPUT_DATA),
        *("--commit", jobs.COMMIT, "--created", jobs.STARTED),
    ]
    postprocess = step.processing(
        "Postprocess",
        script("postprocess"),
        inputs={
            "transformed": transform.properties.TransformOutput.S3OutputPath,
            "batch": batch,
            "code": CODE,
            **found,
        },
        outputs={
            # Ground truth arrives later than the next run: the model-quality pipeline looks through all predictions.
            "predictions": Join(on="/", values=[step.shared("predictions"), jobs.EXECUTION_ID]),
            "decision": step.folder("decision"),
        },
        arguments=[*origin, "--trained", MODEL_CREATED],
    )
    report = step.processing(
        "Report",
        module("monitoring.report", "--inference"),
        inputs={
            **found,
            "baseline": DATA_QUALITY,
            "decision": output(postprocess, "decision"),
            "history": jobs.HISTORY,
        },
        outputs={"report": step.history("report")},
        arguments=origin,
    )
    model_in_use = [jobs.IMAGE, MODEL_DATA, MODEL_PACKAGE, MODEL_CREATED, DATA_QUALITY, ATTRIBUTION]
    return step.pipeline(
        parameters=[
            *(jobs.ROLE, *model_in_use, *checks.parameters),
            *(jobs.BUCKET, jobs.INPUT_DATA, jobs.HISTORY, CODE, jobs.COMMIT),
            *(on_processing, on_transform),
        ],
        steps=[preprocess, model, *checks.steps, transform, postprocess, report],
    )
