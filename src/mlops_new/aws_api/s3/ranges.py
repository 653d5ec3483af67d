"""Parts of objects: ranges of bytes, and the parts that an object was sent in."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.details import Details

Span = tuple[int, int]
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)", re.ASCII)
_WHOLE_RANGE = re.compile(r"bytes=(\d+)-(\d+)", re.ASCII)
_MOST_PARTS = 10_000


def chosen(params: Mapping[str, Any], details: Details) -> Span | None:
    """Where the bytes that a reader asks for begin and how many they are; None where it asks for the whole object.

    Raises:
        ServiceError: The object has no such bytes or part, or the reader asks for both.
    """
    if "PartNumber" not in params:
        return _span(params.get("Range", ""), details.size)
    if "Range" in params:
        raise ServiceError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    return _part(params["PartNumber"], details)


def of_source(wanted: str, size: int) -> Span:
    """Where the bytes of a copy's source begin and how many they are. Here, nothing is passed over or cut off.

    Raises:
        ServiceError: It is no range, or the source has no such bytes.
    """
    if not wanted:
        return 0, size
    match = _WHOLE_RANGE.fullmatch(wanted)
    if match is None or int(match[1]) > int(match[2]):
        raise ServiceError(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
        )
    first, last = int(match[1]), int(match[2])
    if last >= size:
        raise ServiceError("InvalidRange", f"{wanted} is not within the source's {size} bytes", _NOT_SATISFIABLE)
    return first, last - first + 1


def _span(wanted: str, size: int) -> Span | None:
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or not (match["first"] or match["last"]) or _reversed(match):
        return None  # RFC 9110, 14.2: what is no valid range, and several ranges, may be passed over; S3 does so
    first, last = _bounds(match, size)
    if first >= size or first > last:
        more = {"ActualObjectSize": str(size), "RangeRequested": wanted}
        raise ServiceError("InvalidRange", "The requested range is not satisfiable", _NOT_SATISFIABLE, more)
    return first, last - first + 1


def _reversed(match: re.Match[str]) -> bool:
    return bool(match["first"] and match["last"]) and int(match["first"]) > int(match["last"])


def _bounds(match: re.Match[str], size: int) -> Span:
    if not match["first"]:
        return max(0, size - int(match["last"])) if int(match["last"]) else size, size - 1
    return int(match["first"]), min(int(match["last"] or size - 1), size - 1)


def _part(number: int, details: Details) -> Span:
    if not 1 <= number <= _MOST_PARTS:
        raise ServiceError("InvalidArgument", f"a part's number is from 1 to {_MOST_PARTS}, not {number}")
    sizes = details.about.get("Parts") or [details.size]
    if number > len(sizes):
        raise ServiceError("InvalidPartNumber", "The requested partnumber is not satisfiable", _NOT_SATISFIABLE)
    return sum(sizes[: number - 1]), sizes[number - 1]


_NOT_SATISFIABLE = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
