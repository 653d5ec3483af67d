"""What answers mean, for every shape they come in."""

import json

import pytest

from mlops_new.errors import Conflict, Denied, Error, Unreachable
from mlops_new.hosts.bitbucket.api.bitbucket_errors import Answer, granted, judge

JSON = {"content-type": "application/json"}


def answer(status: int, **error: object) -> Answer:
    return Answer(status, json.dumps({"type": "error", "error": error}), JSON)


def error_of(given: Answer, scopes: tuple[str, ...] = ()) -> Error:
    failure = judge(given, "create it", scopes)
    assert failure is not None
    return failure.error


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success(status: int) -> None:
    assert judge(Answer(status), "create it") is None


KINDS: dict[int, type[Error]] = {
    302: Unreachable,
    400: Error,
    401: Denied,
    402: Denied,
    403: Denied,
    404: Denied,
    407: Unreachable,
    408: Unreachable,
    409: Conflict,
    410: Error,
    413: Error,
    418: Error,
    429: Unreachable,
    500: Unreachable,
    503: Unreachable,
    599: Unreachable,
}


@pytest.mark.parametrize(("status", "kind"), KINDS.items())
def test_the_kind_of_error(status: int, kind: type[Error]) -> None:
    assert type(error_of(answer(status, message="why"))) is kind


def test_fields_are_told() -> None:
    fields = {"__all__": ["Project with this Owner and Key already exists."], "name": ["Too long.", "Too odd."]}
    error = error_of(answer(400, message="Bad request", fields=fields))
    assert error.message == (
        "Bitbucket does not create it: Bad request; Project with this Owner and Key already exists.; "
        "name: Too long.; name: Too odd."
    )
    assert isinstance(error, Conflict)


WITHDRAWN = {"message": "CHANGE-2770 - Functionality has been deprecated", "detail": "use another"}


@pytest.mark.parametrize("document", [WITHDRAWN, {"type": "error", "error": WITHDRAWN}], ids=["bare", "wrapped"])
def test_both_shapes_of_410(document: object) -> None:
    error = error_of(Answer(410, json.dumps(document), JSON))
    assert error.message == "Bitbucket has withdrawn this: CHANGE-2770 - Functionality has been deprecated; use another"
    assert error.hint == "update mlops-new"


ODD = ["", "oops", "[]", "null", '{"error": "text"}', '{"error": null}', '{"error": {"detail": {"a": 1}}}']


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 299])
def test_no_body_is_too_odd(status: int, text: str) -> None:
    failure = judge(Answer(status, text), "create it")
    if status == 299 and not text.startswith("{"):
        assert (failure is None) == (text == "")  # a success says nothing, or says it in an object
    else:
        assert (failure is None) == (status == 299)
    assert failure is None or "\n" not in failure.error.message


def test_a_long_text_is_cut_and_kept_on_one_line() -> None:
    error = error_of(answer(400, message="a\nb " + "x" * 1000))
    assert "a b x" in error.message
    assert len(error.message) < 400


def test_missing_scopes_are_named() -> None:
    detail = {"required": ["read:a", "write:a"], "granted": ["read:a"]}
    error = error_of(answer(403, message="Your credentials lack scopes.", detail=detail))
    assert error.message == "Bitbucket does not create it: the token lacks the scope write:a"


def test_needed_scopes_are_hinted_at_where_bitbucket_says_nothing() -> None:
    error = error_of(answer(403, message="Forbidden"), ("read:a", "write:a"))
    assert error.message == "Bitbucket does not create it: Forbidden"
    assert "the scopes read:a, write:a" in error.hint


def test_a_schedule_too_many_is_no_bad_token() -> None:
    error = error_of(answer(401, message="The maximum limit of schedules for this repository was reached."))
    assert type(error) is Error
    assert "limit of schedules" in error.message


PAUSES = {
    "12": 12.0,
    "0.5": 0.5,
    "Tue, 24 Nov 2026 10:00:30 GMT": 30.0,
    "Tue, 24 Nov 2026 09:00:00 GMT": 0.0,
    "": None,
    "soon": None,
    "-5": None,
}


@pytest.mark.parametrize(("value", "seconds"), PAUSES.items())
def test_retry_after(value: str, seconds: float | None) -> None:
    headers = {"retry-after": value, "date": "Tue, 24 Nov 2026 10:00:00 GMT"}
    failure = judge(Answer(429, "", headers), "create it")
    assert failure is not None
    assert failure.pause == seconds


def test_what_a_token_may_do_is_read_from_header_or_refusal() -> None:
    assert granted(Answer(200, "{}", {"x-oauth-scopes": "a, b"})) == frozenset("ab")
    assert granted(answer(403, message="no", detail={"required": ["c"], "granted": ["a"]})) == frozenset("a")
    assert granted(answer(403, message="no")) is None
