"""`iam:SimulatePrincipalPolicy`: decides by the policies that roles and users really have, as IAM does for them."""

import json
import threading
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.doubles.aws.made import Clients
from tests.doubles.aws.packages import Refused
from tests.doubles.aws.xml import listed

Statement = Mapping[str, Any]


class Simulator:
    """Decides by everything that IAM holds, read once and again after it was written.

    Args:
        client: A boto client of a service, past all faults.
    """

    def __init__(self, client: Clients) -> None:
        self._client = client
        self._known: dict[str, list[Statement]] | None = None
        self._watched = False
        self._turn = threading.Lock()

    def notice(self, service: str, operation: str) -> None:
        """Somebody asks IAM something; after a write what is known is known no more."""
        if service == "iam" and not operation.startswith(("Get", "List", "Simulate")):
            self._known = None

    def simulate(self, form: dict[str, str]) -> dict[str, Any]:
        """Each action on each resource: allowed, or denied."""
        statements = self._statements(form["PolicySourceArn"])
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

    def _statements(self, arn: str) -> list[Statement]:
        with self._turn:
            known = self._known
            if known is None:
                known = self._known = self._read()
        if arn not in known:
            raise Refused("NoSuchEntity", f"{arn} cannot be found.")
        return known[arn]

    def _read(self) -> dict[str, list[Statement]]:
        iam = self._client("iam")
        if not self._watched:
            iam.meta.events.register("before-call.iam", lambda model, **_: self.notice("iam", model.name))
            self._watched = True
        found = iam.get_account_authorization_details()
        managed = {one["Arn"]: _default(one) for one in found["Policies"]}
        roles = {one["Arn"]: _of(one, one["RolePolicyList"], managed) for one in found["RoleDetailList"]}
        users = {one["Arn"]: _of(one, one.get("UserPolicyList", []), managed) for one in found["UserDetailList"]}
        return roles | users


def _of(holder: Statement, inline: list[Statement], managed: Mapping[str, list[Statement]]) -> list[Statement]:
    attached = [managed[one["PolicyArn"]] for one in holder["AttachedManagedPolicies"]]
    return [
        one for statements in [*attached, *(_several(one["PolicyDocument"]) for one in inline)] for one in statements
    ]


def _default(policy: Statement) -> list[Statement]:
    return next(_several(one["Document"]) for one in policy["PolicyVersionList"] if one["IsDefaultVersion"])


def _several(document: Any) -> list[Statement]:
    read = json.loads(document) if isinstance(document, str) else document
    statements: list[Statement] = read["Statement"]
    return statements


def decide(statements: list[Statement], action: str, resource: str, context: Mapping[str, list[str]]) -> str:
    """What IAM decides about one action on one resource."""
    fitting = [
        one for one in statements if _covers(one, action, resource) and _holds(one.get("Condition", {}), context)
    ]
    if any(one["Effect"] == "Deny" for one in fitting):
        return "explicitDeny"
    return "allowed" if fitting else "implicitDeny"


def _covers(statement: Statement, action: str, resource: str) -> bool:
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
