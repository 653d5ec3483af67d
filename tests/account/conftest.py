"""An AWS account that nobody has bootstrapped."""

from collections.abc import Iterator

import pytest

from tests.doubles.aws.server import AwsServer, Moto


@pytest.fixture
def empty(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """A fresh account; the environment leads to it."""
    server = AwsServer(moto)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()
