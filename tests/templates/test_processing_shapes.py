"""Pre- and postprocessing inside the inference pipeline, and as jobs around it: the same work either way."""

import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_new.definition import Definition, parse, validate
from mlops_new.names import DEFINITIONS, Kind
from mlops_new.platforms.local.runner.expressions import Scope, evaluate
from rendering import render

NAME, INSTANCE_TYPE = "churn-2", "ml.c6i.32xlarge"
AROUND = ("Preprocess", "Postprocess", "Decide", "Report")
EXECUTION = {"PipelineExecutionId": "e", "StartDateTime": "now"}


@pytest.fixture(scope="module", params=["own", "managed"])
def monitoring(request: pytest.FixtureRequest) -> str:
    """Who makes the checks."""
    return str(request.param)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory, monitoring: str) -> dict[str, Path]:
    """A deploy repository of each shape."""
    root, answers = tmp_path_factory.mktemp("shapes"), {"project_name": NAME, "instance_type": INSTANCE_TYPE}
    return {
        processing: render("deploy", root / processing, processing=processing, monitoring=monitoring, **answers)
        for processing in ("pipeline", "airflow")
    }


def inference(repository: Path) -> Definition:
    return parse((repository / DEFINITIONS[Kind.DEPLOY]["inference"]).read_text("utf-8"))


def test_what_is_left_is_the_same_for_every_use_case(shapes: dict[str, Path]) -> None:
    whole, core = inference(shapes["pipeline"]), inference(shapes["airflow"])
    assert validate(core) == []
    assert [step.name for step in core.steps] == [step.name for step in whole.steps if step.name not in AROUND]
    gone = {"InputDataUri", "CodeUri", "HistoryUri", "Commit", "ModelPackageArn", "ModelCreated", "PendingModelPackage"}
    assert set(core.parameters) == (set(whole.parameters) - gone) | {"TransformInputUri", "BatchUri"}
    assert all(f'"Parameters.{name}"' in json.dumps(core.document) for name in core.parameters)


def test_nothing_else_differs(shapes: dict[str, Path]) -> None:
    files = {path.relative_to(shapes["airflow"]) for path in shapes["airflow"].rglob("*") if path.is_file()}
    texts = {path: [root / path for root in shapes.values()] for path in files}
    differing = {
        str(path) for path, (one, other) in texts.items() if not one.is_file() or one.read_bytes() != other.read_bytes()
    }
    assert differing == {
        ".copier-answers.yml",
        "README.md",
        "bitbucket-pipelines.yml",  # no scheduled inference: Airflow starts it
        "config.toml",
        "pipelines/inference.json",
        "processing_jobs.py",
        "tests/test_processing_jobs.py",
    }


def test_a_job_around_the_pipeline_is_the_step_that_it_was(shapes: dict[str, Path]) -> None:
    whole = inference(shapes["pipeline"])
    known = {name: f"s3://{name.lower()}/of/the/run" for name in whole.parameters}
    known |= {"Bucket": "bucket", "ProcessingInstanceType": INSTANCE_TYPE}
    known |= {"name": "n", "Execution": EXECUTION["PipelineExecutionId"], "Started": EXECUTION["StartDateTime"]}
    jobs = runpy.run_path(str(shapes["airflow"] / "processing_jobs.py"))["ANSWERS"]
    rows = jobs["rows"](known)
    # Where a pipeline that does it all would have these, jobs around it have them where the pipeline is told.
    moved = {
        f"s3://bucket/{NAME}/inference/e/{name}": uri for name, uri in zip(_names(rows), rows.values(), strict=True)
    }
    steps: dict[str, Any] = {
        "Transform": {"TransformOutput": {"S3OutputPath": f"s3://bucket/{NAME}/inference/e/transformed"}}
    }
    for step in whole.steps:
        if step.type not in {"Processing", "QualityCheck", "ClarifyCheck"}:
            continue
        asked = evaluate(step.arguments, Scope(known, EXECUTION, steps, _none, _none))
        steps[step.name] = asked
    # Outside of the pipeline, one job does what two steps do: nothing comes between them that would need a machine.
    both = {**steps, "Postprocess": _as_one(steps["Postprocess"], steps["Decide"])}
    for name in AROUND:
        if name != "Decide":
            request = jobs[name.lower()](known)
            request.pop("ProcessingJobName")
            assert json.dumps(request, sort_keys=True) == _moved(json.dumps(both[name], sort_keys=True), moved)


def _as_one(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The request for a job that does the work of two steps, of which the second takes what the first leaves."""
    inputs, more = ({item["InputName"]: item for item in step["ProcessingInputs"]} for step in (one, other))
    outputs = [*_outputs(one), *_outputs(other)]
    made = {item["OutputName"]: item["S3Output"]["S3Uri"] for item in _outputs(one)}
    for name, item in more.items():
        assert inputs.get(name, item) == item
        assert made.get(name, item["S3Input"]["S3Uri"]) == item["S3Input"]["S3Uri"]
    arguments, others = (step["AppSpecification"]["ContainerArguments"] for step in (one, other))
    told, tell = (dict(zip(words[::2], words[1::2], strict=True)) for words in (arguments, others))
    assert {**tell, **told} == {**told, **tell}
    behind = [word for name, value in tell.items() if name not in told for word in (name, value)]
    joined = {
        **one,
        "AppSpecification": {**one["AppSpecification"], "ContainerArguments": [*arguments, "--decide", *behind]},
        "ProcessingInputs": [*inputs.values(), *(more[name] for name in more if name not in {*inputs, *made})],
        "ProcessingOutputConfig": {**one["ProcessingOutputConfig"], "Outputs": outputs},
    }
    differing = {"AppSpecification", "ProcessingInputs", "ProcessingOutputConfig"}
    assert {name: one[name] for name in one if name not in differing} == {
        name: other[name] for name in other if name not in differing
    }
    assert one["AppSpecification"]["ImageUri"] == other["AppSpecification"]["ImageUri"]
    return joined


def _outputs(request: Mapping[str, Any]) -> list[Any]:
    return list(request["ProcessingOutputConfig"]["Outputs"])


def _names(rows: Mapping[str, str]) -> list[str]:
    return [uri.rpartition("/")[2] for uri in rows.values()]


def _moved(text: str, moved: Mapping[str, str]) -> str:
    for old, new in moved.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return text


def _none(*_: str) -> Any:
    raise AssertionError("these steps read no file of another")
