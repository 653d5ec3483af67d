"""Files in the account's bucket, kept by their content: what is there already is not sent again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ci import errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CHUNK = 1 << 20  # bytes
HISTORY_NOTE = "What earlier executions leave for later ones: reports, and which ground truth was compared.\n"


class Objects:
    """The objects of one project in a bucket.

    Args:
        s3: A boto3 client.
        bucket: The bucket's name.
        project: What all keys begin with.
    """

    def __init__(self, s3: Any, bucket: str, project: str) -> None:
        self._s3, self.bucket, self.project = s3, bucket, project

    def uri(self, key: str) -> str:
        """The URI of a key below the project."""
        return f"s3://{self.bucket}/{self.project}/{key}"

    def upload(self, kind: str, files: Mapping[str, Path]) -> str:
        """Store files under a prefix that is made of their names and content; gives the prefix's URI.

        Args:
            kind: What they are, like `data` or `code`: the first part of the key.
            files: Where each is on this machine, by its name below the prefix.
        """
        prefix = f"{kind}/{digest(files)}"
        for name, path in files.items():
            key = f"{self.project}/{prefix}/{name}"
            if self._size(key) != path.stat().st_size:
                self._s3.upload_file(str(path), self.bucket, key)
        return self.uri(prefix)

    def history(self) -> str:
        """Where executions leave things for later ones. It holds a note, because an input must not be empty."""
        key = f"{self.project}/history/README.txt"
        if self._size(key) is None:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=HISTORY_NOTE.encode())
        return self.uri("history")

    def _size(self, key: str) -> int | None:
        """How long an object is, in bytes; None where there is none."""
        from botocore.exceptions import ClientError

        try:
            return int(self._s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if errors.absent(error):
                return None
            raise


def digest(files: Mapping[str, Path]) -> str:
    """SHA-256 of the names and the content of files."""
    whole = hashlib.sha256()
    for name, path in sorted(files.items()):
        whole.update(f"{name}\0{file_digest(path)}\n".encode())
    return whole.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def below(folder: Path) -> dict[str, Path]:
    """The files of a folder by their names in it; of a file, the file."""
    if folder.is_file():
        return {folder.name: folder}
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
