"""What the DAGs in `parent.py` are made of: what is asked, prepared and decided between the jobs.

Nothing happens when this is imported but that `config.toml` is read. Each task may be repeated.
"""

from __future__ import annotations

import importlib.util
import json
import re
import secrets
import sys
import tomllib
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.hooks.sts import StsHook
from botocore.exceptions import BotoCoreError

try:
    from airflow.sdk import Asset, task
except ImportError:  # Airflow 2.11
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task
try:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:  # the first versions of Airflow 3, too
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
PROJECT = CONFIG["project"]["name"]
# Others may schedule their DAGs on it; an event says which predictions, of which run date.
PREDICTIONS = Asset(f"{PROJECT}/predictions")


def load(path: str) -> ModuleType:
    """A module of this repository, by its path.

    Its name is one that no other project in the same Airflow has: these have files that are called the same.
    """
    name = f"{PROJECT}/{path}"
    specification = importlib.util.spec_from_file_location(name, ROOT / path)
    if specification is None or specification.loader is None:
        raise AirflowFailException(f"{ROOT / path} is no Python")
    module = sys.modules[name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


once, published = load("dags/once.py"), load("dags/published.py")
dates, truth = load("dags/dates.py"), load("dags/truth.py")
AIRFLOW = load("dags/settings.py").checked(CONFIG.get("airflow", {}))
CONNECTION = AIRFLOW["connection"]


@task
def prepare(source: str, **context: Any) -> dict[str, str]:
    """Upload this repository's code, and tell what every pipeline may ask for.

    Args:
        source: Which of `[airflow]`'s tables of data is the input.
        context: Of the run. Its date is the one that was given, else that of the scheduled moment: never today's, which
            a late or repeated run would get wrong. A run that an asset started has no such moment on Airflow 3.
    """
    run_date, again = date_of(context), context["params"]["again"]
    bucket, role = places()
    s3, history, commit = S3Hook(CONNECTION), f"{PROJECT}/history", ROOT / "commit"
    # A job's input must not be empty.
    s3.load_string("What earlier executions leave for later ones.\n", f"{history}/README.txt", bucket, replace=True)
    return {
        "name": f"{run_date}-again-{again}" if again else run_date,
        "run_date": run_date,
        "RunDate": run_date,
        "begun": secrets.token_hex(4),
        "ExecutionRoleArn": role,
        "Bucket": bucket,
        "HistoryUri": f"s3://{bucket}/{history}",
        "CodeUri": upload_code(s3, bucket),
        "InputDataUri": context["params"]["input"] or place(source, bucket, run_date),
        "retrain_input": place("retrain_input", bucket, run_date),
        "Commit": commit.read_text(encoding="utf-8").strip() if commit.is_file() else "unknown",
    }


def date_of(context: Any) -> str:
    """The date that a run is for."""
    if given := context["params"]["run_date"]:
        return str(given)
    run = context["dag_run"]
    moment = context.get("logical_date") or run.run_after
    by_hand = str(getattr(run.run_type, "value", run.run_type)) == "manual"
    return str(dates.run_date(moment, AIRFLOW["timezone"], by_hand=by_hand))


def place(source: str, bucket: str, run_date: str) -> str:
    """Where one of `[airflow]`'s tables of data is."""
    return str(AIRFLOW[source]).format(bucket=bucket, project=PROJECT, run_date=run_date)


def places() -> tuple[str, str]:
    """The bucket and the execution role: of `config.toml`, else by the convention of account and region."""
    bucket, role = AIRFLOW["bucket"], AIRFLOW["execution_role"]
    if not (bucket and role):
        sts = StsHook(CONNECTION).get_conn()
        account, region, partition = sts.get_caller_identity()["Account"], sts.meta.region_name, sts.meta.partition
        bucket = bucket or f"mlops-new-{account}-{region}"
        role = role or f"arn:{partition}:iam::{account}:role/mlops-new-execution"
    return bucket, role


def upload_code(s3: Any, bucket: str) -> str:
    """Store the code that jobs run by its content, so that what a job has used is never changed."""
    try:
        files = published.files(ROOT)
    except (FileNotFoundError, ValueError) as error:
        raise AirflowFailException(str(error)) from error
    prefix = f"{PROJECT}/code/{published.digest(files)}"
    for name, path in files.items():
        if not s3.check_for_key(f"{prefix}/{name}", bucket):
            s3.load_bytes(path.read_bytes(), f"{prefix}/{name}", bucket, replace=True)
    return f"s3://{bucket}/{prefix}"


@task
def model_in_use(known: dict[str, str], **context: Any) -> dict[str, str]:
    """The parameters of the model package that predicts for the run date, and a newer one that waits for approval."""
    package, lookup = chosen(known["run_date"], context["params"]["model"]), load("model_in_use.py")
    waiting = lookup.waiting_in_group(SageMakerHook(CONNECTION).get_conn(), PROJECT, package)
    return {**of_model(package), "PendingModelPackage": waiting}


def chosen(run_date: str, asked: str | None) -> dict[str, Any]:
    """The model package that is used for a run date.

    Args:
        run_date: The date.
        asked: The run's parameter `model`; without one, `model` of `config.toml` counts.

    Raises:
        AirflowFailException: There is none.
    """
    lookup, sagemaker, wanted = load("model_in_use.py"), SageMakerHook(CONNECTION).get_conn(), asked or AIRFLOW["model"]
    if wanted == "then":
        package = lookup.approved_by(sagemaker, PROJECT, dates.end_of(run_date, AIRFLOW["timezone"]))
        if package is None:
            raise AirflowFailException(
                f"no model of {PROJECT} that is approved was so by the end of {run_date}: approve one, or name the "
                'model that is to be used in the parameter model of the run: "now" is the latest, "3" is version 3'
            )
    else:
        approved = lookup.all_approved(sagemaker, PROJECT)
        package = lookup.latest_approved(each for each in approved if wanted in ("now", str(lookup.version(each))))
        if package is None:
            which = "no model" if wanted == "now" else f"no version {wanted}"
            raise AirflowFailException(f"{which} of {PROJECT} is approved: run the build, look at it and approve one")
        package = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    return dict(package)


def of_model(package: dict[str, Any]) -> dict[str, str]:
    """The parameters that belong to a model package."""
    return dict(load("model_in_use.py").parameters(package))


@task
def building_image(known: dict[str, str], **context: Any) -> dict[str, str]:
    """The image that builds: the given one, else that of the model in use, so that only the data differ."""
    if image := context["params"]["image"] or AIRFLOW["image"]:
        commit = re.search(r":[^:]*-([0-9a-f]{40})$", image)
        return {"ImageUri": image, "Commit": commit[1] if commit else "unknown"}
    package = chosen(known["run_date"], context["params"]["model"])
    commit_of_model = package.get("CustomerMetadataProperties", {}).get("commit", "unknown")
    return {"ImageUri": of_model(package)["ImageUri"], "Commit": commit_of_model}


@task
def parameters(pipeline: str, *known: dict[str, str]) -> dict[str, str]:
    """Of all that is known, what the pipeline declares: SageMaker refuses the rest."""
    registered = SageMakerHook(CONNECTION).get_conn().describe_pipeline(PipelineName=pipeline)
    declared = {parameter["Name"] for parameter in json.loads(registered["PipelineDefinition"])["Parameters"]}
    return {name: value for name, value in merged(*known, AIRFLOW["parameters"]).items() if name in declared}


def merged(*known: dict[str, str]) -> dict[str, str]:
    """All that is known; of what is said twice, the last."""
    return {name: value for each in known for name, value in each.items()}


@task
def explain(pipeline: str, name: str | None, results: list[Any], requests: list[dict[str, Any] | None]) -> None:
    """Succeed only where the pipeline has, or by rule nothing was to do; leave nothing running that nobody waits for.

    It is a teardown: Airflow starts it even where a person has failed the run, and the run is as it is.

    Args:
        pipeline: Its name.
        name: The display name of its execution; empty where by rule nothing is to do.
        results: Of the tasks that waited for it and for the jobs around it; a task that has not succeeded has none.
        requests: The jobs that were to run around it.

    Raises:
        AirflowFailException: It was not started, it failed, or it was given up: with the reason of the step.
        AirflowException: SageMaker cannot be asked; worth another try.
    """
    if name == "":
        return
    sagemaker = SageMakerHook(CONNECTION).get_conn()
    try:
        wrong = [
            *became_of(sagemaker, pipeline, name),
            *(one for each in requests for one in job_ended(sagemaker, each)),
        ]
    except BotoCoreError as error:
        raise AirflowException(f"SageMaker cannot be asked what became of {pipeline} for {name}: {error}") from error
    if None in results and not wrong:
        wrong = [f"{pipeline} has succeeded for {name}, but a task that waited for it has not: it says why"]
    if wrong:
        raise AirflowFailException("; ".join(wrong))


def became_of(sagemaker: Any, pipeline: str, name: str | None) -> list[str]:
    """What is wrong with a pipeline's execution; one that still runs is stopped."""
    found = once.executions(sagemaker, pipeline, name) if name else []
    statuses = {execution["PipelineExecutionStatus"] for execution in found}
    if running := [execution for execution in found if execution["PipelineExecutionStatus"] in once.GOING]:
        return [once.stop_execution(sagemaker, execution) for execution in running]
    if not found:
        return [f"{pipeline} was not started for this run: the red task before it says why, or the run was ended"]
    return [] if "Succeeded" in statuses else [once.ended(sagemaker, found[0])]


def job_ended(sagemaker: Any, request: dict[str, Any] | None) -> list[str]:
    """What is wrong with a job around the pipeline; one that still runs is stopped."""
    if request is None:
        return ["a job around the pipeline was not asked for: the red task before it says why"]
    name = request["ProcessingJobName"]
    known = once.jobs(sagemaker, name)
    if running := [job for job, status in known.items() if status == "InProgress"]:
        return [once.stop_job(sagemaker, job) for job in running]
    return [] if "Completed" in known.values() else [f"the job {name} has not completed"]


@task
def executed(arn: str, known: dict[str, str]) -> dict[str, str]:
    """Which execution it was, and where it has left what."""
    described = SageMakerHook(CONNECTION).get_conn().describe_pipeline_execution(PipelineExecutionArn=arn)
    pipeline, _, execution = arn.rpartition(":pipeline/")[2].partition("/execution/")
    folder = f"s3://{known['Bucket']}/{PROJECT}"
    return {
        "Execution": execution,
        "Started": described["CreationTime"].astimezone(UTC).isoformat(),
        "decision": f"{folder}/{pipeline.removeprefix(f'{PROJECT}-')}/{execution}/decision/decision.json",
        "predictions": f"{folder}/predictions/{execution}/predictions.csv",
    }


@task
def job(what: str, *known: dict[str, str]) -> dict[str, Any]:
    """What `processing_jobs.py` says of a job around the pipeline."""
    return dict(load("processing_jobs.py").ANSWERS[what](merged(*known)))


@task(outlets=[PREDICTIONS])
def publish(known: dict[str, str], done: dict[str, str], **context: Any) -> None:
    """Tell who waits for predictions where they are.

    Raises:
        AirflowFailException: They are kept back: broken data or forecasts are not published by `config.toml`.
    """
    if decision(done).get("withheld"):
        raise AirflowFailException(
            f"the predictions are kept back, as publish_when_broken says: see {done['decision']}"
        )
    context["outlet_events"][PREDICTIONS].extra = {"run_date": known["run_date"], "uri": done["predictions"]}


@task.branch
def decide(done: dict[str, str]) -> str:
    """Retrain, or be done, as `decision.json` says; there is none where nothing was to decide."""
    return "retrain" if decision(done).get("retrain") else "done"


def decision(done: dict[str, str]) -> dict[str, Any]:
    """What `decision.json` says; empty where nothing was to decide."""
    s3 = S3Hook(CONNECTION)
    return dict(json.loads(s3.read_key(done["decision"]))) if s3.check_for_key(done["decision"]) else {}


@task
def new_truth(known: dict[str, str], **context: Any) -> dict[str, str]:
    """Which ground truth has arrived that was not compared yet, by its content; skips the rest where there is none.

    Truth that comes late is found by the next run, however late it is: the last `truth_days` days are looked at.
    """
    s3, bucket, date = S3Hook(CONNECTION).get_conn(), known["Bucket"], known["run_date"]
    folder = f"{PROJECT}/truth-compared"
    where = context["params"]["input"] or place("truth", bucket, "{run_date}")
    listed = truth.arrived(s3, where, date, AIRFLOW["truth_days"])
    pipeline = once.of_pipeline(SageMakerHook(CONNECTION).get_conn(), f"{PROJECT}-model-quality")
    done = [each["PipelineExecutionDisplayName"] for each in pipeline if each["PipelineExecutionStatus"] == "Succeeded"]
    before = truth.compared(done, truth.batches(s3, bucket, folder))
    taken = truth.first([each for each in listed if each.content not in before], AIRFLOW["truth_objects"])
    if not taken:
        context["ti"].xcom_push(key="name", value="")  # which says that by rule nothing is to do
        raise AirflowSkipException(f"nothing in {where} up to {date} that was not compared with predictions before")
    name = truth.name_of(taken)
    for each in taken:
        S3Hook(CONNECTION).load_string(each.uri, f"{folder}/{name}/{each.content}", bucket, replace=True)
    uri = taken[0].uri if len(taken) == 1 else truth.gather(s3, taken, bucket, f"{PROJECT}/truth-batches/{name}")
    return {"name": name, "InputDataUri": uri}
