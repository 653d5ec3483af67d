"""The inference pipeline as a recipe: what runs, in which order, on which data.

Edit it, run `make definition`, and commit `inference.json` with it: that file is what is reviewed and registered.
Image and model come in as parameters, so one execution uses one approved model package from beginning to end.

With `processing = "airflow"` in `config.toml` it is the core alone, the same for every use case: the parent DAG runs
the same scripts as jobs before and after it, and says where their files are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.parameters import ParameterString

import jobs
import managed
import own
from jobs import Value, module, output, script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sagemaker.mlops.workflow.pipeline import Pipeline

CONFIG = Path(__file__).parents[1] / "config.toml"
MODEL_DATA = ParameterString("ModelDataUrl")
MODEL_PACKAGE = ParameterString("ModelPackageArn")
DATA_QUALITY = ParameterString("DataQualityBaselineUri")
MODEL_CREATED = ParameterString("ModelCreated")
ATTRIBUTION = ParameterString("AttributionBaselineUri")
PENDING = ParameterString("PendingModelPackage", default_value="none")  # a newer version that waits for approval
RUN_DATE = ParameterString("RunDate", default_value="none")  # like 2026-06-30: data must not be much older than that
CODE = ParameterString("CodeUri")  # a prefix that holds this repository's steps/ and config.toml
# Attribution takes minutes, and predictions do not wait for it. With True and `make definition` they do: a violation of
# it then prevents predictions, where the build repository's config.toml says fail_on_violation.
ATTRIBUTION_FIRST = False
# What preprocessing outside of the pipeline has left.
TRANSFORM_INPUT = ParameterString("TransformInputUri")
BATCH = ParameterString("BatchUri")


def pipeline() -> Pipeline:
    """Preprocess, check against the model's own baselines, transform, postprocess and decide, report."""
    settings = jobs.settings(CONFIG)
    machines = [settings.instance_type(job) for job in ("processing", "transform")]
    step = jobs.Jobs(settings.project, "inference", machines[0])
    if settings.processing == "airflow":
        core = compose(step, settings, machines[1], rows=TRANSFORM_INPUT, batch=BATCH)
        given = [jobs.IMAGE, MODEL_DATA, DATA_QUALITY, ATTRIBUTION, *core.parameters]
        parameters = [jobs.ROLE, *given, jobs.BUCKET, TRANSFORM_INPUT, BATCH, *machines]
        return step.pipeline(parameters=parameters, steps=core.steps)

    preprocess = step.processing(
        "Preprocess",
        script("preprocess"),
        inputs={"raw": jobs.INPUT_DATA, "code": CODE, "model": MODEL_DATA},
        outputs=["transform_input", "batch", "quarantine"],
    )
    rows, batch, aside = (output(preprocess, name) for name in ("transform_input", "batch", "quarantine"))
    core = compose(step, settings, machines[1], rows=rows, batch=batch)
    model_in_use = [jobs.IMAGE, MODEL_DATA, MODEL_PACKAGE, MODEL_CREATED, PENDING, DATA_QUALITY, ATTRIBUTION]
    return step.pipeline(
        parameters=[
            *(jobs.ROLE, *model_in_use, *core.parameters),
            *(jobs.BUCKET, jobs.INPUT_DATA, jobs.HISTORY, CODE, jobs.COMMIT),
            *machines,
        ],
        steps=[preprocess, *core.steps, *conclusion(step, core, batch, aside)],
    )


@dataclass(frozen=True)
class Core:
    """What is the same for every use case.

    Attributes:
        steps: The checks, and the model's answers to rows of features.
        parameters: What the checks need to be told when the pipeline starts.
        answers: URI of the rows with the model's answers.
        found: URIs of what each check found, by its name.
        after: Steps to wait for before what they found is read.
    """

    steps: Sequence[Any]
    parameters: Sequence[Any]
    answers: Value
    found: dict[str, Value]
    after: Sequence[Any]


def compose(step: jobs.Jobs, settings: jobs.Settings, on_transform: Value, *, rows: Value, batch: Value) -> Core:
    """Check a batch against the model's own baselines and have its rows answered."""
    model = step.model("CreateModel", data=MODEL_DATA)
    checks = (managed if settings.monitoring == "managed" else own).Checks(step, settings.problem_type)
    data_quality = checks.data_quality(batch, baseline=DATA_QUALITY, run_date=RUN_DATE)
    attribution = checks.attribution(batch, model=model, model_data=MODEL_DATA, baseline=ATTRIBUTION)
    transform = step.transform(
        "Transform",
        model=model,
        data=rows,
        instance_type=on_transform,
        # A violation that is told to fail the run prevents predictions.
        after=[data_quality.step, *([attribution.step] if ATTRIBUTION_FIRST else [])],
    )
    return Core(
        steps=[model, *checks.steps, transform],
        parameters=checks.parameters,
        answers=transform.properties.TransformOutput.S3OutputPath,
        found={"data_quality": data_quality.folder, "attribution": attribution.folder},
        after=checks.after,
    )


def conclusion(step: jobs.Jobs, core: Core, batch: Value, aside: Value) -> list[Any]:
    """The steps that make predictions of answers, decide, and report; `aside` is what preprocessing could not use."""
    run = ["--model-package", MODEL_PACKAGE, "--execution", jobs.EXECUTION_ID, "--created", jobs.STARTED]
    origin = [*run, "--input", jobs.INPUT_DATA, "--commit", jobs.COMMIT]
    postprocess = step.processing(
        "Postprocess",
        script("postprocess"),
        inputs={
            "transformed": core.answers,
            "batch": batch,
            "quarantine": aside,
            "code": CODE,
            "data_quality": core.found["data_quality"],
            "known": ATTRIBUTION,
            "history": jobs.HISTORY,
        },
        outputs={
            # Ground truth arrives later than the next run: the model-quality pipeline looks through all predictions.
            "predictions": Join(on="/", values=[step.shared("predictions"), jobs.EXECUTION_ID]),
            "withheld": step.folder("withheld"),
            "forecasts": step.history("forecasts"),
        },
        arguments=origin,
    )
    found = {**core.found, "forecasts": output(postprocess, "forecasts"), "history": jobs.HISTORY}
    decide = step.processing(
        "Decide",
        script("decide"),
        inputs={"code": CODE, **found},
        outputs=["decision"],
        arguments=[*run, "--trained", MODEL_CREATED, "--waiting", PENDING],
        after=core.after,
    )
    report = step.processing(
        "Report",
        module("monitoring.report", "--inference"),
        inputs={**found, "quarantine": aside, "baseline": DATA_QUALITY, "decision": output(decide, "decision")},
        outputs={"report": step.history("report")},
        arguments=origin,
    )
    return [postprocess, decide, report]
