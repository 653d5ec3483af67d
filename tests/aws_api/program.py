"""`mlops-new serve` as a process, and the clients that talk to it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ENDED = {"Succeeded", "Failed", "Stopped"}
ROLE = "arn:aws:iam::000000000000:role/anybody"
# Tells its process id and waits for ever.
HANG = """
import os, pathlib, sys, time
partial = pathlib.Path(sys.argv[1] + ".partial")
partial.write_text(str(os.getpid()))
partial.rename(sys.argv[1])
time.sleep(600)
"""

Parameters = list[dict[str, str]]


@dataclass
class Served:
    """A server of a home, and clients with nobody's credentials."""

    process: "subprocess.Popen[str]"
    url: str
    environment: dict[str, str]

    def client(self, service: str, **config: Any) -> Any:
        """One that never tries again."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="somebody",
            aws_secret_access_key="anything",  # noqa: S106  # nobody looks at it
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def unchecked(self, service: str) -> Any:
        """A client that sends what it is given."""
        return self.client(service, parameter_validation=False)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def end(self) -> int:
        """Ask it to end; its exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        self.process.communicate(timeout=300)
        return self.process.returncode


def serve(home: Path, *arguments: str) -> Served:
    """Start a server and wait until it says that it is ready."""
    return started([sys.executable, "-m", "mlops_new", "serve", "--json", *(arguments or ("--port", "0"))], home)


def started(command: list[str], home: Path) -> Served:
    """Run a command that becomes a server, and wait until it says that it is ready."""
    process = subprocess.Popen(
        command,
        env={"MLOPS_NEW_HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    text = ""
    while not text.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, f"the server ended: {process.communicate()[1]}"
        text += line
    return Served(process, **json.loads(text))


def ask(
    served: Served, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """One request as it is, and what came back: status and body."""
    connection = HTTPConnection("127.0.0.1", served.port, timeout=300)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def until(true: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def ended(sagemaker: Any, arn: str) -> dict[str, Any]:
    """Wait for the end of an execution, and describe it; `Seen` has the statuses that were met on the way."""
    seen: list[str] = []
    while True:
        found: dict[str, Any] = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = found["PipelineExecutionStatus"]
        seen += [status] if status not in seen else []
        if status in ENDED:
            return {**found, "Seen": seen}
        time.sleep(0.05)


def steps(sagemaker: Any, arn: str) -> dict[str, dict[str, Any]]:
    """The steps of an execution that have begun, by name, the first one first."""
    found = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {step["StepName"]: step for step in found["PipelineExecutionSteps"]}


def refused(code: str, words: str = "") -> Any:
    """The client is told that it cannot be done."""
    return pytest.raises(ClientError, match=rf"\({code}\).*{words}")


def line(code: str) -> str:
    """Code as the one line that an entry point may hold."""
    return f"exec({code!r})"


def create(sagemaker: Any, name: str, text: str, **more: Any) -> str:
    return str(
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=ROLE, **more)["PipelineArn"]
    )


def start(sagemaker: Any, name: str, parameters: Parameters, **more: Any) -> str:
    started = sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=parameters, **more)
    return str(started["PipelineExecutionArn"])
