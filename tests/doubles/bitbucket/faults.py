"""What can be made to go wrong, and with which request."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Before:
    """Answer with this status and do nothing."""

    status: int
    body: str = '{"type": "error", "error": {"message": "Something went wrong"}}'
    content_type: str = "application/json"


@dataclass(frozen=True)
class After:
    """Do it, then answer with this status."""

    status: int
    body: str = '{"type": "error", "error": {"message": "Something went wrong"}}'
    content_type: str = "application/json"


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer, before or after it is done."""

    after: bool = False


@dataclass(frozen=True)
class TooMany:
    """Answer 429 and do nothing."""

    retry_after: str | None = None


@dataclass(frozen=True)
class Slow:
    """Answer late, by so many seconds."""

    seconds: float


How = Before | After | Drop | TooMany | Slow


@dataclass
class Fault:
    """A fault that waits for its request.

    Args:
        how: What goes wrong.
        matches: Which requests, by number (from 1), method and path.
        times: How many of them; None for all.
    """

    how: How
    matches: Callable[[int, str, str], bool]
    times: int | None = 1
    hits: int = field(default=0)

    def strikes(self, number: int, method: str, path: str) -> bool:
        """Whether this request is struck; counts it if so."""
        if (self.times is not None and self.hits >= self.times) or not self.matches(number, method, path):
            return False
        self.hits += 1
        return True
