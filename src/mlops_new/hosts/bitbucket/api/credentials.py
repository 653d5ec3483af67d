"""Who we are at Bitbucket: from the environment only, and shown to nobody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import NoReturn
from urllib.parse import urlsplit

from mlops_new.errors import Denied, Invalid
from mlops_new.system.environment import SECRET_VARIABLES
from mlops_new.system.network_settings import refuse_bundle, refuse_proxies, server_fault

DEFAULT_API = "https://api.bitbucket.org"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_WORKSPACE = re.compile(r"[A-Za-z0-9_-]+")


class Secret:
    """A text that no log, error, plan or traceback shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself: for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


@dataclass(frozen=True)
class ApiToken:
    """A person's API token with scopes."""

    email: str
    token: Secret

    kind = "personal API token"

    @property
    def git_user(self) -> str:
        """The user name that git sends with it; the e-mail address is refused there."""
        return "x-bitbucket-api-token-auth"


@dataclass(frozen=True)
class AccessToken:
    """A workspace's access token."""

    token: Secret

    kind = "access token"

    @property
    def git_user(self) -> str:
        """The user name that git sends with it."""
        return "x-token-auth"


Credentials = ApiToken | AccessToken


@dataclass(frozen=True)
class Account:
    """Where and as whom we work.

    Args:
        api: The API's base URL, without `/2.0`.
        workspace: The workspace's identifier, as its URL shows it.
        credentials: The token.
    """

    api: str
    workspace: str
    credentials: Credentials

    @property
    def git(self) -> str:
        """The base of clone URLs: the API's host without `api.`, so a host that serves both serves both."""
        parts = urlsplit(self.api)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def account(environ: Mapping[str, str], workspace: str | None = None) -> Account:
    """Read the account from the environment.

    Args:
        environ: The environment; `BITBUCKET_WORKSPACE` goes before the settings file's.
        workspace: What the settings file says.

    Raises:
        Denied: there is no credential.
        Invalid: something is there but cannot be right.
    """
    refuse_proxies(environ)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        refuse_bundle(name, environ.get(name))
    return Account(
        api=_api(environ.get("BITBUCKET_API_URL") or DEFAULT_API),
        workspace=_workspace(environ.get("BITBUCKET_WORKSPACE") or workspace),
        credentials=_credentials(environ),
    )


def _credentials(environ: Mapping[str, str]) -> Credentials:
    personal, access = (environ.get(name, "").strip() for name in SECRET_VARIABLES)
    if personal and access:
        raise Invalid("both BITBUCKET_API_TOKEN and BITBUCKET_ACCESS_TOKEN are set", hint="unset one of them")
    if access:
        return AccessToken(_token("BITBUCKET_ACCESS_TOKEN", access))
    if personal:
        return ApiToken(_email(environ.get("BITBUCKET_EMAIL", "").strip()), _token("BITBUCKET_API_TOKEN", personal))
    raise Denied(
        "there are no credentials for Bitbucket",
        hint="set BITBUCKET_EMAIL and BITBUCKET_API_TOKEN (an API token with scopes), or BITBUCKET_ACCESS_TOKEN",
    )


def _token(name: str, value: str) -> Secret:
    if not re.fullmatch(r"[!-~]+", value):  # a line break would end a header, or a line of git's credential protocol
        raise Invalid(f"{name} is not a token: it holds blanks or characters that no token has", hint="copy it again")
    return Secret(value)


def _email(value: str) -> str:
    if not re.fullmatch(r"[!-9;-~]+@[!-9;-~]+", value):
        raise Invalid(
            "BITBUCKET_API_TOKEN is set, but BITBUCKET_EMAIL is not an e-mail address",
            hint="set BITBUCKET_EMAIL to the e-mail address of the Atlassian account that made the token",
        )
    return value


def _workspace(value: str | None) -> str:
    if not value:
        raise Invalid(
            "no Bitbucket workspace is named",
            hint="set BITBUCKET_WORKSPACE, or `workspace` in the [bitbucket] table of the settings file",
        )
    if not _WORKSPACE.fullmatch(value):
        raise Invalid(
            f"{value!r} is not a workspace's identifier", hint="it is the part after bitbucket.org/ in its URL"
        )
    return value


def _api(value: str) -> str:
    fault = _api_fault(value)
    if fault:
        raise Invalid(f"BITBUCKET_API_URL {fault}", hint=f"for example: {DEFAULT_API}")
    return value.rstrip("/").removesuffix("/2.0")


def _api_fault(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return "is not a URL"
    if parts.username is not None or parts.password is not None:
        return "holds credentials: it must not"  # and is not repeated
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        return f"is {value!r}: it is not a URL of a server"
    if fault := server_fault(value):
        return fault
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return f"is {value!r}: without TLS the token would be readable on its way"
    return None
