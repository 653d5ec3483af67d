"""Buckets and objects as S3 sees them, over the object store's files."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.details import DetailsStore, Found
from mlops_new.aws_api.s3.preconditions import Allowed
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.store import file_copies, key_files
from mlops_new.platforms.local.store.object_store import BUCKET_NAME

VERSION = "null"
"""S3's name for the one version of an object in a bucket without versions."""
_LOCK = "objects"
_LONGEST_KEY = 1024  # bytes: S3's limit
_SOURCE = re.compile(r"/?(?P<bucket>[^/?]+)/(?P<key>.+?)(?:\?versionId=(?P<version>.*))?", re.DOTALL)


class Store:
    """Finds, takes and removes objects.

    Args:
        home: Where everything local is.
        database: Where their details are kept.
    """

    def __init__(self, home: Home, database: Database) -> None:
        self.home = home
        self.details = DetailsStore(database)

    def bucket(self, name: str) -> Path:
        """The folder of a bucket.

        Raises:
            ServiceError: There is none.
        """
        if not re.fullmatch(BUCKET_NAME, name) or not (self.home.objects / name).is_dir():
            why = f"The specified bucket does not exist: there is no bucket {name}"
            raise ServiceError("NoSuchBucket", why, HTTPStatus.NOT_FOUND, {"BucketName": name})
        return self.home.objects / name

    def find(self, bucket: str, key: str) -> Found:
        """An object.

        Raises:
            ServiceError: There is none.
        """
        file = self._file(bucket, key)
        try:
            if file is not None:
                return self.details.open(bucket, key, file)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            pass  # it went away meanwhile
        why = f"The specified key does not exist: there is no object {key}"
        raise ServiceError("NoSuchKey", why, HTTPStatus.NOT_FOUND, {"Key": key})

    def source(self, written: str) -> tuple[str, str, Found]:
        """Bucket, key and object that a copy's source names: `/bucket/key?versionId=null`, percent-encoded.

        Raises:
            ServiceError: There is none, or it cannot be read as one.
        """
        match = _SOURCE.fullmatch(written)
        if match is None:
            raise ServiceError("InvalidArgument", f"the source {written!r} names no bucket and key")
        if match["version"] is not None:
            check_version(match["version"])
        bucket, key = unquote_plus(match["bucket"]), unquote_plus(match["key"])
        return bucket, key, self.find(bucket, key)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A path for a file that is to become an object; gone when it does not."""
        with file_copies.temporary_folder(self.home.objects) as folder:
            yield folder / "object"

    def keep(self, staged: Path, bucket: str, key: str, etag: str, about: Mapping[str, Any], allowed: Allowed) -> None:
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
        self.check(bucket, key)
        with self.home.lock(_LOCK):
            self._pass(bucket, key, allowed)
            target = key_files.for_writing(self.bucket(bucket), key)
            # The details come first: a reader must never see the object without them.
            self.details.expect(bucket, key, staged, etag, about)
            file_copies.move(staged, target)
            self.details.forget_others(bucket, key, target)

    def remove(self, bucket: str, key: str, allowed: Allowed) -> None:
        """Delete an object; gone is fine.

        Raises:
            ServiceError: What is there now forbids it.
        """
        self.check(bucket, key)
        with self.home.lock(_LOCK):
            self._pass(bucket, key, allowed)
            if file := self._file(bucket, key):
                file.unlink(missing_ok=True)
            self.details.forget(bucket, key)

    def check(self, bucket: str, key: str) -> None:
        """Pass a key that this machine can keep.

        Raises:
            ServiceError: It cannot, or there is no such bucket.
        """
        self._file(bucket, key)

    def _pass(self, bucket: str, key: str, allowed: Allowed) -> None:
        if allowed is None:
            return  # to know the details of what a job has stored, all of it may have to be read
        try:
            found = self.find(bucket, key)
        except ServiceError:
            allowed(None)
            return
        found.file.close()
        allowed(found.details)

    def _file(self, bucket: str, key: str) -> Path | None:
        folder = self.bucket(bucket)
        if len(key.encode()) > _LONGEST_KEY:
            raise ServiceError("KeyTooLongError", f"Your key is too long: {len(key.encode())} bytes of {_LONGEST_KEY}")
        try:
            return key_files.find(folder, key)
        except Invalid as error:
            raise ServiceError("InvalidArgument", error.message) from None


def check_version(version: str) -> None:
    """Pass the version that objects have here: there is one of each.

    Raises:
        ServiceError: It is another one.
    """
    if not version:
        raise ServiceError("InvalidArgument", "Version id cannot be the empty string")
    if version != VERSION:
        why = f"there is no version {version}: objects have no versions on this machine"
        raise ServiceError("NoSuchVersion", why, HTTPStatus.NOT_FOUND)
