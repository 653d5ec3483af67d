"""Executions of this machine. Every change is one transaction."""

import json
import secrets
import sqlite3
import string
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_new.errors import Conflict, Invalid
from mlops_new.platforms.local.database import request_tokens
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.records import Draft, Execution, Step, execution_arn, now
from mlops_new.platforms.local.database.step_table import step_of
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.ports.executions import Status

KILLED = "the process that ran it was killed"
STOPPED = "it was stopped on request"

_ID = string.ascii_lowercase + string.digits


class ExecutionTable:
    """Executions of pipelines, with their steps.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, draft: Draft, owner: Process) -> Execution:
        """Record a new execution with all its steps waiting; the same token again gives the execution it gave before.

        Args:
            draft: What is to run.
            owner: The process that will run it.

        Raises:
            Conflict: The token was given before, with another request.
        """
        identity = "".join(secrets.choice(_ID) for _ in range(12))
        with self._database.transaction() as rows:
            if draft.token:
                identity = request_tokens.once(rows, "start", draft.pipeline, draft.token, draft.request, identity)
            if rows.execute("SELECT 1 FROM executions WHERE id = ?", (identity,)).fetchone() is None:
                _insert(rows, identity, draft, owner)
        return self.describe(identity)

    def claim(self, identity: str, *, resume: bool) -> Execution:
        """Make this process the owner of an execution that nobody else runs.

        Args:
            identity: The execution.
            resume: It was Stopped or Failed; every step that did not succeed waits again.

        Raises:
            Conflict: Another process runs it.
            Invalid: There is none, or it is not in a state to be run.
        """
        owner = Process.current()
        self.reconcile()
        with self._database.transaction() as rows:
            _claim(rows, identity, owner, resume=resume)
        return self.describe(identity)

    def retry(self, identity: str, owner: Process, *, about: Mapping[str, Any], token: str) -> Execution:
        """Make a process the owner of a Stopped or Failed execution; the same token again changes nothing.

        Args:
            identity: The execution.
            owner: The process that will run it.
            about: What is said of the execution anew.
            token: The client's.

        Raises:
            Conflict: Another process runs it, or the token came with another request before.
            Invalid: There is none, or it succeeded.
        """
        request, turn = json.dumps(dict(about), sort_keys=True), secrets.token_hex(8)
        self.reconcile()
        with self._database.transaction() as rows:
            row = _row(rows, identity)
            if request_tokens.once(rows, "retry", identity, token, request, turn) == turn:
                _claim(rows, identity, owner, resume=True)
                document = json.dumps({**json.loads(row["about"]), **about})
                rows.execute("UPDATE executions SET about = ? WHERE id = ?", (document, identity))
        return self.describe(identity)

    def hand_over(self, identity: str, owner: Process) -> None:
        """Make another process, which this one has just started, the owner."""
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE executions SET owner_pid = ?, owner_started = ? WHERE id = ? AND status = ?",
                (owner.pid, owner.started, identity, Status.EXECUTING),
            )

    def ask_to_stop(self, identity: str) -> Process | None:
        """Record that an execution is wanted to end; the process that has to be told, or None where nobody runs it.

        Raises:
            Invalid: There is none.
        """
        self.reconcile()
        with self._database.transaction() as rows:
            row = _row(rows, identity)
            if row["status"] != Status.EXECUTING:
                return None
            rows.execute("UPDATE executions SET stopping = ? WHERE id = ?", (now(), identity))
        return Process(row["owner_pid"], row["owner_started"])

    def owner(self, identity: str) -> Process:
        """The process that runs an execution, or ran it last."""
        with self._database.reading() as rows:
            row = _row(rows, identity)
        return Process(row["owner_pid"], row["owner_started"])

    def end(self, identity: str, status: Status, reason: str = "") -> Execution:
        """Record how an execution ended; steps that still wait were not run."""
        with self._database.transaction() as rows:
            _end(rows, identity, status, reason)
        return self.describe(identity)

    def reconcile(self) -> None:
        """Store as Stopped what says that it runs while its process is dead."""
        with self._database.reading() as rows:
            query = "SELECT id, owner_pid, owner_started FROM executions WHERE status = ?"
            found = rows.execute(query, (Status.EXECUTING,)).fetchall()
        dead = [row["id"] for row in found if not Process(row["owner_pid"], row["owner_started"]).alive()]
        for identity in dead:
            with self._database.transaction() as rows:
                row = _row(rows, identity)
                owner = Process(row["owner_pid"], row["owner_started"])
                if row["status"] == Status.EXECUTING and not owner.alive():
                    _end(rows, identity, Status.STOPPED, STOPPED if row["stopping"] else KILLED)

    def all(self, pipeline: str | None = None) -> list[Execution]:
        """Executions without their steps, the latest first."""
        self.reconcile()
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM executions WHERE ? IS NULL OR pipeline = ? ORDER BY started DESC, rowid DESC",
                (pipeline, pipeline),
            ).fetchall()
        return [_execution(row, ()) for row in found]

    def describe(self, identity: str) -> Execution:
        """An execution with its steps in the definition's order.

        Raises:
            Invalid: There is none.
        """
        self.reconcile()
        with self._database.reading() as rows:
            row = _row(rows, identity)
            query = "SELECT * FROM steps WHERE execution = ? ORDER BY position"
            found = rows.execute(query, (identity,)).fetchall()
        return _execution(row, tuple(map(step_of, found)))

    def last_runs(self) -> dict[str, str]:
        """When the latest execution of each pipeline began, by the pipeline's name."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT pipeline, MAX(started) FROM executions GROUP BY pipeline").fetchall()
        return {row[0]: row[1] for row in found}

    def forget(self, identities: Iterable[str]) -> None:
        """Delete executions with their steps; gone is fine."""
        rows_of = [(identity,) for identity in identities]
        with self._database.transaction() as rows:
            rows.executemany("DELETE FROM steps WHERE execution = ?", rows_of)
            rows.executemany("DELETE FROM executions WHERE id = ?", rows_of)


def _insert(rows: sqlite3.Connection, identity: str, draft: Draft, owner: Process) -> None:
    values = {
        "id": identity,
        "pipeline": draft.pipeline,
        "definition": draft.definition,
        "parameters": json.dumps(draft.parameters),
        "image": draft.image,
        "status": Status.EXECUTING,
        "started": now(),
        "owner_pid": owner.pid,
        "owner_started": owner.started,
        "about": json.dumps(draft.about),
    }
    names = ", ".join(values)
    rows.execute(f"INSERT INTO executions ({names}) VALUES (:{names.replace(', ', ', :')})", values)  # noqa: S608
    rows.executemany(
        "INSERT INTO steps (execution, position, name, type, status) VALUES (?, ?, ?, ?, ?)",
        [(identity, place, name, kind, Status.WAITING) for place, (name, kind) in enumerate(draft.steps)],
    )


def _row(rows: sqlite3.Connection, identity: str) -> sqlite3.Row:
    row: sqlite3.Row | None = rows.execute("SELECT * FROM executions WHERE id = ?", (identity,)).fetchone()
    if row is None:
        raise Invalid(f"there is no execution {identity!r} on this machine", hint="`mlops-new run` says the id first")
    return row


def _claim(rows: sqlite3.Connection, identity: str, owner: Process, *, resume: bool) -> None:
    _claimable(_row(rows, identity), owner, resume=resume)
    rows.execute(
        "UPDATE executions SET status = ?, ended = '', reason = '', owner_pid = ?, owner_started = ? WHERE id = ?",
        (Status.EXECUTING, owner.pid, owner.started, identity),
    )
    if resume:
        rows.execute("UPDATE executions SET stopping = '' WHERE id = ?", (identity,))
        rows.execute(
            "UPDATE steps SET status = ?, started = '', ended = '', seconds = 0, reason = ''"
            " WHERE execution = ? AND status != ?",
            (Status.WAITING, identity, Status.SUCCEEDED),
        )


def _claimable(row: sqlite3.Row, owner: Process, *, resume: bool) -> None:
    recorded = Process(row["owner_pid"], row["owner_started"])
    running = row["status"] == Status.EXECUTING
    if running and recorded != owner:
        raise Conflict(f"execution {row['id']} is being run by process {recorded.pid}", hint="wait for it, or stop it")
    if resume and (running or row["status"] == Status.SUCCEEDED):
        raise Invalid(f"execution {row['id']} is {row['status']}: only a Stopped or Failed one can be resumed")
    if not resume and not running:
        raise Invalid(f"execution {row['id']} is {row['status']}", hint="resume it, or start a new one")


def _end(rows: sqlite3.Connection, identity: str, status: Status, reason: str) -> None:
    moment = now()
    rows.execute(
        "UPDATE executions SET status = ?, ended = ?, reason = ? WHERE id = ?", (status, moment, reason, identity)
    )
    change = "UPDATE steps SET status = ?, ended = ?, reason = ? WHERE execution = ? AND status = ?"
    rows.execute(change, (Status.STOPPED, moment, reason, identity, Status.EXECUTING))
    rows.execute(change, (Status.NOT_RUN, "", reason or "the run ended before", identity, Status.WAITING))


def _execution(row: sqlite3.Row, steps: tuple[Step, ...]) -> Execution:
    return Execution(
        id=row["id"],
        arn=execution_arn(row["pipeline"], row["id"]),
        pipeline=row["pipeline"],
        definition=row["definition"],
        parameters=json.loads(row["parameters"]),
        image=row["image"],
        status=Status(row["status"]),
        started=row["started"],
        ended=row["ended"],
        reason=row["reason"],
        steps=steps,
        about=json.loads(row["about"]),
        stopping=row["stopping"],
    )
