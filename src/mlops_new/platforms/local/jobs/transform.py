"""Transform jobs: an input's mini-batches through `serve`, by Batch Transform's rules."""

import gzip
import http.client
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from mlops_new.errors import Error
from mlops_new.platforms.local.database.records import job_arn, now
from mlops_new.platforms.local.jobs.association import Association, association, is_csv
from mlops_new.platforms.local.jobs.delimited import RecordTooLarge, batches, singles
from mlops_new.platforms.local.jobs.jsonpath import FilterError
from mlops_new.platforms.local.jobs.model_server import Server, container_of
from mlops_new.platforms.local.jobs.task import StepFailed, Task

_MEGABYTE = 1 << 20
_DEFAULT_PAYLOAD = 6
_DEFAULT_TIMEOUT = 600
_LARGEST_TOGETHER = 100


@dataclass(frozen=True)
class Plan:
    """How a job's input is sent.

    Args:
        split: By line; otherwise an object is one request.
        single: One record a request.
        limit: Bytes of a request; None when they are not limited and sent in chunks.
        concurrency: Requests at once.
        retries: How often a request that the server failed is sent again.
        headers: Of every request.
        quoted: The input is CSV.
        line: Every answer is ended with a line break.
        association: Filters and join.
    """

    split: bool
    single: bool
    limit: int | None
    concurrency: int
    retries: int
    headers: Mapping[str, str]
    quoted: bool
    line: bool
    association: Association


def transform(task: Task) -> dict[str, Any]:
    """Run a transform job.

    Args:
        task: Its arguments are CreateTransformJob's.

    Returns:
        DescribeTransformJob's answer.

    Raises:
        StepFailed: The job failed; the objects that went through completely are stored all the same, as Batch
            Transform does it, and no part of another.
        StepStopped: The run was stopped meanwhile.
    """
    request = task.arguments
    task.one_instance(request.get("TransformResources", {}))
    source = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    objects = _objects(task, source)
    timeout = request.get("ModelClientConfig", {}).get("InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT)
    container = container_of(task, request["ModelName"])
    started = now()
    with Server(task, container, _environment(request), timeout=timeout) as server:
        plan = _plan(request, server)
        _send(task, server, plan, objects)
    return {
        "TransformJobName": task.job_name,
        "TransformJobArn": job_arn("transform-job", task.job_name),
        **request,
        "TransformJobStatus": "Completed",
        "TransformStartTime": started,
        "TransformEndTime": now(),
    }


def _objects(task: Task, uri: str) -> list[tuple[str, Path]]:
    try:
        found = task.objects.find(uri)
    except Error as error:
        raise StepFailed(error.message) from error
    if not found:
        raise StepFailed(f"there is no object at {uri}")
    return found


def _environment(request: Mapping[str, Any]) -> dict[str, Any]:
    strategy = "SINGLE_RECORD" if request.get("BatchStrategy") == "SingleRecord" else "MULTI_RECORD"
    return {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": strategy,
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": request.get("MaxConcurrentTransforms", 0),
        **request.get("Environment", {}),
    }


def _plan(request: Mapping[str, Any], server: Server) -> Plan:
    source, target = request["TransformInput"], request["TransformOutput"]
    told = server.execution_parameters()
    payload = request.get("MaxPayloadInMB", told.get("MaxPayloadInMB", _DEFAULT_PAYLOAD))
    concurrency = request.get("MaxConcurrentTransforms") or told.get("MaxConcurrentTransforms") or server.workers
    strategy = request.get("BatchStrategy") or told.get("BatchStrategy") or "MultiRecord"
    if request.get("MaxConcurrentTransforms", 0) * payload > _LARGEST_TOGETHER:
        raise StepFailed(f"MaxConcurrentTransforms x MaxPayloadInMB is more than {_LARGEST_TOGETHER}")
    sent, received = source.get("ContentType", ""), target.get("Accept", "")
    split = source.get("SplitType", "None") == "Line"
    try:
        associated = association(request.get("DataProcessing", {}), sent=sent, received=received, lines=split)
    except FilterError as error:
        raise StepFailed(str(error)) from error
    chunks = {} if payload else {"Transfer-Encoding": "chunked"}
    headers = {"Content-Type": sent, "Accept": received} | chunks
    return Plan(
        split=split,
        single=strategy in {"SingleRecord", "SINGLE_RECORD"},
        limit=payload * _MEGABYTE if payload else None,
        concurrency=max(1, int(concurrency)),
        retries=request.get("ModelClientConfig", {}).get("InvocationsMaxRetries", 0),
        headers={name: value for name, value in headers.items() if value},
        quoted=is_csv(sent),
        line=target.get("AssembleWith", "None") == "Line",
        association=associated,
    )


def _send(task: Task, server: Server, plan: Plan, objects: list[tuple[str, Path]]) -> None:
    target = str(task.arguments["TransformOutput"]["S3OutputPath"]).rstrip("/")
    compressed = task.arguments["TransformInput"].get("CompressionType", "None") == "Gzip"
    failed: list[str] = []
    with _Client(server, plan) as client:
        for key, path in objects:
            done = task.workspace.folder / "answers"
            try:
                _send_object(client, plan, path, done, compressed=compressed)
            except StepFailed as error:
                failed.append(f"{key}: {error.reason}")
                if error.kind:  # the server is gone: nothing more can be asked of it
                    raise StepFailed(failed[0], kind=error.kind) from error
                continue
            task.objects.take(done, f"{target}/{key}.out")
    if failed:
        more = f" (and {len(failed) - 1} more objects)" if len(failed) > 1 else ""
        raise StepFailed(failed[0] + more)


class _Client:
    """Threads that each keep a connection."""

    def __init__(self, server: Server, plan: Plan) -> None:
        self._server, self._plan = server, plan
        self._own = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._pool = ThreadPoolExecutor(plan.concurrency, thread_name_prefix="transform")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for connection in self._connections:
            connection.close()

    def results(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """What is to be stored, in the order of the pieces; a few of them are on their way at any time."""
        waiting: deque[Future[bytes]] = deque()
        try:
            for piece in pieces:
                waiting.append(self._pool.submit(self._result, piece))
                if len(waiting) > 2 * self._plan.concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _result(self, piece: bytes) -> bytes:
        plan = self._plan
        body = plan.association.sent(piece)
        answer = self._invoke(body, plan.retries)
        result = plan.association.result(piece, answer)
        return result + b"\n" if plan.line and result and not result.endswith(b"\n") else result

    def _invoke(self, body: bytes, retries: int) -> bytes:
        try:
            return self._server.invoke(self._connection(), body, self._plan.headers, chunked=self._plan.limit is None)
        except StepFailed:
            if retries <= 0:
                raise
            return self._invoke(body, retries - 1)

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._server.connect()
            self._connections.append(self._own.connection)
        return cast("http.client.HTTPConnection", self._own.connection)


def _send_object(client: _Client, plan: Plan, path: Path, done: Path, *, compressed: bool) -> None:
    with gzip.open(path, "rb") if compressed else path.open("rb") as stream, done.open("wb") as sink:
        try:
            for result in client.results(_pieces(cast("BinaryIO", stream), plan)):
                sink.write(result)
        except RecordTooLarge:
            limit = (plan.limit or 0) // _MEGABYTE
            raise StepFailed(f"a record is larger than MaxPayloadInMB = {limit}") from None
        except (FilterError, gzip.BadGzipFile, EOFError) as error:
            raise StepFailed(str(error)) from error


def _pieces(stream: BinaryIO, plan: Plan) -> Iterator[bytes]:
    if not plan.split:
        return _whole(stream, plan.limit)
    cut = singles if plan.single else batches
    return cut(stream, plan.limit, quoted=plan.quoted)


def _whole(stream: BinaryIO, limit: int | None) -> Iterator[bytes]:
    data = stream.read(-1 if limit is None else limit + 1)
    if limit is not None and len(data) > limit:
        raise RecordTooLarge
    if data:
        yield data
