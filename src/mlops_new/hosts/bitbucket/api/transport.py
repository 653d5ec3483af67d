"""Requests to Bitbucket's REST API: what may be repeated is repeated, what may not is handed back as unclear."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from mlops_new.errors import Error, Unreachable
from mlops_new.hosts.bitbucket.api.answer_fields import Document, entries
from mlops_new.hosts.bitbucket.api.bitbucket_errors import Answer, Failure, Unclear, empty, judge, scrubbed
from mlops_new.hosts.bitbucket.api.credentials import Account
from mlops_new.hosts.bitbucket.api.etag_cache import ETagCache
from mlops_new.hosts.bitbucket.api.retry_policy import NOT_YET, RetryPolicy
from mlops_new.hosts.bitbucket.api.scopes import names, needed
from mlops_new.hosts.bitbucket.api.setting_names import setting_of

_MOST_PAGES = 1000
# What every collection allows; pull requests no more.
_FULL_PAGES = {"pagelen": "50"}
# How long after our own create a 404 may still mean "not yet".
_FRESH = 60.0


@dataclass(frozen=True)
class Request:
    """One request.

    Args:
        method: GET, POST, PUT or DELETE.
        path: Relative to the API's version, or a whole URL.
        what: As in "cannot <what>".
        body: Its JSON.
        params: The query.
        headers: Besides the usual ones.
        raw: Whether a file, of whatever kind, is asked for, and not the API's JSON.
    """

    method: str
    path: str
    what: str
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bool = False


class Transport:
    """The requests of one account. Threads may share it."""

    def __init__(self, account: Account, retry_policy: RetryPolicy, etag_cache: ETagCache | None = None) -> None:
        self.account = account
        self.etag_cache = etag_cache or ETagCache()
        self.retry_policy = retry_policy
        self._lock = threading.Lock()
        self._cloud: Any = None
        self._fresh: dict[str, float] = {}

    def find(self, path: str, what: str) -> Document | None:
        """Read one thing; None when it is absent.

        Args:
            path: Relative to the API's version; made by `at`.
            what: As in "cannot <what>".
        """
        lag = self.retry_policy.lag if path in self._fresh and self._is_fresh(path) else ()
        outcome = self._read_created(Request("GET", path, what), lag)
        if isinstance(outcome, Answer):
            return _document(outcome)
        if outcome.absent:
            return None
        raise outcome.error

    def list(self, path: str, what: str, *, absent_is_empty: bool = False, **params: str) -> list[Document]:
        """Read every page of a collection.

        Args:
            path: The collection.
            what: As in "cannot <what>".
            absent_is_empty: A 404 says that there is none yet; otherwise it is an error.
            **params: The query.
        """
        found: list[Document] = []
        seen: set[str] = set()
        url, query = path, _FULL_PAGES | params
        while (asked := f"{url} {query}") not in seen and len(seen) < _MOST_PAGES:
            seen.add(asked)
            page = self._page(url, what, query, absent_is_empty=absent_is_empty)
            values = entries(page, what)
            found += values
            if page.get("next"):
                url, query = self._same_server(str(page["next"]), what), {}
            elif values and len(found) < (page.get("size") or 0):
                # Some collections of Pipelines count their entries and give no link to those that are left.
                query = _FULL_PAGES | params | {"page": str(len(seen) + 1)}
            else:
                return found
        raise Error(f"cannot {what}: Bitbucket's pages go round in circles", hint="run the same command again")

    def remembered(self, path: str, what: str, *, raw: bool = False, **params: str) -> str | None:
        """Read a text that rarely changes: what was read before is asked for only where it has changed since.

        Args:
            path: Made by `at`.
            what: As in "cannot <what>".
            raw: Whether it is a file, of whatever kind, and not the API's JSON.
            **params: The query.

        Returns:
            The body; None when it is absent.
        """
        key = f"{self.account.api} {path} {sorted(params.items())}"
        before = self.etag_cache.recall(key)
        headers = {"If-None-Match": before["etag"]} if before else {}
        outcome = self._read(Request("GET", path, what, params=params, headers=headers, raw=raw))
        if isinstance(outcome, Failure):
            if outcome.absent:
                return None
            raise outcome.error
        if before and outcome.status == HTTPStatus.NOT_MODIFIED:
            return before["text"]
        if etag := outcome.headers.get("etag"):
            self.etag_cache.keep(key, {"etag": etag, "text": outcome.text})
        return outcome.text

    def probe(self, path: str, what: str) -> Answer:
        """Read something only to see what the answer is, whatever its status.

        Raises:
            Unreachable: there is none, or the service is not able to give one now.
        """
        outcome = self._read(Request("GET", path, what, params={"pagelen": "10"}))
        if isinstance(outcome, Answer):
            return outcome
        if outcome.answer is None or outcome.unclear:
            raise outcome.error
        return outcome.answer

    def write(
        self, method: str, path: str, what: str, body: Document | None, *, gone_is_unclear: bool = False
    ) -> Document:
        """Create or change something: sent once.

        Args:
            method: POST or PUT.
            path: Made by `at`.
            what: As in "cannot <what>".
            body: Its JSON.
            gone_is_unclear: A 404 only says that what was there at the last look is gone.

        Raises:
            Unclear: it may have happened or not: look before anything else.
        """
        pauses = iter(self.retry_policy.lag if self._is_fresh(path) and not gone_is_unclear else ())
        while isinstance(outcome := self._judged(Request(method, path, what, body)), Failure):
            if outcome.unclear:
                raise Unclear(outcome)
            if outcome.absent and gone_is_unclear:
                raise Unclear(replace(outcome, temporary=True))
            # What it belongs to was created a moment ago and is not there yet: nothing has happened.
            if not outcome.absent or (pause := next(pauses, None)) is None:
                raise outcome.error
            self.retry_policy.wait(pause, NOT_YET)
        return _document(outcome)

    def delete(self, path: str, what: str) -> None:
        """Delete something; what is gone already is fine.

        Raises:
            Unclear: it may have happened or not.
        """
        self._fresh.pop(path, None)
        outcome = self._judged(Request("DELETE", path, what))
        if isinstance(outcome, Answer) or outcome.absent:
            return
        if outcome.unclear:
            raise Unclear(outcome)
        raise outcome.error

    def created(self, path: str) -> None:
        """Remember that we created this: for a while, a 404 at or below it may mean "not yet"."""
        self._fresh[path] = time.monotonic()

    def _is_fresh(self, path: str) -> bool:
        now = time.monotonic()
        return any(path.startswith(start) and now - when < _FRESH for start, when in list(self._fresh.items()))

    def _page(self, url: str, what: str, query: Mapping[str, str], *, absent_is_empty: bool) -> Document:
        lag = self.retry_policy.lag if self._is_fresh(url) and not absent_is_empty else ()
        outcome = self._read_created(Request("GET", url, what, params=query), lag)
        if isinstance(outcome, Answer):
            return _document(outcome)
        if outcome.absent and absent_is_empty:
            return {}
        raise outcome.error

    def _read_created(self, request: Request, lag: Sequence[float]) -> Answer | Failure:
        """Read what we may have created a moment ago, and wait while it is not shown."""
        for pause in lag:
            outcome = self._read(request)
            if isinstance(outcome, Answer) or not outcome.absent:
                return outcome
            self.retry_policy.wait(pause, NOT_YET)
        return self._read(request)

    def _read(self, request: Request) -> Answer | Failure:
        """Ask until there is an answer that asking again would not change."""
        left = self.retry_policy.longest
        for pause in (*self.retry_policy.pauses, None):
            outcome = self._judged(request)
            if isinstance(outcome, Answer) or not outcome.temporary or pause is None:
                return outcome
            wait = pause if outcome.pause is None else outcome.pause
            if wait > left:
                return outcome
            left -= wait
            self.retry_policy.wait(wait, outcome.error.message)
        raise AssertionError  # the last turn returns

    def _judged(self, request: Request) -> Answer | Failure:
        outcome = self._exchange(request)
        if isinstance(outcome, Answer):
            if outcome.status == HTTPStatus.NOT_MODIFIED or (request.raw and outcome.status == HTTPStatus.OK):
                return outcome
            scopes = names(needed(request.method, request.path), self.account.credentials)
            failure = judge(outcome, request.what, scopes, setting_of(request.method, request.path))
            if failure is None and request.method != "DELETE" and not outcome.text.strip():
                failure = empty(request.what)
            if failure is None:
                return outcome
            outcome = replace(failure, answer=outcome)
        return scrubbed(outcome, [self.account.credentials.token.reveal(), *_values(request.body)])

    def _exchange(self, request: Request) -> Answer | Failure:
        # Half a second, which commands that need no Bitbucket would pay.
        import requests

        from mlops_new.hosts.bitbucket.api import session

        with self._lock:
            self._cloud = self._cloud or session.connect(self.account, self.retry_policy)
        try:
            return session.exchange(
                self._cloud, request.method, request.path, request.body, request.params, request.headers
            )
        except requests.RequestException as error:
            return session.no_answer(error, urlsplit(self.account.api).netloc, request.what)

    def _same_server(self, url: str, what: str) -> str:
        if not url.startswith(f"{self.account.api}/"):
            raise Unreachable(
                f"cannot {what}: the next page would be at {urlsplit(url).netloc or url!r}, another server",
                hint="check BITBUCKET_API_URL; a proxy in front of Bitbucket has to rewrite the links in its answers",
            )
        return url


def at(*segments: str) -> str:
    """A path from its segments, each percent-encoded: identifiers are `{…}`, branch names hold slashes."""
    return "/".join(quote(segment, safe="") for segment in segments)


def _document(answer: Answer) -> Document:
    """The body; nothing where there is none."""
    document: Document = answer.document or {}
    return document


def _values(body: Any) -> list[str]:
    """What must not come back in an error: values of secured variables and secrets of webhooks."""
    if not isinstance(body, dict):
        return []
    names_of_secrets = ("value", "secret") if body.get("secured") else ("secret",)
    return [str(body[name]) for name in names_of_secrets if body.get(name)]
