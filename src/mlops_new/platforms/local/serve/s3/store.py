"""Buckets and objects as S3 sees them, over the object store's files."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mlops_new.errors import Error, Invalid
from mlops_new.platforms.local import files
from mlops_new.platforms.local.database import Database
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.objects import BUCKET_NAME, ObjectStore
from mlops_new.platforms.local.serve.faults import ServiceError
from mlops_new.platforms.local.serve.s3.details import Details, DetailsStore, Found

_LOCK = "objects"
_LONGEST_KEY = 1024  # bytes: S3's limit
_LONGEST_PART = 255  # bytes: that of file systems


class Store:
    """Finds, takes and removes objects.

    Args:
        home: Where everything local is.
        database: Where their details are kept.
    """

    def __init__(self, home: Home, database: Database) -> None:
        self.home = home
        self.details = DetailsStore(database)
        self._objects = ObjectStore(home.objects)

    def bucket(self, name: str) -> Path:
        """The folder of a bucket.

        Raises:
            ServiceError: There is none.
        """
        if not re.fullmatch(BUCKET_NAME, name) or not (self.home.objects / name).is_dir():
            raise ServiceError("NoSuchBucket", f"there is no bucket {name}", HTTPStatus.NOT_FOUND)
        return self.home.objects / name

    def find(self, bucket: str, key: str) -> Found:
        """An object.

        Raises:
            ServiceError: There is none.
        """
        self.bucket(bucket)
        try:
            return self.details.open(bucket, key, self._path(bucket, key))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ServiceError("NoSuchKey", f"there is no object {key}", HTTPStatus.NOT_FOUND) from None

    def source(self, written: str) -> Found:
        """The object that a copy's source names: `/bucket/key`, percent-encoded.

        Raises:
            ServiceError: There is none, or it cannot be read as one.
        """
        bucket, _, key = unquote(written.partition("?")[0]).removeprefix("/").partition("/")
        if not bucket or not key:
            raise ServiceError("InvalidArgument", f"the source {written!r} names no bucket and key")
        return self.find(bucket, key)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A path for a file that is to become an object; gone when it does not."""
        with files.temporary_folder(self.home.objects) as folder:
            yield folder / "object"

    def keep(
        self,
        staged: Path,
        bucket: str,
        key: str,
        etag: str,
        about: Mapping[str, Any],
        allowed: Callable[[Details | None], None],
    ) -> None:
        """Make a staged file the object of a key, at once and whole.

        Args:
            staged: The file.
            bucket: Where to,
            key: and under which key.
            etag: The ETag that it has.
            about: What else is known of it.
            allowed: Raises where what is there now forbids it; nothing changes in between.

        Raises:
            ServiceError: There is no such bucket, or the key cannot be kept.
        """
        self.bucket(bucket)
        target = self._target(bucket, key)
        with self.home.lock(_LOCK):
            allowed(self._now(bucket, key))
            # The details come first: a reader must never see the object without them.
            self.details.expect(bucket, key, staged, etag, about)
            files.move(staged, target)
            self.details.forget_others(bucket, key, target)

    def remove(self, bucket: str, key: str) -> None:
        """Delete an object; gone is fine."""
        self.bucket(bucket)
        path = self._path(bucket, key)
        with self.home.lock(_LOCK):
            if path.is_file():
                path.unlink(missing_ok=True)
            self.details.forget_others(bucket, key, path)

    def check(self, bucket: str, key: str) -> None:
        """Pass a key that this machine can keep.

        Raises:
            ServiceError: It cannot, or there is no such bucket.
        """
        self.bucket(bucket)
        self._target(bucket, key)

    def _now(self, bucket: str, key: str) -> Details | None:
        try:
            found = self.find(bucket, key)
        except ServiceError:
            return None
        found.file.close()
        return found.details

    def _target(self, bucket: str, key: str) -> Path:
        self._path(bucket, key)
        try:
            return self._objects.target(f"s3://{bucket}/{key}")
        except Error as error:
            raise ServiceError("InvalidArgument", error.message) from None

    def _path(self, bucket: str, key: str) -> Path:
        if len(key.encode()) > _LONGEST_KEY or any(len(part.encode()) > _LONGEST_PART for part in key.split("/")):
            raise ServiceError("KeyTooLongError", "the key, or a part of it, is longer than this machine can keep")
        try:
            path = self._objects.path(f"s3://{bucket}/{key}")
        except Invalid as error:
            raise ServiceError("InvalidArgument", error.message) from None
        if not all(key.split("/")) or files.is_temporary(path):
            raise ServiceError(
                "InvalidArgument", f"{key!r} cannot be kept: keys are files here, so no part of one can be empty"
            )
        return path
