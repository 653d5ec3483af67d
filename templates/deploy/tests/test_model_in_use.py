"""Which model the inference pipeline uses."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import model_in_use

SCRIPT = Path(model_in_use.__file__)


def package(version: int, status: str = "Approved") -> dict[str, Any]:
    return {
        "ModelPackageArn": f"arn:…/{version}",
        "ModelPackageVersion": version,
        "ModelApprovalStatus": status,
        "CreationTime": "2026-06-30T12:00:00Z",
        "InferenceSpecification": {"Containers": [{"Image": f"image:{version}", "ModelDataUrl": f"s3://m/{version}"}]},
        "DriftCheckBaselines": {
            "ModelDataQuality": {"Statistics": {"S3Uri": f"s3://b/{version}/data/statistics.json"}},
            "ModelQuality": {"Constraints": {"S3Uri": f"s3://b/{version}/model/constraints.json"}},
            "Explainability": {"Constraints": {"S3Uri": f"s3://b/{version}/shap/analysis.json"}},
        },
    }


def ask(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT], input=text, capture_output=True, text=True, check=False)


def test_the_approved_package_with_the_highest_version_is_used() -> None:
    packages = [package(9), package(10), package(2), package(11, "PendingManualApproval"), package(12, "Rejected")]
    answer = ask(json.dumps(packages))
    assert answer.returncode == 0
    assert json.loads(answer.stdout) == {
        "ModelPackageArn": "arn:…/10",
        "ImageUri": "image:10",
        "ModelDataUrl": "s3://m/10",
        "ModelCreated": "2026-06-30",
        "DataQualityBaselineUri": "s3://b/10/data",
        "ModelQualityBaselineUri": "s3://b/10/model",
        "AttributionBaselineUri": "s3://b/10/shap",
        "PendingModelPackage": "arn:…/11",
    }


def test_only_a_newer_version_waits() -> None:
    packages = [package(2, "PendingManualApproval"), package(3), package(4, "Rejected")]
    assert model_in_use.waiting(packages, packages[1]) == "none"
    later = [package(number, "PendingManualApproval") for number in (5, 12, 9)]
    assert model_in_use.waiting([*packages, *later], packages[1]) == "arn:…/12"


def test_a_promoted_model_is_as_old_as_where_it_was_trained() -> None:
    promoted = {**package(1), "CustomerMetadataProperties": {"model_created": "2026-05-01"}}
    assert model_in_use.parameters(promoted)["ModelCreated"] == "2026-05-01"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "no model is approved"),
        (json.dumps([package(1, "PendingManualApproval")]), "no model is approved"),
        ("", "stdin is not JSON"),
        ('{"ModelPackageArn": "x"}', "stdin is not a JSON list"),
        (json.dumps([{**package(1), "InferenceSpecification": {"Containers": []}}]), "arn:…/1 cannot be used"),
        (json.dumps([{**package(1), "DriftCheckBaselines": {}}]), "baselines"),
    ],
)
def test_without_a_usable_model_there_is_one_line(text: str, message: str) -> None:
    answer = ask(text)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_absent_is_a_value() -> None:
    assert model_in_use.latest_approved([]) is None


class Registry:
    """Answers as SageMaker: versions by when they were made, approved and changed last."""

    def __init__(self, *packages: dict[str, Any]) -> None:
        self.packages = {package["ModelPackageArn"]: package for package in packages}

    def get_paginator(self, operation: str) -> Registry:
        assert operation == "list_model_packages"
        return self

    def paginate(self, ModelPackageGroupName: str, ModelApprovalStatus: str) -> list[dict[str, Any]]:  # noqa: N803
        assert ModelPackageGroupName == "group"
        found = [each for each in self.packages.values() if each["ModelApprovalStatus"] == ModelApprovalStatus]
        return [{"ModelPackageSummaryList": [each]} for each in found]

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        return self.packages[ModelPackageName]


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}T12:00+00:00")


def registered(version: int, made: str, changed: str, noted: str | None = None, status: str = "Approved") -> Any:
    properties = {"approved_at": day(noted).isoformat()} if noted else {}
    return {
        **package(version, status),
        "CreationTime": day(made),
        "LastModifiedTime": day(changed),
        "CustomerMetadataProperties": properties,
    }


@pytest.mark.parametrize(
    ("moment", "version"),
    [("02-28", None), ("03-01", 1), ("04-30", 1), ("05-02", 2), ("06-15", 2), ("09-01", 4), ("12-01", 5)],
)
def test_the_model_of_a_moment_is_the_latest_that_was_approved_by_then(moment: str, version: int | None) -> None:
    registry = Registry(
        registered(1, "02-01", "03-01"),
        registered(2, "04-01", "11-01", noted="05-01"),  # changed since it was approved
        registered(3, "05-15", "06-01", status="Rejected"),
        registered(4, "07-01", "08-01"),  # approved long after it was made
        registered(5, "10-01", "11-30", noted="09-01"),  # promoted: approved elsewhere before, here later
    )
    found = model_in_use.approved_by(registry, "group", day(moment))
    assert (found and found["ModelPackageVersion"]) == version
