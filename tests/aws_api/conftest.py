"""A server over the home with the tiny image."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws_api.program import Served, serve
from tests.platforms.local import conftest as local_platform
from tests.platforms.local.conftest import Local

prepared, local = local_platform.prepared, local_platform.local
own, new_home = local_platform.own, local_platform.new_home


@pytest.fixture(scope="session")
def served(prepared: Local) -> Iterator[Served]:
    """One server for all tests that do not mind others on it."""
    server = serve(prepared.platform.stores.home.root)
    yield server
    assert server.end() == 0


@pytest.fixture
def start_server(own: Local) -> Iterator[Callable[[], Served]]:
    """Starts servers of a home of the test's own."""
    servers: list[Served] = []

    def another() -> Served:
        servers.append(serve(own.platform.stores.home.root))
        return servers[-1]

    yield another
    for server in servers:
        if server.process.poll() is None:
            assert server.end() == 0


@pytest.fixture(scope="session")
def sagemaker(served: Served) -> Any:
    return served.client("sagemaker")


@pytest.fixture(scope="session")
def s3(served: Served) -> Any:
    return served.client("s3")


@pytest.fixture
def image(prepared: Local) -> list[dict[str, str]]:
    """The parameters that every definition of the tests needs."""
    return [{"Name": "ImageUri", "Value": prepared.image.uri}]


@pytest.fixture
def signs(tmp_path: Path) -> Path:
    """A folder in which jobs leave files."""
    folder = tmp_path / "signs"
    folder.mkdir()
    return folder
