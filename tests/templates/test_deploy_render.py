"""What the deploy repository is made of, and its script that says which model is used."""

import ast
import datetime as dt
import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from rendering import ROOT, render

GROUP = "fresh-sales"
ARN = "arn:aws:sagemaker:eu-north-1:111122223333:model-package/fresh-sales"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render("deploy", tmp_path_factory.mktemp("deploy") / "repository")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "templates" / "deploy" / "model_in_use.py"
    specification = importlib.util.spec_from_file_location("model_in_use", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def files(repository: Path) -> list[Path]:
    return [path for path in repository.rglob("*") if path.is_file() and path.suffix not in {".gz", ".parquet"}]


def package(version: int, status: str = "Approved") -> dict[str, Any]:
    return {
        "ModelPackageArn": f"{ARN}/{version}",
        "ModelPackageVersion": version,
        "ModelApprovalStatus": status,
        "InferenceSpecification": {
            "Containers": [{"Image": f"image:{version}", "ModelDataUrl": f"s3://models/{version}/model.tar.gz"}]
        },
        "CreationTime": "2026-06-30T12:00:00Z",
        "DriftCheckBaselines": {
            "ModelDataQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "S3Uri": f"s3://baselines/{version}/data/statistics.json",
                }
            },
            "ModelQuality": {
                "Constraints": {
                    "ContentType": "application/json",
                    "S3Uri": f"s3://baselines/{version}/model/constraints.json",
                }
            },
            "Explainability": {
                "Constraints": {
                    "ContentType": "application/json",
                    "S3Uri": f"s3://baselines/{version}/shap/analysis.json",
                }
            },
        },
    }


def parameters(version: int) -> dict[str, str]:
    return {
        "ModelPackageArn": f"{ARN}/{version}",
        "ImageUri": f"image:{version}",
        "ModelDataUrl": f"s3://models/{version}/model.tar.gz",
        "ModelCreated": "2026-06-30",
        "DataQualityBaselineUri": f"s3://baselines/{version}/data",
        "ModelQualityBaselineUri": f"s3://baselines/{version}/model",
        "AttributionBaselineUri": f"s3://baselines/{version}/shap",
    }


def ask(repository: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -S: it needs nothing but the standard library.
    command = [sys.executable, "-S", "-W", "error", str(repository / "model_in_use.py"), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_no_jinja_is_left(repository: Path) -> None:
    # A DAG is full of expressions that Airflow renders.
    ours = [path for path in files(repository) if path.parent.name != "dags"]
    left = [path for path in ours for mark in ("{{", "{%", "{#") if mark in path.read_text("utf-8")]
    assert left == []
    assert [path for path in repository.rglob("*") if "jinja" in path.name or "{" in path.name] == []


@pytest.mark.parametrize(
    ("suffix", "parse"), [("py", ast.parse), ("toml", tomllib.loads), ("yml", yaml.safe_load), ("json", json.loads)]
)
def test_everything_parses(repository: Path, suffix: str, parse: Any) -> None:
    found = [parse(path.read_text("utf-8")) for path in files(repository) if path.suffix == f".{suffix}"]
    assert found
    assert None not in found


@pytest.mark.parametrize("kind", ["build", "deploy"])
def test_shared_files_are_the_same_in_both_repositories(kind: str, tmp_path: Path) -> None:
    rendered = render(kind, tmp_path / kind)
    for source in (ROOT / "templates" / "shared").iterdir():
        if source.is_file():
            assert (rendered / source.name).read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("problem_type", "target", "rules"),
    [
        ("regression", "units_sold", {"lowest": 0.0}),
        ("regression", "temperature", {}),  # may well be negative
        ("binary_classification", "stockout", {}),
        ("multiclass_classification", "sales_level", {}),
    ],
)
def test_the_configuration_has_what_was_answered(
    problem_type: str, target: str, rules: dict[str, float], tmp_path: Path
) -> None:
    answers = {"project_name": "churn-2", "instance_type": "ml.c5.xlarge"}
    repository = render("deploy", tmp_path / "deploy", problem_type=problem_type, target=target, **answers)
    config = tomllib.loads((repository / "config.toml").read_text("utf-8"))
    history = {"stale_days": 7} if problem_type == "regression" else {}
    assert config == {
        "project": {"name": "churn-2", "problem_type": problem_type, "monitoring": "own", "processing": "pipeline"},
        "preprocess": {"skip": {}, "fill": {}, "quarantine_limit": 0.05, **history},
        "postprocess": rules,
        "retrain": {
            "drifted_features": 0.3,
            "attribution_ndcg": 0.9,
            "worse_metrics": 1,
            "model_age_days": 0,
            "unless_broken": True,
        },
        "airflow": {
            "schedule": "0 4 * * *",
            "build_schedule": "",
            "truth_schedule": "0 5 * * *",
            "timezone": "UTC",
            "start_date": dt.date(2026, 1, 1),
            "input": "s3://{bucket}/{project}/input/{run_date}.csv",
            "training_input": "s3://{bucket}/{project}/training/{run_date}.csv",
            "retrain_input": "",
            "truth": "s3://{bucket}/{project}/truth/{run_date}.csv",
            "truth_days": 60,
            "truth_objects": 100,
            "model": "then",
            "input_hours": 6,
            "pipeline_hours": 12,
            "check_seconds": 60,
            "deferrable": True,
            "bucket": "",
            "execution_role": "",
            "image": "",
            "connection": "aws_default",
            "pool": "default_pool",
            "notify": "",
            "parameters": {},
        },
        "instances": {"processing": "ml.c5.xlarge", "transform": "ml.c5.xlarge"},
        "sample": {"input": "data/next_week.csv", "truth": "data/next_week_truth.csv"},
    }


def test_the_latest_approved_model_is_used(repository: Path) -> None:
    packages = [package(9), package(10), package(11, "PendingManualApproval"), package(12, "Rejected")]
    answer = ask(repository, json.dumps(packages))
    assert answer.returncode == 0
    assert json.loads(answer.stdout) == {**parameters(10), "PendingModelPackage": f"{ARN}/11"}
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "no model is approved"),
        (json.dumps([package(1, "Rejected")]), "no model is approved"),
        ("no JSON", "stdin is not JSON"),
        ("[1]", "stdin is not a JSON list of model packages"),
        (json.dumps([{"ModelApprovalStatus": "Approved"}]), "has no ModelPackageVersion"),
        (json.dumps([{**package(1), "InferenceSpecification": {}}]), f"{ARN}/1 cannot be used"),
        (json.dumps([{**package(1), "DriftCheckBaselines": None}]), f"{ARN}/1 cannot be used"),
        (json.dumps([{**package(1), "InferenceSpecification": {"Containers": None}}]), f"{ARN}/1 cannot be used"),
    ],
)
def test_without_a_usable_model_there_is_one_line_and_exit_code_1(repository: Path, text: str, message: str) -> None:
    answer = ask(repository, text)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert message in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_asking_sagemaker_needs_boto3_and_says_so(repository: Path) -> None:
    answer = ask(repository, "", "--group", GROUP)
    assert answer.returncode == 1
    assert answer.stderr == "model_in_use: --group needs boto3: pip install boto3\n"


def test_sagemaker_is_asked_for_approved_packages_and_describes_the_latest(script: ModuleType) -> None:
    sagemaker = boto3.client("sagemaker", "eu-north-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
    question = {"ModelPackageGroupName": GROUP, "ModelApprovalStatus": "Approved"}
    listed = [summary(4), summary(12)], [summary(7)]
    with Stubber(sagemaker) as service:
        service.add_response("list_model_packages", {"ModelPackageSummaryList": listed[0], "NextToken": "n"}, question)
        service.add_response(
            "list_model_packages", {"ModelPackageSummaryList": listed[1]}, {**question, "NextToken": "n"}
        )
        service.add_response("describe_model_package", described(12), {"ModelPackageName": f"{ARN}/12"})
        (found,) = script.approved_in_group(sagemaker, GROUP)
        service.assert_no_pending_responses()
    assert script.parameters(found) == parameters(12)


def summary(version: int) -> dict[str, Any]:
    return {
        "ModelPackageArn": f"{ARN}/{version}",
        "ModelPackageGroupName": GROUP,
        "ModelPackageVersion": version,
        "ModelApprovalStatus": "Approved",
        "ModelPackageStatus": "Completed",
        "CreationTime": 0,
    }


def described(version: int) -> dict[str, Any]:
    details = {"ModelPackageStatusDetails": {"ValidationStatuses": []}, "ModelPackageName": GROUP}
    return {**summary(version), **details, **package(version)}
