"""The model behind HTTP as SageMaker asks for it: `GET /ping` and `POST /invocations`.

A CSV body has no header; a line is ids and features, or features only, told apart by their number. A JSON line is an
object of features by name, or a list of them in order, as it is or under the key `features`.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication
from threadpoolctl import threadpool_limits

import outcome
import paths
from model import estimator, wire
from model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from model.estimator import Model, Signature

CSV = "text/csv"
JSON_LINES = "application/jsonlines"
READ: Mapping[str, Callable[[bytes, Signature], pd.DataFrame]] = {CSV: wire.read_csv, JSON_LINES: wire.read_json_lines}
WRITE: Mapping[str, Callable[[pd.DataFrame], bytes]] = {CSV: wire.write_csv, JSON_LINES: wire.write_json_lines}
STOP_SECONDS = 25  # SageMaker kills what is still there 30 s after SIGTERM
TIMEOUT_SECONDS = 600  # a mini-batch takes seconds; a worker that hangs is replaced after this


def create_app(model: Model) -> Flask:
    """The WSGI application around a loaded model."""
    app = Flask(__name__)

    @app.get("/ping")
    def ping() -> Response:
        return Response(status=200)

    @app.post("/invocations")
    def invocations() -> Response:
        kind = request.mimetype
        if kind not in READ:
            return _refusal(f"content type {kind!r} is unknown: send {CSV} or {JSON_LINES}", status=415)
        try:
            answers = model.predict(READ[kind](request.get_data(cache=False), model.signature))
        except InputError as error:
            return _refusal(str(error), status=400)
        wanted = request.accept_mimetypes.best
        answer_kind = wanted if wanted and wanted in WRITE else kind
        return Response(WRITE[answer_kind](answers), mimetype=answer_kind)

    return app


def _refusal(reason: str, *, status: int) -> Response:
    return Response(" ".join(reason.split()) + "\n", status=status, mimetype="text/plain")


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn around an application that is there before its workers are, who share its memory."""

    def __init__(self, app: Flask, options: Mapping[str, Any]) -> None:
        self.app, self.options = app, options
        os.register_at_fork(after_in_parent=_hear_sigterm)
        super().__init__()

    def load_config(self) -> None:
        """Take the settings that were given; gunicorn calls this."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Give the application that is there; gunicorn calls this."""
        return self.app


def _hold_sigterm(_server: object, _worker: object) -> None:
    """SIGTERM waits until the new worker has its own handler.

    The one that it starts with does nothing: the server would wait for that worker until it had to kill it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _hear_sigterm(_worker: object = None) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def options(environment: Mapping[str, str]) -> dict[str, Any]:
    """Settings of gunicorn. Workers share the processors, so that they do not fight for them."""
    processors = os.cpu_count() or 1
    workers = int(environment.get("MODEL_SERVER_WORKERS") or processors)
    threads = max(1, processors // workers)

    def limit_threads(_server: object, _worker: object) -> None:
        threadpool_limits(threads)

    host = environment.get("MODEL_SERVER_HOST") or "0.0.0.0"  # noqa: S104 (a container is reached from outside)
    port = environment.get("SAGEMAKER_BIND_TO_PORT") or "8080"
    return {
        "bind": f"{host}:{port}",
        "workers": workers,
        "worker_class": "sync",
        "timeout": TIMEOUT_SECONDS,
        "graceful_timeout": STOP_SECONDS,
        "pre_fork": _hold_sigterm,
        "post_fork": limit_threads,
        "post_worker_init": _hear_sigterm,
        "loglevel": "warning",
        "control_socket_disable": True,  # one more file, in a home that a container may not have
    }


def main() -> None:
    """Load the model, then serve it until SIGTERM. Without a model nothing listens, so `/ping` is never answered."""
    app = create_app(estimator.load(paths.model()))
    Server(app, options(os.environ)).run()


if __name__ == "__main__":
    outcome.run(main, reason=None)
