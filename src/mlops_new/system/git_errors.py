"""What git's last words mean: which exit code, and what to do. Pure."""

import re
from dataclasses import dataclass

from mlops_new.errors import Conflict, Denied, Error, Unreachable

_CONTINUE = "run the same command again: it continues"


@dataclass(frozen=True)
class Refusal:
    """Why a git command failed.

    Args:
        message: The line of git that says it.
        code: The exit code it stands for.
        hint: What to do.
        temporary: The server was there and could not answer now: asking again may help.
    """

    message: str
    code: int
    hint: str
    temporary: bool = False


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
        # Before what Git hosts call denied: the server's own words about a rule have that word in them, too.
        r"(?i)permission denied to update|hook declined|protected branch|only be modified through pull requests",
        _DENIED,
        "a branch rule or a hook of the Git host refuses it: change main by pull request, or ask for an exception",
    ),
    (
        r"cannot lock ref|failed to update ref|reference already exists|fetch first|non-fast-forward|stale info",
        Conflict.code,
        "somebody else has pushed there at the same moment: look at what is there, and run the same command again",
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
        r"remote rejected",
        _DENIED,
        "the Git host refuses it: its own words say why",
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

# The server was reached, and said or showed that it cannot answer now.
_TEMPORARY = re.compile(r"error: (429|5\d\d)|hung up unexpectedly|RPC failed|early EOF|Connection reset|Empty reply")


def understand(stderr: bytes) -> Refusal:
    """The line that tells most, and what it means."""
    text = stderr.decode("utf-8", "replace")
    message = _last_words(text)
    found = ((code, hint) for pattern, code, hint in _MEANINGS if re.search(pattern, text))
    code, hint = next(found, (Error.code, ""))
    return Refusal(message, code, hint, temporary=code == _UNREACHABLE and bool(_TEMPORARY.search(text)))


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # What a hook of the server says comes first and says most; git's own summary of it says only that it failed.
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
    return (telling or lines or ["no reason given"])[0]
