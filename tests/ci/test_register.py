"""`ci.register`: what is committed is what is registered, once, and only what is ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mlops_new.definition import canonical, normalise
from tests.ci.aws import Aws, Fault
from tests.ci.conftest import PROJECT, TEST, Ci

DENIED = Fault("AccessDeniedException", "User: arn:aws:sts::1:assumed-role/ci is not authorized to perform: that")
OURS = {
    kind: [{"Key": "mlops-new:project", "Value": PROJECT}, {"Key": "mlops-new:repository", "Value": kind}]
    for kind in ("build", "deploy")
}
FRESH = "777788889999"  # an account that has nothing
WRITES = {"CreatePipeline", "UpdatePipeline", "CreateModelPackageGroup"}


@pytest.fixture
def sagemaker(aws: Aws) -> Iterator[Any]:
    """A client of the account, which the test leaves without pipelines."""
    client = aws.client("sagemaker", TEST)
    yield client
    for pipeline in client.list_pipelines()["PipelineSummaries"]:
        client.delete_pipeline(PipelineName=pipeline["PipelineName"])


def test_what_is_absent_is_created_and_what_is_the_same_is_not_written_again(build: Ci, sagemaker: Any) -> None:
    build.aws.forget()
    done = build.run("register")
    assert (done.returncode, done.stderr) == (0, "")
    assert "pipeline fresh-sales-build: created" in done.stdout
    assert build.aws.requests["AssumeRoleWithWebIdentity"], "it signed in some other way than by the step's token"
    found = sagemaker.describe_pipeline(PipelineName="fresh-sales-build")
    assert found["RoleArn"] == f"arn:aws:iam::{TEST}:role/mlops-new-execution"
    committed = json.loads((build.path / "pipeline.json").read_text(encoding="utf-8"))
    # What mlops-new compares by, so neither writes again what the other has registered.
    registered = json.loads(found["PipelineDefinition"])
    assert canonical(normalise(registered)) == canonical(normalise(committed))
    group = sagemaker.describe_model_package_group(ModelPackageGroupName=PROJECT)
    for arn in (found["PipelineArn"], group["ModelPackageGroupArn"]):
        assert {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]} == {
            "mlops-new:project": PROJECT,
            "mlops-new:repository": "build",
            "sagemaker:project-name": PROJECT,
        }
    build.aws.forget()
    again = build.run("register")
    assert (again.returncode, again.stdout.count("unchanged")) == (0, 2)
    assert not WRITES & set(build.aws.calls)


def test_another_layout_is_no_difference_and_another_content_is(build: Ci, sagemaker: Any) -> None:
    text = (build.path / "pipeline.json").read_text(encoding="utf-8")
    document = json.loads(text)
    document["Parameters"].reverse()
    role = f"arn:aws:iam::{TEST}:role/mlops-new-execution"
    sagemaker.create_pipeline(
        PipelineName="fresh-sales-build", PipelineDefinition=json.dumps(document), RoleArn=role, Tags=OURS["build"]
    )
    assert "pipeline fresh-sales-build: unchanged" in build.run("register").stdout
    document["Parameters"][0]["DefaultValue"] = "something else"
    sagemaker.update_pipeline(PipelineName="fresh-sales-build", PipelineDefinition=json.dumps(document))
    assert "pipeline fresh-sales-build: updated" in build.run("register").stdout
    assert sagemaker.describe_pipeline(PipelineName="fresh-sales-build")["PipelineDefinition"] == text
    moved = build.run("register", MLOPS_EXECUTION_ROLE=f"{role}-two")
    assert "pipeline fresh-sales-build: updated" in moved.stdout


def test_a_pipeline_that_is_not_ours_is_left_alone(deploy: Ci, sagemaker: Any) -> None:
    role = f"arn:aws:iam::{TEST}:role/mlops-new-execution"
    for name, tags in (("fresh-sales-inference", []), ("fresh-sales-model-quality", OURS["build"])):
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition="{}", RoleArn=role, Tags=tags)
    done = deploy.run("register")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("ci.register: there is a pipeline fresh-sales-inference that was not made for this project")
    assert sagemaker.describe_pipeline(PipelineName="fresh-sales-inference")["PipelineDefinition"] == "{}"


def test_the_deploy_repository_registers_in_each_account(deploy: Ci, sagemaker: Any) -> None:
    del sagemaker
    for account in ("222233334444", TEST):
        done = deploy.run("register", account=account)
        assert (done.returncode, done.stderr, done.stdout.count("created")) == (0, "", 2)
        assert f"account {account}" in done.stdout
    names = [one["PipelineName"] for one in deploy.aws.client("sagemaker", TEST).list_pipelines()["PipelineSummaries"]]
    assert sorted(names) == ["fresh-sales-inference", "fresh-sales-model-quality"]


@pytest.mark.parametrize(
    ("operation", "faults", "message"),
    [
        ("DescribePipeline", [DENIED], "AWS denies DescribePipeline: User: arn:aws:sts::1:assumed-role/ci is not"),
        ("CreatePipeline", [DENIED], "AWS denies CreatePipeline"),
        (
            "AssumeRoleWithWebIdentity",
            [Fault("AccessDenied", "Not authorized", 403)],
            "Does the role AWS_ROLE_ARN",
        ),
        ("GetCallerIdentity", [Fault("ExpiredToken", "The token has expired", 403)], "A token is good for an hour"),
        (
            "DescribePipeline",
            [Fault("ThrottlingException", "Rate exceeded")] * 2,
            "AWS still throttles DescribePipeline",
        ),
        (
            "CreatePipeline",
            [Fault("ValidationException", "Could not assume role arn:aws:iam::1:role/gone. The role does not exist")],
            "Is the execution role there? MLOPS_EXECUTION_ROLE names another one",
        ),
        # Last, because by then the pipeline is registered.
        ("CreateModelPackageGroup", [DENIED], "AWS denies CreateModelPackageGroup"),
    ],
)
def test_a_refusal_is_one_line(build: Ci, operation: str, faults: list[Fault], message: str) -> None:
    build.aws.faults[operation] = list(faults)
    done = build.run("register", account=FRESH)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("ci.register: ")
    assert message in line


def test_what_was_interrupted_is_finished_by_the_same_command(deploy: Ci, sagemaker: Any) -> None:
    """A throttling that passes is waited for; of a refusal in the middle only the rest is left to do."""
    deploy.aws.faults["CreatePipeline"] = [Fault("ThrottlingException", "Rate exceeded")]
    deploy.aws.faults["ListTags"] = [DENIED]
    sagemaker.create_pipeline(
        PipelineName="fresh-sales-model-quality", PipelineDefinition="{}", RoleArn="r" * 20, Tags=OURS["deploy"]
    )
    assert deploy.run("register").returncode == 1
    again = deploy.run("register")
    assert (again.returncode, again.stderr) == (0, "")
    assert "inference: unchanged\npipeline fresh-sales-model-quality: updated" in again.stdout


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AWS_ROLE_ARN": "", "BITBUCKET_DEPLOYMENT_ENVIRONMENT": "Staging"}, "the variable AWS_ROLE_ARN of Staging"),
        ({"AWS_REGION": ""}, "no region is set: set the variable AWS_REGION"),
        (
            {"BITBUCKET_STEP_OIDC_TOKEN": "", "AWS_ROLE_ARN": ""},
            "there are no credentials: in CI a step needs `oidc: true`",
        ),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS could not be asked"),
    ],
)
def test_a_step_that_is_set_up_wrongly_is_told_what_is_missing(
    build: Ci, variables: dict[str, str], message: str
) -> None:
    done = build.run("register", **variables)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert message in line
