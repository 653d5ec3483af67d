"""AWS's interface over the platform of this machine, on a loopback address."""

import errno
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_new.aws_api.application import Application, refuse
from mlops_new.aws_api.http.server import Server
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.records import REGION
from mlops_new.platforms.local.engine import Engine
from mlops_new.platforms.local.store.object_store import BUCKET
from mlops_new.ports.executions import Status


@contextmanager
def local_service(address: tuple[str, int], home: Path, log: Callable[[str], None]) -> "Iterator[LocalService]":
    """Take the address, and let it go at the end.

    Args:
        address: A loopback address and a port; 0 takes a free one.
        home: MLOPS_NEW_HOME.
        log: Takes a line for whoever runs the server.

    Raises:
        Invalid: The port is taken.
    """
    # The address comes first: where it is taken, nothing is made.
    with _listening(address) as server, closing(Engine(home)) as engine:
        engine.stores.objects.path(f"s3://{BUCKET}").mkdir(exist_ok=True)
        yield LocalService(server, engine, log)


@dataclass(frozen=True)
class LocalService:
    """SageMaker, S3 and as much of STS as clients need, over one home."""

    server: Server
    engine: Engine
    log: Callable[[str], None]

    @property
    def url(self) -> str:
        """Where it is."""
        name = self.server.server_name
        return f"http://{f'[{name}]' if ':' in name else name}:{self.server.server_port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that lead AWS's clients there."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def start(self) -> None:
        """Answer requests from now on, in a thread of its own."""
        application = Application(self.engine, self.log)
        threading.Thread(target=self.server.serve, args=(application,), name="server", daemon=True).start()

    def finish(self, seconds: float) -> None:
        """Take no new requests, and give those that are being answered some time."""
        self.server.shutdown()
        self.server.finish(seconds)

    def running(self) -> list[str]:
        """The executions that have not ended; they go on without it."""
        return [one.id for one in self.engine.stores.executions.all() if one.status == Status.EXECUTING]


def _listening(address: tuple[str, int]) -> Server:
    try:
        return Server(address, refuse)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise Invalid(f"port {address[1]} of {address[0]} {why}", hint="--port 0 takes a free one") from None
