"""What can go wrong, each with its exit code; README lists them for users."""


class Error(Exception):
    """Something failed that a person can put right.

    Args:
        message: One line: what is wrong, and with what.
        hint: What to do next; empty where the message says it.
    """

    code: int = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Invalid(Error):
    """The input is wrong: nothing was touched."""

    code = 2


class Conflict(Error):
    """Something exists under our name that is not ours."""

    code = 3


class Denied(Error):
    """The credentials do not allow it."""

    code = 4


class Unreachable(Error):
    """A service does not answer, or not now."""

    code = 5


DRIFT = 6
BUG = 70
INTERRUPTED = 130
