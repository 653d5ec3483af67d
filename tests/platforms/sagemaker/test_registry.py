"""Pipelines and their definitions in an account, where SageMaker has rules of its own."""

import json
from typing import Any

import pytest

from mlops_new.definition import Definition, parse
from mlops_new.errors import Conflict, Invalid
from mlops_new.names import Mark
from mlops_new.platforms.sagemaker import images
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.account_settings import AccountSettings
from mlops_new.platforms.sagemaker.job_details import log_link
from mlops_new.platforms.sagemaker.registry import SageMakerRegistry
from tests.doubles.aws import AwsServer
from tests.doubles.aws.server import ACCOUNT, BUCKET
from tests.platforms.local.definitions import definition, processing

NAME = "fresh-sales-build"
OURS = Mark("fresh-sales", "build")


def of_size(kilobytes: int) -> Definition:
    return parse(definition(processing("Long", "#" * 1024 * kilobytes)), source="pipeline.json")


def find(aws: AwsServer) -> dict[str, Any]:
    return dict(aws.client("sagemaker").describe_pipeline(PipelineName=NAME))


def test_what_studio_groups_and_what_marks_it_ours_come_with_the_creating_call(aws: AwsServer) -> None:
    SageMakerRegistry(Account()).register(NAME, of_size(1), mark=OURS)
    found = find(aws)
    tags = aws.client("sagemaker").list_tags(ResourceArn=found["PipelineArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "mlops-new:project": "fresh-sales",
        "mlops-new:repository": "build",
        "sagemaker:project-name": "fresh-sales",
    }
    assert found["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/mlops-new-execution"
    assert "sagemaker:AddTags" not in aws.calls


def test_a_long_definition_goes_by_way_of_the_bucket(aws: AwsServer) -> None:
    registry, wanted = SageMakerRegistry(Account()), of_size(200)
    registry.register(NAME, wanted, mark=OURS)
    found = registry.find_pipeline(NAME)
    assert found is not None
    assert found.digest == wanted.digest
    (stored,) = aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert stored["Key"] == f"fresh-sales/definitions/{wanted.digest}.json"
    aws.calls.clear()
    registry.register(NAME, wanted, mark=OURS)
    assert not {"sagemaker:UpdatePipeline", "s3:PutObject"} & set(aws.calls)


def test_a_definition_that_is_too_large_is_never_sent(aws: AwsServer) -> None:
    with pytest.raises(Invalid, match=r"too large: 1,1\d\d kB, and SageMaker takes 1,024 kB") as raised:
        SageMakerRegistry(Account()).register(NAME, of_size(1100), mark=OURS)
    assert "files" in raised.value.hint
    assert "sagemaker:CreatePipeline" not in aws.calls


def test_a_definition_that_cannot_be_read_is_like_no_other(aws: AwsServer) -> None:
    registry = SageMakerRegistry(Account())
    registry.register(NAME, of_size(1), mark=OURS)
    aws.client("sagemaker").update_pipeline(PipelineName=NAME, PipelineDefinition="{not json}")
    found = registry.find_pipeline(NAME)
    assert found is not None
    assert found.digest == ""
    registry.register(NAME, of_size(1), mark=OURS)
    assert json.loads(find(aws)["PipelineDefinition"])["Version"] == "2020-12-01"


def test_a_group_that_is_not_ours_is_a_conflict_and_is_kept(aws: AwsServer) -> None:
    aws.packages.create_group({"ModelPackageGroupName": "fresh-sales"})
    registry = SageMakerRegistry(Account())
    with pytest.raises(Conflict, match="model package group fresh-sales exists and was not made by mlops-new"):
        registry.create_group("fresh-sales", mark=OURS)
    remains = registry.remains("fresh-sales", [], purge=True)
    assert remains.steps == ()
    assert remains.kept == ("model package group fresh-sales was not made for this project",)


def test_the_analyzers_image_is_the_regions_own(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert images.analyzer(Account(), "ModelMonitorImageUri") == (
        "895015795356.dkr.ecr.eu-north-1.amazonaws.com/sagemaker-model-monitor-analyzer"
    )
    assert images.analyzer(Account(), "ClarifyImageUri").startswith("763603941244.dkr.ecr.eu-north-1.")
    monkeypatch.setenv("AWS_REGION", "ap-south-2")
    with pytest.raises(Invalid, match="ap-south-2 has no sagemaker-clarify-processing"):
        images.analyzer(Account(), "ClarifyImageUri")


def test_a_log_is_a_link_that_the_console_understands(aws: AwsServer) -> None:
    assert log_link(Account(), "ProcessingJobs", "pipelines-abc-Train") == (
        "https://eu-north-1.console.aws.amazon.com/cloudwatch/home?region=eu-north-1#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FProcessingJobs$3FlogStreamNameFilter$3Dpipelines-abc-Train"
    )


def test_an_account_names_things_by_convention_or_as_the_settings_say(aws: AwsServer) -> None:
    usual = Account()
    assert usual.bucket == BUCKET
    assert usual.image_repository == f"{ACCOUNT}.dkr.ecr.eu-north-1.amazonaws.com/mlops-new"
    own = Account(AccountSettings(bucket="acme-ml", execution_role="arn:aws:iam::1:role/ml", ecr_repository="acme/ml"))
    assert (own.bucket, own.execution_role) == ("acme-ml", "arn:aws:iam::1:role/ml")
    assert own.image_repository.endswith("/acme/ml")
