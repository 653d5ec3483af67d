"""What an hour of a machine costs: AWS's Price List, kept in the home so that it is asked for once in some days."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mlops_new.cost.prices import Job, Prices, unknown
from mlops_new.errors import Error
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.settings.amounts import amount
from mlops_new.system import files

FRESH_DAYS = 7
# How the Price List calls the kinds of jobs: in `component`, and in `usagetype` (EUN1-Train:ml.m5.xlarge).
_COMPONENTS = {"processing": Job.PROCESSING, "training": Job.TRAINING, "batch transform": Job.TRANSFORM}
_USAGES = {"Processing": Job.PROCESSING, "Train": Job.TRAINING, "Tsform": Job.TRANSFORM}
_USAGE = re.compile(r"(?:[A-Z0-9]+-)?(\w+):(ml\.\S+)")
_HOURS = {"hrs", "hour", "hours"}

Hourly = dict[tuple[Job, str], Decimal]


@dataclass(frozen=True)
class _Kept:
    """Prices of a region, of the day on which they were read."""

    region: str
    day: date
    currency: str
    hourly: Hourly

    def prices(self, why_old: str = "") -> Prices:
        warning = f"newer ones could not be read: {why_old}" if why_old else ""
        source = f"prices of AWS's Price List for {self.region}, of {self.day}"
        return Prices(self.hourly, source, self.currency, warning)


@dataclass(frozen=True)
class PriceList:
    """The prices of an account's region.

    Args:
        account: Whose region it is; who reads them needs the right `pricing:GetProducts`.
        folder: Where they are kept, a file for each region.
        today: Kept ones are read again after some days.
    """

    account: Account
    folder: Path
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def prices(self) -> Prices:
        """What machines cost, as far as it can be known; that it cannot is no error, and `source` says it.

        Raises:
            Invalid: there is no region.
        """
        region = self.account.region
        kept = self._read(region)
        if kept and 0 <= (self.today - kept.day).days < FRESH_DAYS:
            return kept.prices()
        try:
            found = self._ask(region)
        except Error as error:
            return kept.prices(error.message) if kept else unknown(error.message)
        if not found.hourly:
            return unknown(f"AWS's Price List has none for {region}")
        self._keep(found)
        return found.prices()

    def _ask(self, region: str) -> _Kept:
        currency = "CNY" if region.startswith("cn-") else "USD"
        asked = {"regionCode": region, "productFamily": "ML Instance"}
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in asked.items()]
        hourly: Hourly = {}
        for page in self.account.pages("pricing", "GetProducts", ServiceCode="AmazonSageMaker", Filters=filters):
            for product in page.get("PriceList", []):
                for key, price in _offered(json.loads(product), currency):
                    hourly[key] = max(price, hourly.get(key, price))  # what is reckoned with it is the most
        return _Kept(region, self.today, currency, hourly)

    def _file(self, region: str) -> Path:
        return self.folder / f"{region}.json"

    def _keep(self, kept_prices: _Kept) -> None:
        by_job: dict[str, dict[str, str]] = {job: {} for job in Job}
        for (job, kind), price in sorted(kept_prices.hourly.items()):
            by_job[job][kind] = str(price)
        document = {
            "region": kept_prices.region,
            "date": str(kept_prices.day),
            "currency": kept_prices.currency,
            "prices": by_job,
        }
        place = files.staged(self.folder, f"{kept_prices.region}-{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(document, indent=1), encoding="utf-8")
            place.replace(self._file(kept_prices.region))
        except OSError:  # then they are asked for again the next time
            return

    def _read(self, region: str) -> _Kept | None:
        """What is kept; a file that says something else is as good as none."""
        document = files.read_json(self._file(region))
        try:
            hourly = {
                (job, kind): Decimal(price)
                for job in Job
                for kind, price in document["prices"][job].items()
                if amount(price) is not None
            }
            return _Kept(region, date.fromisoformat(document["date"]), str(document["currency"]), hourly)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


def _offered(product: Mapping[str, Any], currency: str) -> Iterator[tuple[tuple[Job, str], Decimal]]:
    """The prices on demand of one product; none where it is no machine of the jobs that pipelines have."""
    attributes = product.get("product", {}).get("attributes", {})
    usage = _USAGE.fullmatch(str(attributes.get("usagetype", "")))
    job = _COMPONENTS.get(str(attributes.get("component", "")).lower()) or (_USAGES.get(usage[1]) if usage else None)
    kind = attributes.get("instanceName") or (usage[2] if usage else None)
    if job is None or kind is None:
        return
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            price = amount(dimension.get("pricePerUnit", {}).get(currency))
            if price and str(dimension.get("unit", "")).lower() in _HOURS:
                yield (job, str(kind)), price.normalize()
