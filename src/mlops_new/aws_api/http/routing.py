"""Which of a REST service's operations a request asks for, by the service's own model.

Every operation of the model has a route, those that this machine cannot do as well: a request for one of them must
never be taken for another operation.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import unquote

from botocore.model import OperationModel, ServiceModel, Shape

from mlops_new.aws_api.http.messages import Request
from mlops_new.aws_api.http.service_errors import ServiceError, not_implemented

# What clients add to sign a request, or to say who they are and how they speak. Signatures are not checked here.
_SIGNING = frozenset(
    {
        *("x-amz-algorithm", "x-amz-api-version", "x-amz-content-sha256", "x-amz-credential", "x-amz-date"),
        "x-amz-decoded-content-length",
        *("x-amz-expires", "x-amz-security-token", "x-amz-signature", "x-amz-signedheaders", "x-amz-trailer"),
        *("x-amz-user-agent", "x-amz-te", "awsaccesskeyid", "signature", "expires"),
    }
)
# HTTP's own conditions: S3 answers "not implemented" where an operation does not know one.
_CONDITIONS = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range", "content-range"}
)
_HOISTED = frozenset({"content-md5", "content-type"})  # beside x-amz-…: what presigned URLs carry as query


class Router:
    """Routes of all operations of a service.

    Args:
        model: The service.
    """

    def __init__(self, model: ServiceModel) -> None:
        routes = [_Route(model.operation_model(name)) for name in model.operation_names]
        # The one that asks for most is the one that is meant: ?list-type=2 over a plain listing.
        self._routes = sorted(routes, key=lambda route: route.asks, reverse=True)
        self._names = frozenset(model.operation_names)

    def find(self, request: Request, bucket: str, key: str) -> OperationModel:
        """The operation that is asked for.

        Raises:
            ServiceError: There is none, or the request says something that the operation does not know.
        """
        _check_expiry(request.query)
        if "/s3express/aws4_request" in request.header("Authorization"):
            raise not_implemented("there are no directory buckets on this machine")
        named = request.query.get("x-id")  # some clients name the operation
        for route in self._routes:
            if route.matches(request, bucket, key) and named in {None, route.model.name, *({named} - self._names)}:
                route.check(request)
                return route.model
        raise not_implemented("this machine knows no operation of this method, path and query")


class _Route:
    """How an operation is told from the others."""

    def __init__(self, model: OperationModel) -> None:
        self.model = model
        path, _, query = model.http["requestUri"].partition("?")
        self._literal = path.split("{")[0].strip("/")
        self._place = ("{Bucket}" in path, "{Key+}" in path)
        self._fixed = dict(part.partition("=")[::2] for part in query.split("&") if part)
        members = model.input_shape.members.values() if model.input_shape else ()
        needed = [model.input_shape.members[name] for name in model.input_shape.required_members] if members else []
        self._needed = _names(needed, "querystring")
        self._headers = _names(needed, "header")
        self._known = {*self._fixed, *_names(members, "querystring")}
        self._known_headers = {name.lower() for name in _names(members, "header")}
        self._prefixes = tuple(name.lower() for name in _names(members, "headers"))
        self.asks = len(self._fixed) + len(self._needed) + len(self._headers) + bool(self._literal)

    def matches(self, request: Request, bucket: str, key: str) -> bool:
        """Whether a request asks for this operation, apart from what more it says."""
        query = request.query
        return (
            request.method == self.model.http["method"]
            and self._is_place(request, bucket, key)
            and all(name in query and value in {"", query[name]} for name, value in self._fixed.items())
            and all(name in query for name in self._needed)
            and all(header_or_query(request, name) is not None for name in self._headers)
        )

    def check(self, request: Request) -> None:
        """Refuse what the operation does not know: another operation, or a condition, was meant.

        Raises:
            ServiceError: There is such a header or query parameter.
        """
        for name in request.query:
            if name not in self._known and not self._ignored(name.lower(), signed=presigned(request.query)):
                raise not_implemented(f"{self.model.name} has no query parameter {name!r} on this machine")
        checksums = ("x-amz-checksum-", "x-amz-sdk-checksum-") if self._has_checksum() else ()
        for name in map(str.lower, request.headers):
            judged = name in _CONDITIONS or name.startswith("x-amz-")
            if judged and not self._knows_header(name) and not name.startswith(checksums or "\0"):
                raise not_implemented(f"{self.model.name} has no header {name!r} on this machine")

    def _ignored(self, name: str, *, signed: bool) -> bool:
        # S3 passes over what begins with x-: users write what they want to find in access logs.
        own = name.startswith("x-") and not name.startswith("x-amz-")
        return own or name in _SIGNING or (signed and (self._knows_header(name) or name in _HOISTED))

    def _knows_header(self, name: str) -> bool:
        return name in self._known_headers or name in _SIGNING or name.startswith(self._prefixes or "\0")

    def _has_checksum(self) -> bool:
        return bool(self.model.http_checksum)

    def _is_place(self, request: Request, bucket: str, key: str) -> bool:
        if self._literal:
            return bool(unquote(request.path).strip("/") == self._literal)
        return (bool(bucket), bool(key)) == self._place


def presigned(query: Mapping[str, str]) -> bool:
    """Whether the signature stands in the URL: headers may then stand there, too."""
    return "Signature" in query or "X-Amz-Signature" in query


def header_or_query(request: Request, name: str) -> str | None:
    """A header's value, also where a presigned URL carries it as query; None where it is not sent."""
    if (value := request.headers.get(name)) is not None:
        return str(value)
    lower = name.lower()
    if not presigned(request.query) or not (lower.startswith("x-amz-") or lower in _HOISTED):
        return None
    return next((value for key, value in request.query.items() if key.lower() == lower), None)


def _names(members: object, location: str) -> list[str]:
    shapes: list[Shape] = list(members)  # type: ignore[call-overload]
    return [inner.serialization.get("name", "") for inner in shapes if inner.serialization.get("location") == location]


def _check_expiry(query: Mapping[str, str]) -> None:
    """Pass a URL whose time has not run out.

    Raises:
        ServiceError: It has, or its time cannot be read.
    """
    try:
        ends = _expiry(query)
    except ValueError:
        raise ServiceError("AuthorizationQueryParametersError", "the time of the presigned URL is no time") from None
    if ends is not None and time.time() > ends:
        raise ServiceError("AccessDenied", "Request has expired", HTTPStatus.FORBIDDEN)


def _expiry(query: Mapping[str, str]) -> float | None:
    if "Signature" in query and "Expires" in query:
        return float(query["Expires"])
    if "X-Amz-Signature" in query and "X-Amz-Date" in query:
        begun = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return begun.timestamp() + float(query.get("X-Amz-Expires", "604800"))
    return None
