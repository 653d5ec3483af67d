"""The one place that says what Bitbucket's refusals and silences mean. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from mlops_new.errors import Conflict, Denied, Error, Unreachable

_LONGEST = 300
_MINUTES = 120  # seconds, from which on they are told as minutes
_STATUS_PAGE = "see https://bitbucket.status.atlassian.com, and run the same command again: it continues"
_PROXY = "a proxy or firewall seems to stand in between: check HTTPS_PROXY, NO_PROXY and BITBUCKET_API_URL"
_HOW_TO_AUTHENTICATE = (
    "make an API token with scopes (id.atlassian.com, Security, API tokens) and set BITBUCKET_EMAIL and "
    "BITBUCKET_API_TOKEN, or set a workspace access token as BITBUCKET_ACCESS_TOKEN; app passwords are gone"
)


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Args:
        status: The HTTP status.
        text: The body.
        headers: Header names in lower case.
    """

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document(self) -> Any:
        """The body as JSON; None where it is empty or something else."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def is_page(self) -> bool:
        """Whether it is a page for a browser: never the API's own answer."""
        return "html" in self.headers.get("content-type", "") or self.text.lstrip()[:1] == "<"


@dataclass(frozen=True)
class Failure:
    """Why a request did not do what it should.

    Args:
        error: What a person is told.
        absent: The thing is not there, or is not shown to us.
        unclear: As a write, it may have happened all the same.
        temporary: Asking again may help.
        untouched: The service says that it did nothing.
        exists: The service says that what we would create is there already.
        pause: Seconds that the service asks us to wait.
        answer: What came back; None when nothing did.
    """

    error: Error
    absent: bool = False
    unclear: bool = False
    temporary: bool = False
    untouched: bool = False
    exists: bool = False
    pause: float | None = None
    answer: Answer | None = None


class Unclear(Exception):  # it is no error yet: whoever wrote looks again first
    """A write whose outcome has to be looked at."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error.message)
        self.failure = failure


@dataclass(frozen=True)
class _Refused:
    """An answer on its way to being understood."""

    answer: Answer
    what: str
    scopes: Sequence[str]
    setting: str

    @cached_property
    def reason(self) -> str:
        return _reason(self.answer)

    @property
    def sentence(self) -> str:
        return f"Bitbucket does not {self.what}: {self.reason}"


def judge(answer: Answer, what: str, scopes: Sequence[str] = (), setting: str = "") -> Failure | None:
    """What an answer means; None when it is a success.

    Args:
        answer: What came back.
        what: What we were about to do, as in "cannot <what>".
        scopes: Names of the scopes that the request needs.
        setting: Where the settings file asks for it, if it does.
    """
    refused = _Refused(answer, what, scopes, setting)
    if answer.is_page and answer.status not in _PAGES_OF_ITS_OWN:
        page = Unreachable(f"cannot {what}: a web page came back, not Bitbucket's API", hint=_PROXY)
        return Failure(page, unclear=True)
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return None if not answer.text or isinstance(answer.document, dict) else unreadable(what)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _broken(refused)
    return _MEANINGS.get(answer.status, _redirected if answer.status < HTTPStatus.BAD_REQUEST else _other)(refused)


# Bitbucket's own gateways answer these with pages, too.
_PAGES_OF_ITS_OWN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}


def scrubbed(failure: Failure, secrets: Sequence[str]) -> Failure:
    """The same without the secrets, should a server have repeated one."""
    for secret in secrets:
        if secret:
            failure.error.message = failure.error.message.replace(secret, "***")
    failure.error.args = (failure.error.message,)
    return failure


def granted(answer: Answer) -> frozenset[str] | None:
    """The scopes that the token has, where an answer tells."""
    if listed := answer.headers.get("x-oauth-scopes", "").replace(",", " ").split():
        return frozenset(listed)
    scopes = _detail(answer).get("granted")
    return frozenset(map(str, scopes)) if isinstance(scopes, list) else None


def _unauthorised(refused: _Refused) -> Failure:
    words = refused.reason.lower()
    if "limit" in words and "token" not in words:  # what it answers to a schedule too many
        return Failure(Error(refused.sentence, hint="remove what is not used any more"))
    return Failure(Denied(f"Bitbucket does not accept the credentials: {refused.reason}", hint=_HOW_TO_AUTHENTICATE))


def _forbidden(refused: _Refused) -> Failure:
    detail = _detail(refused.answer)
    required = [str(scope) for scope in detail.get("required") or refused.scopes]
    missing = [scope for scope in required if scope not in (detail.get("granted") or ())]
    if detail and missing:
        hint = "a token's scopes cannot be changed: make a new token that has them too"
        return Failure(Denied(f"Bitbucket does not {refused.what}: the token lacks {_scopes(missing)}", hint=hint))
    if refused.scopes:
        hint = f"it needs a token with {_scopes(refused.scopes)} and, for its owner, the matching right in Bitbucket"
        return Failure(Denied(refused.sentence, hint=hint))
    return Failure(Denied(refused.sentence, hint="ask the workspace's administrator for the right"))


def _plan(refused: _Refused) -> Failure:
    change = f"change {refused.setting} in the settings file" if refused.setting else "ask its owner"
    hint = f"the workspace's plan does not allow it: {change}, or name another workspace with BITBUCKET_WORKSPACE"
    return Failure(Denied(refused.sentence, hint=hint))


def _absent(refused: _Refused) -> Failure:
    hint = "it does not exist, or these credentials cannot see it: check the name and the token's owner"
    return Failure(Denied(f"cannot {refused.what}: {refused.reason}", hint=hint), absent=True)


def _proxy(refused: _Refused) -> Failure:
    return Failure(Unreachable(f"cannot {refused.what}: the proxy wants credentials", hint=_PROXY))


def _withdrawn(refused: _Refused) -> Failure:
    return Failure(Error(f"Bitbucket has withdrawn this: {refused.reason}", hint="update mlops-new"))


def _limited(refused: _Refused) -> Failure:
    pause = _retry_after(refused.answer)
    when = "a while" if pause is None else f"{pause / 60:.0f} minutes" if pause > _MINUTES else f"{pause:.0f} s"
    message = f"cannot {refused.what} now: Bitbucket's rate limit is reached"
    error = Unreachable(message, hint=f"run the same command again in {when}: it continues")
    return Failure(error, unclear=True, temporary=True, untouched=True, pause=pause)


def _refusal(refused: _Refused) -> Failure:
    exists = refused.answer.status == HTTPStatus.CONFLICT or "already exist" in refused.reason.lower()
    error = Conflict(refused.sentence, hint="choose another name") if exists else Error(refused.sentence)
    return Failure(error, unclear=True, exists=exists)


def _broken(refused: _Refused) -> Failure:
    message = f"cannot {refused.what}: Bitbucket answers {refused.answer.status} ({refused.reason})"
    return Failure(Unreachable(message, hint=_STATUS_PAGE), unclear=True, temporary=True)


def _redirected(refused: _Refused) -> Failure:
    target = refused.answer.headers.get("location", "nowhere")
    return Failure(Unreachable(f"cannot {refused.what}: redirected to {target}", hint=_PROXY), unclear=True)


def unreadable(what: str) -> Failure:
    """An answer that looks like a success and is none of the API's: it may have happened all the same."""
    return Failure(Unreachable(f"cannot {what}: the answer is not Bitbucket's", hint=_PROXY), unclear=True)


def empty(what: str) -> Failure:
    """A success without a body where the API sends one: it may have happened all the same."""
    message = f"cannot {what}: Bitbucket's answer is empty"
    return Failure(Unreachable(message, hint=_STATUS_PAGE), unclear=True, temporary=True)


def _other(refused: _Refused) -> Failure:
    return Failure(Error(refused.sentence))


_MEANINGS: Mapping[int, Callable[[_Refused], Failure]] = {
    400: _refusal,
    401: _unauthorised,
    402: _plan,
    403: _forbidden,
    404: _absent,
    407: _proxy,
    408: _broken,
    409: _refusal,
    410: _withdrawn,
    429: _limited,
}


def _scopes(names: Sequence[str]) -> str:
    return f"the scope {names[0]}" if len(names) == 1 else f"the scopes {', '.join(names)}"


def _retry_after(answer: Answer) -> float | None:
    value = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        when, now = parsedate_to_datetime(value), parsedate_to_datetime(answer.headers["date"])
        return max(0.0, (when - now).total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def _reason(answer: Answer) -> str:
    """The server's own words on one line: message, detail and fields."""
    words = "; ".join(dict.fromkeys(_words(answer)))
    if not words:
        try:
            words = HTTPStatus(answer.status).phrase
        except ValueError:
            words = f"status {answer.status}"
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _words(answer: Answer) -> Iterator[str]:
    error = _error(answer)
    for member in ("message", "detail"):
        if isinstance(error.get(member), str) and error[member].strip():
            yield error[member].strip()
    fields = error.get("fields")
    for name, faults in fields.items() if isinstance(fields, dict) else ():
        for fault in faults if isinstance(faults, list) else [faults]:
            yield str(fault) if name == "__all__" else f"{name}: {fault}"


def _error(answer: Answer) -> Mapping[str, Any]:
    """The error object; some endpoints send it bare."""
    document = answer.document if isinstance(answer.document, dict) else {}
    error = document.get("error", document)
    return error if isinstance(error, dict) else {"message": str(error)}


def _detail(answer: Answer) -> Mapping[str, Any]:
    detail = _error(answer).get("detail")
    return detail if isinstance(detail, dict) else {}
