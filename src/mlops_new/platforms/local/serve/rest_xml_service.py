"""A service that speaks REST with XML: S3."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from botocore.model import OperationModel, ServiceModel, Shape

from mlops_new.errors import Error, Invalid
from mlops_new.platforms.local.serve import xml_text
from mlops_new.platforms.local.serve.faults import ServiceError
from mlops_new.platforms.local.serve.messages import Request, Response, Slice
from mlops_new.platforms.local.serve.values import given, http_date

Operation = Callable[[dict[str, Any]], Mapping[str, Any] | None]

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_TYPE = {"Content-Type": "application/xml"}


class RestXmlService:
    """Finds out what is asked for, reads the request by the service's model, and writes the answer by it.

    Args:
        model: The service.
        operations: What it can do, by operation name.
    """

    def __init__(self, model: ServiceModel, operations: Mapping[str, Operation]) -> None:
        self._operations = operations
        self._routes = [_Route(model.operation_model(name)) for name in operations]
        # The one that asks for most is the one that is meant: ?list-type=2 over a plain listing.
        self._routes.sort(key=lambda route: route.asks, reverse=True)

    def answer(self, request: Request) -> Response:
        """The answer to a request, if it is an error too."""
        try:
            return self._result(request)
        except ServiceError as error:
            return failure(error, request)
        except Invalid as error:
            return failure(ServiceError("InvalidArgument", str(error)), request)
        except Error as error:
            return failure(ServiceError("InternalError", str(error), HTTPStatus.INTERNAL_SERVER_ERROR), request)

    def _result(self, request: Request) -> Response:
        bucket, key = place(request)
        for route in self._routes:
            if route.matches(request, bucket, key):
                answer = self._operations[route.model.name](route.params(request, bucket, key))
                return _response(answer or {}, route.model, request)
        raise ServiceError("NotImplemented", "this machine cannot do what is asked for", HTTPStatus.NOT_IMPLEMENTED)


def place(request: Request) -> tuple[str, str]:
    """The bucket and the key of a request, either empty where it names none."""
    path = request.path.removeprefix("/")
    bucket, _, key = (request.bucket, "", path) if request.bucket else path.partition("/")
    try:
        return unquote(bucket, errors="strict"), unquote(key, errors="strict")
    except UnicodeDecodeError:
        raise ServiceError("InvalidURI", "the path is not UTF-8") from None


class _Route:
    """How an operation is told from the others, and what it is given."""

    def __init__(self, model: OperationModel) -> None:
        self.model = model
        path, _, query = model.http["requestUri"].partition("?")
        self._bucket, self._key = "{Bucket}" in path, "{Key+}" in path
        self._fixed = dict(part.partition("=")[::2] for part in query.split("&") if part)
        self._needed = [inner.serialization["name"] for inner in self._required("querystring")]
        self._headers = [inner.serialization["name"] for inner in self._required("header")]
        self.asks = len(self._fixed) + len(self._needed) + len(self._headers)

    def matches(self, request: Request, bucket: str, key: str) -> bool:
        """Whether a request asks for this operation."""
        query = request.query
        return (
            request.method == self.model.http["method"]
            and (bool(bucket), bool(key)) == (self._bucket, self._key)
            and all(query.get(name) == value for name, value in self._fixed.items())
            and all(name in query for name in self._needed)
            and all(request.header(name) for name in self._headers)
            and not (_SUBRESOURCES & query.keys()) - self._fixed.keys() - set(self._needed)
        )

    def params(self, request: Request, bucket: str, key: str) -> dict[str, Any]:
        """The operation's input.

        Raises:
            ServiceError: A value is not of its type.
        """
        found: dict[str, Any] = {"Bucket": bucket} if bucket else {}
        found |= {"Key": key} if key else {}
        payload = self._shape.serialization.get("payload")
        for name, inner in self._shape.members.items():
            if name == payload:
                found[name] = _payload(request, inner)
            elif (value := _located(request, inner)) is not None:
                found[name] = value
        return {name: value for name, value in found.items() if value is not None}

    @property
    def _shape(self) -> Shape:
        return self.model.input_shape

    def _required(self, location: str) -> list[Shape]:
        members = [self._shape.members[name] for name in self._shape.required_members]
        return [inner for inner in members if inner.serialization.get("location") == location]


# A request for one of these is never one for the object or the bucket itself.
_SUBRESOURCES = frozenset(
    {
        *("accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "inventory", "legal-hold"),
        *("lifecycle", "location", "logging", "metrics", "notification", "object-lock", "ownershipControls"),
        *("policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention"),
        *("select", "session", "tagging", "torrent", "uploadId", "uploads", "versioning", "versions", "website"),
    }
)


def failure(error: ServiceError, request: Request) -> Response:
    """An error in this protocol's form; the answer to HEAD has no body."""
    if request.method == "HEAD" or error.status == HTTPStatus.NOT_MODIFIED:
        return Response(error.status)
    root = ET.Element("Error")
    for name, value in (("Code", error.code), ("Message", error.message), ("Resource", unquote(request.path))):
        ET.SubElement(root, name).text = value
    return Response(error.status, _TYPE, xml_text.document(root))


def _payload(request: Request, shape: Shape) -> Any:
    if shape.type_name == "blob":
        return request.body
    text = request.document()
    return xml_text.read(text, shape) if text.strip() else None


def _located(request: Request, shape: Shape) -> Any:
    name = shape.serialization.get("name", "")
    match shape.serialization.get("location"):
        case "querystring":
            written = request.query.get(name)
        case "header":
            written = request.headers.get(name)
        case "headers":
            return _prefixed(request, name) or None
        case _:
            return None
    try:
        return None if written is None else xml_text.read_text(written, shape)
    except ValueError:
        raise ServiceError("InvalidArgument", f"{name}: {written!r} is no {shape.type_name}") from None


def _prefixed(request: Request, prefix: str) -> dict[str, str]:
    found = {name.lower(): value for name, value in request.headers.items()}
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}


def _response(answer: Mapping[str, Any], model: OperationModel, request: Request) -> Response:
    status = answer.get("_Status", model.http.get("responseCode", HTTPStatus.OK))
    values = {name: value for name, value in answer.items() if name != "_Status"}
    shape = model.output_shape
    if shape is None:
        return Response(status)
    headers = _headers(given(values, shape), shape)
    payload = shape.serialization.get("payload")
    if payload is not None and shape.members[payload].type_name == "blob":
        return _blob(status, headers, values, payload)
    if request.method == "HEAD":
        length = headers.pop("Content-Length", None)
        return Response(status, headers, length=int(length) if length else None)
    body = _body(values, shape, payload, model.name)
    return Response(status, headers | (_TYPE if body else {}), body)


def _blob(status: int, headers: dict[str, str], values: Mapping[str, Any], payload: str) -> Response:
    body: Slice | bytes = values.get(payload, b"")
    headers.pop("Content-Length", None)  # whoever sends it counts for himself
    return Response(status, headers, body)


def _body(values: Mapping[str, Any], shape: Shape, payload: str | None, operation: str) -> bytes:
    if payload is not None:
        inner = shape.members[payload]
        name = inner.serialization.get("name", payload)
        return xml_text.document(xml_text.element(name, values[payload], inner, _NAMESPACE))
    if all("location" in inner.serialization for inner in shape.members.values()):
        return b""
    name = _ROOTS.get(operation, shape.name.replace("Output", "Result"))
    return xml_text.document(xml_text.element(name, values, shape, _NAMESPACE))


_ROOTS = {
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListBuckets": "ListAllMyBucketsResult",
    "GetBucketLocation": "LocationConstraint",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
}


def _headers(values: Mapping[str, Any], shape: Shape) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in values.items():
        inner = shape.members[name]
        where, header = inner.serialization.get("location"), inner.serialization.get("name", name)
        if where == "headers":
            found |= {f"{header}{key}": str(item) for key, item in value.items()}
        elif where == "header":
            found[header] = http_date(value) if inner.type_name == "timestamp" else xml_text.text(value, inner)
    return found
