"""Pipelines of this machine: as projects register them, and as clients of the AWS interface make and change them."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from mlops_new.errors import Conflict, Invalid
from mlops_new.platforms.local.database import request_tokens, tag_table
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.records import Pipeline, now
from mlops_new.ports.executions import Status


class PipelineTable:
    """The registered pipelines.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Pipeline]:
        """Every pipeline."""
        with self._database.reading() as rows:
            return [_pipeline(row) for row in rows.execute("SELECT * FROM pipelines")]

    def find(self, name: str) -> Pipeline | None:
        """A registered pipeline, or None."""
        with self._database.reading() as rows:
            row = rows.execute("SELECT * FROM pipelines WHERE name = ?", (name,)).fetchone()
        return None if row is None else _pipeline(row)

    def definition(self, name: str) -> str:
        """The text of a registered definition.

        Raises:
            Invalid: There is no such pipeline.
        """
        with self._database.reading() as rows:
            row = rows.execute("SELECT definition FROM pipelines WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise Invalid(f"there is no pipeline {name!r} on this machine", hint="`mlops-new project` registers it")
        return str(row["definition"])

    def register(self, name: str, definition: str, *, project: str, repository: str) -> None:
        """Create a pipeline or replace its definition.

        Raises:
            Conflict: A pipeline of this name belongs to something else.
        """
        digest = hashlib.sha256(definition.encode()).hexdigest()
        with self._database.transaction() as rows:
            row = rows.execute("SELECT * FROM pipelines WHERE name = ?", (name,)).fetchone()
            if row is not None:
                _refuse_others(row, project, repository)
            rows.execute(
                "INSERT INTO pipelines (name, definition, digest, project, repository, created, updated)"
                " VALUES (:name, :definition, :digest, :project, :repository, :now, :now)"
                " ON CONFLICT (name) DO UPDATE SET definition = :definition, digest = :digest, updated = :now"
                " WHERE digest != :digest",
                {
                    "name": name,
                    "definition": definition,
                    "digest": digest,
                    "project": project,
                    "repository": repository,
                    "now": now(),
                },
            )

    def unregister(self, name: str, *, project: str, repository: str) -> None:
        """Delete a pipeline; gone is fine. Every execution keeps the definition that it ran.

        Raises:
            Conflict: A pipeline of this name belongs to something else.
        """
        with self._database.transaction() as rows:
            row = rows.execute("SELECT * FROM pipelines WHERE name = ?", (name,)).fetchone()
            if row is not None:
                _refuse_others(row, project, repository)
                rows.execute("DELETE FROM pipelines WHERE name = ?", (name,))
                rows.execute("DELETE FROM tags WHERE resource = ?", (f"pipeline/{name}",))

    # Whoever may call the AWS interface may change any pipeline, whatever project it is of.

    def create(
        self, name: str, definition: str, digest: str, about: Mapping[str, Any], *, given: Mapping[str, str], token: str
    ) -> None:
        """Make a pipeline; the same token again makes it once.

        Args:
            name: Its name.
            definition: The text, as it is given back.
            digest: Of what the text says.
            about: What else is said of it, by the names of CreatePipeline's members.
            given: Its tags.
            token: The client's.

        Raises:
            Invalid: There is one of this name.
            Conflict: The token came with another request before.
        """
        moment = now()
        request = json.dumps([digest, dict(about), dict(given)], sort_keys=True)
        with self._database.transaction() as rows:
            exists = rows.execute("SELECT 1 FROM pipelines WHERE name = ?", (name,)).fetchone()
            if exists:
                if request_tokens.known(rows, "create", name, token, request):
                    return
                raise Invalid(f"a pipeline named {name} already exists: names must be unique")
            request_tokens.forget(rows, name)
            request_tokens.once(rows, "create", name, token, request, name)
            rows.execute(
                "INSERT INTO pipelines (name, definition, digest, project, repository, created, updated, about)"
                " VALUES (?, ?, ?, '', '', ?, ?, ?)",
                (name, definition, digest, moment, moment, json.dumps(dict(about))),
            )
            tag_table.put(rows, f"pipeline/{name}", given)

    def update(self, name: str, definition: str | None, digest: str, about: Mapping[str, Any]) -> None:
        """Change what is given of a pipeline, and leave the rest.

        Raises:
            Invalid: There is none.
        """
        with self._database.transaction() as rows:
            row = _row(rows, name)
            kept = json.dumps({**json.loads(row["about"]), **about})
            rows.execute("UPDATE pipelines SET about = ?, updated = ? WHERE name = ?", (kept, now(), name))
            if definition is not None:
                rows.execute(
                    "UPDATE pipelines SET definition = ?, digest = ? WHERE name = ?", (definition, digest, name)
                )

    def remove(self, name: str) -> None:
        """Delete a pipeline; its executions, and what they made, stay.

        Raises:
            Invalid: There is none.
            Conflict: It runs.
        """
        with self._database.transaction() as rows:
            _row(rows, name)
            query = "SELECT id FROM executions WHERE pipeline = ? AND status = ?"
            if running := [row["id"] for row in rows.execute(query, (name, Status.EXECUTING))]:
                raise Conflict(f"the pipeline {name} runs: {', '.join(running)}", hint="stop its executions first")
            rows.execute("DELETE FROM pipelines WHERE name = ?", (name,))
            rows.execute("DELETE FROM tags WHERE resource = ?", (f"pipeline/{name}",))


def _row(rows: sqlite3.Connection, name: str) -> sqlite3.Row:
    row: sqlite3.Row | None = rows.execute("SELECT * FROM pipelines WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise Invalid(f"there is no pipeline {name!r} on this machine")
    return row


def _refuse_others(row: sqlite3.Row, project: str, repository: str) -> None:
    if (row["project"], row["repository"]) != (project, repository):
        raise Conflict(
            f"the pipeline {row['name']!r} exists and belongs to {row['project']!r} ({row['repository']})",
            hint="choose another project name",
        )


def _pipeline(row: sqlite3.Row) -> Pipeline:
    """A row of the table of pipelines."""
    return Pipeline(
        row["name"],
        row["digest"],
        row["project"],
        row["repository"],
        row["updated"],
        row["created"],
        json.loads(row["about"]),
    )
