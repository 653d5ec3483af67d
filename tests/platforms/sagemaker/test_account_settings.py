import tomllib
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlops_new.cost.prices import Job, Prices
from mlops_new.errors import Denied, Invalid
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.account_settings import AccountSettings, parse

EXAMPLE = Path(__file__).parents[3] / "docs" / "mlops-new.example.toml"


def test_without_a_table_everything_follows_from_account_and_region() -> None:
    assert parse(None) == AccountSettings()


DAY = date(2026, 11, 27)


def test_every_member_is_read() -> None:
    table: dict[str, Any] = {
        "region": "eu-north-1",
        "profile": "dev",
        "bucket": "acme-ml",
        "execution_role": "arn:aws:iam::111122223333:role/path/ml",
        "ci_role": "ci",
        "ecr_repository": "acme/ml",
        "stack": "ml",
        "cost_cap": 12.5,
        "prices": {"date": DAY, "training": {"ml.m5.xlarge": 0.245}},
    }
    found = parse(table)
    assert found == AccountSettings(**{**table, "cost_cap": Decimal("12.5")})
    hourly = {(Job.TRAINING, "ml.m5.xlarge"): Decimal("0.245")}
    assert found.prices == Prices(hourly, "prices of 2026-11-27, from the settings")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"regoin": "eu-north-1"}, "no setting sagemaker.regoin"),
        ({"region": "north"}, "sagemaker.region"),
        ({"bucket": "Capital"}, "sagemaker.bucket"),
        ({"execution_role": 3}, "sagemaker.execution_role"),
        ("eu-north-1", "it is a table"),
        ({"cost_cap": "a lot"}, "sagemaker.cost_cap is 'a lot'"),
        ({"cost_cap": -1}, "sagemaker.cost_cap is -1"),
        ({"cost_cap": True}, "sagemaker.cost_cap is True"),
        ({"cost_cap": float("nan")}, "sagemaker.cost_cap is nan"),
        ({"prices": 3}, "sagemaker.prices is 3; it is a table"),
        ({"prices": {"training": {}}}, r"\[sagemaker.prices\] does not say date"),
        ({"prices": {"date": "2026"}}, "sagemaker.prices.date is '2026'; it is a day"),
        ({"prices": {"date": DAY, "trainign": {}}}, "no setting sagemaker.prices.trainign"),
        ({"prices": {"date": DAY, "training": 1}}, "sagemaker.prices.training is 1; it is a table"),
        ({"prices": {"date": DAY, "training": {"ml.m5.large": "cheap"}}}, 'prices.training."ml.m5.large" is .cheap'),
        ({"prices": {"date": DAY, "currency": 3}}, "sagemaker.prices.currency is 3"),
    ],
)
def test_what_cannot_be_is_named(table: object, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        parse(table)


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "no region"),
        ({"AWS_REGION": "mars"}, "no region"),
        ({"AWS_REGION": "eu-north-1", "AWS_PROFILE": "nobody's"}, "nobody's"),
    ],
)
def test_a_region_that_is_none(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], why: str) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Invalid, match=why):
        _ = Account().region


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1", "AWS_REGION": "us-east-1"}, "us-east-1"),
    ],
)
def test_the_environment_goes_before_the_settings(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], region: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert Account(parse({"region": "eu-west-1"})).region == region


def test_every_setting_of_the_example_file_is_one() -> None:
    text = EXAMPLE.read_text(encoding="utf-8").partition("[sagemaker]")[2].partition("\n[")[0]
    shown = tomllib.loads(text.replace("#: ", ""))
    assert shown.keys() <= {field.name for field in fields(AccountSettings)}
    assert parse(shown).region == "eu-north-1"


def test_without_credentials_it_says_how_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    with pytest.raises(Denied, match="no credentials") as raised:
        _ = Account().identity
    assert "aws sso login" in raised.value.hint
