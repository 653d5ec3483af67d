"""Accounts whose clients are made once for a test run: making them takes longer than what most tests do with them."""

from typing import Any

from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.settings import AccountSettings, parse
from mlops_new.settings import Settings

_CLIENTS: dict[str, Any] = {}


def of(settings: Settings) -> Account:
    """The account that the settings name."""
    return open_account(parse(settings.sagemaker))


def open_account(settings: AccountSettings | None = None) -> Account:
    """An account that `AWS_ENDPOINT_URL` leads to."""
    account = Account(settings)
    account._clients = _CLIENTS
    return account
