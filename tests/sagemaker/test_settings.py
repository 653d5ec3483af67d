import pytest

from mlops_new.errors import Denied, Invalid
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.settings import AccountSettings, parse


def test_without_a_table_everything_follows_from_account_and_region() -> None:
    assert parse(None) == AccountSettings()


def test_every_member_is_read() -> None:
    table = {
        "region": "eu-north-1",
        "profile": "dev",
        "bucket": "acme-ml",
        "execution_role": "arn:aws:iam::111122223333:role/path/ml",
        "ci_role": "ci",
        "ecr_repository": "acme/ml",
        "stack": "ml",
    }
    assert parse(table) == AccountSettings(**table)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"regoin": "eu-north-1"}, "no setting sagemaker.regoin"),
        ({"region": "north"}, "sagemaker.region"),
        ({"bucket": "Capital"}, "sagemaker.bucket"),
        ({"execution_role": 3}, "sagemaker.execution_role"),
        ("eu-north-1", "it is a table"),
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


def test_without_credentials_it_says_how_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    with pytest.raises(Denied, match="no credentials") as raised:
        _ = Account().identity
    assert "aws sso login" in raised.value.hint
