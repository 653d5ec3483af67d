"""The build pipeline as a recipe: what runs, in which order, on which data.

Edit it, run `make definition`, and commit `pipeline.json` with it: that file is what is reviewed and registered.
"""

from __future__ import annotations

from dataclasses import dataclass
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
import managed
import own
from jobs import Value, document, module, output, within

if TYPE_CHECKING:
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.steps import TrainingStep

    from own import Made

CONFIG = Path(__file__).with_name("config.toml")
REPORT = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")


def pipeline() -> Pipeline:
    """Preprocess, train, transform the evaluation data, evaluate, make baselines; refit, register what is good enough.

    Metrics and attributions are of the model that was judged on rows it had not seen. The registered one, fitted
    again, has its features, hyperparameters and number of trees, and has seen those rows, too. The baseline of the
    data is of all rows that taught it.
    """
    settings = jobs.settings(CONFIG)
    machines = [settings.instance_type(job) for job in ("processing", "training", "transform")]
    on_processing, on_training, on_transform = machines
    step = jobs.Jobs(settings.project, "build", on_processing)

    preprocess = step.processing(
        "Preprocess",
        module("steps.preprocess"),
        inputs={"raw": jobs.INPUT_DATA},
        outputs=["train", "taught", "evaluation_data", "ground_truth"],
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
        inputs={**answered, "model": model_data},
        outputs=["evaluation"],
        property_files=[REPORT],
    )
    checks = (managed if settings.monitoring == "managed" else own).Checks(step, settings.problem_type)
    taught = output(preprocess, "taught")
    baselines = Baselines(
        evaluation=output(evaluate, "evaluation"),
        data_quality=checks.data_quality(taught),
        attribution=checks.attribution(taught, model=model, model_data=model_data),
        model_quality=checks.model_quality(**answered),
    )
    report = step.processing(
        "Report",
        module("monitoring.report", "--build"),
        inputs={**baselines.folders(), "history": jobs.HISTORY},
        outputs={"report": step.history("report")},
        arguments=[
            *("--execution", jobs.EXECUTION_ID, "--input", jobs.INPUT_DATA),
            *("--commit", jobs.COMMIT, "--created", jobs.STARTED),
        ],
        after=checks.after,
    )
    again: list[TrainingStep] = []
    if settings.refit:
        channels = {"train": taught, "learnt": model_data}
        again = [step.training("Refit", channels=channels, instance_type=on_training, place="refitted")]
    registered = again[0].properties.ModelArtifacts.S3ModelArtifacts if again else model_data
    check_metrics = ConditionStep(
        "CheckMetrics",
        depends_on=[report],  # a failure ends the execution: the report is made before
        conditions=[ConditionEquals(left=JsonGet(evaluate.name, REPORT, "gate.passed"), right=True)],
        if_steps=[*again, register(settings.project, registered, baselines, on_transform, refit=settings.refit)],
        else_steps=[
            FailStep(
                "NotGoodEnough",
                error_message=Join(" ", ["The metrics miss the threshold:", within(baselines.evaluation, REPORT.path)]),
            )
        ],
    )
    return step.pipeline(
        parameters=[
            *(jobs.ROLE, jobs.IMAGE, *checks.parameters),
            *(jobs.BUCKET, jobs.INPUT_DATA, jobs.HISTORY, jobs.COMMIT, *machines),
        ],
        steps=[preprocess, train, model, transform, evaluate, *checks.steps, report, check_metrics],
    )


@dataclass(frozen=True)
class Baselines:
    """What a model is judged by, and what its inference is compared with."""

    evaluation: Value
    data_quality: Made
    attribution: Made
    model_quality: Made

    def folders(self) -> dict[str, Value]:
        """Where the files of each are."""
        made = {name: getattr(self, name).folder for name in ("data_quality", "attribution", "model_quality")}
        return {"evaluation": self.evaluation, **made}


def register(project: str, model_data: Value, baselines: Baselines, on_transform: Value, *, refit: bool) -> ModelStep:
    """A model package that waits for a person's approval and knows what it was made from and is compared with."""
    data, quality, attribution = baselines.data_quality, baselines.model_quality, baselines.attribution
    request = jobs.model_builder(model_data).register(
        model_package_group_name=project,
        approval_status="PendingManualApproval",
        content_types=["text/csv", "application/jsonlines"],
        response_types=["text/csv", "application/jsonlines"],
        transform_instances=[on_transform],
        model_metrics=ModelMetrics(
            model_statistics=document(within(baselines.evaluation, REPORT.path)),
            model_constraints=document(quality.files["constraints"]),
            model_data_statistics=document(data.files["statistics"]),
            model_data_constraints=document(data.files["constraints"]),
            explainability=document(attribution.files["constraints"]),
        ),
        drift_check_baselines=DriftCheckBaselines(
            model_statistics=document(quality.used["statistics"]),
            model_constraints=document(quality.used["constraints"]),
            model_data_statistics=document(data.used["statistics"]),
            model_data_constraints=document(data.used["constraints"]),
            explainability_constraints=document(attribution.used["constraints"]),
        ),
        customer_metadata_properties={
            "commit": jobs.COMMIT,
            "data": jobs.INPUT_DATA,
            "execution": jobs.EXECUTION_ID,
            "refit": str(refit).lower(),
        },
    )
    return ModelStep("Register", step_args=request)
