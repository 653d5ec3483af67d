"""A request as it came in, an answer as it goes out, and refusals in Bitbucket's shapes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What was asked: `path` is percent-encoded and without `/2.0` for REST; credentials are not kept.

    Args:
        number: Counted from 1 over everything the server was asked.
        method: The HTTP method.
        path: The path.
        query: The query, each name once.
        body: The body's bytes.
        is_git: Whether git asked, not the API's client.
    """

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes = b""
    is_git: bool = False

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body) if self.body else None

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET" and not self.path.endswith("/git-upload-pack")

    def __str__(self) -> str:
        return f"{self.number} {self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer."""
    body = b"" if document is None else json.dumps(document).encode()
    return Reply(status, body, {"Content-Type": "application/json"} | dict(headers or {}))


class Refusal(Exception):  # an answer like another
    """An error answer."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.more = more

    def reply(self) -> Reply:
        """The answer, in the documented shape."""
        headers = {"WWW-Authenticate": 'Basic realm="Bitbucket.org HTTP"'} if self.status == 401 else {}
        return as_json(self.status, {"type": "error", "error": {"message": self.message, **self.more}}, headers)
