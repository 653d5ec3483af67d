"""Processing jobs that a client starts itself, as Airflow's operator does."""

from pathlib import Path
from typing import Any

import pytest

from tests.aws_api.program import HANG, ROLE, line, refused, until
from tests.platforms.local.conftest import Local, appears


@pytest.fixture
def request_of(prepared: Local) -> Any:
    """Makes the request for a job that runs a line of Python."""

    def made(name: str, program: str, **more: Any) -> dict[str, Any]:
        return {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {
                "ImageUri": prepared.image.uri,
                "ContainerEntrypoint": ["python3", "-c", line(program)],
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            **more,
        }

    return made


COPY = """
import os, pathlib
r = pathlib.Path(os.environ["OPT_ML_ROOT"])
p = r / "processing"
(p / "output/copied/t.csv").write_text((p / "input/table/in.csv").read_text().upper())
(r / "output").mkdir()
(r / "output/message").write_text("copied")
"""
FAIL = """
import sys
sys.exit("the table is empty")
"""


def ended(sagemaker: Any, name: str) -> dict[str, Any]:
    """How a job ended."""

    def job() -> dict[str, Any]:
        described: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        return described

    until(lambda: job()["ProcessingJobStatus"] not in {"InProgress", "Stopping"})
    return job()


def test_a_job_reads_and_writes_objects_and_is_described(sagemaker: Any, s3: Any, request_of: Any) -> None:
    s3.put_object(Bucket="mlops-new", Key="jobs/in.csv", Body=b"a,b\n")
    place = {"LocalPath": "/opt/ml/processing/input/table", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    left = {"LocalPath": "/opt/ml/processing/output/copied", "S3UploadMode": "EndOfJob"}
    asked = request_of(
        "copying",
        COPY,
        ProcessingInputs=[{"InputName": "table", "S3Input": {"S3Uri": "s3://mlops-new/jobs/in.csv", **place}}],
        ProcessingOutputConfig={
            "Outputs": [{"OutputName": "copied", "S3Output": {"S3Uri": "s3://mlops-new/jobs/out", **left}}]
        },
    )
    arn = sagemaker.create_processing_job(**asked)["ProcessingJobArn"]
    assert arn.endswith(":processing-job/copying")
    job = ended(sagemaker, "copying")
    assert job["ProcessingJobStatus"] == "Completed", job["FailureReason"]
    assert job["ExitMessage"] == "copied"
    assert job["ProcessingJobArn"] == arn
    assert {name: job[name] for name in asked} == asked
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert s3.get_object(Bucket="mlops-new", Key="jobs/out/t.csv")["Body"].read() == b"A,B\n"

    with refused("ResourceInUse", "copying already"):
        sagemaker.create_processing_job(**asked)


def test_a_job_that_fails_says_why(sagemaker: Any, request_of: Any) -> None:
    sagemaker.create_processing_job(**request_of("failing", FAIL))
    job = ended(sagemaker, "failing")
    assert job["ProcessingJobStatus"] == "Failed"
    assert "the table is empty" in job["FailureReason"]


def test_a_job_is_stopped_once(sagemaker: Any, request_of: Any, signs: Path) -> None:
    asked = request_of("hanging", HANG)
    asked["AppSpecification"]["ContainerArguments"] = [str(signs / "begun")]
    sagemaker.create_processing_job(**asked)
    appears(signs / "begun")
    sagemaker.stop_processing_job(ProcessingJobName="hanging")
    assert ended(sagemaker, "hanging")["ProcessingJobStatus"] == "Stopped"
    with refused("ValidationException", "is not running"):
        sagemaker.stop_processing_job(ProcessingJobName="hanging")


def test_jobs_are_listed_by_name_and_status_page_by_page(sagemaker: Any, request_of: Any) -> None:
    for number in range(3):
        sagemaker.create_processing_job(**request_of(f"listed-{number}", "pass" if number else FAIL))
        ended(sagemaker, f"listed-{number}")
    pages = sagemaker.get_paginator("list_processing_jobs").paginate(
        NameContains="listed-", SortBy="Name", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    names = [[job["ProcessingJobName"] for job in page["ProcessingJobSummaries"]] for page in pages]
    assert names == [["listed-2", "listed-1"], ["listed-0"]]
    failed = sagemaker.list_processing_jobs(NameContains="listed-", StatusEquals="Failed")["ProcessingJobSummaries"]
    assert [job["ProcessingJobName"] for job in failed] == ["listed-0"]
    completed = sagemaker.list_processing_jobs(NameContains="listed-", StatusEquals="Completed")
    assert [job["ProcessingJobName"] for job in completed["ProcessingJobSummaries"]] == ["listed-1", "listed-2"]


def test_a_job_that_does_not_exist_or_cannot_run_here(sagemaker: Any, request_of: Any) -> None:
    # The code that clients look for: with another one, Airflow's operator would not create the job.
    with refused("ValidationException", "Could not find requested job with name: nowhere"):
        sagemaker.describe_processing_job(ProcessingJobName="nowhere")
    with refused("ResourceNotFound", "nowhere"):
        sagemaker.stop_processing_job(ProcessingJobName="nowhere")
    elsewhere = request_of("elsewhere", "pass")
    elsewhere["AppSpecification"]["ImageUri"] = "1.dkr.ecr.eu-north-1.amazonaws.com/mlops-new:x"
    with refused("ValidationException", "not images of this machine"):
        sagemaker.create_processing_job(**elsewhere)
    assert sagemaker.list_processing_jobs(NameContains="elsewhere")["ProcessingJobSummaries"] == []


def test_no_pipeline_s_executions_are_mixed_with_jobs(sagemaker: Any, request_of: Any, prepared: Local) -> None:
    sagemaker.create_processing_job(**request_of("alone", "pass"))
    ended(sagemaker, "alone")
    names = [pipeline["PipelineName"] for pipeline in sagemaker.list_pipelines(MaxResults=100)["PipelineSummaries"]]
    assert [name for name in names if "alone" in name] == []
    assert prepared.platform.stores.executions.all("alone") == []


def test_tags_and_what_there_is_not(sagemaker: Any, request_of: Any) -> None:
    with refused("ValidationException", "ExperimentConfig"):
        sagemaker.create_processing_job(**request_of("tagged", "", ExperimentConfig={"ExperimentName": "e"}))
    made = sagemaker.create_processing_job(**request_of("tagged", "", Tags=[{"Key": "team", "Value": "fruit"}]))
    arn = made["ProcessingJobArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "fruit"}]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    assert ended(sagemaker, "tagged")["ProcessingJobStatus"] == "Completed"
    with refused("ResourceNotFound"):
        sagemaker.list_tags(ResourceArn=arn.replace("tagged", "never"))
