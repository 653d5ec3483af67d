"""What an hour of a machine costs in SageMaker, from the settings or from a small table of our own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from mlops_new.errors import Invalid


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


def parse(values: object, region: str | None) -> Prices:
    """Read the table `[sagemaker.prices]`; where there is none, the prices that are built in.

    Args:
        values: The table as TOML gives it, or None.
        region: The region that jobs run in, where it is known.

    Raises:
        Invalid: naming the place and what may stand there.
    """
    if values is None:
        return built_in(region)
    table = _table("sagemaker.prices", values)
    _refuse_unknown("sagemaker.prices", table, ("date", "currency", *Job))
    day = table.get("date")
    if type(day) is not date:
        raise Invalid("[sagemaker.prices] does not say of which day it is", hint="for example: date = 2026-11-27")
    hourly = {(job, name): price for job in Job for name, price in _of_job(job, table.get(job)).items()}
    return Prices(hourly, f"prices of {day}, from the settings", _currency(table.get("currency", "USD")))


def amount(value: object, place: str) -> Decimal:
    """A sum of money, 0 or more.

    Raises:
        Invalid: it is none.
    """
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        read = Decimal(-1)
    if isinstance(value, bool) or not read.is_finite() or read < 0:
        raise Invalid(f"{place} is {value!r}; it is a number, 0 or more", hint="for example: 0.23")
    return read


def _of_job(job: Job, values: object) -> dict[str, Decimal]:
    place = f"sagemaker.prices.{job}"
    table = _table(place, {} if values is None else values)
    return {name: amount(price, f'the setting {place}."{name}"') for name, price in table.items()}


def _currency(value: object) -> str:
    if not (isinstance(value, str) and value.strip()):
        raise Invalid(f"the setting sagemaker.prices.currency is {value!r}; it is a text", hint="for example: USD")
    return value


def _table(place: str, values: object) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise Invalid(f"the setting {place} is {values!r}; it is a table", hint=f"write it as [{place}]")
    return values


def _refuse_unknown(place: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := [name for name in table if name not in known]:
        raise Invalid(f"there is no setting {place}.{unknown[0]}", hint=f"[{place}] may say: {', '.join(known)}")
