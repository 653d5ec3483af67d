"""`iam:SimulatePrincipalPolicy`: decides by the policies that roles and users really have, as IAM does for them."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from tests.doubles.aws.stacks import Refused
from tests.doubles.aws.xml import listed


def simulate(iam: Any, form: dict[str, str]) -> dict[str, Any]:
    """Each action on each resource: allowed, or denied."""
    try:
        statements = list(_statements(iam, form["PolicySourceArn"]))
    except ClientError as error:
        raise Refused("NoSuchEntity", f"{form['PolicySourceArn']} cannot be found.") from error
    actions = [one[""] for one in listed(form, "ActionNames")]
    resources = [one[""] for one in listed(form, "ResourceArns")] or ["*"]
    context = dict(_context(form))
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": decide(statements, action, resource, context),
        }
        for action in actions
        for resource in resources
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


def decide(statements: list[Mapping[str, Any]], action: str, resource: str, context: Mapping[str, list[str]]) -> str:
    """What IAM decides about one action on one resource."""
    fitting = [
        one for one in statements if _covers(one, action, resource) and _holds(one.get("Condition", {}), context)
    ]
    if any(one["Effect"] == "Deny" for one in fitting):
        return "explicitDeny"
    return "allowed" if fitting else "implicitDeny"


def _statements(iam: Any, arn: str) -> Iterator[Mapping[str, Any]]:
    name = arn.rpartition("/")[2]
    if ":user/" in arn:
        iam.get_user(UserName=name)
        for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            yield from _managed(iam, policy["PolicyArn"])
        return
    iam.get_role(RoleName=name)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        yield from _managed(iam, policy["PolicyArn"])
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        yield from _several(iam.get_role_policy(RoleName=name, PolicyName=inline)["PolicyDocument"])


def _managed(iam: Any, arn: str) -> Iterator[Mapping[str, Any]]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    yield from _several(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _several(document: Any) -> list[Mapping[str, Any]]:
    read = json.loads(document) if isinstance(document, str) else document
    statements: list[Mapping[str, Any]] = read["Statement"]
    return statements


def _covers(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    actions = any(fnmatchcase(action.lower(), one.lower()) for one in _list(statement["Action"]))
    return actions and any(_matches(resource, one) for one in _list(statement["Resource"]))


def _matches(resource: str, pattern: str) -> bool:
    return fnmatchcase(resource, pattern.replace("[", "[[]"))


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, list[str]]) -> bool:
    return all(
        _test(operator.rpartition(":")[2], _list(wanted), context.get(key))
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )


def _test(operator: str, wanted: list[str], given: list[str] | None) -> bool:
    match operator:
        case "Null":
            return (given is None) == (wanted == ["true"])
        case "StringEquals":
            return given is not None and any(one in wanted for one in given)
        case "StringLike":
            return given is not None and any(_matches(one, pattern) for one in given for pattern in wanted)
        case _:
            raise Refused("InvalidInput", f"{operator} is not simulated here")


def _context(form: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    for entry in listed(form, "ContextEntries"):
        values = [value for name, value in entry.items() if name.startswith("ContextKeyValues.member.")]
        yield entry["ContextKeyName"], values


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
