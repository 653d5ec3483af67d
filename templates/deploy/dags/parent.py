"""What production runs: predictions on a schedule, a new model where that is decided, ground truth when it arrives.

    <project>-inference      ingest → model in use → inference pipeline → predictions → retrain? → <project>-build
    <project>-build          ingest → build pipeline; the model that it registers waits for a person's approval
    <project>-model-quality  ground truth → is it new? → model-quality pipeline → retrain? → <project>-build

With `processing = "airflow"`, preprocess, postprocess and report are tasks of their own around the inference pipeline.

Everything is done once for a run date, however often a task or a run is repeated: see `once.py`. What differs between
use cases is in the table `[airflow]` of `config.toml`. The same files work on Airflow 2.11 and 3.
"""

from __future__ import annotations

import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.providers.amazon.aws.notifications.sns import SnsNotifier
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.timetables.trigger import CronTriggerTimetable

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import Asset, dag
except ImportError:  # Airflow 2.11
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.trigger_dagrun import TriggerDagRunOperator

# Not imported by its name: Airflow has no packages of DAGs, and other projects have files that are called the same.
tasks = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("tasks.py"))))
PROJECT, AIRFLOW = tasks.PROJECT, tasks.AIRFLOW
AROUND = tasks.CONFIG["project"]["processing"] == "airflow"

LONGEST = timedelta(hours=AIRFLOW["pipeline_hours"])
PATIENCE = {  # of tasks that wait for a pipeline or a job
    "aws_conn_id": AIRFLOW["connection"],
    "deferrable": AIRFLOW["deferrable"],  # the triggerer waits: no worker is taken
    "check_interval": AIRFLOW["check_seconds"],
    "execution_timeout": LONGEST,
    # What failed is not started again by itself: the reason would be the same, and so would the cost. Calls of AWS are
    # repeated by boto3, steps by the retry policies of the pipeline.
    "retries": 0,
}
CHECKS = int(LONGEST.total_seconds() // AIRFLOW["check_seconds"])

COMMON = {
    "start_date": datetime.combine(AIRFLOW["start_date"], datetime.min.time(), UTC),
    # Dates that were missed are not predicted by surprise; a backfill, which is asked for, makes up for them.
    "catchup": False,
    # One date after the other: each looks back on the history that the one before has left.
    "max_active_runs": 1,
    "params": {
        "run_date": None,  # instead of the run's own date: 2026-06-30
        "again": 0,  # raised by one, it repeats a date that has succeeded
        "image": None,  # what builds, instead of the one in config.toml
    },
    "default_args": {
        "pool": AIRFLOW["pool"],
        # For tasks that ask and tell, which takes seconds: a lost connection or worker is worth three tries.
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(minutes=15),
    },
    "tags": [PROJECT],
    "doc_md": __doc__,
    # The one place that says who is told of a failed run.
    "on_failure_callback": SnsNotifier(
        aws_conn_id=AIRFLOW["connection"],
        target_arn=AIRFLOW["notify"],
        subject=f"{PROJECT}: a run failed",
        message="{{ dag.dag_id }}, {{ run_id }}: its red tasks say why.",
    )
    if AIRFLOW["notify"]
    else None,
}


def schedule(wanted: str | list[str]) -> Any:
    """When a DAG runs: by a cron expression, when some assets were updated, or by hand.

    The timetable is named: a bare cron expression makes the logical date the beginning of an interval on Airflow 2, and
    its end on Airflow 3.
    """
    if isinstance(wanted, list):
        return [Asset(uri) for uri in wanted]
    return CronTriggerTimetable(wanted, timezone=AIRFLOW["timezone"]) if wanted else None


def ingest(known: Any, **options: Any) -> S3KeySensor:
    """Wait until the run date's table is there. What prepares it, a query for example, goes before or in its place."""
    return S3KeySensor(
        task_id="ingest",
        bucket_key=known["InputDataUri"],
        aws_conn_id=AIRFLOW["connection"],
        deferrable=AIRFLOW["deferrable"],
        poke_interval=AIRFLOW["check_seconds"],
        timeout=timedelta(hours=AIRFLOW["input_hours"]).total_seconds(),
        execution_timeout=None,  # the sensor's own is the one that is meant
        **options,
    )


def run_pipeline(short: str, name: Any, *known: Any) -> Any:
    """Start a pipeline with what is known, and wait for its end."""
    pipeline = f"{PROJECT}-{short}"
    started = tasks.once.StartPipelineOnce(
        task_id="pipeline",
        pipeline_name=pipeline,
        display_name=name,
        pipeline_params=tasks.parameters(pipeline, *known),
        wait_for_completion=True,
        waiter_max_attempts=CHECKS,
        **PATIENCE,
    )
    started >> tasks.explain(pipeline, name)
    return started


def run_job(what: str, *known: Any) -> Any:
    """Run one of the jobs around the pipeline, in the image of the model in use."""
    request = tasks.job.override(task_id=f"{what}_job")(what, *known)
    return tasks.once.ProcessOnce(task_id=what, config=request, print_log=False, max_attempts=CHECKS, **PATIENCE)


def act_on(decision: Any, known: Any) -> None:
    """Start the build where that is decided, once for a run date, with that date and no other."""
    retrain = TriggerDagRunOperator(
        task_id="retrain",
        trigger_dag_id=f"{PROJECT}-build",
        trigger_run_id="retrain__{{ ti.xcom_pull('prepare')['run_date'] }}",
        # Its logical date will be the moment of triggering: the date that is meant goes with it.
        conf={"run_date": known["run_date"]},
        skip_when_already_exists=True,
    )
    decision >> [retrain, EmptyOperator(task_id="done")]


@dag(dag_id=f"{PROJECT}-inference", schedule=schedule(AIRFLOW["schedule"]), **COMMON)
def inference() -> None:
    """Predict with the latest approved model, decide whether to retrain."""
    known, model = tasks.prepare("input"), tasks.model_in_use()
    ingest(known) >> model
    if AROUND:
        rows = tasks.job.override(task_id="rows")("rows", known)
        pipeline = run_pipeline("inference", known["name"], known, model, rows)
        run_job("preprocess", known, model) >> pipeline
        done = tasks.executed(pipeline.output, known)
        predicted = run_job("postprocess", known, model, done)
        predicted >> run_job("report", known, model, done)
    else:
        predicted = run_pipeline("inference", known["name"], known, model)
        done = tasks.executed(predicted.output, known)
    decision = tasks.decide(done)
    predicted >> [tasks.publish(known, done), decision]
    act_on(decision, known)


@dag(dag_id=f"{PROJECT}-build", schedule=schedule(AIRFLOW["build_schedule"]), **COMMON)
def build() -> None:
    """Train a model and register it for approval. It predicts nothing."""
    known, image = tasks.prepare("training_input"), tasks.building_image()
    ingest(known) >> image
    run_pipeline("build", known["name"], known, image)


@dag(dag_id=f"{PROJECT}-model-quality", schedule=schedule(AIRFLOW["truth_schedule"]), **COMMON)
def model_quality() -> None:
    """Compare predictions with ground truth, when there is some that was not compared before."""
    known = tasks.prepare("truth")
    name, model = tasks.new_truth(known), tasks.model_in_use()
    # Ground truth comes when it comes: a day without is no failure.
    ingest(known, soft_fail=True) >> name >> model
    pipeline = run_pipeline("model-quality", name, known, model)
    act_on(tasks.decide(tasks.executed(pipeline.output, known)), known)


inference()
build()
model_quality()
