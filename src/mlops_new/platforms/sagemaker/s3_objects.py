"""Objects of the account's bucket: read, found, and stored by their content."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.errors import Error, Invalid
from mlops_new.platforms import uploads
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.aws_errors import Absent
from mlops_new.platforms.sagemaker.transfers import send

_DELETED_AT_ONCE = 1000


@dataclass(frozen=True)
class Address:
    """Where an object, or a prefix of objects, is."""

    bucket: str
    key: str

    @classmethod
    def of(cls, uri: str) -> "Address":
        """Read a URI; `Invalid` where it is none of S3's."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not bucket:
            raise Invalid(f"{uri!r} is not an S3 URI", hint="write it as s3://bucket/key")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Objects:
    """The objects that an account can reach."""

    account: Account

    def exists(self, uri: str) -> bool:
        """Whether there is an object, or anything below the prefix."""
        return self._size(uri) is not None or bool(self._sizes(f"{uri.rstrip('/')}/", most=1))

    def read(self, uri: str) -> bytes | None:
        """An object's content; None where there is none."""
        where = Address.of(uri)
        with self.account.translating("s3", "GetObject", uri):
            answer = self.account.find("s3", "GetObject", about=uri, Bucket=where.bucket, Key=where.key)
            content: bytes | None = answer["Body"].read() if answer else None
        return content

    def put(self, content: bytes, uri: str) -> str:
        """Store a small object."""
        where = Address.of(uri)
        self.account.call(
            "s3", "PutObject", about=f"bucket {where.bucket}", Bucket=where.bucket, Key=where.key, Body=content
        )
        return uri

    def upload(self, path: Path, *, project: str, kind: str = "data") -> str:
        """Store a file or a folder by its content, once, and give its URI.

        Args:
            path: What to store.
            project: Whose it is.
            kind: The folder of the project it goes to.

        Raises:
            Invalid: There is nothing at the path, or an empty folder.
        """
        return uploads.upload(path, self.upload_named, project=project, kind=kind)

    def upload_named(self, chosen: Mapping[str, Path], *, project: str, kind: str, name: str = "") -> str:
        """Store some files by their content, each by its name below one prefix, and give the prefix.

        What is there already is not sent again. Nobody knows the prefix before all of it is there.

        Raises:
            Error: A file has changed while it was sent.
        """
        before = [_state(file) for file in chosen.values()]
        parts = (self.account.bucket, project, kind, uploads.digest(chosen), name)
        uri = f"s3://{'/'.join(filter(None, parts))}"
        there = self._sizes(f"{uri}/")
        missing = {key: file for key, file in chosen.items() if there.get(key) != file.stat().st_size}
        where = Address.of(uri)
        send(self.account, {f"{where.key}/{name}": file for name, file in missing.items()}, where.bucket)
        if before != [_state(file) for file in chosen.values()]:
            raise Error("a file has changed while it was sent", hint="run the same command again")
        return uri

    def any_below(self, uri: str) -> bool:
        """Whether a prefix holds anything, older versions of objects included; not where the bucket itself is gone."""
        return any(found for found in self._everything(Address.of(uri)))

    def delete_below(self, uri: str) -> None:
        """Delete every object below a prefix, older versions included: the bucket keeps those otherwise."""
        where = Address.of(uri)
        for found in self._everything(where):
            self._delete(where.bucket, found)

    def _everything(self, where: Address) -> Iterator[list[dict[str, str]]]:
        """What DeleteObjects takes, page by page: versions, then what an endpoint without versions has."""
        below = {"Bucket": where.bucket, "Prefix": where.key}
        about = f"bucket {where.bucket}"
        for page in self.account.find_pages("s3", "ListObjectVersions", about=about, **below):
            listed = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            yield [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in listed]
        for page in self.account.find_pages("s3", "ListObjectsV2", about=about, **below):
            yield [{"Key": one["Key"]} for one in page.get("Contents", [])]

    def _delete(self, bucket: str, objects: list[dict[str, str]]) -> None:
        for start in range(0, len(objects), _DELETED_AT_ONCE):
            batch = {"Objects": objects[start : start + _DELETED_AT_ONCE], "Quiet": True}
            answer = self.account.call("s3", "DeleteObjects", about=f"bucket {bucket}", Bucket=bucket, Delete=batch)
            if failed := answer.get("Errors"):
                first = failed[0]
                raise Error(f"s3://{bucket}/{first['Key']} was not deleted: {first.get('Message', first['Code'])}")

    def _size(self, uri: str) -> int | None:
        where = Address.of(uri)
        if not where.key or where.key.endswith("/"):
            return None
        try:
            answer = self.account.call("s3", "HeadObject", about=uri, Bucket=where.bucket, Key=where.key)
        except Absent:
            return None
        return int(answer["ContentLength"])

    def _sizes(self, prefix: str, most: int | None = None) -> dict[str, int]:
        """The sizes of the objects below a prefix, by what their keys have beyond it."""
        where = Address.of(prefix)
        paging: dict[str, Any] = {"PaginationConfig": {"MaxItems": most}} if most else {}
        pages = self.account.pages(
            "s3", "ListObjectsV2", about=f"bucket {where.bucket}", Bucket=where.bucket, Prefix=where.key, **paging
        )
        return {one["Key"].removeprefix(where.key): one["Size"] for page in pages for one in page.get("Contents", [])}


def _state(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns
