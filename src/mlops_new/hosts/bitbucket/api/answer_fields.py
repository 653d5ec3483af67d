"""What is read from an answer of Bitbucket's, and what it means that it is not there."""

from collections.abc import Mapping
from typing import Any

from mlops_new.hosts.bitbucket.api.bitbucket_errors import Unclear, unreadable

Document = Mapping[str, Any]


def identifier(document: Document, name: str, what: str) -> str:
    """What identifies something that was read.

    Raises:
        Unreachable: the answer has none, so it is not Bitbucket's.
    """
    if document.get(name) is None:
        raise unreadable(what).error
    return str(document[name])


def created(document: Document, name: str, what: str) -> str:
    """What identifies something that was made a moment ago.

    Raises:
        Unclear: the answer does not tell: look before anything else.
    """
    if document.get(name) is None:
        raise Unclear(unreadable(what))
    return str(document[name])


def entries(page: Document, what: str) -> list[Document]:
    """What a page of a collection holds."""
    values = page.get("values") or []
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise unreadable(what).error
    return values
