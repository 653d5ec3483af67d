"""Model package groups: each is there from its first version on, or from when somebody made it."""

import sqlite3
from dataclasses import dataclass

from mlops_new.errors import Conflict, Invalid
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.records import now


@dataclass(frozen=True)
class Group:
    """A model package group."""

    name: str
    description: str
    created: str


def next_version(rows: sqlite3.Connection, group: str) -> int:
    """Inside a transaction: the number of the next version, never one that was given before."""
    rows.execute(
        "INSERT INTO model_package_groups (name, created, latest) VALUES (?, ?, 1)"
        " ON CONFLICT (name) DO UPDATE SET latest = latest + 1",
        (group, now()),
    )
    return int(rows.execute("SELECT latest FROM model_package_groups WHERE name = ?", (group,)).fetchone()[0])


class ModelPackageGroups:
    """The groups of this machine.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Group]:
        """Every group."""
        with self._database.reading() as rows:
            return [_group(row) for row in rows.execute("SELECT * FROM model_package_groups")]

    def find(self, name: str) -> Group | None:
        """A group, or None."""
        with self._database.reading() as rows:
            row = rows.execute("SELECT * FROM model_package_groups WHERE name = ?", (name,)).fetchone()
        return None if row is None else _group(row)

    def create(self, name: str, description: str) -> None:
        """Make a group.

        Raises:
            Invalid: There is one of this name.
        """
        with self._database.transaction() as rows:
            values = (name, description, now())
            done = rows.execute("INSERT OR IGNORE INTO model_package_groups VALUES (?, ?, ?, 0)", values)
        if not done.rowcount:
            raise Invalid(f"Model Package Group already exists: {name}")

    def remove(self, name: str) -> None:
        """Delete a group.

        Raises:
            Conflict: It holds versions.
        """
        with self._database.transaction() as rows:
            query = "SELECT COUNT(*) FROM model_packages WHERE package_group = ?"
            if count := rows.execute(query, (name,)).fetchone()[0]:
                raise Conflict(f"the model package group {name} holds {count} model packages", hint="delete them first")
            rows.execute("DELETE FROM model_package_groups WHERE name = ?", (name,))
            rows.execute("DELETE FROM tags WHERE resource = ?", (f"model-package-group/{name}",))


def _group(row: sqlite3.Row) -> Group:
    return Group(row["name"], row["description"], row["created"])
