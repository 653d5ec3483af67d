"""The DAGs as Airflow reads them: without a database, a network or a wait, on the version that is installed here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
PROJECT = CONFIG["project"]["name"]
AROUND = CONFIG["project"]["processing"] == "airflow"
SECONDS = 10  # Airflow reads each file again and again, and gives up after thirty seconds
READ = """
import json, sys
reached = []
def watch(event, arguments):
    if event in ("socket.connect", "sqlite3.connect"):
        reached.append(f"{event} {arguments[-1]}")
sys.addaudithook(watch)
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1])
dags = {
    dag.dag_id: {
        "tasks": {
            task.task_id: {"downstream": sorted(task.downstream_task_ids), "type": type(task).__name__,
                           "retries": task.retries, "deferrable": getattr(task, "deferrable", None)}
            for task in dag.tasks
        },
        "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
    }
    for dag in bag.dags.values()
}
print("\\n" + json.dumps({"dags": dags, "errors": list(bag.import_errors.values()), "reached": reached}))
"""


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow made of this repository as its folder of DAGs, and how many seconds it took with starting Python."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-W", "ignore", "-c", READ, str(ROOT)]
    started = time.monotonic()
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "seconds": time.monotonic() - started}


def tasks(bag: dict[str, Any], short: str) -> dict[str, Any]:
    found: dict[str, Any] = bag["dags"][f"{PROJECT}-{short}"]["tasks"]
    return found


def before(bag: dict[str, Any], short: str, task: str) -> set[str]:
    """All tasks that a task waits for."""
    waits = {name for name, told in tasks(bag, short).items() if task in told["downstream"]}
    return waits.union(*(before(bag, short, name) for name in waits))


def test_they_are_read_in_time_without_a_database_or_a_network(bag: dict[str, Any]) -> None:
    assert bag["errors"] == []
    assert bag["reached"] == []
    assert bag["seconds"] < SECONDS


def test_there_is_one_for_each_pipeline(bag: dict[str, Any]) -> None:
    assert set(bag["dags"]) == {f"{PROJECT}-{short}" for short in ("inference", "build", "model-quality")}


def test_a_repeated_or_late_scheduler_starts_no_flood(bag: dict[str, Any]) -> None:
    assert {(told["catchup"], told["max_active_runs"]) for told in bag["dags"].values()} == {(False, 1)}


@pytest.mark.parametrize("short", ["inference", "build", "model-quality"])
def test_a_pipeline_is_started_once_and_waited_for_by_the_triggerer(bag: dict[str, Any], short: str) -> None:
    pipeline = tasks(bag, short)["pipeline"]
    assert pipeline["type"] == "StartPipelineOnce"
    assert pipeline["deferrable"] is CONFIG["airflow"]["deferrable"]
    assert pipeline["retries"] == 0
    assert {"prepare", "ingest", "parameters"} < before(bag, short, "pipeline")
    assert "explain" in pipeline["downstream"]


def test_predictions_come_before_the_decision_and_a_retraining_after_it(bag: dict[str, Any]) -> None:
    assert {"pipeline", "executed"} < before(bag, "inference", "decide")
    assert tasks(bag, "inference")["decide"]["downstream"] == ["done", "retrain"]
    assert "pipeline" in before(bag, "inference", "publish")


def test_a_build_predicts_nothing(bag: dict[str, Any]) -> None:
    assert {"publish", "postprocess", "decide"} & set(tasks(bag, "build")) == set()


def test_ground_truth_is_looked_at_before_anything_is_started(bag: dict[str, Any]) -> None:
    assert "new_truth" in before(bag, "model-quality", "model_in_use")


def test_pre_and_postprocessing_are_tasks_where_the_pipeline_has_none(bag: dict[str, Any]) -> None:
    jobs = {name: told for name, told in tasks(bag, "inference").items() if told["type"] == "ProcessOnce"}
    assert set(jobs) == ({"preprocess", "postprocess", "report"} if AROUND else set())
    if AROUND:
        assert "preprocess" in before(bag, "inference", "pipeline")
        assert "pipeline" in before(bag, "inference", "postprocess")
        assert {"postprocess"} < before(bag, "inference", "decide") & before(bag, "inference", "publish")
