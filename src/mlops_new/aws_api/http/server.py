"""The socket's side: HTTP/1.1 with kept connections, on this machine only."""

import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Protocol
from uuid import uuid4

from mlops_new.aws_api.http.bodies import Chunked, Sized
from mlops_new.aws_api.http.messages import REQUEST_ID, Readable, Request, Response, Slice
from mlops_new.aws_api.http.service_errors import ServiceError

_HOST = re.compile(r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]*)\.(?=localhost))?(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?")
_DRAINED = 1 << 20  # bytes of an unread body that are read away, so that the connection can be used again
_BLOCK = 1 << 16
_IDLE_SECONDS = 300.0
_DECODED = "x-amz-decoded-content-length"


class Answering(Protocol):
    """What the server serves."""

    def __call__(self, request: Request, /) -> Response:
        """The answer to a request; errors are answers, too."""
        ...


class Server(ThreadingHTTPServer):
    """Holds a loopback address, and answers when it is told what; each connection has a thread of its own.

    Args:
        address: Host and port; port 0 takes a free one.
        refuse: Words an error that is found before anybody could be asked.

    Raises:
        OSError: The address cannot be taken.
    """

    daemon_threads = True
    request_queue_size = 128

    answering: Answering

    def __init__(self, address: tuple[str, int], refuse: Callable[[Request, ServiceError], Response]) -> None:
        self.refuse = refuse
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._busy, self._turn = 0, threading.Condition()
        super().__init__(address, _Handler)

    def serve(self, answering: Answering) -> None:
        """Answer, until somebody calls `shutdown`."""
        self.answering = answering
        self.serve_forever()

    def server_bind(self) -> None:
        """Bind without asking a name server what this machine is called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While a request is being answered."""
        with self._turn:
            self._busy += 1
        try:
            yield
        finally:
            with self._turn:
                self._busy -= 1
                self._turn.notify_all()

    def finish(self, seconds: float) -> bool:
        """Wait for the requests that are being answered; False when the time was not enough."""
        with self._turn:
            return self._turn.wait_for(lambda: not self._busy, seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours; everything else was answered before it could come here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "mlops-new", ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = _BLOCK
    server: Server

    def _answer(self) -> None:
        with self.server.busy():
            try:
                self._one()
            except (ConnectionError, TimeoutError):
                self.close_connection = True  # nobody knows where the next request would begin

    def _one(self) -> None:
        request = Request(self.command, self.path, self.headers, _Nothing())
        try:
            request = self._request()
        except ServiceError as error:
            self.close_connection = True
            self._send(self.server.refuse(request, error))
            return
        self._send(self.server.answering(request))
        self._read_away()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = _answer  # noqa: N815  # http.server's

    def handle_expect_100(self) -> bool:
        """Ask for the body at once: while the question is buffered, the client waits."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def _request(self) -> Request:
        match = _HOST.fullmatch(self.headers.get("Host", "").lower())
        if match is None:
            raise _forbidden(f"this server answers to localhost, not to {self.headers.get('Host', 'no Host at all')!r}")
        if "Origin" in self.headers or "Sec-Fetch-Site" in self.headers:
            raise _forbidden("requests of web pages are not answered")
        return Request(self.command, self.path, self.headers, self._body(), match["bucket"] or "")

    def _body(self) -> Readable:
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        told = "Content-Length" in self.headers
        length = number(self.headers, "Content-Length")
        self._raw = Chunked(self.rfile) if chunked else Sized(self.rfile, length, announced=told)
        if not self.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
            return self._raw
        # Whatever wraps it, what AWS's clients stream is once more in chunks, with checksums behind.
        if _DECODED not in self.headers:
            raise ServiceError("MissingContentLength", f"{_DECODED} is missing", HTTPStatus.LENGTH_REQUIRED)
        promised = [name.strip().lower() for name in str(self.headers.get("x-amz-trailer", "")).split(",")]
        return Chunked(self._raw, number(self.headers, _DECODED), [name for name in promised if name])

    def _send(self, response: Response) -> None:
        body = response.body
        length = body.length if isinstance(body, Slice) else len(body)
        try:
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, _header(value))
            identity = response.headers.get(REQUEST_ID) or str(uuid4())
            for name in ("x-amzn-RequestId", *(() if REQUEST_ID in response.headers else (REQUEST_ID,))):
                self.send_header(name, identity)
            if response.status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(length if response.length is None else response.length))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self._send_body(body)
        finally:
            if isinstance(body, Slice):
                body.file.close()

    def _send_body(self, body: bytes | Slice) -> None:
        if isinstance(body, Slice):
            self.wfile.flush()
            if body.length:
                self.connection.sendfile(body.file, body.start, body.length)
        else:
            self.wfile.write(body)

    def _read_away(self) -> None:
        self.wfile.flush()
        read = 0
        with suppress(ServiceError):
            while block := self._raw.read(_BLOCK):
                read += len(block)
                if read > _DRAINED:
                    break
            else:
                return
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that http.server gives it
        """Say nothing: clients are told what is wrong."""


class _Nothing:
    trailers: Mapping[str, str] = MappingProxyType({})

    def read(self, _: int, /) -> bytes:
        return b""


def number(headers: Message, name: str) -> int:
    """A header that tells a number of bytes; 0 where it is not sent.

    Raises:
        ServiceError: It is something else.
    """
    text = str(headers.get(name, "0"))
    if not (text.isascii() and text.isdecimal()):
        raise ServiceError("InvalidArgument", f"{name} {text!r} is no number")
    return int(text)


def _header(value: str) -> str:
    """Header values are one line of Latin-1; whatever else was stored is percent-encoded by whoever stored it."""
    return re.sub(r"[\r\n]", " ", value).encode("latin-1", "replace").decode("latin-1")


def _forbidden(message: str) -> ServiceError:
    return ServiceError("AccessDenied", message, HTTPStatus.FORBIDDEN)
