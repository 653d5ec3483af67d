"""Tags by resource: `pipeline/NAME`, `model-package-group/NAME`, `model-package/GROUP/VERSION`."""

import sqlite3
from collections.abc import Iterable, Mapping

from mlops_new.platforms.local.database.database_file import Database

PROJECT, REPOSITORY = "mlops-new:project", "mlops-new:repository"
_COLUMNS = {PROJECT: "project", REPOSITORY: "repository"}


class Tags:
    """Keys and values; a pipeline's project and repository are tags of it, too.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, resource: str) -> dict[str, str]:
        """The tags of a resource, by key."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT key, value FROM tags WHERE resource = ?", (resource,)).fetchall()
            return dict(sorted({**_marks(rows, resource), **{row["key"]: row["value"] for row in found}}.items()))

    def add(self, resource: str, tags: Mapping[str, str]) -> None:
        """Set some tags."""
        with self._database.transaction() as rows:
            put(rows, resource, tags)

    def remove(self, resource: str, keys: Iterable[str]) -> None:
        """Delete some tags; gone is fine."""
        with self._database.transaction() as rows:
            for key in keys:
                rows.execute("DELETE FROM tags WHERE resource = ? AND key = ?", (resource, key))
                _mark(rows, resource, key, "")


def put(rows: sqlite3.Connection, resource: str, tags: Mapping[str, str]) -> None:
    """Inside a transaction: set some tags."""
    for key, value in tags.items():
        rows.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", (resource, key, value))
        _mark(rows, resource, key, value)


def _mark(rows: sqlite3.Connection, resource: str, key: str, value: str) -> None:
    kind, _, name = resource.partition("/")
    if kind == "pipeline" and key in _COLUMNS:
        rows.execute(f"UPDATE pipelines SET {_COLUMNS[key]} = ? WHERE name = ?", (value, name))  # noqa: S608  # ours


def _marks(rows: sqlite3.Connection, resource: str) -> dict[str, str]:
    kind, _, name = resource.partition("/")
    if kind != "pipeline":
        return {}
    row = rows.execute("SELECT project, repository FROM pipelines WHERE name = ?", (name,)).fetchone()
    if row is None or not row["project"]:
        return {}
    return {PROJECT: row["project"], REPOSITORY: row["repository"], "sagemaker:project-name": row["project"]}
