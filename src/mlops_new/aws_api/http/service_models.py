"""The services' own models, as botocore carries them, and what of a value fits one."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from mlops_new.aws_api.http.service_errors import validation
from mlops_new.definition import shapes
from mlops_new.definition.document import Scalar
from mlops_new.definition.faults import Fault
from mlops_new.definition.values import Sort, judge


@cache
def model(service: str) -> ServiceModel:
    """The model of a service: `sagemaker`, `s3`, `sts`."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def check(params: Mapping[str, Any], shape: Shape, service: str) -> None:
    """Pass a request that has everything required, nothing unknown, and only values the service would take.

    Raises:
        ServiceError: It is wrong; every fault is named.
    """
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise validation(" ".join(report.generate_report().split("\n")))
    faults = judge(dict(params), shapes.Shape(shape.name, shapes.service(service)), (), _NoVariables())
    if told := "; ".join(f"{_place(fault)}: {fault.message}" for fault in faults):
        raise validation(told)


def fit(document: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The members of a document that a structure has; those of what is inside it likewise.

    What was kept when a pipeline ran has members of its request that the answer's model does not know.
    """
    members = shape.members
    return {
        name: _fit(value, members[name]) for name, value in document.items() if name in members and value is not None
    }


def _fit(value: Any, shape: Shape) -> Any:
    match shape.type_name, value:
        case "structure", Mapping():
            return fit(value, shape)
        case "list", list():
            return [_fit(item, shape.member) for item in value]
        case "map", Mapping():
            return {name: _fit(item, shape.value) for name, item in value.items()}
        case _:
            return value


class _NoVariables:
    """Requests hold values only."""

    def sort(self, _: Mapping[str, Any]) -> Sort:
        return Sort.OBJECT

    def possible(self, _: Mapping[str, Any]) -> Iterator[tuple[str, Scalar]]:
        return iter(())


def _place(fault: Fault) -> str:
    return ".".join(str(part) for part in fault.path) or "request"
