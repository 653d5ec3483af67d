"""Bodies of requests: of a known length, in chunks, and in the chunks that AWS's clients put into either."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Protocol

from mlops_new.aws_api.http.service_errors import ServiceError

_LONGEST_LINE = 8192
_MOST_TRAILERS = 100
_AT_ONCE = 1 << 18


class Source(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


class Sized:
    """A body of so many bytes.

    Args:
        source: The connection.
        length: The value of Content-Length.
        announced: Whether the sender told the length at all.
    """

    trailers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, source: Source, length: int, *, announced: bool = True) -> None:
        self.announced = announced
        self._source = source
        self._left = length

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes of it.

        Raises:
            ServiceError: The connection ended before.
        """
        block = self._source.read(min(size, self._left, _AT_ONCE))
        if not block and self._left and size:
            raise _incomplete()
        self._left -= len(block)
        return block


class Chunked:
    """A body in chunks, each with its length in front; what follows the last one is kept as trailers.

    Args:
        source: Where the chunks come from: the connection, or a body that holds chunks.
        expected: How many bytes the chunks hold together; None where nobody says.
        promised: The trailers that the sender has announced.
    """

    def __init__(self, source: Source, expected: int | None = None, promised: Collection[str] = ()) -> None:
        self._source = source
        self._expected = expected
        self._promised = promised
        self._left = self._read = 0
        self._begun = self._ended = False
        self.trailers: dict[str, str] = {}

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes of what the chunks hold.

        Raises:
            ServiceError: They are malformed, or the connection ended before the last one.
        """
        if not self._left and not self._ended and size:
            self._next()
        block = self._source.read(min(size, self._left, _AT_ONCE))
        if not block and self._left and size:
            raise _incomplete()
        self._left -= len(block)
        self._read += len(block)
        return block

    def _next(self) -> None:
        if self._begun and self._line():
            raise _malformed()
        self._begun = True
        length = self._line().partition(b";")[0].strip()
        try:
            self._left = int(length, 16)
        except ValueError:
            raise _malformed() from None
        if self._left < 0:
            raise _malformed()
        if not self._left:
            self._end()

    def _end(self) -> None:
        self._ended = True
        while line := self._line(may_end=True):
            name, _, value = line.decode("latin-1").partition(":")
            self.trailers[name.strip().lower()] = value.strip()
            if len(self.trailers) > _MOST_TRAILERS:
                raise _malformed()
        if self._expected is not None and self._read != self._expected:
            raise _incomplete()
        if missing := sorted(set(self._promised) - self.trailers.keys()):
            raise ServiceError(
                "MalformedTrailerError", f"the trailers {', '.join(missing)} were announced and never came"
            )

    def _line(self, *, may_end: bool = False) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            byte = self._source.read(1)
            if not byte and may_end:
                break
            if not byte:
                raise _incomplete()
            if len(line) > _LONGEST_LINE:
                raise _malformed()
            line += byte
        return line.rstrip(b"\r\n")


def _incomplete() -> ServiceError:
    return ServiceError("IncompleteBody", "the body ended before it was complete")


def _malformed() -> ServiceError:
    return ServiceError("InvalidChunkSizeError", "the chunks of the body cannot be told apart")
