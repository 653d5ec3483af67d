"""What machines cost, as AWS's Price List says it, and what is kept of it."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mlops_new.cost.prices import Job
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.price_list import FRESH_DAYS, PriceList
from tests.doubles.aws import AwsServer, Fault, Kind
from tests.platforms.sagemaker import accounts

DAY = date(2026, 11, 28)
ASKED = "pricing:GetProducts"


@pytest.fixture
def account(aws: AwsServer) -> Account:
    aws.calls.clear()
    return accounts.open_account()


def test_prices_are_those_of_the_region_and_of_jobs(aws: AwsServer, account: Account, tmp_path: Path) -> None:
    found = PriceList(account, tmp_path / "prices", DAY).prices()
    assert found.hourly == {
        (job, kind): Decimal(price)
        for job in Job
        for kind, price in (("ml.m5.large", "0.123"), ("ml.m5.xlarge", "0.245"), ("ml.m5.4xlarge", "0.98"))
    }
    assert (found.currency, found.source) == ("USD", "prices of AWS's Price List for eu-north-1, of 2026-11-28")
    assert aws.calls.count(ASKED) == 5  # 13 products, three in a page


def test_they_are_asked_for_once_in_some_days(aws: AwsServer, account: Account, tmp_path: Path) -> None:
    first = PriceList(account, tmp_path, DAY).prices()
    aws.calls.clear()
    aws.beside.price_list.hourly["eu-north-1", "ml.m5.large"] = "0.2"
    assert PriceList(account, tmp_path, DAY + timedelta(FRESH_DAYS - 1)).prices() == first
    assert aws.calls == []
    later = PriceList(account, tmp_path, DAY + timedelta(FRESH_DAYS)).prices()
    assert (later.of(Job.TRAINING, "ml.m5.large"), "2026-12-05" in later.source) == (Decimal("0.2"), True)


@pytest.mark.parametrize("kind", [Kind.DENIED, Kind.DROPPED_BEFORE, Kind.BROKEN])
def test_old_ones_are_used_where_newer_ones_cannot_be_read(
    aws: AwsServer, account: Account, tmp_path: Path, kind: Kind
) -> None:
    first = PriceList(account, tmp_path, DAY).prices()
    aws.faults.append(Fault(ASKED, kind, skip=1))  # in the middle, too: half a list is none
    old = PriceList(account, tmp_path, DAY + timedelta(100)).prices()
    assert old.hourly == first.hourly
    assert str(old).startswith("prices of AWS's Price List for eu-north-1, of 2026-11-28 (newer ones could not be ")


def test_without_any_none_is_made_up(aws: AwsServer, account: Account, tmp_path: Path) -> None:
    aws.faults.append(Fault(ASKED, Kind.DENIED))
    found = PriceList(account, tmp_path, DAY).prices()
    assert found.hourly == {}
    assert found.source.startswith("no prices: AWS does not allow pricing:GetProducts")
    assert "\n" not in found.source
    aws.faults.clear()
    aws.beside.price_list.hourly.clear()
    assert "AWS's Price List has none for eu-north-1" in PriceList(account, tmp_path, DAY).prices().source
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"date": "2026-11-28", "currency": "USD", "prices": 3}', "\xff"])
def test_a_file_that_says_something_else_is_as_good_as_none(
    aws: AwsServer, account: Account, tmp_path: Path, text: str
) -> None:
    (tmp_path / "eu-north-1.json").write_text(text, encoding="utf-8")
    assert PriceList(account, tmp_path, DAY).prices().of(Job.TRAINING, "ml.m5.large") == Decimal("0.123")
    assert ASKED in aws.calls


def test_a_home_that_cannot_be_written_is_no_reason_to_fail(aws: AwsServer, account: Account, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert PriceList(account, tmp_path / "file", DAY).prices().hourly
