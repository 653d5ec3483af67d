"""Steps of the executions of this machine. Every change is one transaction."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.records import Step, now
from mlops_new.ports.executions import Status


class StepTable:
    """The steps of executions.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, identity: str, name: str) -> Step:
        """One step of an execution."""
        with self._database.reading() as rows:
            query = "SELECT * FROM steps WHERE execution = ? AND name = ?"
            return step_of(rows.execute(query, (identity, name)).fetchone())

    def started(self, identity: str, name: str, log: Path | None) -> Step:
        """Record that an attempt at a step begins; its number is one more than the last one's."""
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE steps SET status = ?, started = ?, ended = '', reason = '', attempt = attempt + 1, log = ?,"
                " request = '{}'"
                " WHERE execution = ? AND name = ?",
                (Status.EXECUTING, now(), str(log or ""), identity, name),
            )
        return self.find(identity, name)

    def asked(self, identity: str, name: str, request: Mapping[str, Any]) -> None:
        """Record what an attempt at a step asks for."""
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE steps SET request = ? WHERE execution = ? AND name = ?",
                (json.dumps(dict(request)), identity, name),
            )

    def ended(
        self,
        identity: str,
        name: str,
        status: Status,
        *,
        seconds: float = 0.0,
        reason: str = "",
        properties: Mapping[str, Any] | None = None,
    ) -> Step:
        """Record how a step ended."""
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE steps SET status = ?, ended = ?, seconds = ?, reason = ?, properties = ?"
                " WHERE execution = ? AND name = ?",
                (status, now(), round(seconds, 3), reason, json.dumps(dict(properties or {})), identity, name),
            )
        return self.find(identity, name)


def step_of(row: sqlite3.Row) -> Step:
    """A row of the table of steps."""
    return Step(
        name=row["name"],
        type=row["type"],
        status=Status(row["status"]),
        started=row["started"],
        ended=row["ended"],
        seconds=row["seconds"],
        reason=row["reason"],
        log=Path(row["log"]) if row["log"] else None,
        attempt=row["attempt"],
        properties=json.loads(row["properties"]),
        request=json.loads(row["request"]),
    )
