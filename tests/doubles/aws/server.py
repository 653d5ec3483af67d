"""The port that clients speak to: it counts calls, makes trouble on request, and answers itself or asks moto."""

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

import boto3
from botocore.config import Config
from botocore.session import Session
from botocore.validate import ParamValidator

from tests.doubles.aws.beside import Beside
from tests.doubles.aws.executions import Executions, Script
from tests.doubles.aws.faults import Fault, Kind, answer_of
from tests.doubles.aws.packages import Document, Packages, Refused
from tests.doubles.aws.wire import Answer, Request, answered, refused

REGION = "eu-north-1"
ACCOUNT = "123456789012"
BUCKET = f"mlops-new-{ACCOUNT}-{REGION}"
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "expect", "host", "date", "server"}


class Moto:
    """A moto server in a process of its own."""

    def __init__(self) -> None:
        # It finds a free port itself: what another finds for it may be somebody else's a moment later.
        code = (
            "import threading; from moto.server import ThreadedMotoServer as S; s = S('127.0.0.1', 0, verbose=False); "
            "s.start(); print(s.get_host_and_port()[1], flush=True); threading.Event().wait()"
        )
        command = [sys.executable, "-c", code]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.reset()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate()

    def reset(self) -> None:
        """Forget everything."""
        with urlopen(f"http://127.0.0.1:{self.port}/moto-api/reset", data=b"") as answer:
            answer.read()


class AwsServer:
    """An account: with nothing in it, or after `bootstrap` with what that makes."""

    def __init__(self, moto: Moto) -> None:
        self._moto = moto
        moto.reset()
        self._clients: dict[str, Any] = {}
        self.packages = Packages()
        self.executions = Executions(self.client, self.packages)
        self.beside = Beside(self.client, REGION)
        self.calls: list[str] = []
        self.faults: list[Fault] = []
        self._own: dict[str, Callable[[Document], Document]] = self._operations()
        self._model = Session().get_service_model("sagemaker")
        self._turn = threading.RLock()
        self._http = _Http(("127.0.0.1", 0), type("Handler", (_Handler,), {"aws": self}))
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL says."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_REGION": REGION,
            "AWS_MAX_ATTEMPTS": "1",
        }

    @property
    def script(self) -> Script:
        """What happens in executions."""
        return self.executions.script

    def client(self, service: str) -> Any:
        """A boto client that goes straight to moto: for what a test prepares or looks at."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=f"http://127.0.0.1:{self._moto.port}",
                region_name=REGION,
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                aws_secret_access_key="example",  # noqa: S106
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def bootstrap(self) -> None:
        """What `mlops-new bootstrap` leaves behind."""
        self.beside.deploy()

    def empty(self) -> None:
        """Forget everything."""
        self._moto.reset()
        self.beside = Beside(self.client, REGION)

    def push_image(self, tag: str) -> None:
        """What CI does."""
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        config = {"mediaType": kind, "size": 1, "digest": f"sha256:{tag}"}
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []}
        self.client("ecr").put_image(repositoryName="mlops-new", imageTag=tag, imageManifest=json.dumps(manifest))

    def answer(self, request: Request) -> Answer | None:
        """One request; None drops the connection."""
        action = f"{request.service}:{request.operation}"
        with self._turn:
            self.calls.append(action)
            fault = next((fault for fault in self.faults if fault.strikes(action)), None)
        if fault and fault.kind is not Kind.DROPPED_AFTER:
            return answer_of(fault.kind, request)
        answer = self._answered(request)
        return None if fault else answer

    def _answered(self, request: Request) -> Answer:
        if (known := self.beside.answer(request)) is not None:
            return known
        own = self._own.get(request.operation) if request.service == "sagemaker" else None
        if own is None:
            return self._forward(self._with_definition(request))
        with self._turn:
            try:
                document = own(request.document)
            except Refused as no:
                return refused(request, no.code, no.message)
        self._check(request.operation, document)
        return answered(document)

    def _check(self, operation: str, document: Document) -> None:
        """A double that answers what the service's model does not know is wrong itself."""
        shape = self._model.operation_model(operation).output_shape
        report = ParamValidator().validate(document, shape) if shape is not None else None
        if report is not None and report.has_errors():
            raise AssertionError(report.generate_report())

    def _with_definition(self, request: Request) -> Request:
        """Moto writes a definition that it reads from S3 as Python, not as JSON: give it the text."""
        if request.operation not in {"CreatePipeline", "UpdatePipeline"}:
            return request
        document = request.document
        place = document.pop("PipelineDefinitionS3Location", None)
        if isinstance(place, dict):
            found = self.client("s3").get_object(Bucket=place["Bucket"], Key=place["ObjectKey"])
            document["PipelineDefinition"] = found["Body"].read().decode()
        body = json.dumps(document).encode()
        return Request(request.method, request.target, request.headers, body)

    def _forward(self, request: Request) -> Answer:
        if request.operation == "DeletePipeline":
            self.executions.forget(str(request.document["PipelineName"]))
        connection = http.client.HTTPConnection("127.0.0.1", self._moto.port)
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        connection.request(request.method, request.target, body=request.body, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP}
        if request.method == "HEAD" and (length := answer.getheader("Content-Length")):
            kept["Content-Length"] = length
        return Answer(answer.status, kept, body)

    def _tags(self, request: Document) -> Document:
        arn = request["ResourceArn"]
        if arn in self.packages.tags:
            return {"Tags": self.packages.tags[arn]}
        return {"Tags": self.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}

    def _operations(self) -> dict[str, Callable[[Document], Document]]:
        executions, packages = self.executions, self.packages
        return {
            "StartPipelineExecution": executions.start,
            "DescribePipelineExecution": executions.describe,
            "ListPipelineExecutions": executions.listed,
            "ListPipelineExecutionSteps": executions.steps,
            "ListPipelineParametersForExecution": executions.parameters,
            "DescribePipelineDefinitionForExecution": executions.definition,
            "StopPipelineExecution": executions.stop,
            "RetryPipelineExecution": executions.retry,
            "CreateModelPackageGroup": packages.create_group,
            "DescribeModelPackageGroup": packages.describe_group,
            "DeleteModelPackageGroup": packages.delete_group,
            "CreateModelPackage": packages.create,
            "DescribeModelPackage": packages.describe,
            "UpdateModelPackage": packages.update,
            "DeleteModelPackage": packages.delete,
            "ListModelPackages": packages.listed,
            "ListTags": self._tags,
        }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # `doctor` asks much at once


class _Handler(BaseHTTPRequestHandler):
    aws: AwsServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body(headers))
        answer = self.aws.answer(request)
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815
