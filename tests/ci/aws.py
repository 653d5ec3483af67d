"""AWS on a loopback port: moto, and in front of it what moto does not do.

Executions go from state to state with their steps, layers of images can be fetched, and any call can be made to
fail. Everything else is moto's.
"""

import base64
import hashlib
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Self

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

REGION = "eu-north-1"
JSON = "application/x-amz-json-1.1"
TARGETS = ("SageMaker", "AmazonEC2ContainerRegistry_V20150921")


@dataclass(frozen=True)
class Fault:
    """An answer in place of AWS's.

    Args:
        code: AWS's name for it.
        message: What it says.
        status: The HTTP status.
    """

    code: str
    message: str = "as the test wants it"
    status: int = 400


@dataclass
class Stage:
    """What an execution is when it is looked at.

    Args:
        status: Of the execution.
        steps: The steps that have begun, as ListPipelineExecutionSteps tells them.
        reason: Why it failed.
    """

    status: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None


class Aws:
    """The server. Its lists can be read and changed while it runs.

    Attributes:
        calls: The operations that were asked for, in their order.
        requests: The documents that an operation was given.
        faults: For an operation, what its next calls are answered.
        stages: What the execution that is looked at next goes through; it stays at the last.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.requests: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.stages: list[Stage] = [Stage("Succeeded")]
        self._layers: dict[str, bytes] = {}
        self._uploads: dict[str, bytearray] = defaultdict(bytearray)
        self._moto = DomainDispatcherApplication(create_backend_app)
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not a line for each request
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def forget(self) -> None:
        """Begin to count anew, without faults."""
        self.calls.clear()
        self.requests.clear()
        self.faults.clear()
        self.stages = [Stage("Succeeded")]

    def client(self, service: str, account: str) -> Any:
        """A client of an account, as an administrator of it."""
        common = {"region_name": REGION, "endpoint_url": self.url}
        anybody = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        role = f"arn:aws:iam::{account}:role/administrator"
        keys = boto3.client("sts", **common, **anybody).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            **common,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = BytesIO(body)
        if request.path.startswith("/layers/"):
            return Response(self._layers[request.path.removeprefix("/layers/")])(environ, start)
        operation = _operation(request, body)
        self.calls.append(operation)
        document = json.loads(body) if _target(request) and body else {}
        self.requests[operation].append(document)
        if self.faults[operation]:
            return _failure(self.faults[operation].pop(0), request)(environ, start)
        own = getattr(self, f"_{operation}", None)
        return (own(document, request) if own else self._by_moto(request))(environ, start)

    def _by_moto(self, request: Request) -> Response:
        return Response.from_app(self._moto, request.environ)

    def _DescribePipelineExecution(self, _document: dict[str, Any], request: Request) -> Response:  # noqa: N802
        stage = self.stages[0]
        reason = {"FailureReason": stage.reason} if stage.reason else {}
        return _with(self._by_moto(request), {"PipelineExecutionStatus": stage.status, **reason})

    def _ListPipelineExecutionSteps(self, _document: dict[str, Any], _request: Request) -> Response:  # noqa: N802
        stage = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        return Response(json.dumps({"PipelineExecutionSteps": stage.steps}), content_type=JSON)

    def _UploadLayerPart(self, document: dict[str, Any], request: Request) -> Response:  # noqa: N802
        self._uploads[document["uploadId"]] += base64.b64decode(document["layerPartBlob"])
        return self._by_moto(request)

    def _CompleteLayerUpload(self, document: dict[str, Any], request: Request) -> Response:  # noqa: N802
        content = bytes(self._uploads.pop(document["uploadId"]))
        self._layers[f"sha256:{hashlib.sha256(content).hexdigest()}"] = content
        return self._by_moto(request)

    def _GetDownloadUrlForLayer(self, document: dict[str, Any], _request: Request) -> Response:  # noqa: N802
        address = {
            "downloadUrl": f"{self.url}/layers/{document['layerDigest']}",
            "layerDigest": document["layerDigest"],
        }
        return Response(json.dumps(address), content_type=JSON)


def _target(request: Request) -> str:
    service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
    return operation if service in TARGETS else ""


def _operation(request: Request, body: bytes) -> str:
    if operation := _target(request):
        return operation
    if body.startswith(b"Action="):
        return body.partition(b"&")[0].removeprefix(b"Action=").decode()
    thing = "Object" if request.path.strip("/").partition("/")[2] else "Bucket"
    return f"{request.method.capitalize()}{thing}"


def _failure(fault: Fault, request: Request) -> Response:
    if _target(request):
        text = json.dumps({"__type": fault.code, "message": fault.message})
        return Response(text, fault.status, content_type=JSON)
    error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
    in_s3 = not request.content_type or "urlencoded" not in request.content_type
    return Response(
        error if in_s3 else f"<ErrorResponse>{error}</ErrorResponse>", fault.status, content_type="text/xml"
    )


def _with(response: Response, members: dict[str, Any]) -> Response:
    """An answer of moto with members of ours; an error as it is."""
    if response.status_code == 200:
        response.set_data(json.dumps({**json.loads(response.get_data()), **members}))
    return response
