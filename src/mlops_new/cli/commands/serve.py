"""`mlops-new serve`: the embedded platform on a loopback port, as SageMaker and S3."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from mlops_new.cli.adapters import aws_service
from mlops_new.cli.console import Console
from mlops_new.errors import Invalid
from mlops_new.ports.aws_service import AwsService
from mlops_new.settings.load import Settings
from mlops_new.system.files import readable_errors, replacing

_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
_PATIENCE_SECONDS = 5.0
_HIGHEST_PORT = 65_535


def run(host: str, port: int, env: Path | None, settings: Settings, console: Console) -> None:
    """Serve until SIGINT or SIGTERM. Executions go on: each has a process of its own.

    Args:
        host: A loopback address.
        port: 0 takes a free one.
        env: A file for the lines to export: it is there, whole, as long as the server listens.
        settings: Of this machine.
        console: Where to tell what is going on.

    Raises:
        Invalid: The host is not this machine, or the port is taken.
        Error: The file cannot be written.
    """
    if env is not None:
        with readable_errors(env):
            env.unlink(missing_ok=True)  # an older server's: whoever waits for the file must not take it for this one's
    with aws_service(settings, _address(host, port), console.say) as service:
        with _until_told() as told:
            service.start()
            with _written(env, _exports(service)):
                _tell(service, settings, console)
                told.wait()
            service.finish(_PATIENCE_SECONDS)
        if running := service.running():
            console.say(f"still running: {', '.join(running)}; `mlops-new serve` shows them again")


def _address(host: str, port: int) -> tuple[str, int]:
    if host not in _LOOPBACK:
        raise Invalid(
            f"{host} is not this machine's loopback address",
            hint="no credentials are checked, so nobody else may come in; use 127.0.0.1, ::1 or localhost",
        )
    if not 0 <= port <= _HIGHEST_PORT:
        raise Invalid(f"{port} is not a port", hint=f"0 takes a free one; the highest is {_HIGHEST_PORT}")
    return _LOOPBACK[host], port


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM raise; the second one acts as it always does."""
    told = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, _: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        told.set()

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _written(env: Path | None, text: str) -> Iterator[None]:
    """Have the file while the block runs; one that somebody else has written meanwhile stays."""
    if env is None:
        yield
        return
    with readable_errors(env), replacing(env) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            if env.read_text(encoding="utf-8") == text + "\n":
                env.unlink()


def _exports(service: AwsService) -> str:
    return "\n".join(f"export {name}={value}" for name, value in service.environment.items())


def _tell(service: AwsService, settings: Settings, console: Console) -> None:
    url = service.url
    console.result(_exports(service), {"url": url, "environment": service.environment})
    console.say(f"serving {settings.home} at {url}: SageMaker pipelines and S3. Ctrl-C ends it, executions go on.")
