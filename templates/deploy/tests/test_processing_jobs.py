"""The requests for the jobs around the pipeline."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import processing_jobs

SCRIPT = Path(processing_jobs.__file__)
KNOWN = {
    "name": "2026-06-30",
    "Execution": "abc123",
    "Started": "2026-07-01T04:00:00+00:00",
    "Bucket": "bucket",
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/jobs",
    "ImageUri": "image:3",
    "ModelDataUrl": "s3://m/model.tar.gz",
    "ModelPackageArn": "arn:…/3",
    "ModelCreated": "2026-06-01",
    "DataQualityBaselineUri": "s3://m/baseline",
    "AttributionBaselineUri": "s3://m/attribution",
    "PendingModelPackage": "arn:…/4",
    "InputDataUri": "s3://data/week.csv",
    "HistoryUri": "s3://bucket/history",
    "CodeUri": "s3://bucket/code",
    "Commit": "c0ffee",
}
JOBS = ("preprocess", "postprocess", "report")


def ask(what: str, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, what], input=text, capture_output=True, text=True, check=False)


def places(request: processing_jobs.Request, kind: str) -> dict[str, str]:
    if kind == "in":
        return {item["InputName"]: item["S3Input"]["S3Uri"] for item in request["ProcessingInputs"]}
    return {item["OutputName"]: item["S3Output"]["S3Uri"] for item in request["ProcessingOutputConfig"]["Outputs"]}


@pytest.mark.parametrize("what", JOBS)
def test_each_runs_in_the_image_of_the_model_in_use(what: str) -> None:
    request = processing_jobs.ANSWERS[what](KNOWN)
    assert request["AppSpecification"]["ImageUri"] == "image:3"
    assert request["RoleArn"] == KNOWN["ExecutionRoleArn"]
    for path in request["AppSpecification"]["ContainerEntrypoint"]:
        if "/code/" in path:
            assert (SCRIPT.parent / path.partition("/code/")[2]).is_file()


def test_what_one_leaves_is_what_the_next_takes() -> None:
    rows = processing_jobs.rows(KNOWN)
    left = {name: places(processing_jobs.ANSWERS[name](KNOWN), "out") for name in JOBS}
    taken = {name: places(processing_jobs.ANSWERS[name](KNOWN), "in") for name in JOBS}
    names = {"transform_input": "TransformInputUri", "batch": "BatchUri", "quarantine": "QuarantineUri"}
    assert left["preprocess"] == {name: rows[uri] for name, uri in names.items()}
    assert taken["postprocess"]["quarantine"] == taken["report"]["quarantine"] == rows["QuarantineUri"]
    assert taken["postprocess"]["batch"] == rows["BatchUri"]
    assert taken["report"]["decision"] == left["postprocess"]["decision"]
    assert left["postprocess"]["predictions"].endswith("/predictions/abc123")
    assert taken["report"]["forecasts"] == left["postprocess"]["forecasts"]
    # Later runs look back on it.
    assert left["postprocess"]["forecasts"].startswith(taken["postprocess"]["history"])


@pytest.mark.parametrize("what", JOBS)
@pytest.mark.parametrize("project", ["a1", "longest-name-" * 4 + "xyz"])
def test_names_are_short_enough_for_another_number(what: str, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing_jobs, "PROJECT", project)
    name = processing_jobs.ANSWERS[what]({**KNOWN, "name": "2026-06-30-again-12"})["ProcessingJobName"]
    assert len(f"{name}-12") <= 63


def test_long_names_that_begin_alike_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for ending in ("one", "two"):
        monkeypatch.setattr(processing_jobs, "PROJECT", "sales-of-fruit-and-vegetables-" + ending)
        names.add(processing_jobs.preprocess(KNOWN)["ProcessingJobName"])
    assert len(names) == 2


def test_it_answers_on_the_command_line() -> None:
    answer = ask("preprocess", json.dumps(KNOWN))
    assert json.loads(answer.stdout) == processing_jobs.preprocess(KNOWN)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is not a JSON object"), ("[]", "is not a JSON object"), ("{}", "preprocess has to be told ")],
)
def test_what_it_was_not_told_is_one_line(text: str, message: str) -> None:
    answer = ask("preprocess", text)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1
