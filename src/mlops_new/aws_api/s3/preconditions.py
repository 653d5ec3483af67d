"""Requests that hold only if the object is, or is not, what their sender thinks."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.http.wire_values import http_date
from mlops_new.aws_api.s3.details import Details

SOURCE = "CopySource"
Allowed = Callable[[Details | None], None] | None
"""Raises ServiceError where what is there now forbids a request; None where the request does not care."""


def pass_reader(details: Details, params: Mapping[str, Any], prefix: str = "") -> None:
    """Pass a reader whose conditions hold.

    Args:
        details: Of the object.
        params: The request's.
        prefix: What the names of the conditions begin with.

    Raises:
        ServiceError: They do not: the object is another one, or the one that the reader has.
    """
    match, none = params.get(f"{prefix}IfMatch"), params.get(f"{prefix}IfNoneMatch")
    since, before = params.get(f"{prefix}IfModifiedSince"), params.get(f"{prefix}IfUnmodifiedSince")
    if match and not _named(details, match):
        raise _failed("If-Match")
    if not match and before and details.modified > before:
        raise _failed("If-Unmodified-Since")
    if (none and _named(details, none)) or (not none and since and details.modified <= since):
        raise _failed("If-None-Match") if prefix else _unchanged(details)


def writable(params: Mapping[str, Any]) -> Allowed:
    """What raises ServiceError when the object that is there now forbids to store another one."""
    match, none = params.get("IfMatch"), params.get("IfNoneMatch")
    if not (match or none):
        return None

    def check(now: Details | None) -> None:
        if match and now is None:
            raise ServiceError("NoSuchKey", "there is no object to be replaced", HTTPStatus.NOT_FOUND)
        if match and now and not _named(now, match):
            raise _failed("If-Match")
        if none and now and _named(now, none):
            raise _failed("If-None-Match")

    return check


def removable(etag: str | None, modified: Any, size: int | None) -> Allowed:
    """What raises ServiceError when the object that is there now is not the one to remove; gone is fine.

    Args:
        etag: Its ETag, `*` for any,
        modified: the time when it was stored,
        size: and its size; None where the sender does not care.
    """
    if etag is None and modified is None and size is None:
        return None

    def check(now: Details | None) -> None:
        if now is None:
            return
        if etag is not None and not _named(now, etag):
            raise _failed("If-Match")
        if modified is not None and now.modified != modified.replace(microsecond=0):
            raise _failed("x-amz-if-match-last-modified-time")
        if size is not None and now.size != size:
            raise _failed("x-amz-if-match-size")

    return check


def _named(details: Details, tags: str) -> bool:
    return any(tag.strip() == "*" or tag.strip().strip('"') == details.etag.strip('"') for tag in tags.split(","))


def _failed(condition: str) -> ServiceError:
    why = "the object is not what was expected"
    return ServiceError("PreconditionFailed", why, HTTPStatus.PRECONDITION_FAILED, {"Condition": condition})


def _unchanged(details: Details) -> ServiceError:
    headers = {"ETag": details.etag, "Last-Modified": http_date(details.modified)}
    return ServiceError("NotModified", "it is the one you have", HTTPStatus.NOT_MODIFIED, headers)
