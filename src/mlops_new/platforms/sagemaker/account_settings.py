"""What an organisation says about its AWS account: the `[sagemaker]` table of the settings file. Pure."""

from dataclasses import dataclass, field
from decimal import Decimal

from mlops_new.cost.prices import amount
from mlops_new.cost.prices import parse as read_prices
from mlops_new.settings.settings_table import Table, members

_ROLE = r"(arn:aws[a-z-]*:iam::\d{12}:role/)?[\w+=,.@/-]{1,200}"


@dataclass(frozen=True)
class AccountSettings:
    """The table. What is None follows from the account and the region.

    Args:
        region: Unless the environment names one; before the profile's.
        profile: A profile of AWS's configuration files, unless the environment names one.
        bucket: The bucket of code, data and whatever pipelines write.
        execution_role: What pipelines and their jobs run as: a role's name or its ARN.
        ci_role: What CI assumes, by name.
        ecr_repository: The repository of all images.
        stack: The CloudFormation stack that `bootstrap` makes.
        cost_cap: What a run may cost at most, in the currency of the prices.
        prices: The table `[sagemaker.prices]` as it was read; it was judged.
    """

    region: str | None = None
    profile: str | None = None
    bucket: str | None = None
    execution_role: str = "mlops-new-execution"
    ci_role: str = "mlops-new-ci"
    ecr_repository: str = "mlops-new"
    stack: str = "mlops-new"
    cost_cap: Decimal | None = None
    prices: object = field(default=None, compare=False)


def parse(values: object) -> AccountSettings:
    """Read the table.

    Args:
        values: The `[sagemaker]` table as TOML gives it; None where there is none.

    Raises:
        Invalid: naming the place and what may stand there.
    """
    table = Table("sagemaker", members("sagemaker", {} if values is None else values))
    usual = AccountSettings()
    prices, cap = table.value("prices"), table.value("cost_cap")
    read_prices(prices, None)  # a fault in it is told now, not when it is first needed
    read = AccountSettings(
        region=table.text("region", pattern=r"[a-z]{2}(-[a-z]+)+-\d", example="eu-north-1"),
        profile=table.text("profile"),
        bucket=table.text("bucket", pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", example="acme-ml"),
        execution_role=table.text("execution_role", pattern=_ROLE, example="mlops-new-execution, or a role's ARN")
        or usual.execution_role,
        ci_role=table.text("ci_role", pattern=r"[\w+=,.@-]{1,64}", example="mlops-new-ci") or usual.ci_role,
        ecr_repository=table.text("ecr_repository", pattern=r"[a-z0-9][a-z0-9._/-]{1,255}", example="mlops-new")
        or usual.ecr_repository,
        stack=table.text("stack", pattern=r"[A-Za-z][A-Za-z0-9-]{0,127}", example="mlops-new") or usual.stack,
        cost_cap=None if cap is None else amount(cap, "the setting sagemaker.cost_cap"),
        prices=prices,
    )
    table.finish()
    return read
