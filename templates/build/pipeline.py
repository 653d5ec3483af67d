"""The build pipeline as a recipe: what runs, in which order, on which data.

Edit it, run `make definition`, and commit `pipeline.json` with it: that file is what is reviewed and registered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep

import jobs
from jobs import Value, output, within

if TYPE_CHECKING:
    from sagemaker.mlops.workflow.pipeline import Pipeline

CONFIG = Path(__file__).with_name("config.toml")
REPORT = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")


def pipeline() -> Pipeline:
    """Preprocess, train, transform the evaluation data, evaluate, and register what is good enough."""
    settings = jobs.settings(CONFIG)
    machines = [settings.instance_type(job) for job in ("processing", "training", "transform")]
    on_processing, on_training, on_transform = machines
    step = jobs.Jobs(settings.project, "build")

    preprocess = step.processing(
        "Preprocess",
        ["python3", "-m", "steps.preprocess"],
        inputs={"raw": jobs.INPUT_DATA},
        outputs=["train", "evaluation_data", "ground_truth"],
        instance_type=on_processing,
    )
    train = step.training("Train", channels={"train": output(preprocess, "train")}, instance_type=on_training)
    model_data = train.properties.ModelArtifacts.S3ModelArtifacts
    model = step.model("CreateModel", data=model_data)
    transform = step.transform(
        "Transform", model=model, data=output(preprocess, "evaluation_data"), instance_type=on_transform
    )
    evaluate = step.processing(
        "Evaluate",
        ["python3", "-m", "steps.evaluate"],
        inputs={
            "predictions": transform.properties.TransformOutput.S3OutputPath,
            "ground_truth": output(preprocess, "ground_truth"),
        },
        outputs=["evaluation"],
        property_files=[REPORT],
        instance_type=on_processing,
    )
    metrics = within(output(evaluate, REPORT.output_name), REPORT.path)
    check_metrics = ConditionStep(
        "CheckMetrics",
        conditions=[ConditionEquals(left=JsonGet(evaluate.name, REPORT, "gate.passed"), right=True)],
        if_steps=[register(settings.project, model_data, metrics, on_transform)],
        else_steps=[FailStep("NotGoodEnough", error_message=Join(" ", ["The metrics miss the threshold:", metrics]))],
    )
    return step.pipeline(
        parameters=[jobs.ROLE, jobs.IMAGE, jobs.BUCKET, jobs.INPUT_DATA, jobs.COMMIT, *machines],
        steps=[preprocess, train, model, transform, evaluate, check_metrics],
    )


def register(project: str, model_data: Value, metrics: Value, on_transform: Value) -> ModelStep:
    """A model package that waits for a person's approval and knows what it was made from."""
    request = jobs.model_builder(model_data).register(
        model_package_group_name=project,
        approval_status="PendingManualApproval",
        content_types=["text/csv", "application/jsonlines"],
        response_types=["text/csv", "application/jsonlines"],
        transform_instances=[on_transform],
        model_metrics=ModelMetrics(model_statistics=MetricsSource(content_type="application/json", s3_uri=metrics)),
        customer_metadata_properties={
            "commit": jobs.COMMIT,
            "data": jobs.INPUT_DATA,
            "execution": jobs.EXECUTION_ID,
        },
    )
    return ModelStep("Register", step_args=request)
