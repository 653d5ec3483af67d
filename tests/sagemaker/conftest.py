"""An AWS account of the test's own, on loopback."""

from collections.abc import Iterator

import pytest

from tests.doubles.aws import front


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[front.AwsAccount]:
    """A fresh account that this process's environment leads to."""
    with front.account(monkeypatch.setenv) as found:
        yield found
