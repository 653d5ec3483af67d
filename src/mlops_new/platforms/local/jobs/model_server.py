"""A model behind the real `serve`, spoken to over HTTP."""

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

from mlops_new.errors import Error
from mlops_new.platforms.local.database.records import package_arn
from mlops_new.platforms.local.jobs.container_jobs import failure, last_line
from mlops_new.platforms.local.jobs.task import StepFailed, StepStopped, Task
from mlops_new.platforms.local.processes.supervised import Ending, Supervised
from mlops_new.system.archives import unpack

START_SECONDS = 600.0

_LOOPBACK = "127.0.0.1"
_PACKAGE = package_arn("", 0).removesuffix("/0")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.2
_PIECE = 1 << 20


class Server:
    """The container of a model, from `serve` to its end.

    Args:
        task: The attempt that needs it.
        container: A ContainerDefinition: image, model data, environment.
        environment: What the job adds to the environment.
        timeout: Seconds that one request may take.
    """

    def __init__(
        self, task: Task, container: Mapping[str, Any], environment: Mapping[str, Any], *, timeout: float
    ) -> None:
        self._task = task
        self._timeout = timeout
        self._ending: Ending | None = None
        self.port = _free_port()
        given = _defaults(self.port) | container.get("Environment", {}) | environment
        workers = str(given["MODEL_SERVER_WORKERS"])
        self.workers = int(workers) if workers.isdecimal() else os.cpu_count() or 1
        place, image = task.workspace, task.image(container["Image"])
        place.prepare(image)
        _model_data(task, container)
        self._process = Supervised(
            ["serve"], environment=place.environment(image, given), folder=place.program, log=place.log
        )
        self._watcher = threading.Thread(target=self._watch, name=f"serve-{self.port}", daemon=True)
        self._watcher.start()

    def __enter__(self) -> Self:
        self._wait_until_healthy()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        self._process.release()
        self._watcher.join()

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open as long as the server keeps it."""
        return http.client.HTTPConnection(_LOOPBACK, self.port, timeout=self._timeout)

    def execution_parameters(self) -> dict[str, Any]:
        """What the server says about how it wants to be called; nothing when it does not."""
        status, body = self._ask("/execution-parameters")
        if status != http.client.OK:
            return {}
        try:
            told = json.loads(body)
        except ValueError:
            return {}
        return dict(told) if isinstance(told, dict) else {}

    def invoke(
        self, connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str], *, chunked: bool
    ) -> bytes:
        """Send one request and give the answer.

        Raises:
            StepFailed: The server refuses or is gone; the text is its own.
            StepStopped: The run was stopped.
        """
        try:
            answer, text = _post(connection, body, headers, chunked=chunked)
        except TimeoutError:
            connection.close()
            raise StepFailed(f"the server did not answer a request within {self._timeout:.0f} seconds") from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._gone(str(error) or type(error).__name__) from error
        if answer.status >= http.client.BAD_REQUEST:
            said = " ".join(text.decode(errors="replace").split())
            raise StepFailed(f"the server answered {answer.status} {answer.reason}: {said}")
        return text

    def _watch(self) -> None:
        self._ending = self._process.wait(self._task.stop)

    def _gone(self, why: str) -> Exception:
        # A request fails a moment before the process that should have answered it is known to have ended.
        self._watcher.join(timeout=1.0)
        if self._task.stop.is_set():
            return StepStopped()
        if self._ending is None:
            return StepFailed(f"the server broke off: {why}")
        return failure(self._ending, f"serve ended: {last_line(self._task.workspace.log)}")

    def _wait_until_healthy(self) -> None:
        deadline, pause = time.monotonic() + START_SECONDS, _FIRST_PAUSE
        while self._ask("/ping")[0] != http.client.OK:
            if self._task.stop.wait(pause) or not self._watcher.is_alive():
                self.close()
                raise self._gone("it ended before it was ready")
            if time.monotonic() > deadline:
                self.close()
                raise StepFailed(f"serve did not answer /ping within {START_SECONDS:.0f} seconds")
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(_LOOPBACK, self.port, timeout=5.0)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()


def container_of(task: Task, model: str) -> dict[str, Any]:
    """The container of a model, with the model package resolved that it may be made from.

    Raises:
        StepFailed: There is no such model or package.
    """
    document = task.models.find_model(model)
    if document is None:
        raise StepFailed(f"there is no model {model!r} on this machine")
    container = dict((document.get("Containers") or [document.get("PrimaryContainer", {})])[0])
    if "ModelPackageName" not in container:
        return container
    return _package_container(task, str(container["ModelPackageName"])) | {
        "Environment": container.get("Environment", {})
    }


def _package_container(task: Task, arn: str) -> dict[str, Any]:
    group, _, version = arn.removeprefix(_PACKAGE).rpartition("/")
    try:
        package = task.models.model_package(group, int(version))
    except (ValueError, Error):
        raise StepFailed(f"{arn!r} is not a model package of this machine") from None
    container: dict[str, Any] = package.document["InferenceSpecification"]["Containers"][0]
    return container


def _model_data(task: Task, container: Mapping[str, Any]) -> None:
    folder = task.workspace.root / "model"
    folder.mkdir(parents=True, exist_ok=True)
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    if not uri:
        return
    try:
        archive = task.objects.path(uri)
        if archive.is_file() and source.get("CompressionType", "Gzip") != "None":
            unpack(archive, folder)
        else:
            task.objects.fetch(uri, folder)
    except Error as error:
        raise StepFailed(f"the model's data: {error.message}") from error


def _post(
    connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str], *, chunked: bool
) -> tuple[http.client.HTTPResponse, bytes]:
    kept_open = connection.sock is not None
    try:
        connection.request(
            "POST", "/invocations", _pieces(body) if chunked else body, dict(headers), encode_chunked=chunked
        )
        answer = connection.getresponse()
    except (ConnectionError, http.client.RemoteDisconnected):
        connection.close()
        if not kept_open:
            raise
        # The server had closed an idle connection; that says nothing about this request.
        return _post(connection, body, headers, chunked=chunked)
    return answer, answer.read()


def _defaults(port: int) -> dict[str, Any]:
    return {
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "MODEL_SERVER_HOST": _LOOPBACK,
        "MODEL_SERVER_WORKERS": str(os.cpu_count() or 1),
        # One worker a core: workers that each start a thread on every core too spend their time waiting in turn.
        "OMP_NUM_THREADS": "1",
    }


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])
