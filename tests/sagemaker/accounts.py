"""Accounts whose clients are made once for a test run: making them takes longer than what most tests do with them."""

from typing import Any

from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.settings import AccountSettings

_CLIENTS: dict[str, Any] = {}


def open_account(settings: AccountSettings | None = None) -> Account:
    """An account that `AWS_ENDPOINT_URL` leads to."""
    account = Account(settings)
    account._clients = _CLIENTS
    return account
