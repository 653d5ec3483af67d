"""The build pipeline as a recipe: what runs, in which order, on which data.

Edit it, run `make definition`, and commit `pipeline.json` with it: that file is what is reviewed and registered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sagemaker.core.drift_check_baselines import DriftCheckBaselines
from sagemaker.core.model_metrics import ModelMetrics
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep

import jobs
from jobs import Value, document, module, output, within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sagemaker.mlops.workflow.pipeline import Pipeline

CONFIG = Path(__file__).with_name("config.toml")
REPORT = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")


def pipeline() -> Pipeline:
    """Preprocess, train, transform the evaluation data, evaluate, make baselines, and register what is good enough."""
    settings = jobs.settings(CONFIG)
    machines = [settings.instance_type(job) for job in ("processing", "training", "transform")]
    on_processing, on_training, on_transform = machines
    step = jobs.Jobs(settings.project, "build", on_processing)

    preprocess = step.processing(
        "Preprocess",
        module("steps.preprocess"),
        inputs={"raw": jobs.INPUT_DATA},
        outputs=["train", "evaluation_data", "ground_truth"],
    )
    train = step.training("Train", channels={"train": output(preprocess, "train")}, instance_type=on_training)
    model_data = train.properties.ModelArtifacts.S3ModelArtifacts
    model = step.model("CreateModel", data=model_data)
    transform = step.transform(
        "Transform", model=model, data=output(preprocess, "evaluation_data"), instance_type=on_transform
    )
    answered = {
        "predictions": transform.properties.TransformOutput.S3OutputPath,
        "ground_truth": output(preprocess, "ground_truth"),
    }
    evaluate = step.processing(
        "Evaluate",
        module("steps.evaluate"),
        inputs=answered,
        outputs=["evaluation"],
        property_files=[REPORT],
    )
    data_quality = step.processing(
        "DataQualityBaseline",
        module("monitoring.data_quality", "--baseline"),
        inputs={"data": output(preprocess, "train")},
        outputs=["data_quality"],
    )
    attribution = step.processing(
        "AttributionBaseline",
        module("monitoring.attribution", "--baseline"),
        inputs={"data": output(preprocess, "train"), "model": model_data},
        outputs=["attribution"],
    )
    model_quality = step.processing(
        "ModelQualityBaseline",
        module("monitoring.model_quality", "--baseline"),
        inputs=answered,
        outputs=["model_quality"],
    )
    baselines = {
        "evaluation": output(evaluate, "evaluation"),
        "data_quality": output(data_quality, "data_quality"),
        "attribution": output(attribution, "attribution"),
        "model_quality": output(model_quality, "model_quality"),
    }
    report = step.processing(
        "Report",
        module("monitoring.report", "--build"),
        inputs={**baselines, "history": jobs.HISTORY},
        outputs={"report": step.history("report")},
        arguments=[
            *("--execution", jobs.EXECUTION_ID, "--input", jobs.INPUT_DATA),
            *("--commit", jobs.COMMIT, "--created", jobs.STARTED),
        ],
    )
    check_metrics = ConditionStep(
        "CheckMetrics",
        conditions=[ConditionEquals(left=JsonGet(evaluate.name, REPORT, "gate.passed"), right=True)],
        if_steps=[register(settings.project, model_data, baselines, on_transform)],
        else_steps=[
            FailStep(
                "NotGoodEnough",
                error_message=Join(
                    " ", ["The metrics miss the threshold:", within(baselines["evaluation"], REPORT.path)]
                ),
            )
        ],
    )
    return step.pipeline(
        parameters=[jobs.ROLE, jobs.IMAGE, jobs.BUCKET, jobs.INPUT_DATA, jobs.HISTORY, jobs.COMMIT, *machines],
        steps=[
            *(preprocess, train, model, transform, evaluate),
            *(data_quality, attribution, model_quality, report, check_metrics),
        ],
    )


def register(project: str, model_data: Value, baselines: Mapping[str, Value], on_transform: Value) -> ModelStep:
    """A model package that waits for a person's approval and knows what it was made from and is compared with."""
    data, quality, attribution = (baselines[name] for name in ("data_quality", "model_quality", "attribution"))
    request = jobs.model_builder(model_data).register(
        model_package_group_name=project,
        approval_status="PendingManualApproval",
        content_types=["text/csv", "application/jsonlines"],
        response_types=["text/csv", "application/jsonlines"],
        transform_instances=[on_transform],
        model_metrics=ModelMetrics(
            model_statistics=document(baselines["evaluation"], REPORT.path),
            model_constraints=document(quality, "constraints.json"),
            model_data_statistics=document(data, "statistics.json"),
            model_data_constraints=document(data, "constraints.json"),
            explainability=document(attribution, "analysis.json"),
        ),
        drift_check_baselines=DriftCheckBaselines(
            model_statistics=document(quality, "statistics.json"),
            model_constraints=document(quality, "constraints.json"),
            model_data_statistics=document(data, "statistics.json"),
            model_data_constraints=document(data, "constraints.json"),
            explainability_constraints=document(attribution, "analysis.json"),
        ),
        customer_metadata_properties={
            "commit": jobs.COMMIT,
            "data": jobs.INPUT_DATA,
            "execution": jobs.EXECUTION_ID,
        },
    )
    return ModelStep("Register", step_args=request)
