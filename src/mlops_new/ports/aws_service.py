"""The platform of this machine served as AWS's interface, as the command that serves it needs it."""

from collections.abc import Mapping
from typing import Protocol


class AwsService(Protocol):
    """SageMaker and S3 on a loopback address. The address is taken already."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that lead AWS's clients there."""
        ...

    def start(self) -> None:
        """Answer requests from now on, in a thread of its own."""
        ...

    def finish(self, seconds: float) -> None:
        """Take no new requests, and give those that are being answered some time."""
        ...

    def running(self) -> list[str]:
        """The executions that have not ended; they go on without it."""
        ...
