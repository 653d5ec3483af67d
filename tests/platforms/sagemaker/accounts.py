"""Accounts whose clients are made quickly: a session reads the descriptions of services once for a test run."""

from functools import cache
from typing import Any

import botocore.session

from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.account_settings import AccountSettings, parse
from mlops_new.settings.load import Settings


def of(settings: Settings) -> Account:
    """The account that the settings name."""
    return open_account(parse(settings.sagemaker))


def open_account(settings: AccountSettings | None = None) -> Account:
    """An account that `AWS_ENDPOINT_URL` leads to."""
    account = Account(settings)
    account._core.register_component("data_loader", _loader())
    return account


@cache
def _loader() -> Any:
    return botocore.session.Session().get_component("data_loader")
