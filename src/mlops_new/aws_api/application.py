"""Which service a request is for."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl

from mlops_new.aws_api import sts
from mlops_new.aws_api.http import json_service, rest_xml_service
from mlops_new.aws_api.http.json_service import JsonService
from mlops_new.aws_api.http.messages import Request, Response
from mlops_new.aws_api.http.rest_xml_service import RestXmlService
from mlops_new.aws_api.http.service_errors import ServiceError, full_disk
from mlops_new.aws_api.http.service_models import model
from mlops_new.aws_api.s3 import operations as s3_operations
from mlops_new.aws_api.s3.s3_members import MEMBERS as S3_MEMBERS
from mlops_new.aws_api.sagemaker import operations as sagemaker_operations
from mlops_new.aws_api.sagemaker.sagemaker_members import MEMBERS as SAGEMAKER_MEMBERS
from mlops_new.platforms.local.engine import Engine
from mlops_new.system.crash_report import write_log

_FORM = "application/x-www-form-urlencoded"


class Application:
    """SageMaker, S3 and as much of STS as clients need, over one home.

    Args:
        platform: The embedded platform.
        log: Takes a line for whoever runs the server; nobody reads it by default.
    """

    def __init__(self, platform: Engine, log: Callable[[str], None] | None = None) -> None:
        self._log = log or _unread
        self._sagemaker = JsonService(model("sagemaker"), sagemaker_operations(platform), SAGEMAKER_MEMBERS)
        self._s3 = RestXmlService(model("s3"), s3_operations(platform), S3_MEMBERS)

    def __call__(self, request: Request, /) -> Response:
        """The answer to a request."""
        response = self._safely(request)
        if response.status == HTTPStatus.INSUFFICIENT_STORAGE:
            self._log(f"the disk is full: {request.method} {request.path} was refused, and nothing of it was kept")
        return response

    def _safely(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except (ConnectionError, TimeoutError):
            raise
        except OSError as error:
            if (told := full_disk(error)) is None:
                return self._bug(request, error)
            return refuse(request, told)
        except Exception as error:  # noqa: BLE001  # a bug in one request must not end the others; it is written down
            return self._bug(request, error)

    def _bug(self, request: Request, error: Exception) -> Response:
        why = f"a bug in mlops-new: {type(error).__name__}: {error}; please send {write_log(error)}"
        self._log(f"{request.method} {request.path}: {why}")
        return refuse(request, ServiceError("InternalFailure", why, HTTPStatus.INTERNAL_SERVER_ERROR))

    def _answer(self, request: Request) -> Response:
        if request.header("X-Amz-Target"):
            return self._sagemaker.answer(request)
        if _is_query(request):
            try:
                form = dict(parse_qsl(request.document().decode("utf-8", "replace")))
            except ServiceError as error:
                return sts.failure(error)
            return sts.answer(form)
        return self._s3.answer(request)


def _unread(_: str) -> None:
    """Where nobody reads the server's lines."""


def refuse(request: Request, error: ServiceError) -> Response:
    """An error in the form of the service that the request seems to be for."""
    if request.header("X-Amz-Target"):
        return json_service.failure(error)
    if _is_query(request):
        return sts.failure(error)
    return rest_xml_service.failure(error, request)


def _is_query(request: Request) -> bool:
    return request.method == "POST" and request.path in {"", "/"} and request.header("Content-Type").startswith(_FORM)
