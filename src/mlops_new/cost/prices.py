"""What an hour of a machine costs in SageMaker. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
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
        warning: Why they may be out of date; empty where nothing speaks for it.
    """

    hourly: Mapping[tuple[Job, str], Decimal]
    source: str
    currency: str = "USD"
    warning: str = ""

    def __str__(self) -> str:
        return f"{self.source} ({self.warning})" if self.warning else self.source

    def of(self, job: Job, instance_type: str) -> Decimal | None:
        """The price of an hour, or None where it is not known."""
        return self.hourly.get((job, instance_type))


def unknown(why: str) -> Prices:
    """No prices, and why: nothing is reckoned with numbers that nobody vouches for."""
    return Prices({}, f"no prices: {why}; [sagemaker.prices] in the settings can say them")


def of_settings(table: "PricesTable") -> Prices:
    """The prices of `[sagemaker.prices]`."""
    by_job = {Job.PROCESSING: table.processing, Job.TRAINING: table.training, Job.TRANSFORM: table.transform}
    hourly = {(job, name): price for job, prices in by_job.items() for name, price in prices.items()}
    return Prices(hourly, f"prices of {table.date}, from the settings", table.currency)
