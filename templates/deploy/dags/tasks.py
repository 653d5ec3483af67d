"""What the DAGs in `parent.py` are made of: what is asked, prepared and decided between the jobs.

Nothing happens when this is imported but that `config.toml` is read. Each task may be repeated.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tomllib
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.hooks.sts import StsHook

try:
    from airflow.sdk import Asset, task
except ImportError:  # Airflow 2.11
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task
try:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
except ImportError:  # the first versions of Airflow 3, too
    from airflow.exceptions import AirflowFailException, AirflowSkipException

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
PROJECT, AIRFLOW = CONFIG["project"]["name"], CONFIG["airflow"]
CONNECTION = AIRFLOW["connection"]
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


once = load("dags/once.py")
published = load("dags/published.py")


@task
def prepare(source: str, **context: Any) -> dict[str, str]:
    """Upload this repository's code, and tell what every pipeline may ask for.

    Args:
        source: Which of `[airflow]`'s tables of data is the input.
        context: Of the run. Its date is the one that was given, else that of the scheduled moment: never today's, which
            a late or repeated run would get wrong. A run that an asset started has no such moment on Airflow 3.
    """
    moment = context.get("logical_date") or context["dag_run"].run_after
    run_date = context["params"]["run_date"] or str(moment.astimezone(ZoneInfo(AIRFLOW["timezone"])).date())
    again = context["params"]["again"]
    bucket, role = places()
    s3, history, commit = S3Hook(CONNECTION), f"{PROJECT}/history", ROOT / "commit"
    # A job's input must not be empty.
    s3.load_string("What earlier executions leave for later ones.\n", f"{history}/README.txt", bucket, replace=True)
    return {
        "name": f"{run_date}-again-{again}" if again else run_date,
        "run_date": run_date,
        "ExecutionRoleArn": role,
        "Bucket": bucket,
        "HistoryUri": f"s3://{bucket}/{history}",
        "CodeUri": upload_code(s3, bucket),
        "InputDataUri": AIRFLOW[source].format(bucket=bucket, project=PROJECT, run_date=run_date),
        "Commit": commit.read_text(encoding="utf-8").strip() if commit.is_file() else "unknown",
    }


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
def model_in_use() -> dict[str, str]:
    """The parameters that belong to the latest approved model package, and a newer one that waits for approval."""
    package, lookup = approved(), load("model_in_use.py")
    waiting = lookup.waiting_in_group(SageMakerHook(CONNECTION).get_conn(), PROJECT, package)
    return {**of_model(package), "PendingModelPackage": waiting}


def approved() -> dict[str, Any]:
    """The latest approved model package.

    Raises:
        AirflowFailException: There is none.
    """
    lookup = load("model_in_use.py")
    package = lookup.latest_approved(lookup.approved_in_group(SageMakerHook(CONNECTION).get_conn(), PROJECT))
    if package is None:
        raise AirflowFailException(f"no model of {PROJECT} is approved: run the build, look at it and approve one")
    return dict(package)


def of_model(package: dict[str, Any]) -> dict[str, str]:
    """The parameters that belong to a model package."""
    return dict(load("model_in_use.py").parameters(package))


@task
def building_image(**context: Any) -> dict[str, str]:
    """The image that builds: the given one, else that of the model in use, so that only the data differ."""
    if image := context["params"]["image"] or AIRFLOW["image"]:
        commit = re.search(r":[^:]*-([0-9a-f]{40})$", image)
        return {"ImageUri": image, "Commit": commit[1] if commit else "unknown"}
    package = approved()
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


@task(trigger_rule="one_failed", retries=0)
def explain(pipeline: str, name: str) -> None:
    """Fail with the reason of the step that failed: the task that waited knows no more than that one did."""
    sagemaker = SageMakerHook(CONNECTION).get_conn()
    found = once.executions(sagemaker, pipeline, name)
    if not found:
        raise AirflowSkipException(f"{pipeline} was not started")
    arn, status = found[0]["PipelineExecutionArn"], found[0]["PipelineExecutionStatus"]
    raise AirflowFailException("; ".join([f"{arn}: {status}", *once.failures(sagemaker, arn)]))


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
    """Tell who waits for predictions where they are; nobody is told of those that were kept back.

    Raises:
        AirflowSkipException: They were, because data or forecasts are broken.
    """
    if not S3Hook(CONNECTION).check_for_key(done["predictions"]):
        raise AirflowSkipException(f"the forecasts of {known['run_date']} were kept back: publish_when_broken is false")
    context["outlet_events"][PREDICTIONS].extra = {"run_date": known["run_date"], "uri": done["predictions"]}


@task.branch
def decide(done: dict[str, str]) -> str:
    """Retrain, or be done, as `decision.json` says; there is none where nothing was to decide."""
    s3 = S3Hook(CONNECTION)
    if not s3.check_for_key(done["decision"]):
        return "done"
    return "retrain" if json.loads(s3.read_key(done["decision"]))["retrain"] else "done"


@task
def new_truth(known: dict[str, str]) -> str:
    """A name for the ground truth that has arrived, by its content; skips the rest where it was compared before."""
    bucket, key = S3Hook.parse_s3_url(known["InputDataUri"])
    pages = S3Hook(CONNECTION).get_conn().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    content = once.digest(*sorted(found["ETag"] for page in pages for found in page.get("Contents", [])))
    before = once.executions(SageMakerHook(CONNECTION).get_conn(), f"{PROJECT}-model-quality", f"truth-{content}")
    if any(execution["PipelineExecutionStatus"] == "Succeeded" for execution in before):
        raise AirflowSkipException(f"{known['InputDataUri']} was compared with predictions before")
    return f"truth-{content}"
