"""What production runs: predictions on a schedule, a new model where that is decided, ground truth when it arrives.

    <project>-inference      ingest → model in use → inference pipeline → predictions → retrain? → <project>-build
    <project>-build          ingest → build pipeline; the model that it registers waits for a person's approval
    <project>-model-quality  is there new ground truth? → model-quality pipeline → retrain? → <project>-build

With `processing = "airflow"`, preprocess, postprocess and report are tasks of their own around the inference pipeline.

Everything is done once for a run date, however often a task or a run is repeated: see `once.py`. A run is green only if
its pipeline has succeeded or, by rule, nothing was to do: the task `explain` sees to it, and stops what still runs when
a run is failed. What differs between use cases is in the table `[airflow]` of `config.toml`. The same files work on
Airflow 2.11 and 3.
"""

from __future__ import annotations

import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.providers.amazon.aws.notifications.sns import SnsNotifier
from airflow.timetables.trigger import CronTriggerTimetable

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import Asset, dag
    from airflow.sdk.definitions.param import Param
except ImportError:  # Airflow 2.11
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag
    from airflow.models.param import Param
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.trigger_dagrun import TriggerDagRunOperator

# Not imported by its name: Airflow has no packages of DAGs, and other projects have files that are called the same.
tasks = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("tasks.py"))))
PROJECT, AIRFLOW = tasks.PROJECT, tasks.AIRFLOW
AROUND = tasks.CONFIG["project"]["processing"] == "airflow"

LONGEST = timedelta(hours=AIRFLOW["pipeline_hours"])
CHECKS = max(1, int(LONGEST.total_seconds() // AIRFLOW["check_seconds"]))
PATIENCE = {  # of tasks that wait for a pipeline or a job
    "aws_conn_id": AIRFLOW["connection"],
    "deferrable": AIRFLOW["deferrable"],  # the triggerer waits: no worker is taken
    "check_interval": AIRFLOW["check_seconds"],
    "execution_timeout": LONGEST,
    # A lost connection, worker or triggerer is no end of what is waited for. The next try looks and starts nothing
    # twice; what really failed, or was refused, ends the task at once.
    "retries": CHECKS,
    "retry_delay": timedelta(seconds=AIRFLOW["check_seconds"]),
}

# The one place that says who is told of a failed task, and what.
TOLD = (
    SnsNotifier(
        aws_conn_id=AIRFLOW["connection"],
        target_arn=AIRFLOW["notify"],
        subject=f"{PROJECT}: a run failed",
        message="{{ ti.dag_id }}, {{ run_id }}, {{ ti.task_id }}: {{ exception }}\n\n{{ ti.log_url }}",
    )
    if AIRFLOW["notify"]
    else None
)

COMMON = {
    "start_date": datetime.combine(AIRFLOW["start_date"], datetime.min.time(), UTC),
    # Dates that were missed are not predicted by surprise; a backfill, which is asked for, makes up for them.
    "catchup": False,
    # One date after the other: each looks back on the history that the one before has left.
    "max_active_runs": 1,
    "params": {
        "run_date": Param(
            None, type=["null", "string"], format="date", description="instead of the run's own date: 2026-06-30"
        ),
        "again": Param(0, type="integer", minimum=0, description="raised by one, it repeats a date that has succeeded"),
        "image": Param(
            None, type=["null", "string"], minLength=1, description="what builds, instead of the one in config.toml"
        ),
        "input": Param(
            None, type=["null", "string"], pattern="^s3://[^/]+/.+", description="instead of the table in config.toml"
        ),
        "model": Param(
            None,
            type=["null", "string"],
            pattern="^(then|now|[1-9][0-9]*)$",
            description='"then": approved by the run date; "now": the latest; or a version',
        ),
    },
    "default_args": {
        "pool": AIRFLOW["pool"],
        # For tasks that ask and tell, which takes seconds: a lost connection or worker is worth three tries.
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(minutes=15),
        "on_failure_callback": TOLD,
    },
    "tags": [PROJECT],
    "doc_md": __doc__,
}


def schedule(wanted: str | list[str]) -> Any:
    """When a DAG runs: by a cron expression, when some assets were updated, or by hand.

    The timetable is named: a bare cron expression makes the logical date the beginning of an interval on Airflow 2, and
    its end on Airflow 3.
    """
    if isinstance(wanted, list):
        return [Asset(uri) for uri in wanted]
    return CronTriggerTimetable(wanted, timezone=AIRFLOW["timezone"]) if wanted else None


def ingest(known: Any) -> Any:
    """Wait until the run date's table is there. What prepares it, a query for example, goes before or in its place."""
    return tasks.once.WaitForTable(
        task_id="ingest",
        bucket_key=known["InputDataUri"],
        aws_conn_id=AIRFLOW["connection"],
        deferrable=AIRFLOW["deferrable"],
        poke_interval=AIRFLOW["check_seconds"],
        timeout=timedelta(hours=AIRFLOW["input_hours"]).total_seconds(),
        execution_timeout=None,  # the sensor's own is the one that is meant
        retries=30,  # of lost connections: what has not arrived in time ends it
        retry_delay=timedelta(seconds=AIRFLOW["check_seconds"]),
    )


def run_pipeline(short: str, name: Any, begun: Any, *known: Any) -> Any:
    """Start a pipeline with what is known, the input first, and wait for its end."""
    pipeline = f"{PROJECT}-{short}"
    return tasks.once.StartPipelineOnce(
        task_id="pipeline",
        pipeline_name=pipeline,
        display_name=name,
        pipeline_params=tasks.parameters(pipeline, *known),
        begun=begun,
        input_uri=known[0]["InputDataUri"],
        hours=AIRFLOW["pipeline_hours"],
        wait_for_completion=True,
        waiter_max_attempts=CHECKS,
        on_failure_callback=None,  # `explain` tells, with the reason
        **PATIENCE,
    )


def explained(short: str, known: Any, name: Any, *last: Any, jobs: Any = ()) -> None:
    """Let the run end with the truth: it is green only if the pipeline, and the jobs around it, have succeeded."""
    explain = tasks.explain(f"{PROJECT}-{short}", name, [each.output for each in last], list(jobs))
    # Airflow starts a teardown even where a person has failed the run.
    explain.as_teardown(setups=known.operator, on_failure_fail_dagrun=True)


def run_job(request: Any, begun: Any) -> Any:
    """Run one of the jobs around the pipeline, in the image of the model in use."""
    return tasks.once.ProcessOnce(
        task_id=request.operator.task_id.removesuffix("_job"),
        config=request,
        begun=begun,
        print_log=False,
        max_attempts=CHECKS,
        **PATIENCE,
    )


def job(what: str, *known: Any) -> Any:
    """What a job around the pipeline is asked to do."""
    return tasks.job.override(task_id=f"{what}_job")(what, *known)


def act_on(decision: Any, known: Any) -> None:
    """Start the build where that is decided, once for a run date, with that date and no other."""
    given = {"input": known["retrain_input"]} if AIRFLOW["retrain_input"] else {}
    retrain = TriggerDagRunOperator(
        task_id="retrain",
        trigger_dag_id=f"{PROJECT}-build",
        # A date that is predicted again may decide again.
        trigger_run_id="retrain__{{ ti.xcom_pull('prepare')['name'] }}",
        # Its logical date will be the moment of triggering: the date that is meant goes with it.
        conf={"run_date": known["run_date"], **given},
        # One that exists runs once more: what has succeeded is gone on with, what failed is started anew.
        reset_dag_run=True,
    )
    decision >> [retrain, EmptyOperator(task_id="done")]


@dag(dag_id=f"{PROJECT}-inference", schedule=schedule(AIRFLOW["schedule"]), **COMMON)
def inference() -> None:
    """Predict with the model in use, decide whether to retrain."""
    known = tasks.prepare("input")
    model = tasks.model_in_use(known)
    ingest(known) >> model
    if AROUND:
        rows, before = tasks.job.override(task_id="rows")("rows", known), job("preprocess", known, model)
        pipeline = run_pipeline("inference", known["name"], known["begun"], known, model, rows)
        run_job(before, known["begun"]) >> pipeline
        done = tasks.executed(pipeline.output, known)
        after, said = job("postprocess", known, model, done), job("report", known, model, done)
        predicted, report = run_job(after, known["begun"]), run_job(said, known["begun"])
        predicted >> report
        explained("inference", known, known["name"], pipeline, predicted, report, jobs=(before, after, said))
    else:
        predicted = run_pipeline("inference", known["name"], known["begun"], known, model)
        done = tasks.executed(predicted.output, known)
        explained("inference", known, known["name"], predicted)
    decision = tasks.decide(done)
    predicted >> [tasks.publish(known, done), decision]
    act_on(decision, known)


@dag(dag_id=f"{PROJECT}-build", schedule=schedule(AIRFLOW["build_schedule"]), **COMMON)
def build() -> None:
    """Train a model and register it for approval. It predicts nothing."""
    known = tasks.prepare("training_input")
    image = tasks.building_image(known)
    ingest(known) >> image
    explained("build", known, known["name"], run_pipeline("build", known["name"], known["begun"], known, image))


@dag(dag_id=f"{PROJECT}-model-quality", schedule=schedule(AIRFLOW["truth_schedule"]), **COMMON)
def model_quality() -> None:
    """Compare predictions with ground truth that was not compared before; a run without any is done."""
    known = tasks.prepare("truth")
    found = tasks.new_truth(known)
    model = tasks.model_in_use(known)
    found >> model
    pipeline = run_pipeline("model-quality", found["name"], known["begun"], found, known, model, found)
    explained("model-quality", known, found["name"], pipeline)
    act_on(tasks.decide(tasks.executed(pipeline.output, known)), known)


inference()
build()
model_quality()
