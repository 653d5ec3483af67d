"""What a service is asked and what it answers, apart from any socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from typing import BinaryIO, Protocol
from urllib.parse import parse_qsl, urlsplit

from mlops_new.aws_api.http.service_errors import ServiceError

REQUEST_ID = "x-amz-request-id"
"""The header that names a request, so that client and server can speak of the same one."""
LARGEST_DOCUMENT = 16 << 20
"""Bytes of a request body that is read whole; objects are not, they are streamed."""


class Readable(Protocol):
    """A body, read once from the front."""

    @property
    def trailers(self) -> Mapping[str, str]:
        """Headers that come behind the body, by name in lower case; known when all of it was read."""
        ...

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end.

        Raises:
            ServiceError: The body ended before it was complete.
        """
        ...


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Args:
        method: GET, PUT, ….
        target: Path and query as they were sent.
        headers: By name, whatever its case.
        body: Everything after the headers, transfer encoding undone.
        bucket: The one that the Host header names (virtual-hosted style); empty in path style.
    """

    method: str
    target: str
    headers: Message
    body: Readable
    bucket: str = ""

    @property
    def path(self) -> str:
        """Percent-encoded, without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """By name; a name without a value has an empty one."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str) -> str:
        """A header's value, empty when it was not sent."""
        return str(self.headers.get(name, ""))

    def document(self) -> bytes:
        """The body as a whole.

        Raises:
            ServiceError: It is larger than any document.
        """
        whole = bytearray()
        while block := self.body.read(LARGEST_DOCUMENT + 1 - len(whole)):
            whole += block
        if len(whole) > LARGEST_DOCUMENT:
            raise ServiceError("RequestEntityTooLarge", f"more than {LARGEST_DOCUMENT} bytes", _TOO_LARGE)
        return bytes(whole)


@dataclass(frozen=True)
class Slice:
    """A part of an open file; whoever sends it closes the file."""

    file: BinaryIO
    start: int
    length: int


@dataclass(frozen=True)
class Response:
    """An HTTP answer. `length` is told instead of the body's where there is none: the answer to HEAD."""

    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Slice = b""
    length: int | None = None


_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
