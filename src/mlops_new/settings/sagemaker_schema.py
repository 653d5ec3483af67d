"""The table `[sagemaker]` of the settings file: an organisation's AWS account. Pure."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from mlops_new.settings.fields import Amount, Table, text

_ROLE = r"(arn:aws[a-z-]*:iam::\d{12}:role/)?[\w+=,.@/-]{1,200}"

Hourly = Annotated[dict[str, Amount], Field(default_factory=dict)]
"""What an hour of a machine costs, by instance type."""


class PricesTable(Table):
    """`[sagemaker.prices]`: what an hour of a machine costs. No other prices count beside it."""

    date: dt.date = Field(description="Of which day the prices are.", examples=["2026-11-27"])
    currency: str = text("What the prices are in.", r".*\S.*", "USD", default="USD")
    processing: Hourly = Field(description="By instance type, of processing jobs.")
    training: Hourly = Field(description="By instance type, of training jobs.")
    transform: Hourly = Field(description="By instance type, of transform jobs.")


class SageMakerTable(Table):
    """`[sagemaker]`: the AWS account. What is left out follows from the account and the region."""

    region: str | None = text(
        "The region, unless AWS_REGION or AWS_DEFAULT_REGION name one.", r"[a-z]{2}(-[a-z]+)+-\d", "eu-north-1"
    )
    profile: str | None = text("A profile of AWS's configuration files, unless AWS_PROFILE names one.")
    bucket: str | None = text(
        "The bucket of code, data and outputs: mlops-new-{account}-{region}.",
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "acme-ml",
    )
    execution_role: str = text(
        "What pipelines and their jobs run as: a role's name or its ARN.",
        _ROLE,
        "mlops-new-execution",
        default="mlops-new-execution",
    )
    ci_role: str = text(
        "The role that CI assumes, by name.", r"[\w+=,.@-]{1,64}", "mlops-new-ci", default="mlops-new-ci"
    )
    ecr_repository: str = text(
        "The repository of all images.", r"[a-z0-9][a-z0-9._/-]{1,255}", "mlops-new", default="mlops-new"
    )
    stack: str = text(
        "The CloudFormation stack that `bootstrap` makes.",
        r"[A-Za-z][A-Za-z0-9-]{0,127}",
        "mlops-new",
        default="mlops-new",
    )
    cost_cap: Amount | None = Field(None, description="What a run may cost at most, in the currency of the prices.")
    prices: PricesTable | None = None
