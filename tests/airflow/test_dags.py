"""The parent DAGs on both versions of Airflow, against pipelines that really run."""

import contextlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_new.names import DEFINITIONS, Kind
from rendering import render
from tests.airflow.conftest import World
from tests.airflow.world import HERE, edit

pytestmark = pytest.mark.slow

BUCKET = "mlops-new"
PATIENCE = 600  # seconds for a pipeline to begin, on however busy a machine
FILES = {"predictions.csv", "manifest.json", "decision.json", "report.html", "run.json"}
DECISION = Path("steps", "decide.py")
# What a person may edit there decides, and not what chance does to checks.
ALWAYS = {"    return decision\n": '    return {**decision, "retrain": True}\n'}


@contextlib.contextmanager
def changed(file: Path, changes: dict[str, str]) -> Iterator[None]:
    """Other contents of a file for a while."""
    before = file.read_text(encoding="utf-8")
    edit(file, changes)
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def first_execution(world: World, short: str, name: str) -> dict[str, Any]:
    """The execution of a display name, once there is one."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := world.service.executions(world.project, short, name):
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"{short} was not started for {name}")


def outputs(world: World, place: str) -> dict[str, bytes]:
    """What lies below a place of the project, by file name."""
    s3, prefix = world.service.client("s3"), f"{world.project.name}/{place}/"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    objects = {found["Key"].removeprefix(prefix): found["Key"] for found in listed}
    return {name: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for name, key in objects.items()}


def results(world: World, date: str) -> dict[str, Any]:
    """What was predicted, decided and reported for a run date."""
    (execution,) = world.service.executions(world.project, "inference", date)
    identity = execution["PipelineExecutionArn"].rpartition("/")[2]
    files = outputs(world, f"predictions/{identity}") | outputs(world, f"inference/{identity}/decision")
    return {**files, **outputs(world, f"history/inference/{identity}/report")}


def test_a_killed_run_that_is_repeated_does_no_work_twice(built: World) -> None:
    date = built.date(4)
    arrival = threading.Timer(4, built.put, ("input", "input", date))
    arrival.start()  # after the sensor has looked for the first time: it has to wait
    with built.airflow.session() as killed:
        killed.start(built.dag("inference"), date)
        execution = first_execution(built, "inference", date)
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
    assert execution["PipelineExecutionStatus"] == "Executing"

    ended = built.session.run(built.dag("inference"), date)
    assert ended.state == "success", ended.log
    assert (ended.tasks["pipeline"], ended.tasks["done"], ended.tasks["retrain"]) == ("success", "success", "skipped")
    (only,) = built.service.executions(built.project, "inference", date)
    assert only["PipelineExecutionArn"] == execution["PipelineExecutionArn"]
    (event,) = ended.events
    assert event["run_date"] == date
    place = event["uri"].removeprefix(f"s3://{BUCKET}/{built.project.name}/").removesuffix("/predictions.csv")
    published = outputs(built, place)
    assert set(published) == {"predictions.csv", "manifest.json"}
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=built.project.deploy, capture_output=True, check=True)
    assert json.loads(published["manifest.json"])["commit"] == head.stdout.decode().strip()
    assert ended.retrainings == {}


def test_a_decision_to_retrain_starts_the_build_with_the_same_run_date(built: World) -> None:
    date = built.date(5)
    built.put("input", "input", date)
    with changed(built.project.dags / DECISION, ALWAYS):
        ended = built.session.run(built.dag("inference"), date)
    assert ended.state == "success", ended.log
    assert (ended.tasks["retrain"], ended.tasks["done"]) == ("success", "skipped")
    decided = {f"retrain__{date}": [built.dag("build"), {"run_date": date}]}
    assert ended.retrainings == decided
    # The same decision once more has that run go on, or start what failed; none is lost, none is made twice.
    with changed(built.project.dags / DECISION, ALWAYS):
        again = built.session.run(built.dag("inference"), date)
    assert again.state == "success", again.log
    assert (again.tasks["retrain"], again.retrainings) == ("success", decided)


def test_a_build_whose_table_was_corrected_is_red(built: World) -> None:
    date = built.date(3)
    before = built.service.executions(built.project, "build", date)
    built.put("input", "training", date)
    ended = built.session.run(built.dag("build"), built.date(21), {"run_date": date})
    assert ended.state == "failed", ended.log
    assert (ended.tasks["pipeline"], ended.tasks["explain"]) == ("failed", "failed")
    assert f"has changed since {date} was done" in ended.log
    assert built.service.executions(built.project, "build", date) == before


def test_ground_truth_is_compared_once(built: World) -> None:
    truth = f"truth of Airflow {built.version}"
    before = built.service.executions(built.project, "model-quality")
    built.put(truth, "truth", built.date(11))
    ended = built.session.run(built.dag("model-quality"), built.date(11))
    assert ended.state == "success", ended.log
    assert ended.tasks["pipeline"] == "success"
    assert (ended.tasks["done"], ended.tasks["retrain"]) == ("success", "skipped")
    built.put(truth, "truth", built.date(12))  # the same once more, under another date
    again = built.session.run(built.dag("model-quality"), built.date(12))
    assert again.state == "success", again.log
    assert (again.tasks["new_truth"], again.tasks["pipeline"]) == ("skipped", "skipped")
    assert len(built.service.executions(built.project, "model-quality")) == len(before) + 1


def test_a_failing_step_turns_the_run_red_and_says_why(built: World) -> None:
    date = built.date(6)
    built.put("spoilt", "input", date)
    # `dag.test()` of Airflow 2 waits for ever when a trigger fails; so it runs where there is no triggerer.
    waiting = {"deferrable = true": "deferrable = false"} if built.version == 2 else {}
    with changed(built.project.dags / "config.toml", waiting):
        ended = built.session.run(built.dag("inference"), date)
    assert ended.state == "failed", ended.log
    assert {ended.tasks["pipeline"], ended.tasks["explain"]} == {"failed"}
    assert ended.tasks["publish"] == "upstream_failed"
    assert "step Preprocess failed: " in ended.log
    assert "price" in ended.log.partition("step Preprocess failed: ")[2].splitlines()[0]


@pytest.fixture
def around(built: World, tmp_path: Path) -> Iterator[World]:
    """The same project with the other answer: its repository rendered, and its pipeline registered anew."""
    deploy = render("deploy", tmp_path / "deploy", project_name=built.project.name, processing="airflow")
    edit(deploy / "config.toml", HERE)
    airflow = replace(
        built.airflow, environment={**built.airflow.environment, "AIRFLOW__CORE__DAGS_FOLDER": str(deploy)}
    )
    _register(built, deploy)
    try:
        with airflow.session() as session, changed(deploy / DECISION, ALWAYS):
            yield replace(built, airflow=airflow, session=session)
    finally:
        _register(built, built.project.deploy)


def _register(world: World, deploy: Path) -> None:
    definition = (deploy / DEFINITIONS[Kind.DEPLOY]["inference"]).read_text(encoding="utf-8")
    name = f"{world.project.name}-inference"
    world.service.client("sagemaker").update_pipeline(PipelineName=name, PipelineDefinition=definition)


def test_pre_and_postprocessing_as_tasks_give_the_same_results(around: World) -> None:
    date = around.date(7)
    around.put("input", "input", date)
    ended = around.session.run(around.dag("inference"), date)
    assert ended.state == "success", ended.log
    assert {ended.tasks[name] for name in ("preprocess", "pipeline", "postprocess", "report", "retrain")} == {"success"}
    inside, outside = results(around, around.date(5)), results(around, date)
    assert (
        set(outside) == set(inside) == {"predictions.csv", "manifest.json", "decision.json", "report.html", "run.json"}
    )
    assert outside["predictions.csv"] == inside["predictions.csv"]
    assert outside["decision.json"] == inside["decision.json"]
    assert _of_the_data(outside["manifest.json"]) == _of_the_data(inside["manifest.json"])

    repeated = around.session.run(around.dag("inference"), date)
    assert repeated.state == "success", repeated.log
    (execution,) = around.service.executions(around.project, "inference", date)
    identity = execution["PipelineExecutionArn"].rpartition("/")[2]
    for job in (f"preprocess-{date}", f"postprocess-{identity}", f"report-{identity}"):
        assert jobs(around, job) == [f"{around.project.name}-{job}-0"]


def jobs(world: World, name: str) -> list[str]:
    """The processing jobs that were created under a name."""
    found = world.service.client("sagemaker").list_processing_jobs(NameContains=f"{world.project.name}-{name}")
    return [job["ProcessingJobName"] for job in found["ProcessingJobSummaries"]]


def _of_the_data(manifest: bytes) -> dict[str, Any]:
    """What a manifest says that does not tell one execution from another."""
    said = json.loads(manifest)
    return {name: said[name] for name in ("model_package", "rows")}
