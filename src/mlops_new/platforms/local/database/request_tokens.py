"""Requests that may be repeated: the same token gives the same result, once."""

import hashlib
import sqlite3

from mlops_new.errors import Conflict


def once(rows: sqlite3.Connection, operation: str, subject: str, token: str, request: str, result: str) -> str:
    """Inside a transaction: the result that the token was given first, which may be this one.

    Args:
        rows: The transaction.
        operation: What is done,
        subject: and to what.
        token: The client's.
        request: What was asked for; the same token cannot ask for something else.
        result: What the token gives when it is new.

    Raises:
        Conflict: The token came with another request before.
    """
    values = (operation, subject, token, _digest(request), result)
    rows.execute("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?)", values)
    found = known(rows, operation, subject, token, request)
    return result if found is None else found


def known(rows: sqlite3.Connection, operation: str, subject: str, token: str, request: str) -> str | None:
    """Inside a transaction: the result that the token was given before, or None.

    Raises:
        Conflict: The token came with another request before.
    """
    query = "SELECT request, result FROM tokens WHERE operation = ? AND subject = ? AND token = ?"
    row = rows.execute(query, (operation, subject, token)).fetchone()
    if row is None:
        return None
    if row["request"] != _digest(request):
        raise Conflict(f"the client token {token!r} was used before, with another request")
    return str(row["result"])


def forget(rows: sqlite3.Connection, subject: str) -> None:
    """Inside a transaction: forget what was done to something that is not there any more."""
    rows.execute("DELETE FROM tokens WHERE operation = 'create' AND subject = ?", (subject,))


def _digest(request: str) -> str:
    return hashlib.sha256(request.encode()).hexdigest()
