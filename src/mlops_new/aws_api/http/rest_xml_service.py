"""A service that speaks REST with XML: S3."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote
from uuid import uuid4
from xml.etree import ElementTree as ET

from botocore.model import OperationModel, ServiceModel, Shape

from mlops_new.aws_api.http import xml_text
from mlops_new.aws_api.http.checksums import check_document
from mlops_new.aws_api.http.messages import REQUEST_ID, Request, Response, Slice
from mlops_new.aws_api.http.request_members import Members
from mlops_new.aws_api.http.routing import Router, header_or_query, presigned
from mlops_new.aws_api.http.service_errors import ServiceError, full_disk, not_implemented
from mlops_new.aws_api.http.wire_values import given, http_date
from mlops_new.errors import Error, Invalid

Operation = Callable[[dict[str, Any]], Mapping[str, Any] | None]

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_TYPE = {"Content-Type": "application/xml"}


class RestXmlService:
    """Finds out what is asked for, reads the request by the service's model, and writes the answer by it.

    Args:
        model: The service.
        operations: What it can do, by operation name.
        members: What becomes of each member of a request.
    """

    def __init__(self, model: ServiceModel, operations: Mapping[str, Operation], members: Members) -> None:
        self._operations = operations
        self._members = members
        self._router = Router(model)

    def answer(self, request: Request) -> Response:
        """The answer to a request, if it is an error too."""
        try:
            return self._result(request)
        except ServiceError as error:
            return failure(error, request)
        except Invalid as error:
            return failure(ServiceError("InvalidArgument", str(error)), request)
        except Error as error:
            return failure(full_disk(error) or _internal(error), request)

    def _result(self, request: Request) -> Response:
        bucket, key = place(request)
        model = self._router.find(request, bucket, key)
        operation = self._operations.get(model.name)
        if operation is None:
            raise not_implemented(f"{model.name} cannot be done on this machine")
        params = read_params(model, request, bucket, key)
        if refusals := self._members.refusals(model.name, params, model.input_shape):
            raise not_implemented(f"{model.name}: {'; '.join(refusals)}")
        return _response(operation(params) or {}, model, request)


def place(request: Request) -> tuple[str, str]:
    """The bucket and the key of a request, either empty where it names none."""
    path = request.path.removeprefix("/")
    bucket, _, key = (request.bucket, "", path) if request.bucket else path.partition("/")
    try:
        return unquote(bucket, errors="strict"), unquote(key, errors="strict")
    except UnicodeDecodeError:
        raise ServiceError("InvalidURI", "the path is not UTF-8") from None


def read_params(model: OperationModel, request: Request, bucket: str, key: str) -> dict[str, Any]:
    """An operation's input.

    Raises:
        ServiceError: A value is not of its type, or the body is not what its sender says.
    """
    found: dict[str, Any] = {"Bucket": bucket} if bucket else {}
    found |= {"Key": key} if key else {}
    shape = model.input_shape
    payload = shape.serialization.get("payload")
    for name, inner in shape.members.items():
        if name == payload:
            found[name] = _payload(request, inner, checked=bool(model.http_checksum))
        elif (value := _located(request, inner)) is not None:
            found[name] = value
    return {name: value for name, value in found.items() if value is not None}


def failure(error: ServiceError, request: Request) -> Response:
    """An error in this protocol's form; the answer to HEAD has no body."""
    if error.status == HTTPStatus.NOT_MODIFIED:
        return Response(error.status, error.more)
    if request.method == "HEAD":
        return Response(error.status)
    identity = str(uuid4())
    root = ET.Element("Error")
    told = {"Code": error.code, "Message": error.message, "Resource": unquote(request.path), **error.more}
    for name, value in {**told, "RequestId": identity}.items():
        ET.SubElement(root, name).text = value
    return Response(error.status, {**_TYPE, REQUEST_ID: identity}, xml_text.document(root))


def _payload(request: Request, shape: Shape, *, checked: bool) -> Any:
    if shape.type_name == "blob":
        return request.body
    text = request.document()
    check_document(text, request.headers, request.body.trailers, checksums=checked)
    return xml_text.read(text, shape) if text.strip() else None


def _internal(error: Error) -> ServiceError:
    return ServiceError("InternalError", str(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def _located(request: Request, shape: Shape) -> Any:
    name = shape.serialization.get("name", "")
    match shape.serialization.get("location"):
        case "querystring":
            written = request.query.get(name)
        case "header":
            written = header_or_query(request, name)
        case "headers":
            return _prefixed(request, name) or None
        case _:
            return None
    try:
        if written is not None and shape.type_name == "list":
            return [xml_text.read_text(item.strip(), shape.member) for item in written.split(",")]
        return None if written is None else xml_text.read_text(written, shape)
    except ValueError:
        raise ServiceError("InvalidArgument", f"{name}: {written!r} is no {shape.type_name}") from None


def _prefixed(request: Request, prefix: str) -> dict[str, str]:
    signed = request.query if presigned(request.query) else {}
    found = {name.lower(): value for name, value in (*signed.items(), *request.headers.items())}
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
    if operation in _TEXTS:
        root = ET.Element(_ROOTS[operation], {"xmlns": _NAMESPACE})
        root.text = values.get(_TEXTS[operation])
        return xml_text.document(root)
    name = _ROOTS.get(operation, shape.name.replace("Output", "Result"))
    return xml_text.document(xml_text.element(name, values, shape, _NAMESPACE))


_ROOTS = {
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "ListBuckets": "ListAllMyBucketsResult",
    "GetBucketLocation": "LocationConstraint",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "GetBucketVersioning": "VersioningConfiguration",
    "DeleteObjects": "DeleteResult",
}


_TEXTS = {"GetBucketLocation": "LocationConstraint"}  # the document's root has this member as its text


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
