"""What both repositories' CI scripts decide, without an account."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, NoRegionError

from ci import account, definition_diff, errors, following, objects, register, repository
from ci.errors import CiError

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = repository.project()
MARKS = account.tags(PROJECT, repository.kind())
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def refusal(code: str, message: str = "why", operation: str = "DescribePipeline") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Registry:
    """SageMaker with one pipeline or none, as far as registering goes; notes down what is written."""

    def __init__(self, found: dict[str, Any] | None, tags: list[dict[str, str]]) -> None:
        self.found, self.tags = found, tags
        self.written: list[str] = []

    def describe_pipeline(self, **_: str) -> dict[str, Any]:
        if self.found is None:
            raise refusal("ResourceNotFound")
        return {"PipelineArn": "arn", **self.found}

    def get_paginator(self, operation: str) -> Registry:
        assert operation == "list_tags"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Tags": self.tags}]

    def create_pipeline(self, **about: Any) -> None:
        assert about["Tags"] == MARKS
        self.written.append("created")

    def update_pipeline(self, **_: str) -> None:
        self.written.append("updated")


DEFINITION = json.dumps({"Parameters": [{"Name": "B"}, {"Name": "A"}], "Steps": []})
SAME = json.dumps({"Steps": [], "Metadata": None, "Parameters": [{"Name": "A"}, {"Name": "B"}]})


@pytest.mark.parametrize(
    ("found", "done"),
    [
        (None, "created"),
        ({"RoleArn": "role", "PipelineDefinition": SAME}, "unchanged"),
        ({"RoleArn": "another", "PipelineDefinition": SAME}, "updated"),
        ({"RoleArn": "role", "PipelineDefinition": "no JSON"}, "updated"),
    ],
)
def test_only_what_differs_is_written(found: dict[str, Any] | None, done: str) -> None:
    sagemaker = Registry(found, MARKS)
    assert register.register(sagemaker, "p", DEFINITION, "role", MARKS) == done
    assert sagemaker.written == [done] * (done != "unchanged")


def test_what_is_not_ours_is_left_alone() -> None:
    sagemaker = Registry({"RoleArn": "role", "PipelineDefinition": "[]"}, [{"Key": "owner", "Value": "somebody"}])
    with pytest.raises(CiError, match="was not made for this project"):
        register.register(sagemaker, "p", DEFINITION, "role", MARKS)
    assert sagemaker.written == []


def test_the_committed_definitions_can_be_registered() -> None:
    found = repository.definitions()
    assert found
    for path in found.values():
        assert json.loads(register.text_of(path))["Version"] == "2020-12-01"


def step(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"StepName": name, "StepStatus": status, "StartTime": STARTED, **more}


def test_only_news_are_told() -> None:
    told: dict[str, str] = {}
    first = [step("Preprocess", "Executing")]
    assert list(following.news(iter(first), told)) == ["Preprocess: Executing"]
    assert list(following.news(iter(first), told)) == []
    arn = "arn:aws:sagemaker:eu-north-1:111122223333:processing-job/pipelines-abc"
    failed = step(
        "Preprocess",
        "Failed",
        EndTime=STARTED + timedelta(seconds=75),
        FailureReason="no\nrows",
        Metadata={"ProcessingJob": {"Arn": arn}},
    )
    lines = list(following.news(iter([failed]), told))
    assert lines[:2] == ["Preprocess: Failed in 1 min 15 s", "  no rows"]
    assert lines[2].endswith("ProcessingJobs$3FlogStreamNameFilter$3Dpipelines-abc")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (CiError("two\nlines"), "ci.x: two lines"),
        (refusal("AccessDeniedException"), "AWS denies DescribePipeline: why. Give the role of CI"),
        (refusal("ExpiredTokenException"), "A token is good for an hour"),
        (refusal("ThrottlingException"), "AWS still throttles DescribePipeline"),
        (refusal("ValidationException", "the role arn:aws:iam::1:role/x does not exist"), "MLOPS_EXECUTION_ROLE"),
        (refusal("SomethingElse"), "DescribePipeline failed (SomethingElse): why"),
        (NoRegionError(), "set the variable AWS_REGION"),
    ],
)
def test_what_goes_wrong_is_one_line(failure: Exception, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run("ci.x", raising(failure)) == 1
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def raising(failure: Exception) -> Callable[[], None]:
    def work() -> None:
        raise failure

    return work


def test_a_fault_of_the_scripts_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        errors.run("ci.x", raising(ZeroDivisionError()))


def test_the_token_of_a_step_is_put_where_only_its_user_reads_it() -> None:
    environment = {"BITBUCKET_STEP_OIDC_TOKEN": "t", "AWS_ROLE_ARN": "r"}
    account.offer_token(environment)
    file = Path(environment[account.TOKEN_FILE])
    assert file.read_text(encoding="utf-8") == "t"
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    account.offer_token(environment)
    assert environment[account.TOKEN_FILE] == str(file)
    with pytest.raises(CiError, match="AWS_ROLE_ARN of Staging is not set"):
        account.offer_token({"BITBUCKET_STEP_OIDC_TOKEN": "t", "BITBUCKET_DEPLOYMENT_ENVIRONMENT": "Staging"})


def test_names_come_from_account_and_region_unless_a_variable_says_another() -> None:
    usual = account.Account("111122223333", "eu-north-1", "aws", None, {})
    assert usual.bucket == "mlops-new-111122223333-eu-north-1"
    assert usual.execution_role == "arn:aws:iam::111122223333:role/mlops-new-execution"
    assert usual.image("t") == "111122223333.dkr.ecr.eu-north-1.amazonaws.com/mlops-new:t"
    names = {"MLOPS_BUCKET": "b", "MLOPS_EXECUTION_ROLE": "r", "MLOPS_ECR_REPOSITORY": "e"}
    named = account.Account("111122223333", "cn-north-1", "aws-cn", None, names)
    assert (named.bucket, named.execution_role) == ("b", "r")
    assert named.image("t") == "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/e:t"


class Store:
    """S3 with a single bucket, in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.sent = 0

    def head_object(self, Bucket: str, Key: str) -> dict[str, int]:  # noqa: N803 (S3's own names)
        del Bucket
        if Key not in self.objects:
            raise refusal("404", "Not Found", "HeadObject")
        return {"ContentLength": len(self.objects[Key])}

    def upload_file(self, path: str, _bucket: str, key: str) -> None:
        self.objects[key] = Path(path).read_bytes()
        self.sent += 1


def test_files_are_kept_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.csv").write_text("1", encoding="utf-8")
    store = Store()
    kept = objects.Objects(store, "bucket", PROJECT)
    first = kept.upload("data", objects.below(tmp_path))
    assert first.startswith(f"s3://bucket/{PROJECT}/data/")
    assert f"{objects.split(first)[1]}/a/b.csv" in store.objects
    assert kept.upload("data", objects.below(tmp_path)) == first
    assert store.sent == 1
    (tmp_path / "a" / "b.csv").write_text("2", encoding="utf-8")
    assert kept.upload("data", objects.below(tmp_path)) != first


def test_a_new_definition_has_no_differences_to_list() -> None:
    assert definition_diff.differences("", "{}") == ["new"]
    assert definition_diff.differences("{}", "{}") == []
