"""A model's whole life on SageMaker, by plain commands, against an account on loopback; and what can go wrong there."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.doubles.aws import AwsServer
from tests.doubles.aws.server import BUCKET
from tests.e2e.program import Ended, mlops_new

NAME = "fresh-sales"
EVALUATION = {
    "gate": {"passed": True, "metric": "wape", "value": 0.25, "threshold": 0.35},
    "regression_metrics": {"wape": {"value": 0.25, "standard_deviation": 0.01}},
}
DECISION = {"retrain": False, "reasons": ["No rule asks for it."]}


@pytest.fixture
def settings(somewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SageMaker is what the settings file says."""
    file = somewhere / "mlops-new.toml"
    file.write_text('platform = "sagemaker"\n', encoding="utf-8")
    monkeypatch.setenv("MLOPS_NEW_CONFIG", str(file))
    return file


@pytest.fixture
def place(somewhere: Path, settings: Path, aws: AwsServer) -> Path:
    """Where the working copies go; what steps write is what the templates' steps write."""
    aws.script.files |= {
        "evaluation": {"evaluation.json": json.dumps(EVALUATION).encode()},
        "decision": {"decision.json": json.dumps(DECISION).encode()},
        "report": {"report.html": b"<html></html>"},
    }
    return somewhere


def command(*arguments: str | Path) -> Ended:
    ended = mlops_new(*arguments, "--json")
    assert ended.code == 0, ended.err
    return ended


def push_image(aws: AwsServer, build: Path) -> str:
    """What CI does when `main` is pushed."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=build, check=True, capture_output=True, text=True)
    tag = f"{NAME}-{head.stdout.strip()}"
    aws.push_image(tag)
    return tag


def test_from_nothing_to_a_forecast_and_back_to_nothing(place: Path, aws: AwsServer) -> None:
    build, deploy = place / f"{NAME}-build", place / f"{NAME}-deploy"
    aws.empty()
    assert command("bootstrap", "--yes").document["outputs"]["Bucket"] == BUCKET
    planned = command("project", NAME, "--dry-run").document
    assert {"create model package group", "register pipeline"} <= {step["action"] for step in planned["steps"]}
    assert command("project", NAME, "--yes").document["changed"]
    assert not command("project", NAME, "--yes").document["changed"]
    assert "sagemaker:UpdatePipeline" not in aws.calls
    assert command("status", NAME).document["in_sync"]

    early = mlops_new("run", "-C", build)
    assert early.code == 1
    assert "there is no image" in early.err
    assert "git push" in early.err
    tag = push_image(aws, build)

    built = command("run", "-C", build)
    assert "✓ Train" in built.err
    document = built.document
    assert document["status"] == "Succeeded"
    assert document["model_package"] == 1
    assert {step["status"] for step in document["steps"]} == {"Succeeded", "NotRun"}
    assert document["outputs"]["evaluation"].startswith(f"s3://{BUCKET}/{NAME}/")
    assert document["report"].endswith("/report.html")

    (model,) = command("models", "list", "-C", deploy).document
    assert (model["status"], model["metrics"]) == ("PendingManualApproval", {"wape": 0.25})
    assert model["execution"] == document["execution"]
    assert mlops_new("run", "-C", deploy).code == 1
    command("models", "approve", "1", "--note", "good", "-C", build)
    assert command("models", "show", "1", "-C", deploy).document["image"].endswith(f"/mlops-new:{tag}")

    package = f"arn:aws:sagemaker:eu-north-1:123456789012:model-package/{NAME}/1"
    manifest = {"rows": 3, "model_package": package, "execution": "x", "commit": "", "input": "s3://bucket/key"}
    files = {"manifest.json": json.dumps(manifest).encode(), "predictions.csv": b"prediction\n1\n"}
    aws.script.files["predictions"] = files
    forecast = command("run", "-C", deploy).document
    assert forecast["decision"] == DECISION
    predictions = f"{forecast['outputs']['predictions']}/predictions.csv"
    told = command("lineage", predictions, "-C", deploy).document
    assert (told["model"]["version"], told["build"]["execution"]) == (1, document["execution"])
    assert len(told["build"]["data"]["sha256"]) == 64

    kept = command("destroy", NAME, "--dry-run").document
    assert any("1 model version" in text for text in kept["kept"])
    command("destroy", NAME, "--purge", "--yes", "--discard-local-work")
    nothing_is_left(aws, place)


def nothing_is_left(aws: AwsServer, place: Path) -> None:
    sagemaker, versions = aws.client("sagemaker"), aws.client("s3").list_object_versions(Bucket=BUCKET)
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []
    assert sagemaker.list_models()["Models"] == []
    assert (aws.packages.groups, aws.packages.versions) == ({}, {})
    assert not versions.get("Versions")
    assert not versions.get("DeleteMarkers")
    assert aws.client("ecr").list_images(repositoryName="mlops-new")["imageIds"] == []
    assert [path.name for path in place.iterdir()] == ["mlops-new.toml"]
