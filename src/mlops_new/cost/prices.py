"""What an hour of a machine costs in SageMaker, from the settings or from a small table of our own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_new.settings.sagemaker_schema import PricesTable


class Job(StrEnum):
    """The kinds of jobs that have prices of their own."""

    PROCESSING = "processing"
    TRAINING = "training"
    TRANSFORM = "transform"


@dataclass(frozen=True)
class Prices:
    """Prices of an hour of one machine.

    Args:
        hourly: By kind of job and instance type.
        source: Where they come from and of which day they are, to be shown beside every sum.
        currency: What they are in.
    """

    hourly: Mapping[tuple[Job, str], Decimal]
    source: str
    currency: str = "USD"

    def of(self, job: Job, instance_type: str) -> Decimal | None:
        """The price of an hour, or None where it is not known."""
        return self.hourly.get((job, instance_type))


NONE = Prices({}, "no prices: the settings have no [sagemaker.prices], and none are built in for this region")

# The machines that templates name by default and their neighbours. A convenience, not an authority: AWS's price list
# is. One figure for all three kinds of jobs, which AWS charges alike for these machines.
BUILT_IN_DATE = date(2026, 11, 27)
_BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "eu-north-1": {
        "ml.m5.large": "0.123",
        "ml.m5.xlarge": "0.245",
        "ml.m5.2xlarge": "0.490",
        "ml.m5.4xlarge": "0.980",
    },
    "us-east-1": {
        "ml.m5.large": "0.115",
        "ml.m5.xlarge": "0.230",
        "ml.m5.2xlarge": "0.461",
        "ml.m5.4xlarge": "0.922",
    },
}


def built_in(region: str | None) -> Prices:
    """Our own prices for a region: approximate, of one day, and said to be so wherever they are shown."""
    known = _BUILT_IN.get(region or "")
    if known is None:
        return NONE
    hourly = {(job, name): Decimal(price) for name, price in known.items() for job in Job}
    return Prices(
        hourly, f"approximate prices of {region}, built in on {BUILT_IN_DATE}; [sagemaker.prices] replaces them"
    )


def of_settings(table: "PricesTable") -> Prices:
    """The prices of `[sagemaker.prices]`."""
    by_job = {Job.PROCESSING: table.processing, Job.TRAINING: table.training, Job.TRANSFORM: table.transform}
    hourly = {(job, name): price for job, prices in by_job.items() for name, price in prices.items()}
    return Prices(hourly, f"prices of {table.date}, from the settings", table.currency)
