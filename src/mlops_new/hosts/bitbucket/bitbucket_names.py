"""Names at Bitbucket that are made from ours. Pure."""

from mlops_new.errors import Conflict
from mlops_new.hosts.bitbucket.api.answer_fields import Document
from mlops_new.names import Mark, other_name, parse_mark

# The repository part of the mark of a Bitbucket project: it holds both.
PROJECT = "project"


def project_key(name: str) -> str:
    """The key of the Bitbucket project made for a project: upper case, hyphens as underscores.

    Keys begin with a letter and hold letters, digits and underscores; names hold no underscore, so no two names
    have one key.
    """
    return name.upper().replace("-", "_")


def project_mark(name: str) -> Mark:
    """The mark of the Bitbucket project made for a project."""
    return Mark(name, PROJECT)


def described(mark: Mark, description: str) -> str:
    """The description that carries the mark, in its first line, and what people read after it."""
    return f"{mark}\n\n{description}".strip()


def mark_of(document: Document) -> Mark | None:
    """The mark that a repository or Bitbucket project carries, or None."""
    lines = str(document.get("description") or "").strip().splitlines()
    return parse_mark(lines[0].strip()) if lines else None


def refuse_foreign(document: Document | None, mark: Mark, what: str) -> None:
    """Raise `Conflict` for what exists and does not carry the mark."""
    if document is None or mark_of(document) == mark:
        return
    raise Conflict(f"{what} exists and was not made for this project", hint=other_name(mark, mark_of(document)))
