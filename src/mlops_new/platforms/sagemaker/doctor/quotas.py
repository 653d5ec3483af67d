"""How many machines of a type an account may use for a kind of job: Service Quotas. Reads only."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mlops_new.cost.prices import Job
from mlops_new.errors import Error
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.ports.checks import Check


def checks(account: Account, instances: Collection[tuple[Job, str]]) -> list[Check]:
    """One check for each kind of job and instance type."""
    names = {_name(job, kind): (job, kind) for job, kind in instances}
    if not names:
        return []
    try:
        found = _found(account, set(names))
    except Error as error:
        detail = f"cannot be known with these credentials: {error.message}"
        return [Check(f"quota of {kind} for {job}", ok=True, detail=detail) for job, kind in names.values()]
    return [_check(job, kind, found.get(name)) for name, (job, kind) in names.items()]


def _name(job: Job, instance_type: str) -> str:
    return f"{instance_type} for {job} job usage"


def _found(account: Account, names: set[str]) -> dict[str, Mapping[str, Any]]:
    """The quotas of these names; SageMaker has thousands, so the pages end where all are found."""
    found: dict[str, Mapping[str, Any]] = {}
    for quota in _every(account):
        if quota["QuotaName"] in names:
            found[quota["QuotaName"]] = quota
        if len(found) == len(names):
            break
    return found


def _every(account: Account) -> Iterator[Mapping[str, Any]]:
    for page in account.pages("service-quotas", "ListServiceQuotas", ServiceCode="sagemaker"):
        yield from page["Quotas"]


def _check(job: Job, instance_type: str, quota: Mapping[str, Any] | None) -> Check:
    name = f"quota of {instance_type} for {job}"
    if quota is None:
        return Check(name, ok=True, detail="Service Quotas does not list it: cannot be known")
    value = quota["Value"]
    hint = (
        "aws service-quotas request-service-quota-increase --service-code sagemaker "
        f"--quota-code {quota['QuotaCode']} --desired-value 2; or choose another type in [instances] of config.toml"
    )
    return Check(name, ok=value >= 1, detail=f"{value:g} at the same time", hint=hint)
