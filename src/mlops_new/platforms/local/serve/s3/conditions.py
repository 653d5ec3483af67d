"""Requests that hold only if the object is, or is not, what their sender thinks; and ranges of objects."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from mlops_new.platforms.local.serve.faults import ServiceError
from mlops_new.platforms.local.serve.s3.details import Details

SOURCE = "CopySource"
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


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
    if (match and not _named(details, match)) or (not match and before and details.modified > before):
        raise _failed()
    if (none and _named(details, none)) or (not none and since and details.modified <= since):
        raise _failed() if prefix else ServiceError("NotModified", "it is the one you have", HTTPStatus.NOT_MODIFIED)


def writable(params: Mapping[str, Any]) -> Callable[[Details | None], None]:
    """What raises ServiceError when the object that is there now forbids to store another one."""
    match, none = params.get("IfMatch"), params.get("IfNoneMatch")

    def check(now: Details | None) -> None:
        if match and now is None:
            raise ServiceError("NoSuchKey", "there is no object to be replaced", HTTPStatus.NOT_FOUND)
        if (match and now and not _named(now, match)) or (none and now and _named(now, none)):
            raise _failed()

    return check


def span(wanted: str, size: int) -> tuple[int, int] | None:
    """Where a range begins and how long it is; None where the whole object is meant.

    Raises:
        ServiceError: The object has no such bytes.
    """
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or not (match["first"] or match["last"]):
        return None  # what cannot be read as a range is none
    first, last = _bounds(match, size)
    if first >= size or first > last:
        raise ServiceError("InvalidRange", f"{wanted} is not within {size} bytes", _NOT_SATISFIABLE)
    return first, last - first + 1


def _bounds(match: re.Match[str], size: int) -> tuple[int, int]:
    if not match["first"]:
        return max(0, size - int(match["last"])) if int(match["last"]) else size, size - 1
    return int(match["first"]), min(int(match["last"] or size - 1), size - 1)


def _named(details: Details, tags: str) -> bool:
    return any(tag.strip() == "*" or tag.strip().strip('"') == details.etag.strip('"') for tag in tags.split(","))


def _failed() -> ServiceError:
    return ServiceError("PreconditionFailed", "the object is not what was expected", HTTPStatus.PRECONDITION_FAILED)


_NOT_SATISFIABLE = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
