"""Asks IAM whether roles and people are allowed what they need: `iam:SimulatePrincipalPolicy`. Reads only."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from mlops_new.errors import Denied, Error
from mlops_new.platforms.sagemaker.account import Account, Identity
from mlops_new.platforms.sagemaker.aws_errors import Absent
from mlops_new.platforms.sagemaker.doctor import rights
from mlops_new.platforms.sagemaker.doctor.findings import unknown
from mlops_new.platforms.sagemaker.doctor.rights import Need, Question
from mlops_new.ports.checks import Check

# For each of three roles at the same time; IAM answers few such questions a second.
_SIDE_BY_SIDE = 3


def of_caller(account: Account, wanted: list[Need]) -> Check:
    """Whether whoever calls is allowed what they need."""
    name = "your rights"
    if account.identity.arn.endswith(":root"):
        return Check(name, ok=True, detail="the account's root user may do everything; better work as somebody else")
    try:
        arn = _principal(account, account.identity)
    except Error as error:
        return unknown(name, error)
    return of(account, name, arn, wanted)


def of(account: Account, name: str, arn: str, wanted: list[Need]) -> Check:
    """Whether a role or user is allowed what it needs; the hint is what is missing, as a policy."""
    try:
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            missing = [one for one in pool.map(partial(_missing, account, arn), wanted) if one]
    except Absent:
        return Check(name, ok=True, detail="known once there is one")
    except Error as error:
        return unknown(name, error)
    every = {action for need in wanted for action in need.actions}
    if not missing:
        return Check(name, ok=True, detail=f"all {len(every)} actions that it takes are allowed")
    lacking = sorted({action for one in missing for action in one["Action"]})
    hint = f"add to the policies of {arn}:\n{json.dumps(rights.policy(missing), indent=2)}"
    detail = f"{len(lacking)} of {len(every)} actions are missing: {', '.join(lacking)}"
    return Check(name, ok=False, detail=detail, hint=hint, code=Denied.code)


def _missing(account: Account, arn: str, need: Need) -> dict[str, Any] | None:
    return need.lacking({action for question in need.questions() for action in _refused(account, arn, question)})


def _principal(account: Account, identity: Identity) -> str:
    """Whose policies count: an assumed role's session has none of its own."""
    if ":assumed-role/" not in identity.arn:
        return identity.arn
    role = identity.arn.split("/")[1]
    return str(account.call("iam", "GetRole", about=f"role {role}", RoleName=role)["Role"]["Arn"])


def _refused(account: Account, arn: str, question: Question) -> set[str]:
    """The actions that IAM says are not allowed."""
    context = [
        {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": "string"}
        for key, values in question.context
    ]
    pages = account.pages(
        "iam",
        "SimulatePrincipalPolicy",
        about=arn,
        PolicySourceArn=arn,
        ActionNames=list(question.actions),
        ResourceArns=list(question.resources),
        ContextEntries=context,
    )
    results = [result for page in pages for result in page["EvaluationResults"]]
    return {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}
