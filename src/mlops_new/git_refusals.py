"""What git's last words mean: which exit code, and what to do. Pure."""

import re
from dataclasses import dataclass

from mlops_new.errors import Denied, Error, Unreachable

_CONTINUE = "run the same command again: it continues"


@dataclass(frozen=True)
class Refusal:
    """Why a git command failed.

    Args:
        message: The line of git that says it.
        code: The exit code it stands for.
        hint: What to do.
    """

    message: str
    code: int
    hint: str


_DENIED = Denied.code
_UNREACHABLE = Unreachable.code
# The first expression that is found decides.
_MEANINGS: tuple[tuple[str, int, str], ...] = (
    (
        r"No space left on device|Out of diskspace|Disk quota exceeded",
        Error.code,
        f"free some disk space and {_CONTINUE}",
    ),
    (
        r"dubious ownership",
        Error.code,
        "it is another user's: `git config --global --add safe.directory FOLDER` lets you work in it",
    ),
    (
        r"error: 403|Permission denied|not have access|access denied",
        _DENIED,
        "the credentials may not do this: check the token's scopes and its owner's rights in the repository",
    ),
    (
        r"Authentication failed|could not read (Username|Password)|error: 401|error: 407",
        _DENIED,
        "check the credentials (`mlops-new doctor`), and git's http.proxy",
    ),
    (
        r"repository '.*' not found",
        _DENIED,
        "it does not exist, or these credentials may not see it",
    ),
    (
        r"hook declined|permission denied to update|protected branch|remote rejected",
        _DENIED,
        "a branch rule or a hook of the Git host refuses it: ask for the right to push, or change the rule",
    ),
    (
        r"SSL|certificate|TLS",
        _UNREACHABLE,
        "if your organisation inspects TLS, set git's http.sslCAInfo to its certificates",
    ),
    (
        r"Could not resolve|Connection|timed out|error: (429|5\d\d)|unable to access|hung up|RPC failed|EOF",
        _UNREACHABLE,
        f"check the network, and {_CONTINUE}",
    ),
)


def understand(stderr: bytes) -> Refusal:
    """The line that tells most, and what it means."""
    text = stderr.decode("utf-8", "replace")
    message = _last_words(text)
    found = ((code, hint) for pattern, code, hint in _MEANINGS if re.search(pattern, text))
    code, hint = next(found, (Error.code, ""))
    return Refusal(message, code, hint)


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # What a hook of the server says comes first and says most; git's own summary of it says only that it failed.
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
    return (telling or lines or ["no reason given"])[0]
