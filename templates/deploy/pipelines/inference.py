"""The inference pipeline as a recipe: what runs, in which order, on which data.

Edit it, run `make definition`, and commit `inference.json` with it: that file is what is reviewed and registered.
Image and model come in as parameters, so one execution uses one approved model package from beginning to end.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sagemaker.core.workflow.parameters import ParameterString

import jobs
from jobs import output

if TYPE_CHECKING:
    from sagemaker.mlops.workflow.pipeline import Pipeline

CONFIG = Path(__file__).parents[1] / "config.toml"
MODEL_DATA = ParameterString("ModelDataUrl")
MODEL_PACKAGE = ParameterString("ModelPackageArn")
CODE = ParameterString("CodeUri")  # a prefix that holds this repository's steps/ and config.toml


def script(name: str) -> list[str]:
    """The command that runs one of this repository's scripts, which reach the job as its input `code`."""
    return ["python3", f"/opt/ml/processing/input/code/steps/{name}.py"]


def pipeline() -> Pipeline:
    """Preprocess, transform with the approved model, and postprocess."""
    settings = jobs.settings(CONFIG)
    machines = [settings.instance_type(job) for job in ("processing", "transform")]
    on_processing, on_transform = machines
    step = jobs.Jobs(settings.project, "inference")

    preprocess = step.processing(
        "Preprocess",
        script("preprocess"),
        inputs={"raw": jobs.INPUT_DATA, "code": CODE, "model": MODEL_DATA},
        outputs=["transform_input", "batch"],
        instance_type=on_processing,
    )
    model = step.model("CreateModel", data=MODEL_DATA)
    transform = step.transform(
        "Transform", model=model, data=output(preprocess, "transform_input"), instance_type=on_transform
    )
    postprocess = step.processing(
        "Postprocess",
        script("postprocess"),
        inputs={
            "transformed": transform.properties.TransformOutput.S3OutputPath,
            "batch": output(preprocess, "batch"),
            "code": CODE,
        },
        outputs=["predictions"],
        arguments=[
            *("--model-package", MODEL_PACKAGE, "--execution", jobs.EXECUTION_ID),
            *("--input", jobs.INPUT_DATA, "--commit", jobs.COMMIT),
        ],
        instance_type=on_processing,
    )
    return step.pipeline(
        parameters=[
            *(jobs.ROLE, jobs.IMAGE, MODEL_DATA, MODEL_PACKAGE, jobs.BUCKET, jobs.INPUT_DATA, CODE, jobs.COMMIT),
            *machines,
        ],
        steps=[preprocess, model, transform, postprocess],
    )
