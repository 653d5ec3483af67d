"""Whole sessions as users type them, each command a process: from an empty account to a run that is too dear."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mlops_new.cli.commands.doctor import USUAL_INSTANCE
from mlops_new.cost.prices import Job
from mlops_new.template.packaged import packaged
from tests.doubles.aws import AwsServer, Fault, Kind
from tests.doubles.aws.made import ACCOUNT
from tests.doubles.bitbucket import BitbucketServer
from tests.e2e.program import Ended, mlops_new
from tests.hosts.bitbucket.client import environment

BUCKET = f"mlops-new-{ACCOUNT}-eu-north-1"


@pytest.fixture
def person(empty: AwsServer) -> AwsServer:
    """Somebody of the team, who is given the policy for people once it is there."""
    empty.beside.quotas = {f"ml.m5.xlarge for {job} job usage": 4.0 for job in Job}
    return empty


def join(empty: AwsServer) -> None:
    iam = empty.client("iam")
    iam.create_user(UserName="ann")
    policy = f"arn:aws:iam::{ACCOUNT}:policy/mlops-new-people-eu-north-1"
    iam.attach_user_policy(UserName="ann", PolicyArn=policy)
    empty.beside.caller = f"arn:aws:iam::{ACCOUNT}:user/ann"


def bad(told: Ended) -> list[str]:
    return [check["check"] for check in told.document if not check["ok"]]


def test_from_an_empty_account_to_a_run(person: AwsServer, somewhere: Path, home: Path) -> None:
    project = ("project", "fresh-sales", "--platform", "sagemaker", "--yes", "--json")
    refused = mlops_new(*project)
    assert refused.code == 2
    assert "there is none" in refused.document["error"]["message"]
    assert "mlops-new bootstrap" in refused.document["error"]["hint"]
    assert list(somewhere.iterdir()) == []

    made = mlops_new("bootstrap", "--yes", "--json")
    assert made.code == 0, made.err
    assert made.document["outputs"]["Bucket"] == BUCKET
    join(person)
    assert mlops_new("doctor", "--platform", "sagemaker").code == 0
    assert mlops_new(*project).code == 0

    build = somewhere / "fresh-sales-build"
    run = ("run", "--platform", "sagemaker", "-C", build)
    shown = mlops_new(*run, "--dry-run", "--json").document["cost"]
    assert (shown["complete"], shown["currency"]) == (True, "USD")
    assert shown["total"] == pytest.approx(sum(one["most"] for one in shown["steps"]), abs=0.05)
    first = shown["steps"][0]
    assert (first["name"], first["seconds"], first["attempts"]) == ("Preprocess", 4 * 3600, 1)
    assert first["instances"] == [{"type": "ml.m5.xlarge", "count": 1}]
    person.calls.clear()
    dear = mlops_new(*run, "--cost-cap", "5")
    assert (dear.code, dear.out) == (2, "")
    assert dear.err.startswith("error: this may cost up to USD 13.72, more than the cap of USD 5.00\nhint: ")
    assert person.calls == []

    cheap = somewhere / "cheap.toml"
    cheap.write_text("[sagemaker]\ncost_cap = 1\n[sagemaker.prices]\ndate = 2026-11-01\n", encoding="utf-8")
    unknown = mlops_new(*run, "--config", cheap, "--json")
    assert unknown.code == 2
    assert "the price of ml.m5.xlarge for processing is unknown" in unknown.document["error"]["message"]
    assert "prices of 2026-11-01, from the settings" in unknown.document["error"]["message"]
    assert person.calls == []
    local = mlops_new("run", "-C", build, "--cost-cap", "5")
    assert (local.code, "costs nothing" in local.err) == (2, True)
    assert "On SageMaker it costs" not in mlops_new("run", "-C", build, "--dry-run").out
    assert "What it costs is not known: " in mlops_new("run", "-C", build, "--dry-run", "--config", cheap).out
    for file in (home / "prices").iterdir():
        file.unlink()
    person.faults.append(Fault("pricing:GetProducts", Kind.DENIED))
    without = mlops_new(*run, "--dry-run", "--json").document["cost"]
    assert (without["total"], without["complete"]) == (None, False)
    assert "no prices: AWS does not allow pricing:GetProducts" in without["prices"]


def test_a_right_that_is_missing_stops_a_project_before_its_first_effect(aws: AwsServer, somewhere: Path) -> None:
    join(aws)
    iam = aws.client("iam")
    policy = f"arn:aws:iam::{ACCOUNT}:policy/mlops-new-execution-eu-north-1"
    iam.detach_role_policy(RoleName="mlops-new-execution", PolicyArn=policy)
    refused = mlops_new("project", "fresh-sales", "--platform", "sagemaker", "--yes", "--json")
    assert refused.code == 4
    assert "sagemaker:CreateTrainingJob" in refused.document["error"]["message"]
    missing = json.loads(refused.document["error"]["hint"].partition("\n")[2])
    assert missing["Version"] == "2012-10-17"
    assert list(somewhere.iterdir()) == []
    iam.put_role_policy(RoleName="mlops-new-execution", PolicyName="pasted", PolicyDocument=json.dumps(missing))
    assert mlops_new("project", "fresh-sales", "--platform", "sagemaker", "--yes").code == 0


@pytest.fixture
def bitbucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[BitbucketServer]:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with BitbucketServer() as server:
        for name, value in environment(server).items():
            monkeypatch.setenv(name, value)
        yield server


def test_bitbucket_is_asked_for_its_uuid_and_trusted(
    person: AwsServer, bitbucket: BitbucketServer, somewhere: Path
) -> None:
    uuid = bitbucket.workspace.uuid.strip("{}")
    told = mlops_new("bootstrap", "--git", "bitbucket", "--yes", "--json")
    assert told.code == 0, told.err
    assert told.document["outputs"]["CiRole"].endswith(":role/mlops-new-ci")
    assert "mlops-templates" in bitbucket.workspace.repositories
    [provider] = person.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found = person.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert found["ClientIDList"] == [f"ari:cloud:bitbucket::workspace/{uuid}"]
    again = mlops_new("bootstrap", "--git", "bitbucket", "--yes")
    assert "nothing to do" in again.out
    join(person)
    checks = mlops_new("doctor", "--git", "bitbucket", "--platform", "sagemaker", "--json")
    assert bad(checks) == []
    names = [check["check"] for check in checks.document]
    assert {"OIDC provider of acme", "CI role mlops-new-ci", "rights of the CI role mlops-new-ci"} <= set(names)


def test_the_template_is_shown_without_an_account(somewhere: Path) -> None:
    told = mlops_new("bootstrap", "--print", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("AWSTemplateFormatVersion")
    assert mlops_new("bootstrap", "--print", "--json").document == {"template": told.out.rstrip("\n") + "\n"}


def test_without_credentials_or_a_region(somewhere: Path) -> None:
    told = mlops_new("bootstrap", "--yes", "--json", env={"AWS_REGION": "eu-north-1"})
    assert told.code == 4
    assert "no credentials" in told.document["error"]["message"]
    nowhere = mlops_new("bootstrap", "--yes", "--json")
    assert nowhere.code == 2
    assert "no region" in nowhere.document["error"]["message"]


def test_doctor_knows_the_answer_that_templates_give_by_default() -> None:
    questions = yaml.safe_load((packaged() / "copier.yml").read_text(encoding="utf-8"))
    assert questions["instance_type"]["default"] == USUAL_INSTANCE
