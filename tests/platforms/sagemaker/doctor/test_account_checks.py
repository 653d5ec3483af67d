"""`doctor` for AWS: what a bootstrapped account is told, what is missing exactly, and what cannot be known."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mlops_new.cost.prices import Job
from mlops_new.platforms.sagemaker.account_settings import AccountSettings
from mlops_new.platforms.sagemaker.bootstrap import account_state, stack_template
from mlops_new.platforms.sagemaker.bootstrap.cloudformation import Stacks
from mlops_new.platforms.sagemaker.doctor import account_checks
from mlops_new.ports.account_setup import Deployment
from mlops_new.ports.checks import Check, Purpose
from mlops_new.ports.git_host import Workspace
from tests.doubles.aws import AwsServer, Fault, Kind
from tests.doubles.aws.made import ACCOUNT
from tests.platforms.sagemaker.accounts import open_account

WORKSPACE = Workspace("acme", "11111111-2222-4333-8444-555555555555")
INSTANCES = tuple((job, "ml.m5.xlarge") for job in Job)
QUOTAS = {f"ml.m5.xlarge for {job} job usage": 4.0 for job in Job}
BUCKET = f"mlops-new-{ACCOUNT}-eu-north-1"
PEOPLE = f"arn:aws:iam::{ACCOUNT}:policy/mlops-new-people-eu-north-1"


@pytest.fixture
def ready(empty: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """An account that was bootstrapped, seen by somebody who has the policy for people."""
    account = open_account()
    wanted = account_state.named(account) | {"WorkspaceName": WORKSPACE.name, "WorkspaceUuid": WORKSPACE.uuid}
    stacks = Stacks(account)
    found = stacks.propose("mlops-new", Deployment(stack_template.text(), wanted), create=True)
    stacks.execute(found, lambda *_: None)
    empty.beside.quotas = {f"ml.c{number}.large for endpoint usage": 0.0 for number in range(5)} | QUOTAS
    iam = empty.client("iam")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=PEOPLE)
    empty.beside.caller = f"arn:aws:iam::{ACCOUNT}:user/ann"
    return empty


def examined(purpose: Purpose | None = None, settings: AccountSettings | None = None) -> dict[str, Check]:
    usual = Purpose(INSTANCES, workspace=WORKSPACE)
    return {check.name: check for check in account_checks.examine(open_account(settings), purpose or usual)}


def bad(checks: Mapping[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if not check.ok}


def test_a_bootstrapped_account_is_ready(ready: AwsServer) -> None:
    checks = examined()
    assert not bad(checks), checks
    assert [name for name, check in checks.items() if "cannot be known" in check.detail] == []
    assert checks["AWS identity"].detail.endswith(":user/ann")
    assert checks["AWS region"].detail == f"eu-north-1 of account {ACCOUNT}"
    assert checks["quota of ml.m5.xlarge for transform"].detail == "4 at the same time"


def test_an_account_that_nobody_bootstrapped(empty: AwsServer) -> None:
    checks = examined()
    absent = {"bucket", "ECR repository", "execution role", "CI role", "OIDC provider"}
    assert {name.rpartition(" ")[0].removesuffix(" of") for name in bad(checks)} >= absent
    assert all("mlops-new bootstrap" in checks[name].hint for name in bad(checks) if name != "your rights")


@pytest.mark.parametrize(
    ("role", "policy"), [("mlops-new-execution", "mlops-new-execution"), ("mlops-new-ci", "mlops-new-ci")]
)
def test_missing_rights_are_told_as_a_policy_that_mends_it(ready: AwsServer, role: str, policy: str) -> None:
    iam = ready.client("iam")
    iam.detach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{policy}-eu-north-1")
    [name] = bad(examined())
    check = examined()[name]
    assert check.name == f"rights of the {'CI' if role.endswith('ci') else 'execution'} role {role}"
    assert check.code == 4
    assert "s3:PutObject" in check.detail
    missing = check.hint.partition("\n")[2]
    iam.put_role_policy(RoleName=role, PolicyName="pasted", PolicyDocument=missing)
    assert not bad(examined())


def test_one_missing_action_of_yours(ready: AwsServer) -> None:
    iam = ready.client("iam")
    document = iam.get_policy_version(PolicyArn=PEOPLE, VersionId="v1")["PolicyVersion"]["Document"]
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [one for one in actions if one != "sagemaker:UpdateModelPackage"]
    iam.detach_user_policy(UserName="ann", PolicyArn=PEOPLE)
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps(document))
    check = examined()["your rights"]
    assert "1 of " in check.detail
    [statement] = json.loads(check.hint.partition("\n")[2])["Statement"]
    assert statement["Action"] == ["sagemaker:UpdateModelPackage"]
    assert f"arn:aws:sagemaker:eu-north-1:{ACCOUNT}:model-package/*" in statement["Resource"]


def test_an_assumed_role_is_asked_about_by_its_role(ready: AwsServer) -> None:
    ready.beside.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/mlops-new-ci/pipeline"
    check = examined()["your rights"]
    assert "sagemaker:UpdateModelPackage" in check.detail
    assert f"arn:aws:iam::{ACCOUNT}:role/mlops-new-ci" in check.hint


def test_the_root_user(ready: AwsServer) -> None:
    ready.beside.caller = f"arn:aws:iam::{ACCOUNT}:root"
    assert "root user" in examined()["your rights"].detail


def test_what_may_not_be_asked_cannot_be_known(ready: AwsServer) -> None:
    ready.faults = [
        Fault(action, Kind.DENIED)
        for action in (
            "iam:GetRole",
            "iam:GetOpenIDConnectProvider",
            "iam:SimulatePrincipalPolicy",
            "ecr:DescribeRepositories",
            "servicequotas:ListServiceQuotas",
            "sagemaker:ListMonitoringSchedules",
            "cloudformation:DescribeStacks",
        )
    ]
    checks = examined(Purpose(INSTANCES, managed=True, workspace=WORKSPACE))
    assert not bad(checks)
    unknown = {name for name, check in checks.items() if "cannot be known" in check.detail}
    assert {"your rights", "Model Monitor and Clarify", "CI role mlops-new-ci"} <= unknown
    assert f"bucket {BUCKET}" not in unknown


def test_expired_credentials(ready: AwsServer) -> None:
    ready.faults = [Fault("sts:GetCallerIdentity", Kind.EXPIRED)]
    [check] = examined().values()
    assert (check.ok, check.code) == (False, 4)
    assert "log in again" in check.hint


def test_a_bucket_of_somebody_else(ready: AwsServer) -> None:
    ready.client("s3").put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "team", "Value": "theirs"}]})
    check = examined()[f"bucket {BUCKET}"]
    assert (check.ok, check.code) == (False, 3)
    named = AccountSettings(bucket=BUCKET)
    assert examined(settings=named)[f"bucket {BUCKET}"].ok  # whoever names it means it


def test_a_quota_of_nothing(ready: AwsServer) -> None:
    ready.beside.quotas["ml.m5.xlarge for training job usage"] = 0.0
    checks = examined()
    assert bad(checks) == {"quota of ml.m5.xlarge for training"}
    assert "request-service-quota-increase" in checks["quota of ml.m5.xlarge for training"].hint


def test_a_quota_that_is_not_listed(ready: AwsServer) -> None:
    check = examined(Purpose(((Job.TRAINING, "ml.p9.xlarge"),)))["quota of ml.p9.xlarge for training"]
    assert check.ok
    assert "cannot be known" in check.detail


Trust = Callable[[dict[str, Any]], None]


def nobody(trust: dict[str, Any]) -> None:
    trust["Principal"] = {"Federated": "arn:aws:iam::1:oidc-provider/else"}


def anybody(trust: dict[str, Any]) -> None:
    trust["Condition"] = {"StringEquals": trust["Condition"]["StringEquals"]}


def any_audience(trust: dict[str, Any]) -> None:
    trust["Condition"] = {"StringLike": trust["Condition"]["StringLike"]}


@pytest.mark.parametrize(
    ("change", "why"),
    [(nobody, "does not name"), (anybody, "does not limit which repositories"), (any_audience, "the audience")],
)
def test_trust_of_the_ci_role_that_is_wrong(ready: AwsServer, change: Trust, why: str) -> None:
    iam = ready.client("iam")
    document = iam.get_role(RoleName="mlops-new-ci")["Role"]["AssumeRolePolicyDocument"]
    change(document["Statement"][0])
    iam.update_assume_role_policy(RoleName="mlops-new-ci", PolicyDocument=json.dumps(document))
    checks = examined()
    assert bad(checks) == {"CI role mlops-new-ci"}
    assert why in checks["CI role mlops-new-ci"].detail


def test_trust_of_the_execution_role_that_is_wrong(ready: AwsServer) -> None:
    iam = ready.client("iam")
    document = json.dumps(iam.get_role(RoleName="mlops-new-execution")["Role"]["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(
        RoleName="mlops-new-execution",
        PolicyDocument=document.replace("sagemaker.amazonaws.com", "ec2.amazonaws.com"),
    )
    assert bad(examined()) == {"execution role mlops-new-execution"}


def test_whether_managed_monitoring_is_open_cannot_be_known(ready: AwsServer) -> None:
    ready.beside.schedules = []
    purpose = Purpose(managed=True)
    assert "cannot be known" in examined(purpose)["Model Monitor and Clarify"].detail
    ready.beside.schedules = [{"MonitoringScheduleName": "daily"}]
    assert "is open to it" in examined(purpose)["Model Monitor and Clarify"].detail
    why = "Model Monitor is no longer available to new customers"
    ready.beside.refusals["sagemaker:ListMonitoringSchedules"] = ("ValidationException", why)
    check = examined(purpose)["Model Monitor and Clarify"]
    assert not check.ok
    assert "monitoring=own" in check.hint


def test_reads_only(ready: AwsServer) -> None:
    ready.calls.clear()
    examined(Purpose(INSTANCES, managed=True, workspace=WORKSPACE))
    verbs = ("Get", "List", "Describe", "Simulate", "Head")
    assert not {call for call in ready.calls if not call.partition(":")[2].startswith(verbs)}
