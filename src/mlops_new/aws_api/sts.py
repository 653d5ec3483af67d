"""Who am I? The one thing that clients ask STS before anything else."""

from collections.abc import Mapping
from uuid import uuid4
from xml.etree import ElementTree as ET

from mlops_new.aws_api.http.messages import Response
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.http.service_models import model
from mlops_new.aws_api.http.xml_text import document, element

ACCOUNT = "000000000000"
_CALLER = {"UserId": "LOCAL", "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/local"}
_TYPE = {"Content-Type": "text/xml"}


def answer(form: Mapping[str, str]) -> Response:
    """The answer to a request of the query protocol.

    Args:
        form: Its body, decoded.
    """
    service, action = model("sts"), form.get("Action", "")
    if action != "GetCallerIdentity":
        return failure(ServiceError("InvalidAction", f"the action {action} is not one that this machine can do"))
    shape, namespace = service.operation_model(action).output_shape, service.metadata["xmlNamespace"]
    result = element(f"{action}Result", _CALLER, shape)
    return Response(200, _TYPE, _wrapped(f"{action}Response", namespace, result))


def failure(error: ServiceError) -> Response:
    """An error in this protocol's form."""
    told = ET.Element("Error")
    for name, value in (("Type", "Sender"), ("Code", error.code), ("Message", error.message)):
        ET.SubElement(told, name).text = value
    return Response(error.status, _TYPE, _wrapped("ErrorResponse", "", told))


def _wrapped(name: str, namespace: str, inner: ET.Element) -> bytes:
    root = ET.Element(name, {"xmlns": namespace} if namespace else {})
    root.append(inner)
    ET.SubElement(ET.SubElement(root, "ResponseMetadata"), "RequestId").text = str(uuid4())
    return document(root)
