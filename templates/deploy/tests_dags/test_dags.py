"""The DAGs as Airflow reads them: without a database, a network or a wait, on the version that is installed here."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
PROJECT = CONFIG["project"]["name"]
AROUND = CONFIG["project"]["processing"] == "airflow"
SECONDS = 10  # of computing: Airflow reads each file again and again, and gives up after thirty seconds
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
                           "rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
                           "teardown": task.is_teardown, "counts": task.on_failure_fail_dagrun,
                           "retries": task.retries, "deferrable": getattr(task, "deferrable", None)}
            for task in dag.tasks
        },
        "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
    }
    for dag in bag.dags.values()
}
print("\\n" + json.dumps({"dags": dags, "errors": list(bag.import_errors.values()), "reached": reached}))
"""

# What the DAGs take for the run date, of runs as this version of Airflow makes them.
DATES = """
import json, runpy, sys
from datetime import datetime, timezone
from types import SimpleNamespace
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable
from airflow.utils.types import DagRunType
tasks = runpy.run_path(sys.argv[1] + "/dags/tasks.py")
def date(moment, kind, **more):
    run = SimpleNamespace(run_type=kind, run_after=moment)
    return tasks["date_of"]({"params": {"run_date": None}, "dag_run": run, **more})
def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
timetable, last, scheduled = CronTriggerTimetable("30 23 * * *", timezone=tasks["AIRFLOW"]["timezone"]), None, []
for _ in range(4):
    earliest = TimeRestriction(earliest=utc(sys.argv[2]), latest=None, catchup=True)
    info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=earliest)
    last = info.data_interval
    scheduled.append(date(info.run_after, DagRunType.SCHEDULED, logical_date=info.logical_date))
asset = next(kind for kind in DagRunType if kind.value in ("asset_triggered", "dataset_triggered"))
evening = utc("2026-06-05T02:00:00")
print("\\n" + json.dumps({
    "scheduled": scheduled,
    "by hand": date(evening, DagRunType.MANUAL, logical_date=utc("2026-06-04T00:00:00")),
    "at once": date(evening, DagRunType.MANUAL, logical_date=evening),
    "asset": date(evening, asset, **({"logical_date": evening} if asset.value == "dataset_triggered" else {})),
}))
"""


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow made of this repository as its folder of DAGs, and how many seconds of computing it took."""
    return read(ROOT, tmp_path_factory.mktemp("airflow"))


def read(repository: Path, home: Path) -> dict[str, Any]:
    """Have Airflow read a repository, in a process of its own."""
    before = computed()
    return {**asked(home, READ, str(repository)), "seconds": computed() - before}


def asked(home: Path, script: str, *arguments: str) -> dict[str, Any]:
    """What a script answers in a process of its own."""
    environment = {"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def computed() -> float:
    """The seconds that ended child processes have computed: how busy the machine is does not matter."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    assert pipeline["retries"] * CONFIG["airflow"]["check_seconds"] == CONFIG["airflow"]["pipeline_hours"] * 3600
    first = "new_truth" if short == "model-quality" else "ingest"
    assert {"prepare", first, "parameters"} < before(bag, short, "pipeline")


@pytest.mark.parametrize("short", ["inference", "build", "model-quality"])
def test_a_run_ends_with_what_became_of_its_pipeline(bag: dict[str, Any], short: str) -> None:
    explain = tasks(bag, short)["explain"]
    assert (explain["teardown"], explain["counts"], explain["downstream"]) == (True, True, [])
    assert "pipeline" in before(bag, short, "explain")
    others = {told["rule"] for name, told in tasks(bag, short).items() if name != "explain"}
    assert others == {"all_success"}, "a task that starts after a failure hides it"


def test_predictions_come_before_the_decision_and_a_retraining_after_it(bag: dict[str, Any]) -> None:
    assert {"pipeline", "executed"} < before(bag, "inference", "decide")
    assert tasks(bag, "inference")["decide"]["downstream"] == ["done", "retrain"]
    assert "pipeline" in before(bag, "inference", "publish")


def test_a_build_predicts_nothing(bag: dict[str, Any]) -> None:
    assert {"publish", "postprocess", "decide"} & set(tasks(bag, "build")) == set()


def test_a_table_of_settings_that_cannot_be_is_told_before_anything_starts(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "dags", tmp_path / "repository" / "dags")
    shutil.copy(ROOT / ".airflowignore", tmp_path / "repository")
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    wrong = text.replace("[airflow]", "[airflow]\nshedule = 1", 1).replace("\ncheck_seconds = ", "\ncheck_seconds = -")
    (tmp_path / "repository" / "config.toml").write_text(wrong, encoding="utf-8")
    found = read(tmp_path / "repository", tmp_path)
    assert found["dags"] == {}
    (error,) = found["errors"]
    assert "[airflow]: shedule is no setting; is schedule meant?" in error
    assert "[airflow]: check_seconds = -" in error


@pytest.mark.parametrize("first", ["2026-06-04", "2026-03-07", "2026-10-31"])  # the clocks change the day after
def test_the_run_date_is_right_west_of_utc(tmp_path: Path, first: str) -> None:
    shutil.copytree(ROOT / "dags", tmp_path / "dags")
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    west = f'timezone = "America/Los_Angeles"  # instead of {CONFIG["airflow"]["timezone"]}'
    (tmp_path / "config.toml").write_text(re.sub("(?m)^timezone = .*", west, text), encoding="utf-8")
    found = asked(tmp_path, DATES, str(tmp_path), f"{first}T12:00:00")
    days = [str(date.fromisoformat(first) + timedelta(days=day)) for day in range(4)]
    assert found == {"scheduled": days, "by hand": "2026-06-04", "at once": "2026-06-04", "asset": "2026-06-04"}


def test_ground_truth_is_looked_at_before_anything_is_started(bag: dict[str, Any]) -> None:
    assert "new_truth" in before(bag, "model-quality", "model_in_use")


def test_pre_and_postprocessing_are_tasks_where_the_pipeline_has_none(bag: dict[str, Any]) -> None:
    jobs = {name: told for name, told in tasks(bag, "inference").items() if told["type"] == "ProcessOnce"}
    assert set(jobs) == ({"preprocess", "postprocess", "report"} if AROUND else set())
    if AROUND:
        assert "preprocess" in before(bag, "inference", "pipeline")
        assert "pipeline" in before(bag, "inference", "postprocess")
        assert {"postprocess"} < before(bag, "inference", "decide") & before(bag, "inference", "publish")
