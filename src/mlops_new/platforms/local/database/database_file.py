"""The registry's SQLite file: opening, schema, transactions, and errors that a person can act on."""

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

from mlops_new.errors import Error

# Forward only: a change of the schema is one more script at the end; none that was released is ever edited.
_MIGRATIONS = (
    """
    CREATE TABLE pipelines (
        name TEXT PRIMARY KEY, definition TEXT NOT NULL, digest TEXT NOT NULL,
        project TEXT NOT NULL, repository TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
    );
    CREATE TABLE executions (
        id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, definition TEXT NOT NULL, parameters TEXT NOT NULL,
        image TEXT NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL, ended TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '', owner_pid INTEGER NOT NULL, owner_started TEXT NOT NULL
    );
    CREATE INDEX executions_by_pipeline ON executions (pipeline, started);
    CREATE TABLE steps (
        execution TEXT NOT NULL REFERENCES executions (id), position INTEGER NOT NULL, name TEXT NOT NULL,
        type TEXT NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL DEFAULT '', ended TEXT NOT NULL DEFAULT '',
        seconds REAL NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', log TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0, properties TEXT NOT NULL DEFAULT '{}',
        PRIMARY KEY (execution, name)
    );
    CREATE TABLE models (name TEXT PRIMARY KEY, created TEXT NOT NULL, document TEXT NOT NULL);
    CREATE TABLE model_packages (
        package_group TEXT NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL,
        execution TEXT NOT NULL, step TEXT NOT NULL, document TEXT NOT NULL,
        PRIMARY KEY (package_group, version), UNIQUE (execution, step)
    );
    """,
    # What clients of the AWS interface say beside it, and expect to be told again.
    """
    ALTER TABLE pipelines ADD COLUMN about TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE executions ADD COLUMN about TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE executions ADD COLUMN stopping TEXT NOT NULL DEFAULT '';
    ALTER TABLE steps ADD COLUMN request TEXT NOT NULL DEFAULT '{}';
    CREATE TABLE tokens (
        operation TEXT NOT NULL, subject TEXT NOT NULL, token TEXT NOT NULL,
        request TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (operation, subject, token)
    );
    CREATE TABLE tags (
        resource TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (resource, key)
    );
    CREATE TABLE model_package_groups (
        name TEXT PRIMARY KEY, description TEXT NOT NULL DEFAULT '', created TEXT NOT NULL,
        latest INTEGER NOT NULL DEFAULT 0
    );
    INSERT INTO model_package_groups (name, created, latest)
        SELECT package_group, MIN(created), MAX(version) FROM model_packages GROUP BY package_group;
    CREATE TABLE objects (
        bucket TEXT NOT NULL, key TEXT NOT NULL, stamp TEXT NOT NULL, etag TEXT NOT NULL,
        about TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (bucket, key, stamp)
    );
    """,
)


class Database:
    """One connection, used by one thread at a time; every use is one transaction.

    Args:
        path: The file; made when missing, brought to this version's schema when older.
        timeout: Seconds to wait for another process's transaction.

    Raises:
        Error: It is not a registry, cannot be read, or was made by a newer version.
    """

    def __init__(self, path: Path, *, timeout: float = 15.0) -> None:
        self._path = path
        self._timeout = timeout
        self._turn = threading.RLock()
        with contextlib.suppress(OSError):  # SQLite says what is wrong
            path.touch()  # with the rights that the umask leaves; SQLite's own are narrower
        with self._translated():
            self._connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        weakref.finalize(self, self._connection.close)  # commands keep theirs until they end

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in the block happens, or nothing."""
        with self._turn, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent view that waits for no writer."""
        with self._turn, self._translated():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing with NORMAL; a power cut may lose the last transactions, not the file.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._migrate()

    def _migrate(self) -> None:
        if self._version() == len(_MIGRATIONS):
            return
        with self.transaction() as connection:
            version = self._version()
            if version > len(_MIGRATIONS):
                raise Error(f"{self._path} was written by a newer mlops-new", hint="update mlops-new")
            for script in _MIGRATIONS[version:]:
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # a rule of the schema that a caller relies on
        except sqlite3.DatabaseError as error:
            raise self._explained(error) from error

    def _explained(self, error: sqlite3.DatabaseError) -> Error:
        text = str(error)
        if "locked" in text or "busy" in text:
            why, hint = f"another program has held it for {self._timeout:g} seconds", "try again when it is done"
        elif "full" in text or "disk I/O" in text:
            why, hint = "the disk is full or failing", "make room and run the same command again"
        elif "readonly" in text or "unable to open" in text:
            why, hint = "it cannot be written", "give yourself the right to write there, or set MLOPS_NEW_HOME"
        else:
            why = "it is damaged or not a registry"
            hint = "move it away: `mlops-new project` registers pipelines again; runs and models in it are lost"
        return Error(f"{self._path}: {why} ({text})", hint=hint)
