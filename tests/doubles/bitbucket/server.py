"""The double itself: an HTTP server on loopback that remembers, records and fails on demand."""

import hashlib
import re
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.doubles.bitbucket import access, git_http, specification
from tests.doubles.bitbucket.access import Token
from tests.doubles.bitbucket.faults import After, Before, Drop, Fault, How, Slow, TooMany
from tests.doubles.bitbucket.messages import Refusal, Reply, Request
from tests.doubles.bitbucket.rest import Rest
from tests.doubles.bitbucket.state import Json, Repository, Workspace, new_uuid, picture

PERSONAL = Token("ATATT-personal-secret", "ann@example.com")
WORKSPACE = Token("ATCT-workspace-secret", None, access.EVERY_CLASSIC_SCOPE)


class BitbucketServer:
    """A Bitbucket of one workspace.

    Use it as a context manager. On leaving it, a request that Bitbucket's specification does not allow is an error.
    """

    def __init__(self, *, tokens: Iterable[Token] = (PERSONAL, WORKSPACE), workspace: str = "acme") -> None:
        self.tokens = list(tokens)
        self.requests: list[Request] = []
        self.problems: list[str] = []
        self.clock_ahead = 0.0
        self.tells_scopes = False
        self.extra_headers: dict[str, str] = {}
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="bitbucket-double-")
        self._server = _Http(("127.0.0.1", 0), _Handler)
        self._server.double = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.workspace = Workspace(workspace, new_uuid())
        self.rest = Rest(self.workspace, self.url, Path(self._folder.name))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()
        if error is None and self.problems:
            raise AssertionError("\n".join(self.problems))

    # --- what tests say ---

    def fail(
        self,
        how: How,
        *,
        request: int | None = None,
        method: str = "",
        path: str = "",
        where: Callable[[int], bool] | None = None,
        times: int | None = 1,
    ) -> None:
        """Let something go wrong.

        Args:
            how: What.
            request: With the n-th request from now on, counted from 1.
            method: With requests of this method.
            path: With requests whose path this expression is found in.
            where: With requests whose number, counted from now on, this is true for.
            times: With how many of them; None for all.
        """
        start = len(self.requests)

        def matches(number: int, its_method: str, its_path: str) -> bool:
            since = number - start
            return (
                request in {None, since}
                and method in {"", its_method}
                and bool(re.search(path, its_path))
                and (where is None or where(since))
            )

        self._faults.append(Fault(how, matches, times))

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    def forget(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    @property
    def writes(self) -> list[Request]:
        """The requests that change something."""
        return [request for request in self.requests if request.writes]

    def picture(self) -> Json:
        """Everything that exists, without anything accidental."""
        return picture(self.workspace)

    def repository(self, slug: str) -> Repository:
        """A repository in its memory."""
        return self.workspace.repositories[slug]

    def pretend_pushed(self, slug: str, branch: str = "main") -> None:
        """Let a branch be there without the time that git takes."""
        self.repository(slug).heads[f"refs/heads/{branch}"] = "1" * 40

    def add_user(self, uuid: str, account_id: str) -> None:
        """A member of the workspace, who can be named by either identifier."""
        user = {"type": "user", "uuid": uuid, "account_id": account_id}
        self.workspace.users |= {uuid: user, account_id: user}

    def use_tls(self, certificate: Path, key: Path) -> None:
        """Speak TLS with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")

    # --- what the handler asks ---

    def receive(self, method: str, target: str, body: bytes) -> tuple[Request, list[How]]:
        """Record a request and say what goes wrong with it."""
        parts = urlsplit(target)
        is_rest = parts.path.startswith("/2.0/")
        path = parts.path.removeprefix("/2.0") if is_rest else parts.path
        with self._lock:
            number = len(self.requests) + 1
            request = Request(number, method, path, dict(parse_qsl(parts.query)), body, not is_rest)
            self.requests.append(request)
            return request, self._struck(number, method, path)

    def _struck(self, number: int, method: str, path: str) -> list[How]:
        """Every delay that applies, and the first other fault."""
        struck: list[How] = []
        for fault in self._faults:
            is_free = isinstance(fault.how, Slow) or all(isinstance(how, Slow) for how in struck)
            if is_free and fault.strikes(number, method, path):
                struck.append(fault.how)
        return struck

    def answer(self, request: Request, headers: Any) -> Reply:
        """Do what is asked."""
        try:
            if request.is_git:
                return self._git(request, headers)
            token = self._authenticate(headers.get("Authorization"))
            self._judge(request)
            self._authorise(request, token)
            with self._lock:
                reply = self.rest.answer(request)
            reply = _unless_known(request, reply, headers.get("If-None-Match"))
            scopes = {"X-OAuth-Scopes": ", ".join(sorted(token.scopes))} if self.tells_scopes else {}
            return Reply(reply.status, reply.body, {**reply.headers, **scopes, **self.extra_headers})
        except Refusal as refusal:
            return refusal.reply()

    def _judge(self, request: Request) -> None:
        judge = specification.at_hand()
        self.problems += judge.faults(request) if judge else ()

    def _authenticate(self, header: str | None) -> Token:
        for token in self.tokens:
            if header == token.authorization:
                return token
        raise Refusal(401, "Token is invalid, expired, or not supported for this endpoint.")

    def _authorise(self, request: Request, token: Token) -> None:
        wanted = access.operation(request.method, request.path)
        if wanted is None:
            self.problems.append(f"{request}: no such operation")
            raise Refusal(404, "Resource not found")
        if token.lacks(wanted):
            required = wanted.classic if token.email is None else wanted.scopes
            detail = {"required": sorted(required), "granted": sorted(token.scopes)}
            message = "Your credentials lack one or more required privilege scopes."
            raise Refusal(403, message, detail=detail)

    def _git(self, request: Request, headers: Any) -> Reply:
        token = next((one for one in self.tokens if headers.get("Authorization") == one.git_authorization), None)
        if token is None:
            return Reply(401, b"", {"WWW-Authenticate": 'Basic realm="Bitbucket.org HTTP"'})
        pushes = "git-receive-pack" in (request.path + request.query.get("service", ""))
        if not token.may("write" if pushes else "read"):
            return Reply(403, b"You may not have access to this repository.")
        slug = request.path.removeprefix(f"/{self.workspace.slug}/").partition(".git")[0]
        repository = self.workspace.repositories.get(slug)
        if repository is None or self.rest.hidden("git", slug) or self.rest.hidden("repository", slug):
            return Reply(404, b"Repository not found")
        reply = git_http.serve(request, repository, headers)
        if request.path.endswith("/git-receive-pack"):
            self.rest.touch(repository)
        return reply


def _unless_known(request: Request, reply: Reply, known: str | None) -> Reply:
    """Give what is read a tag, and nothing else where the client has that already."""
    if request.method != "GET" or reply.status != HTTPStatus.OK:
        return reply
    tag = f'"{hashlib.sha256(reply.body).hexdigest()[:32]}"'
    headers = {**reply.headers, "ETag": tag}
    return Reply(304, b"", headers) if known == tag else Reply(reply.status, reply.body, headers)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    double: BitbucketServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class calls it so
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The clock that the double shows."""
        return super().date_time_string((timestamp or time.time()) + self.server.double.clock_ahead)

    def do_GET(self) -> None:  # http.server calls it so
        """Every method alike."""
        double = self.server.double
        request, struck = double.receive(self.command, self.path, self._body())
        reply: Reply | None = None
        for how in struck:
            match how:
                case Slow():
                    time.sleep(how.seconds)
                case Before():
                    return self._send(_failure(how))
                case TooMany():
                    return self._send(_too_many(how))
                case Drop(after=False):
                    return self._hang_up()
                case After():
                    double.answer(request, self.headers)
                    reply = _failure(how)
                case Drop():
                    double.answer(request, self.headers)
                    return self._hang_up()
        return self._send(reply or double.answer(request, self.headers))

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # no server acts on half a request
            raise ConnectionResetError("the client has gone")
        return body

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _hang_up(self) -> None:
        self.close_connection = True


def _failure(how: Before | After) -> Reply:
    return Reply(how.status, how.body.encode(), {"Content-Type": how.content_type})


def _too_many(how: TooMany) -> Reply:
    body = b'{"type": "error", "error": {"message": "Rate limit for this resource has been exceeded"}}'
    headers = {"Content-Type": "application/json"}
    return Reply(429, body, headers | ({"Retry-After": how.retry_after} if how.retry_after is not None else {}))
