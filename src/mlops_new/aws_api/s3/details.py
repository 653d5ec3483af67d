"""What S3 knows of objects beside their bytes, kept only as long as the bytes are the same."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from mlops_new.platforms.local.database.database_file import Database

if TYPE_CHECKING:
    from io import BufferedReader


@dataclass(frozen=True)
class Details:
    """An object as it is now.

    Args:
        size: In bytes.
        modified: When it was stored.
        etag: In quotes, as S3 writes it.
        about: Content type, user metadata and the like, by the names of PutObject's members.
    """

    size: int
    modified: datetime
    etag: str
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """An object that is open; whoever asked for it closes the file."""

    file: BinaryIO
    details: Details


class DetailsStore:
    """Keeps details by bucket, key and a stamp of the file: jobs replace objects without asking anybody.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, bucket: str, key: str, path: Path) -> Found:
        """An object with its details; the hash of one that a job has stored is computed once.

        Raises:
            OSError: There is none.
        """
        while True:
            file = path.open("rb")
            try:
                if details := self._of(bucket, key, path, file):
                    return Found(file, details)
            except BaseException:
                file.close()
                raise
            file.close()  # it was replaced meanwhile: what is there now is what is wanted

    def of_all(self, bucket: str, found: Sequence[tuple[str, Path]]) -> dict[str, Details]:
        """The details of many objects; those that vanish meanwhile are left out."""
        statuses = [(key, status) for key, path in found if (status := _status(path))]
        known = self._known(bucket, statuses)
        for key, path in found:
            if key not in known:
                with suppress(FileNotFoundError), (opened := self.open(bucket, key, path)).file:
                    known[key] = opened.details
        return known

    def expect(self, bucket: str, key: str, path: Path, etag: str, about: Mapping[str, Any]) -> None:
        """Keep the details of a file that is about to become the object: it stays the same file when it is renamed."""
        self._put(bucket, key, path.stat(), etag, about)

    def forget_others(self, bucket: str, key: str, path: Path) -> None:
        """Drop the details of what the object was before."""
        status = _status(path)
        with self._database.transaction() as rows:
            rows.execute(
                "DELETE FROM objects WHERE bucket = ? AND key = ? AND stamp != ?",
                (bucket, key, _stamp(status) if status else ""),
            )

    def forget(self, bucket: str, key: str) -> None:
        """Drop the details of an object that is gone."""
        with self._database.transaction() as rows:
            rows.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))

    def of_bucket(self, bucket: str) -> dict[str, Any]:
        """What is known of a bucket itself; it has a row as objects have, under the key that none can have."""
        with self._database.reading() as rows:
            row = rows.execute("SELECT about FROM objects WHERE bucket = ? AND key = ''", (bucket,)).fetchone()
        return dict(json.loads(row["about"])) if row else {}

    def keep_bucket(self, bucket: str, about: Mapping[str, Any]) -> None:
        """Keep what is known of a new bucket, and nothing of one that had its name."""
        with self._database.transaction() as rows:
            rows.execute("DELETE FROM objects WHERE bucket = ?", (bucket,))
            rows.execute("INSERT INTO objects VALUES (?, '', '', '', ?)", (bucket, json.dumps(dict(about))))

    def forget_bucket(self, bucket: str) -> None:
        """Drop what is known of a bucket that is gone."""
        with self._database.transaction() as rows:
            rows.execute("DELETE FROM objects WHERE bucket = ?", (bucket,))

    def _of(self, bucket: str, key: str, path: Path, file: BinaryIO) -> Details | None:
        """None: it was replaced since it was opened, and what was known of it is forgotten."""
        status = os.fstat(file.fileno())
        if known := self._known(bucket, [(key, status)]).get(key):
            return known
        now = _status(path)
        if now is None or _stamp(now) != _stamp(status):
            return None
        return self._computed(bucket, key, file, status)

    def _known(self, bucket: str, statuses: Sequence[tuple[str, os.stat_result]]) -> dict[str, Details]:
        if not statuses:
            return {}
        keys = [key for key, _ in statuses]
        query = "SELECT key, stamp, etag, about FROM objects WHERE bucket = ? AND key BETWEEN ? AND ?"
        with self._database.reading() as rows:
            found = rows.execute(query, (bucket, min(keys), max(keys))).fetchall()
        kept = {(row["key"], row["stamp"]): row for row in found}
        known = {}
        for key, status in statuses:
            if row := kept.get((key, _stamp(status))):
                known[key] = _details(status, row["etag"], json.loads(row["about"]))
        return known

    def _computed(self, bucket: str, key: str, file: BinaryIO, status: os.stat_result) -> Details:
        file.seek(0)
        etag = f'"{hashlib.file_digest(cast("BufferedReader", file), _md5).hexdigest()}"'
        self._put(bucket, key, status, etag, {})
        return _details(status, etag, {})

    def _put(self, bucket: str, key: str, status: os.stat_result, etag: str, about: Mapping[str, Any]) -> None:
        values = (bucket, key, _stamp(status), etag, json.dumps(dict(about), default=str))
        with self._database.transaction() as rows:
            rows.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", values)


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


def _details(status: os.stat_result, etag: str, about: Mapping[str, Any]) -> Details:
    # HTTP's dates have no fractions: whoever asks "modified since" what was told before shall hear no.
    modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
    return Details(status.st_size, modified, etag, about)
