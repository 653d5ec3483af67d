"""The pages of errors and exit codes, in Markdown."""

from __future__ import annotations

import itertools
import re

from mlops_new import errors
from reference.errors import hints

_HEAD = """\

## All errors that say what to do

The program's own messages, read from its code when the site is built. `…` stands for a name, a path, a number, or
what a service answered. Search this page for words of your message.
"""
_EXIT_CODES = """\
# Exit codes

Scripts can rely on these numbers. With `--json`, an error is a document on stdout, too:
`{"error": {"code": 2, "message": "…", "hint": "…"}}`. [Troubleshooting](../troubleshooting.md) lists the errors with
what to do about each.
"""


def listing() -> str:
    """All errors that have a hint, by topic."""
    parts = [_HEAD]
    for topic, group in itertools.groupby(hints(), key=lambda one: one.topic):
        rows = [f"| {literal(one.message)} | {literal(one.hint)} | {one.code} |" for one in group]
        parts.append("\n".join([f"### {topic}\n", "| error | what to do | exit code |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def exit_codes() -> str:
    """The page of exit codes, from the classes of errors."""
    own = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.Error)]
    rows = {one.code: literal((one.__doc__ or "").split("\n", 1)[0]) for one in own}
    rows |= {
        0: "Done, or nothing was to do.",
        errors.DRIFT: "`status`, `template check`: something differs.",
        errors.BUG: "A bug of mlops-new: one line, and a log file to send.",
        errors.INTERRUPTED: "Interrupted. The same command goes on from there.",
    }
    lines = [f"| {code} | {rows[code]} |" for code in sorted(rows)]
    return "\n".join([_EXIT_CODES, "| exit code | means |", "|---|---|", *lines]) + "\n"


def literal(text: str) -> str:
    """Text as it stands, in a cell of a table: nothing in it is markup but code in backticks."""
    pieces = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(_code(piece) if piece[:1] == "`" and len(piece) > 1 else _plain(piece) for piece in pieces)


def _code(piece: str) -> str:
    return piece.replace("|", r"\|")


def _plain(piece: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~^])", r"\\\1", piece)
