"""Objects of the account's bucket: read, found, and stored by their content."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mlops_new.errors import Error, Invalid
from mlops_new.platforms.sagemaker.account import Account, side_by_side
from mlops_new.platforms.sagemaker.aws_errors import Absent
from mlops_new.platforms.sagemaker.transfers import Transfer

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
        chosen = path.absolute()
        if chosen.is_dir():
            return self.upload_files(chosen, sorted(_walk(chosen)), project=project, kind=kind, name=chosen.name)
        if not chosen.is_file():
            raise Invalid(f"{path} is neither a file nor a folder")
        prefix = self.upload_files(chosen.parent, [chosen], project=project, kind=kind)
        return f"{prefix}/{chosen.name}"

    def upload_files(self, root: Path, chosen: list[Path], *, project: str, kind: str, name: str = "") -> str:
        """Store some files of a folder by their content, under one prefix, and give the prefix.

        Raises:
            Invalid: There are none.
        """
        if not chosen:
            raise Invalid(f"{root} holds no file")
        named = {file.relative_to(root).as_posix(): file for file in chosen}
        return self.upload_named(named, project=project, kind=kind, name=name)

    def upload_named(self, chosen: Mapping[str, Path], *, project: str, kind: str, name: str = "") -> str:
        """The same with the name of each below the prefix.

        What is there already is not sent again. Nobody knows the prefix before all of it is there.

        Raises:
            Error: A file has changed while it was sent.
        """
        before = [_state(file) for file in chosen.values()]
        parts = (self.account.bucket, project, kind, digest(chosen), name)
        uri = f"s3://{'/'.join(filter(None, parts))}"
        there = self._sizes(f"{uri}/")
        missing = {key: file for key, file in chosen.items() if there.get(key) != file.stat().st_size}
        self._send(missing, Address.of(uri))
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

    def _send(self, files: Mapping[str, Path], to: Address) -> None:
        def send(one: tuple[str, Path]) -> None:
            key, file = one
            Transfer(self.account, file, to.bucket, f"{to.key}/{key}").send()

        side_by_side(send, files.items())

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


def digest(chosen: Mapping[str, Path]) -> str:
    """A hash of the names, the contents and the executable bits of files: the same as on this machine's platform."""
    # In the order of paths, part by part, as the local platform has them.
    names = sorted(chosen, key=PurePosixPath)
    whole = hashlib.sha256()
    for name, content in zip(names, side_by_side(_content, [chosen[name] for name in names]), strict=True):
        executable = bool(chosen[name].stat().st_mode & 0o100)
        whole.update(f"{name}\0{executable:d}\0{content}\n".encode())
    return whole.hexdigest()


def _content(file: Path) -> str:
    with file.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def _state(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def _walk(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(parent, name)).is_file())
