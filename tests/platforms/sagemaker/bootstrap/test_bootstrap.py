"""`mlops-new bootstrap` against an account on loopback: what it makes, refuses, shows, and leaves as it was."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_new.cli.commands import bootstrap
from mlops_new.cli.console import Console
from mlops_new.errors import Conflict, Denied, Error, Invalid
from mlops_new.platforms.sagemaker.bootstrap import account_state, stack_template
from mlops_new.platforms.sagemaker.bootstrap.cloudformation import Stacks
from mlops_new.platforms.sagemaker.bootstrap.stack_setup import StackSetup
from mlops_new.ports.account_setup import Deployment
from mlops_new.settings.load import Host, PlatformName, Settings
from tests.doubles.aws import AwsServer, Fault, Kind
from tests.doubles.aws.made import ACCOUNT
from tests.doubles.aws.stacks import digest
from tests.platforms.sagemaker.accounts import of, open_account

BUCKET = f"mlops-new-{ACCOUNT}-eu-north-1"
UUID = "11111111-2222-4333-8444-555555555555"
REQUEST = bootstrap.Request(
    dry_run=False, yes=True, workspace_uuid=None, parameters={}, allow_replacement=False, delete_failed=False
)
ISSUER = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(empty: AwsServer, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`mlops-new bootstrap --json --yes` in this process, for a workspace; flags as keywords, settings as `table`."""
    monkeypatch.setenv("BITBUCKET_WORKSPACE", "acme")

    def run(table: dict[str, Any] | None = None, **flags: Any) -> dict[str, Any]:
        settings = Settings(Host.LOCAL, PlatformName.LOCAL, home, sagemaker=table)
        capsys.readouterr()
        bootstrap.run(
            replace(REQUEST, **{"workspace_uuid": UUID, **flags}),
            settings,
            Console(as_json=True),
            open_setup=lambda settings: StackSetup(of(settings)),
        )
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return run


def deployed(empty: AwsServer) -> str:
    return digest(empty.beside.cloudformation.stacks["mlops-new"])


# --- what it makes ---


def test_the_first_run_makes_everything(run: Run, empty: AwsServer) -> None:
    told = run()
    assert told["changed"]
    assert told["stack"]["status"] == "CREATE_COMPLETE"
    assert told["outputs"] == {
        "Bucket": BUCKET,
        "CiRole": f"arn:aws:iam::{ACCOUNT}:role/mlops-new-ci",
        "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/mlops-new-execution",
        "PeoplePolicy": f"arn:aws:iam::{ACCOUNT}:policy/mlops-new-people-eu-north-1",
        "Repository": f"{ACCOUNT}.dkr.ecr.eu-north-1.amazonaws.com/mlops-new",
    }
    assert {one["action"] for one in told["changes"]} == {"Add"}
    assert told["template"]["published"]
    assert empty.client("s3").get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    trust = empty.client("iam").get_role(RoleName="mlops-new-ci")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {f"{ISSUER}:aud": f"ari:cloud:bitbucket::workspace/{UUID}"},
        "StringLike": {f"{ISSUER}:sub": ["{*}:*"]},
    }


def test_the_second_run_has_nothing_to_do(run: Run, empty: AwsServer) -> None:
    run()
    before = deployed(empty)
    told = run()
    assert not told["changed"]
    assert told["changes"] == []
    assert deployed(empty) == before
    assert empty.beside.cloudformation.change_sets == {}


def test_without_a_workspace_there_is_no_ci_role(run: Run, empty: AwsServer) -> None:
    assert "CiRole" not in run(workspace_uuid=None)["outputs"]
    assert empty.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_a_workspace_that_is_named_later_is_added_and_stays(run: Run) -> None:
    run(workspace_uuid=None)
    assert [one["resource"] for one in run()["changes"]] == ["Provider", "CiRoleItself", "CiPolicy"]
    assert not run(workspace_uuid=None)["changed"]


def test_parameters_are_remembered(run: Run) -> None:
    told = run(parameters={"KmsKey": "create", "ReaderAccounts": "111122223333"})
    assert {"Key", "KeyAlias"} <= {one["resource"] for one in told["changes"]}
    assert not run()["changed"]


def test_names_of_the_settings(run: Run, empty: AwsServer) -> None:
    told = run({"bucket": "acme-ml", "execution_role": "acme-ml-jobs", "ecr_repository": "acme/ml", "stack": "acme-ml"})
    assert told["stack"]["name"] == "acme-ml"
    assert told["outputs"]["Bucket"] == "acme-ml"
    assert told["outputs"]["ExecutionRole"].endswith(":role/acme-ml-jobs")
    assert empty.client("ecr").describe_repositories(repositoryNames=["acme/ml"])["repositories"]


def test_a_role_of_the_organisation_is_used_as_it_is(run: Run, empty: AwsServer) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/platform/jobs"
    told = run({"execution_role": arn})
    assert told["outputs"]["ExecutionRole"] == arn
    assert "ExecutionPolicy" not in {one["resource"] for one in told["changes"]}


def test_a_second_region_shares_the_roles(run: Run, empty: AwsServer) -> None:
    run()
    del empty.beside.cloudformation.stacks["mlops-new"]  # stacks belong to a region, roles to the account
    told = run({"bucket": "acme-second", "ecr_repository": "second"})
    resources = {one["resource"] for one in told["changes"]}
    assert {"ExecutionPolicy", "CiPolicy"} <= resources
    assert not {"ExecutionRoleItself", "CiRoleItself", "Provider"} & resources
    assert not run({"bucket": "acme-second", "ecr_repository": "second"})["changed"]


def test_what_an_earlier_stack_left_is_taken_over(run: Run, empty: AwsServer) -> None:
    run()
    cloudformation = empty.client("s3")
    cloudformation.put_object(Bucket=BUCKET, Key="kept", Body=b"kept")
    stack = Stacks(open_account())
    found = stack.find("mlops-new")
    assert found
    stack.delete(found, lambda *_: None)
    assert run()["stack"]["status"] == "CREATE_COMPLETE"
    assert cloudformation.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == b"kept"


# --- change sets ---


def test_a_change_is_shown_and_made(run: Run, empty: AwsServer) -> None:
    run()
    changed = run(parameters={"AllowedSubjects": "{aaaaaaaa-2222-4333-8444-555555555555}:*"})["changes"]
    assert changed == [
        {
            "resource": "CiRoleItself",
            "type": "AWS::IAM::Role",
            "name": "mlops-new-ci",
            "action": "Modify",
            "replacement": "False",
        }
    ]
    trust = empty.client("iam").get_role(RoleName="mlops-new-ci")["Role"]["AssumeRolePolicyDocument"]
    subjects = trust["Statement"][0]["Condition"]["StringLike"][f"{ISSUER}:sub"]
    assert subjects == ["{aaaaaaaa-2222-4333-8444-555555555555}:*"]


def test_nothing_is_replaced_silently(run: Run, empty: AwsServer) -> None:
    run()
    before = deployed(empty)
    with pytest.raises(Conflict, match=f"replace .*Bucket .AWS::S3::Bucket {BUCKET}") as refused:
        run({"bucket": "another"})
    assert "--allow-replacement" in refused.value.hint
    assert deployed(empty) == before
    assert empty.beside.cloudformation.change_sets == {}
    shown = run({"bucket": "another"}, dry_run=True)["changes"]
    assert {"resource": "Bucket", "replacement": "True"}.items() <= shown[0].items()
    assert deployed(empty) == before
    assert run({"bucket": "another"}, allow_replacement=True)["outputs"]["Bucket"] == "another"


def test_a_dry_run_touches_nothing(run: Run, empty: AwsServer, home: Path) -> None:
    told = run(dry_run=True)
    assert {"Bucket", "Repository", "CiRoleItself"} <= {one["resource"] for one in told["changes"]}
    assert not told["changed"]
    assert empty.beside.cloudformation.stacks == {}
    assert not home.exists()


def test_without_a_yes_nothing_is_touched(run: Run, empty: AwsServer) -> None:
    with pytest.raises(Invalid, match="needs a yes"):
        run(yes=False)
    assert empty.beside.cloudformation.stacks == {}
    run()
    before = deployed(empty)
    with pytest.raises(Invalid, match="needs a yes"):
        run(yes=False, parameters={"ReaderAccounts": "111122223333"})
    assert deployed(empty) == before
    assert empty.beside.cloudformation.change_sets == {}


# --- what it refuses ---


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ({"parameters": {"Kms": "create"}}, "no parameter Kms"),
        ({"parameters": {"KmsKey": "yes"}}, "the parameter KmsKey is 'yes'"),
        ({"parameters": {"ManagedMonitoring": "yes"}}, "the parameter ManagedMonitoring is 'yes'"),
        ({"parameters": {"BucketName": "acme-ml"}}, "follows from bucket in"),
        ({"workspace_uuid": "acme"}, "which is no UUID"),
    ],
)
def test_wrong_input_is_refused_before_anybody_is_asked(
    run: Run, empty: AwsServer, flags: dict[str, Any], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        run(**flags)
    assert empty.calls == []


def test_a_stack_that_is_not_ours(run: Run, empty: AwsServer) -> None:
    run()
    empty.beside.cloudformation.stacks["mlops-new"].tags = {"team": "theirs"}
    before = deployed(empty)
    with pytest.raises(Conflict, match="stack mlops-new exists and was not made by mlops-new"):
        run(parameters={"ReaderAccounts": "111122223333"})
    assert deployed(empty) == before


def test_a_bucket_that_is_not_ours(run: Run, empty: AwsServer) -> None:
    empty.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    with pytest.raises(Conflict, match="the bucket exists and was not made by mlops-new"):
        run()
    assert empty.beside.cloudformation.stacks == {}


def test_a_role_that_is_not_ours(run: Run, empty: AwsServer) -> None:
    empty.client("iam").create_role(RoleName="mlops-new-execution", AssumeRolePolicyDocument="{}")
    with pytest.raises(Conflict, match="role mlops-new-execution exists and was not made by mlops-new"):
        run()
    assert empty.beside.cloudformation.stacks == {}


def test_an_existing_provider_is_used(run: Run, empty: AwsServer) -> None:
    empty.client("iam").create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=[f"ari:cloud:bitbucket::workspace/{UUID}"]
    )
    resources = {one["resource"] for one in run()["changes"]}
    assert "CiRoleItself" in resources
    assert "Provider" not in resources
    assert not run()["changed"]


def test_an_existing_provider_for_somebody_else(run: Run, empty: AwsServer) -> None:
    empty.client("iam").create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["somebody"])
    with pytest.raises(Conflict, match="lacks the audience") as refused:
        run()
    assert "add-client-id-to-open-id-connect-provider" in refused.value.hint
    assert empty.beside.cloudformation.stacks == {}


# --- what goes wrong ---


def test_a_failed_creation_names_the_first_reason_and_the_way_out(run: Run, empty: AwsServer) -> None:
    empty.beside.cloudformation.fails["ExecutionPolicy"] = "Cannot exceed quota for PoliciesPerRole: 10"
    with pytest.raises(Error, match=r"ExecutionPolicy .* CREATE_FAILED: Cannot exceed quota") as failed:
        run()
    assert failed.value.code == 1
    assert "--delete-failed" in failed.value.hint
    del empty.beside.cloudformation.fails["ExecutionPolicy"]
    with pytest.raises(Error, match=r"ROLLBACK_COMPLETE: ExecutionPolicy .*Cannot exceed quota"):
        run()  # deleting it is asked for, never done by itself
    assert run(delete_failed=True)["stack"]["status"] == "CREATE_COMPLETE"


def test_a_failed_update_leaves_what_was_there(run: Run, empty: AwsServer) -> None:
    run()
    empty.beside.cloudformation.fails["CiRoleItself"] = "Access denied by the organisation"
    with pytest.raises(Error, match=r"CiRoleItself .* UPDATE_FAILED: Access denied") as failed:
        run(parameters={"AllowedSubjects": "{a}:*"})
    assert "everything is as it was" in failed.value.hint
    empty.beside.cloudformation.fails.clear()
    empty.beside.cloudformation.stacks["mlops-new"].status = "UPDATE_COMPLETE"
    assert run(parameters={"AllowedSubjects": "{a}:*"})["stack"]["status"] == "UPDATE_COMPLETE"


def test_after_a_rolled_back_update_the_same_command_goes_on(run: Run, empty: AwsServer) -> None:
    run()
    empty.beside.cloudformation.stacks["mlops-new"].status = "UPDATE_ROLLBACK_COMPLETE"
    assert run(parameters={"AllowedSubjects": "{a}:*"})["stack"]["status"] == "UPDATE_COMPLETE"


def test_an_update_that_cannot_be_rolled_back(run: Run, empty: AwsServer) -> None:
    run()
    empty.beside.cloudformation.stacks["mlops-new"].status = "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(Error, match="UPDATE_ROLLBACK_FAILED") as failed:
        run()
    assert "continue-update-rollback" in failed.value.hint


def test_a_killed_run_is_finished_by_the_next(run: Run, empty: AwsServer) -> None:
    """CloudFormation goes on without us; the next run waits for it and finds nothing to do."""
    account = open_account()
    names = account_state.named(account)
    wanted = Deployment(stack_template.text(), names)
    found = Stacks(account).propose("mlops-new", wanted, create=True)
    account.call("cloudformation", "ExecuteChangeSet", ChangeSetName=found.id, StackName="mlops-new")
    assert run(workspace_uuid=None)["changes"] == []


def test_an_empty_stack_of_a_killed_run_is_used(run: Run, empty: AwsServer) -> None:
    account = open_account()
    wanted = Deployment(stack_template.text(), account_state.named(account))
    Stacks(account).propose("mlops-new", wanted, create=True)
    assert empty.beside.cloudformation.stacks["mlops-new"].status == "REVIEW_IN_PROGRESS"
    assert run()["stack"]["status"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("lost", ["CreateChangeSet", "ExecuteChangeSet", "DescribeChangeSet"])
def test_a_lost_answer_changes_nothing(run: Run, empty: AwsServer, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    empty.faults = [Fault(f"cloudformation:{lost}", Kind.DROPPED_AFTER, times=1)]
    assert run()["stack"]["status"] == "CREATE_COMPLETE"
    assert len(empty.beside.cloudformation.stacks) == 1


@pytest.mark.slow
def test_denied_on_each_call_then_the_same_command_finishes(run: Run, empty: AwsServer) -> None:
    run(dry_run=True)
    run()
    for action in sorted(set(empty.calls)):
        empty.empty()
        empty.faults = [Fault(action, Kind.DENIED)]
        with pytest.raises((Denied, Conflict)) as refused:
            run()
        assert refused.value.hint, action
        empty.faults = []
        assert run()["stack"]["status"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, action
        assert len(empty.beside.cloudformation.stacks) == 1


def test_throttled(run: Run, empty: AwsServer) -> None:
    empty.faults = [Fault("cloudformation:DescribeStacks", Kind.THROTTLED)]
    with pytest.raises(Error, match="asked too often") as refused:
        run()
    assert refused.value.code == 5
