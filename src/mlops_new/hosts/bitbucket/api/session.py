"""`atlassian-python-api` as a bare transport, with what it leaves open closed. Imported only when a request is made."""

import logging
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from atlassian.bitbucket import Cloud
from requests.adapters import HTTPAdapter

from mlops_new import __version__
from mlops_new.errors import Unreachable
from mlops_new.hosts.bitbucket.api.bitbucket_errors import Answer, Failure
from mlops_new.hosts.bitbucket.api.credentials import AccessToken, Account, ApiToken
from mlops_new.hosts.bitbucket.api.retry_policy import RetryPolicy

# Requests in flight at once; more wait for nothing, their connections are only not kept.
_CONNECTIONS = 16


class ForeignRedirect(requests.RequestException):
    """An answer sent us, and would have sent our credentials, to another server."""


class Session(requests.Session):
    """Every request with our time-outs and checked certificates, whatever the library passes."""

    def __init__(self, retry_policy: RetryPolicy) -> None:
        super().__init__()
        self._timeout = (retry_policy.connect, retry_policy.read)
        self.headers["User-Agent"] = f"mlops-new/{__version__}"
        # Without cookies a session has no state that threads could disturb.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=0))

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request."""
        return super().request(method, url, *args, **(kwargs | {"timeout": self._timeout, "verify": True}))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where an answer redirects to, on the same server only."""
        target = super().get_redirect_target(resp)
        if target and not target.startswith("/") and origin(target) != origin(resp.url):
            raise ForeignRedirect(f"redirected to {urlsplit(target).netloc}")
        if target and target.startswith("//"):
            raise ForeignRedirect(f"redirected to {target}")
        return target

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Keep our credentials: the server is the same, and `.netrc` has no say."""


def connect(account: Account, retry_policy: RetryPolicy) -> Any:
    """The library's client, of which only `request` is used."""
    silence()
    options: dict[str, Any] = {"backoff_and_retry": False, "retry_with_header": False}
    match account.credentials:
        case ApiToken() as credentials:
            options |= {"username": credentials.email, "password": credentials.token.reveal()}
        case AccessToken() as credentials:
            options |= {"token": credentials.token.reveal()}
    return Cloud(account.api, session=Session(retry_policy), **options)


def silence() -> None:
    """Let nothing of the library be logged, at no level: it would write bodies, and so values of secured variables."""
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "atlassian"]:
        logger = logging.getLogger(name)
        if _nothing not in logger.filters:
            logger.addFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    del record
    return False


def exchange(cloud: Any, method: str, path: str, body: Any, params: Any, headers: Any = None) -> Answer:
    """One request and its answer, whatever the status.

    Raises:
        requests.RequestException: no answer came.
    """
    response: requests.Response = cloud.request(
        method,
        path,
        data=body,
        params=params,
        headers={**cloud.default_headers, **headers} if headers else None,
        absolute=path.startswith(("http://", "https://")),
        advanced_mode=True,
        # A redirected POST would become a GET.
        allow_redirects=method == "GET",
    )
    answered = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, response.text, answered)


def no_answer(error: requests.RequestException, host: str, what: str) -> Failure:
    """What it means that no answer came."""
    reason = _innermost(error)
    match error:
        case requests.exceptions.SSLError():
            hint = (
                "if your organisation inspects TLS, set REQUESTS_CA_BUNDLE to its certificates (and git's "
                "http.sslCAInfo); otherwise the server is not the one it says it is"
            )
            return Failure(Unreachable(f"cannot {what}: no trusted TLS connection to {host} ({reason})", hint=hint))
        case requests.exceptions.ProxyError():
            return Failure(
                Unreachable(f"cannot {what}: the proxy fails ({reason})", hint="check HTTPS_PROXY and NO_PROXY")
            )
        case ForeignRedirect():
            hint = "check BITBUCKET_API_URL, and whether a proxy wants you to log in"
            return Failure(Unreachable(f"cannot {what}: {host} {reason}", hint=hint), unclear=True)
        case requests.Timeout():
            message = f"cannot {what}: {host} does not answer in time"
        case _:
            message = f"cannot {what}: no answer from {host} ({reason})"
    hint = "check the network and BITBUCKET_API_URL, and run the same command again: it continues"
    return Failure(Unreachable(message, hint=hint), unclear=True, temporary=True)


def origin(url: str) -> tuple[str, str]:
    """Scheme and server of a URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _innermost(error: BaseException) -> str:
    """The cause that says something: the libraries wrap it in layers whose texts hold object addresses."""
    last = list(_causes(error))[-1]
    words = getattr(last, "verify_message", None) or getattr(last, "strerror", None) or str(last)
    return " ".join(str(words).split())[:200] or type(last).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        inner = getattr(found, "reason", None) or next((a for a in found.args if isinstance(a, BaseException)), None)
        found = inner if isinstance(inner, BaseException) else found.__cause__
