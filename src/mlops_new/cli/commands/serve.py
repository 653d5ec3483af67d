"""`mlops-new serve`: the embedded platform on a loopback port, as SageMaker and S3."""

import errno
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType

from mlops_new.aws_api.application import Application, refuse
from mlops_new.aws_api.http.server import Server
from mlops_new.cli.adapters import local_platform
from mlops_new.cli.console import Console
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.records import REGION
from mlops_new.platforms.local.engine import LocalPlatform
from mlops_new.platforms.local.store.file_copies import replacing
from mlops_new.platforms.local.store.object_store import BUCKET
from mlops_new.ports.executions import Status
from mlops_new.settings.load import Settings
from mlops_new.system.files import readable_errors

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
    # The address comes first: where it is taken, nothing is made.
    with _listening(_address(host, port)) as server, closing(local_platform(settings)) as platform:
        platform.local_path(f"s3://{BUCKET}").mkdir(exist_ok=True)
        with _until_told() as told:
            threading.Thread(
                target=server.serve, args=(Application(platform, console.say),), name="server", daemon=True
            ).start()
            url = _url(server)
            with _written(env, _exports(url)):
                _tell(url, settings, console)
                told.wait()
            server.shutdown()
            server.finish(_PATIENCE_SECONDS)
        _tell_what_goes_on(platform, console)


def _address(host: str, port: int) -> tuple[str, int]:
    if host not in _LOOPBACK:
        raise Invalid(
            f"{host} is not this machine's loopback address",
            hint="no credentials are checked, so nobody else may come in; use 127.0.0.1, ::1 or localhost",
        )
    if not 0 <= port <= _HIGHEST_PORT:
        raise Invalid(f"{port} is not a port", hint=f"0 takes a free one; the highest is {_HIGHEST_PORT}")
    return _LOOPBACK[host], port


def _listening(address: tuple[str, int]) -> Server:
    try:
        return Server(address, refuse)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise Invalid(f"port {address[1]} of {address[0]} {why}", hint="--port 0 takes a free one") from None


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


def _url(server: Server) -> str:
    host = f"[{server.server_name}]" if ":" in server.server_name else server.server_name
    return f"http://{host}:{server.server_port}"


def _exports(url: str) -> str:
    return "\n".join(f"export {name}={value}" for name, value in _environment(url).items())


def _tell(url: str, settings: Settings, console: Console) -> None:
    console.result(_exports(url), {"url": url, "environment": _environment(url)})
    console.say(f"serving {settings.home} at {url}: SageMaker pipelines and S3. Ctrl-C ends it, executions go on.")


def _environment(url: str) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def _tell_what_goes_on(platform: LocalPlatform, console: Console) -> None:
    running = [execution.id for execution in platform.executions() if execution.status == Status.EXECUTING]
    if running:
        console.say(f"still running: {', '.join(running)}; `mlops-new serve` shows them again")
