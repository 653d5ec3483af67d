"""An AWS account on loopback: moto, and in front of it what moto does not have, and faults."""

import http.client
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

import boto3
from moto.server import ThreadedMotoServer

from tests.doubles.aws import simulation, xml
from tests.doubles.aws.made import ACCOUNT, Making
from tests.doubles.aws.stacks import CloudFormation, Refused

REGION = "eu-north-1"
_SERVICE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


@cache
def _moto() -> tuple[str, int]:
    """One moto for the whole test run: importing it takes seconds."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return str(host), int(port)


@cache
def _client(service: str, region: str) -> Any:
    host, port = _moto()
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106  # moto takes any
    )


class AwsAccount:
    """An account in one region, fresh. Use it as a context manager; `environment` leads programs to it."""

    def __init__(self, region: str = REGION) -> None:
        self.region = region
        self.calls: list[tuple[str, str]] = []
        self.faults: dict[tuple[str, str], tuple[int, str, str]] = {}
        """(service, operation) to (status, code, message) of what is answered in place of doing it."""
        self.lost: set[tuple[str, str]] = set()
        """What is done once without an answer."""
        self.quotas: dict[str, float] = {}
        """By name, of SageMaker."""
        self.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/administrator/ann"
        self.monitoring_schedules: list[dict[str, str]] = []
        self._moto = _moto()
        self.url = f"http://127.0.0.1:{_front().server_address[1]}"
        self.cloudformation = CloudFormation(Making(self.direct, region), region)

    def __enter__(self) -> Self:
        self.forward("POST", "/moto-api/reset", {}, b"")
        _front().double = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _front().double = None

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead every AWS client here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": self.region,
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def direct(self, service: str) -> Any:
        """A client past all faults, for what a test looks at."""
        return _client(service, self.region)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """One request, answered here or by moto; an empty status is a dropped connection."""
        service, operation, form = _asked(method, headers, body)
        self.calls.append((service, operation))
        if fault := self.faults.get((service, operation)):
            return _error(headers, *fault)
        done = self._done(service, operation, form, body) or self.forward(method, path, headers, body)
        if (service, operation) in self.lost:
            self.lost.discard((service, operation))
            return 0, {}, b""
        return done

    def _done(
        self, service: str, operation: str, form: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes] | None:
        try:
            if service == "cloudformation":
                return _xml(xml.answer(operation, self.cloudformation.act(operation, form)))
            if (service, operation) == ("iam", "SimulatePrincipalPolicy"):
                return _xml(xml.answer(operation, simulation.simulate(form)))
        except Refused as refused:
            return 400, {"content-type": "text/xml"}, xml.refusal(refused.code, refused.message)
        if service == "servicequotas":
            return self._quotas(operation, json.loads(body))
        if (service, operation) == ("sts", "GetCallerIdentity"):
            about = {"Account": ACCOUNT, "Arn": self.caller, "UserId": "AIDA"}
            return _xml(xml.answer(operation, about))
        if (service, operation) == ("sagemaker", "ListMonitoringSchedules"):
            return _json({"MonitoringScheduleSummaries": self.monitoring_schedules})
        return None

    def _quotas(self, operation: str, asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        listed = [
            {"QuotaName": name, "QuotaCode": f"L-{number:08X}", "Value": value, "ServiceCode": asked["ServiceCode"]}
            for number, (name, value) in enumerate(self.quotas.items())
        ]
        start = int(asked.get("NextToken", "0"))
        page: dict[str, Any] = {"Quotas": listed[start : start + 2]}
        if len(listed) > start + 2:
            page["NextToken"] = str(start + 2)
        assert operation == "ListServiceQuotas"
        return _json(page)

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Let moto answer."""
        connection = http.client.HTTPConnection(*self._moto, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION}
            return answer.status, kept, answer.read()
        finally:
            connection.close()


_OF_THE_CONNECTION = {"connection", "content-length", "transfer-encoding", "server", "date"}


@contextmanager
def account(setenv: Callable[[str, str], None]) -> Iterator[AwsAccount]:
    """An account that this process's environment leads to."""
    with AwsAccount() as found:
        for name, value in found.environment.items():
            setenv(name, value)
        yield found


def _asked(method: str, headers: dict[str, str], body: bytes) -> tuple[str, str, dict[str, str]]:
    scope = _SERVICE.search(headers.get("Authorization", ""))
    service = scope["service"] if scope else ""
    if target := headers.get("X-Amz-Target"):
        return service, target.rpartition(".")[2], {}
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        return service, form.get("Action", ""), form
    return service, method, {}


def _json(document: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(document).encode()


def _xml(body: bytes) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "text/xml"}, body


def _error(headers: dict[str, str], status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    if "X-Amz-Target" in headers:
        told = json.dumps({"__type": code, "message": message}).encode()
        return status, {"content-type": "application/x-amz-json-1.1"}, told
    return status, {"content-type": "text/xml"}, xml.refusal(code, message)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    double: AwsAccount | None = None


@cache
def _front() -> _Http:
    """One server for the whole test run, so that clients can be used again."""
    server = _Http(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {name.title(): value for name, value in self.headers.items()}
        assert self.server.double, "an account is used outside of its test"
        status, headers, answer = self.server.double.answer(self.command, self.path, sent, body)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _any  # noqa: N815  # the names are http.server's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        """Quiet."""
