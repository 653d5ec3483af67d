"""A service that speaks AWS's JSON protocol, version 1.1."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ServiceModel, Shape

from mlops_new.aws_api.http.messages import Request, Response
from mlops_new.aws_api.http.request_members import Members
from mlops_new.aws_api.http.service_errors import ServiceError, full_disk, translated, validation
from mlops_new.aws_api.http.service_models import check
from mlops_new.aws_api.http.wire_values import checked, given, moment, read_time
from mlops_new.errors import Error

Operation = Callable[[dict[str, Any]], Mapping[str, Any] | None]

_TYPE = "application/x-amz-json-1.1"


class JsonService:
    """Reads requests by the service's model, calls what was asked for, and writes answers by the same model.

    Args:
        model: The service.
        operations: What it can do, by operation name.
        members: What becomes of each member of a request.
    """

    def __init__(self, model: ServiceModel, operations: Mapping[str, Operation], members: Members) -> None:
        self._members = members
        self._model = model
        self._operations = operations

    def answer(self, request: Request) -> Response:
        """The answer to a request, if it is an error too."""
        try:
            return _response(200, self._result(request))
        except ServiceError as error:
            return failure(error)
        except Error as error:
            return failure(full_disk(error) or translated(error))

    def _result(self, request: Request) -> Any:
        prefix, _, name = request.header("X-Amz-Target").rpartition(".")
        operation = self._operations.get(name)
        if prefix != self._model.metadata["targetPrefix"] or operation is None:
            raise _unknown(name, known=name in self._model.operation_names)
        model = self._model.operation_model(name)
        params = self._params(request.document(), model.input_shape)
        if refusals := self._members.refusals(name, params, model.input_shape):
            raise validation("; ".join(refusals))
        answer = operation(params)
        return write(answer or {}, model.output_shape) if model.output_shape else {}

    def _params(self, text: bytes, shape: Shape | None) -> dict[str, Any]:
        try:
            params = json.loads(text or b"{}")
        except (ValueError, RecursionError):
            raise ServiceError("SerializationException", "the request's body is not JSON") from None
        if not isinstance(params, dict):
            raise ServiceError("SerializationException", "the request's body is not a JSON object")
        if shape is None:
            return params
        params = {name: value for name, value in params.items() if value is not None}
        check(params, shape, self._model.service_name)
        return {name: _read(value, shape.members[name]) for name, value in params.items()}


def failure(error: ServiceError) -> Response:
    """An error in this protocol's form."""
    return _response(error.status, {"__type": error.code, "message": error.message, "Message": error.message})


def write(value: Any, shape: Shape) -> Any:
    """A value as JSON has it.

    Raises:
        Unmodelled: It does not fit the model.
    """
    match shape.type_name:
        case "structure":
            return {name: write(member, shape.members[name]) for name, member in given(value, shape).items()}
        case "list":
            return [write(item, shape.member) for item in checked(value, shape)]
        case "map":
            return {name: write(item, shape.value) for name, item in checked(value, shape).items()}
        case "timestamp":
            return moment(checked(value, shape)).timestamp()
        case "blob":
            return base64.b64encode(value).decode()
        case _:
            return checked(value, shape)


def _read(value: Any, shape: Shape) -> Any:
    match shape.type_name:
        case "structure":
            return {name: _read(member, shape.members[name]) for name, member in value.items() if member is not None}
        case "list":
            return [_read(item, shape.member) for item in value]
        case "timestamp":
            return read_time(value)
        case _:
            return value


def _response(status: int, document: Any) -> Response:
    return Response(status, {"Content-Type": _TYPE}, json.dumps(document, ensure_ascii=False).encode())


def _unknown(name: str, *, known: bool) -> ServiceError:
    why = "is not one that this machine can do" if known else "is not known"
    return ServiceError("UnknownOperationException", f"the operation {name or '(none)'} {why}")
