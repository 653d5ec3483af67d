"""Is the account what runs need? What is missing, exactly? Reads only.

What may not be looked at cannot be known, and stands in nobody's way: only what is known to be missing does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from mlops_new.errors import Denied, Error, Invalid
from mlops_new.platforms.sagemaker.account import Account, side_by_side
from mlops_new.platforms.sagemaker.aws_errors import Absent
from mlops_new.platforms.sagemaker.bootstrap import account_state, stack_template
from mlops_new.platforms.sagemaker.bootstrap.cloudformation import Stacks
from mlops_new.platforms.sagemaker.bootstrap.stack import TAGS
from mlops_new.platforms.sagemaker.bootstrap.stack_template import Resolved
from mlops_new.platforms.sagemaker.doctor import quotas, rights, simulation, trust
from mlops_new.platforms.sagemaker.doctor.findings import UNKNOWN, absent, failed, unknown
from mlops_new.ports.checks import Check, Purpose
from mlops_new.ports.git_host import Workspace

_OF_EXECUTION = ("ExecutionPolicy",)
_OF_MANAGED = ("ManagedMonitoringPolicy",)
_NOT_CLOSED = "AWS has closed Model Monitor and Clarify to new customers"


def examine(account: Account, purpose: Purpose) -> list[Check]:
    """Check everything that can be checked without changing anything."""
    try:
        region, identity = account.region, account.identity
    except Error as error:
        return [failed("AWS identity", error)]
    resolved = _template(account, purpose)
    looks: list[Callable[[], Iterable[Check]]] = [
        lambda: [_bucket(account)],
        lambda: [_repository(account)],
        lambda: _execution(account, resolved, purpose),
        lambda: [simulation.of_caller(account, _of_people(resolved))],
        lambda: quotas.checks(account, purpose.instances),
        lambda: _ci(account, resolved, purpose.workspace),
        lambda: [_monitoring(account)] if purpose.managed else [],
    ]
    found = side_by_side(lambda look: list(look()), looks)
    return [
        Check("AWS identity", ok=True, detail=identity.arn),
        Check("AWS region", ok=True, detail=f"{region} of account {identity.account}"),
        *(check for checks in found for check in checks),
    ]


def _of_people(resolved: Resolved) -> list[rights.Need]:
    """What people need to be allowed; without prices everything works, and is told without a sum."""
    return [need for need in rights.needs(resolved, "PeoplePolicy") if need.statement.get("Sid") != "ReadThePriceList"]


def _template(account: Account, purpose: Purpose) -> Resolved:
    """The template as it is deployed, or would be: it says what each role needs."""
    identity = account.identity
    names = account_state.named(account)
    try:
        stack = Stacks(account).find(account.settings.stack)
    except Error:
        stack = None  # whoever may not see it needs the same rights
    wanted = {**(stack.parameters if stack else {}), **names}
    if purpose.workspace:
        wanted |= {"WorkspaceName": purpose.workspace.name, "WorkspaceUuid": purpose.workspace.uuid}
    if purpose.managed:
        wanted["ManagedMonitoring"] = "true"
    place = stack_template.Place(identity.partition, identity.account, account.region)
    repository = (
        f"arn:{identity.partition}:ecr:{account.region}:{identity.account}:repository/{names['RepositoryName']}"
    )
    known = {"Bucket.Arn": f"arn:{identity.partition}:s3:::{account.bucket}", "Repository.Arn": repository}
    return Resolved(stack_template.document(), wanted, place, known)


def _bucket(account: Account) -> Check:
    name = f"bucket {account.bucket}"
    try:
        account.call("s3", "HeadBucket", about=name, Bucket=account.bucket)
        tags = _known(lambda: account_state.bucket_tags(account, account.bucket))
    except Absent:
        return absent(name)
    except Error as error:
        return failed(name, error)
    return _ours(name, tags, custom=account.settings.bucket is not None)


def _repository(account: Account) -> Check:
    name = f"ECR repository {account.settings.ecr_repository}"
    try:
        tags = account_state.repository_tags(account, account.settings.ecr_repository)
    except Denied as error:
        return unknown(name, error)
    except Error as error:
        return failed(name, error)
    if tags is None:
        return absent(name)
    return _ours(name, tags, custom=account.settings.ecr_repository != "mlops-new")


def _ours(name: str, tags: Mapping[str, str] | None, *, custom: bool) -> Check:
    if tags is None:
        return Check(name, ok=True, detail=f"there; whose it is {UNKNOWN}")
    if tags.items() >= TAGS.items() or custom:
        return Check(name, ok=True, detail="there, and may be used")
    hint = "name another in [sagemaker] of the settings file, or the same there, to use it all the same"
    return Check(name, ok=False, detail="there, and not made by mlops-new", hint=hint, code=3)


def _execution(account: Account, resolved: Resolved, purpose: Purpose) -> Iterator[Check]:
    name = f"execution role {account.execution_role.rpartition('/')[2]}"
    yield from _role(account, name, account.execution_role, trust.sagemaker)
    policies = _OF_EXECUTION + (_OF_MANAGED if purpose.managed else ())
    own = Resolved(resolved.document, {**resolved.parameters, "ExecutionRoleArn": ""}, resolved.place, resolved.known)
    yield simulation.of(account, f"rights of the {name}", account.execution_role, rights.needs(own, *policies))


def _role(account: Account, name: str, arn: str, trusted: Callable[[Mapping[str, Any]], str]) -> Iterator[Check]:
    try:
        found = account.call("iam", "GetRole", about=name, RoleName=arn.rpartition("/")[2])["Role"]
    except Absent:
        yield absent(name)
        return
    except Denied as error:
        yield unknown(name, error)
        return
    except Error as error:
        yield failed(name, error)
        return
    fault = trusted(found["AssumeRolePolicyDocument"])
    hint = "correct its trust policy; `mlops-new bootstrap --print` has the right one"
    yield Check(name, ok=not fault, detail=fault or "there, and trusts whom it has to", hint=hint, code=Denied.code)


def _ci(account: Account, resolved: Resolved, workspace: Workspace | None) -> Iterator[Check]:
    if workspace is None:
        return
    arn = account.role(account.settings.ci_role)
    name = f"CI role {account.settings.ci_role}"
    identity = account.identity
    provider = f"arn:{identity.partition}:iam::{identity.account}:oidc-provider/{workspace.issuer}"
    yield _provider(account, workspace)
    yield from _role(account, name, arn, partial(trust.bitbucket, provider, workspace))
    yield simulation.of(account, f"rights of the {name}", arn, rights.needs(resolved, "CiPolicy"))


def _provider(account: Account, workspace: Workspace) -> Check:
    name = f"OIDC provider of {workspace.name}"
    try:
        found = account_state.provider(account, workspace)
    except Denied as error:
        return unknown(name, error)
    except Error as error:
        return failed(name, error)
    if found is None:
        return absent(name)
    fits = workspace.audience in found["ClientIDList"]
    detail = "there, for this workspace" if fits else f"it lacks the audience {workspace.audience}"
    return Check(name, ok=fits, detail=detail, hint=account_state.audience_hint(found, workspace), code=Denied.code)


def _monitoring(account: Account) -> Check:
    """AWS tells nobody whether an account counts as an old customer; one that uses the services must be one."""
    name = "Model Monitor and Clarify"
    try:
        found = account.call("sagemaker", "ListMonitoringSchedules", MaxResults=1)["MonitoringScheduleSummaries"]
    except Invalid as error:
        closed = "no longer" in error.message or "new customers" in error.message
        return Check(name, ok=not closed, detail=error.message, hint="make the project with monitoring=own")
    except Error as error:
        return unknown(name, error)
    if found:
        return Check(name, ok=True, detail="this account uses Model Monitor, so it is open to it")
    return Check(name, ok=True, detail=f"{_NOT_CLOSED}: whether this account is one {UNKNOWN}. monitoring=own is safe")


def _known(look: Callable[[], Mapping[str, str] | None]) -> Mapping[str, str] | None:
    try:
        return look()
    except Denied:
        return None
