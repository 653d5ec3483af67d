"""`iam:SimulatePrincipalPolicy`: decides by the policies that roles and users really have, as IAM does for them."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends

from tests.doubles.aws.made import ACCOUNT
from tests.doubles.aws.stacks import Refused
from tests.doubles.aws.xml import listed


def simulate(form: dict[str, str]) -> dict[str, Any]:
    """Each action on each resource: allowed, or denied."""
    statements = list(_statements(form["PolicySourceArn"]))
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


def _statements(arn: str) -> Iterator[Mapping[str, Any]]:
    """What a role or user has, out of moto's own memory: asking it takes ten calls, and doctors ask often."""
    iam = iam_backends[ACCOUNT]["aws"]
    name = arn.rpartition("/")[2]
    try:
        holder: Any = iam.get_user(name) if ":user/" in arn else iam.get_role(name)
    except ServiceException as error:
        raise Refused("NoSuchEntity", f"{arn} cannot be found.") from error
    for policy in holder.managed_policies.values():
        yield from _several(policy.versions[-1].document)
    for document in holder.policies.values():
        yield from _several(document)


def _several(document: str) -> list[Mapping[str, Any]]:
    statements: list[Mapping[str, Any]] = json.loads(document)["Statement"]
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
