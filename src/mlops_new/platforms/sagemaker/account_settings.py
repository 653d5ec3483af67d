"""What an organisation says about its AWS account: the `[sagemaker]` table of the settings file. Pure."""

from dataclasses import dataclass, field
from decimal import Decimal

from mlops_new.cost.prices import Prices, of_settings


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
        prices: What machines cost; None where the settings do not say it.
    """

    region: str | None = None
    profile: str | None = None
    bucket: str | None = None
    execution_role: str = "mlops-new-execution"
    ci_role: str = "mlops-new-ci"
    ecr_repository: str = "mlops-new"
    stack: str = "mlops-new"
    cost_cap: Decimal | None = None
    prices: Prices | None = field(default=None, compare=False)


def parse(values: object) -> AccountSettings:
    """Read the table.

    Args:
        values: The `[sagemaker]` table as TOML gives it; None where there is none.

    Raises:
        Invalid: naming every place that is wrong and what may stand there.
    """
    if values is None:
        return AccountSettings()
    # Whoever has no settings does not wait for the models.
    from mlops_new.settings.reading import read
    from mlops_new.settings.sagemaker_schema import SageMakerTable

    table = read(SageMakerTable, "sagemaker", values)
    prices = of_settings(table.prices) if table.prices else None
    return AccountSettings(**dict(table) | {"prices": prices})
