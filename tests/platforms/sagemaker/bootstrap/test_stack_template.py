"""The template of `bootstrap`: what cfn-lint and AWS's own list of actions say of it, and what it promises."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from cfnlint.api import lint_file

from mlops_new.platforms.sagemaker.bootstrap import stack, stack_template
from tests.doubles.aws.made import ACCOUNT
from tests.doubles.aws.templates import OURS, TAGS, Deployment, load

PLACE = stack_template.Place("aws", ACCOUNT, "eu-north-1")
NOTHING: dict[str, str] = {}
EVERYTHING = {
    "WorkspaceName": "acme",
    "WorkspaceUuid": "11111111-2222-4333-8444-555555555555",
    "AllowedSubjects": "{aaaaaaaa-2222-4333-8444-555555555555}:*,{bbbbbbbb-2222-4333-8444-555555555555}:{c}:*",
    "KmsKey": "create",
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/bounds",
    "VpcResources": ",".join(
        f"arn:aws:ec2:eu-north-1:{ACCOUNT}:{one}" for one in ("subnet/subnet-1", "security-group/sg-1")
    ),
    "ReaderAccounts": "111122223333,444455556666",
    "SourceAccounts": "777788889999",
    "ManagedMonitoring": "true",
}
SHARED = {**EVERYTHING, "OidcProvider": "existing", "CiRole": "attach", "ExecutionRole": "attach"}
CASES = {"nothing": NOTHING, "everything": EVERYTHING, "second region": SHARED}
# What AWS lets nobody limit to a resource, and why it is needed.
UNLIMITED = {
    "cloudwatch:PutMetricData": "metrics of jobs, limited to SageMaker's namespaces by a condition",
    "ec2:DescribeDhcpOptions": "EC2 describes everything or nothing: jobs in a VPC",
    "ec2:DescribeNetworkInterfaces": "the same",
    "ec2:DescribeSecurityGroups": "the same",
    "ec2:DescribeSubnets": "the same",
    "ec2:DescribeVpcs": "the same",
    "ecr:GetAuthorizationToken": "logging in to ECR",
    "pricing:GetProducts": "prices are those of AWS, not of an account",
    "sagemaker:ListMonitoringSchedules": "whether an account uses Model Monitor",
    "servicequotas:ListServiceQuotas": "quotas of instance types",
}
# It may name a dataset, and what jobs publish belongs to none.
OF_DATASETS = {"cloudwatch:PutMetricData"}


@pytest.fixture(scope="module", params=list(CASES))
def resolved(request: pytest.FixtureRequest) -> stack_template.Resolved:
    """The template for one set of parameters."""
    return stack_template.Resolved(stack_template.document(), CASES[request.param], PLACE)


Services = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def known() -> Services:
    """What AWS says of every action, as cfn-lint carries it."""
    file = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    found: Services = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def everything() -> stack_template.Resolved:
    return stack_template.Resolved(stack_template.document(), EVERYTHING, PLACE)


def allowed(found: stack_template.Resolved) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every statement of a policy that gives somebody rights, with the resource it is in."""
    for name, body in found.bodies.items():
        for statement in body["Properties"].get("PolicyDocument", {}).get("Statement", ()):
            if statement["Effect"] == "Allow":
                yield name, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cfn_lint_finds_nothing() -> None:
    assert lint_file(stack_template.FILE) == []


def test_it_can_be_sent_as_it_stands() -> None:
    assert len(stack_template.text().encode()) <= 51_200


def test_it_is_packaged_beside_the_code() -> None:
    assert stack_template.FILE.parent == Path(stack_template.__file__).parent


def test_a_wildcard_stands_only_where_no_resource_can_be_named(everything: stack_template.Resolved) -> None:
    unlimited = [
        action
        for _, statement in allowed(everything)
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    ]
    assert set(unlimited) == set(UNLIMITED)


def test_aws_itself_says_that_these_take_no_resource(known: Services) -> None:
    for action in UNLIMITED.keys() - OF_DATASETS:
        service, _, name = action.partition(":")
        assert not known[service]["Actions"][name.lower()].get("Resources"), action


def test_every_action_exists_and_takes_a_resource_that_is_named(
    everything: stack_template.Resolved, known: Services
) -> None:
    for name, statement in allowed(everything):
        for action in listed(statement["Action"]):
            service, _, verb = action.partition(":")
            about = known[service]["Actions"][verb.lower()]
            if action not in UNLIMITED:
                patterns = [
                    pattern
                    for resource in about["Resources"]
                    for pattern in known[service]["Resources"][resource]["ARNFormats"]
                ]
                assert any(fits(one, pattern) for one in listed(statement["Resource"]) for pattern in patterns), (
                    name,
                    action,
                )


def fits(resource: Any, pattern: str) -> bool:
    if not isinstance(resource, str):  # an attribute of a resource of the same stack: as narrow as can be
        return True
    readable = re.sub(r"\$\{\w+\}", "[^:]*", pattern.replace("${Partition}", "aws"))
    return re.fullmatch(readable, resource) is not None


def test_no_action_is_a_wildcard(resolved: stack_template.Resolved) -> None:
    assert not [action for _, one in allowed(resolved) for action in listed(one["Action"]) if "*" in action]


def test_only_the_execution_role_is_passed_and_only_to_sagemaker(resolved: stack_template.Resolved) -> None:
    passing = [one for _, one in allowed(resolved) if "iam:PassRole" in listed(one["Action"])]
    assert passing
    for one in passing:
        assert one["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/mlops-new-execution"
        assert one["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_bitbucket_is_trusted_for_this_workspace_and_these_repositories_only(
    everything: stack_template.Resolved,
) -> None:
    trust = json.loads(everything.bodies["CiRoleItself"]["Properties"]["AssumeRolePolicyDocument"])
    issuer = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
    [statement] = trust["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"}
    assert statement["Condition"] == {
        "StringEquals": {f"{issuer}:aud": f"ari:cloud:bitbucket::workspace/{EVERYTHING['WorkspaceUuid']}"},
        "StringLike": {f"{issuer}:sub": EVERYTHING["AllowedSubjects"].split(",")},
    }
    assert everything.bodies["Provider"]["Properties"]["Url"] == f"https://{issuer}"


def test_what_holds_data_outlives_the_stack(everything: stack_template.Resolved) -> None:
    kept = {name for name, body in everything.bodies.items() if body.get("DeletionPolicy") == "Retain"}
    assert kept == {"Bucket", "Repository", "Key"}
    assert all(everything.bodies[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_the_bucket_is_private_encrypted_and_versioned(resolved: stack_template.Resolved) -> None:
    bucket = resolved.bodies["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    with_key = resolved.parameters.get("KmsKey") == "create"
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == ("aws:kms" if with_key else "AES256")
    denied = resolved.bodies["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_other_accounts_read_and_no_more(everything: stack_template.Resolved) -> None:
    of_bucket = everything.bodies["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][1]
    of_images = everything.bodies["Repository"]["Properties"]["RepositoryPolicyText"]["Statement"][0]
    assert of_bucket["Action"] == "s3:GetObject"
    for one in (of_bucket, of_images):
        assert one["Principal"] == {"AWS": ["111122223333", "444455556666"]}
        assert one["Condition"] == {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/mlops-new-ci"}}


def test_both_roles_are_bounded_where_a_boundary_is_given(everything: stack_template.Resolved) -> None:
    for role in ("ExecutionRoleItself", "CiRoleItself"):
        assert everything.bodies[role]["Properties"]["PermissionsBoundary"] == EVERYTHING["PermissionsBoundary"]


def test_whatever_can_be_tagged_carries_our_mark(everything: stack_template.Resolved) -> None:
    for name in ("Bucket", "Repository", "Key", "ExecutionRoleItself", "CiRoleItself", "Provider"):
        tags = {one["Key"]: one["Value"] for one in everything.bodies[name]["Properties"]["Tags"]}
        assert tags == {"mlops-new:project": "mlops-new", "mlops-new:repository": "account"}, name


def test_policies_are_within_what_iam_takes(everything: stack_template.Resolved) -> None:
    for name, body in everything.bodies.items():
        if body["Type"] == "AWS::IAM::ManagedPolicy":
            assert len(re.sub(r"\s", "", json.dumps(body["Properties"]["PolicyDocument"]))) <= 6_144, name


def test_the_double_of_cloudformation_makes_the_same_of_it(resolved: stack_template.Resolved) -> None:
    pseudo = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": "eu-north-1"}
    deployment = Deployment(load(stack_template.text()), resolved.parameters, pseudo)
    assert list(deployment.resources) == list(resolved.bodies)
    assert deployment.resources == resolved.bodies
    assert deployment.outputs == resolved.outputs


def test_the_double_deploys_what_bootstrap_deploys() -> None:
    assert OURS.samefile(stack_template.FILE)
    assert TAGS == stack.TAGS
