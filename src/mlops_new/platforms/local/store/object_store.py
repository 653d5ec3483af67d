"""The object store: `s3://bucket/key` kept as the file `objects/bucket/key`."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_new.errors import Error, Invalid
from mlops_new.platforms import uploads
from mlops_new.platforms.local.store import file_copies, key_files
from mlops_new.system.files import replacing

BUCKET = "mlops-new"

BUCKET_NAME = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"

_URI = re.compile(rf"s3://(?P<bucket>{BUCKET_NAME})(?:/(?P<key>.*))?", re.DOTALL)


@dataclass(frozen=True)
class ObjectStore:
    """Objects by URI. Objects are replaced whole, never changed, and handed out as copies."""

    root: Path

    def path(self, uri: str) -> Path:
        """The file or folder that holds an object or a prefix; it need not exist.

        Raises:
            Invalid: Not an `s3://` URI, or one whose key this machine cannot keep.
        """
        bucket, key = self._place(uri)
        found = _path(bucket, key)
        if found.exists() or (before := _as_before(key)) == key:
            return found
        older = _path(bucket, before)
        return older if older.exists() else found

    def find(self, uri: str) -> list[tuple[str, Path]]:
        """Objects of a URI as (relative key, file), sorted: the object itself, else those below it, else by prefix."""
        bucket, key = self._place(uri)
        return _find(bucket, key) or _find(bucket, _as_before(key))

    def put(self, source: Path, uri: str) -> None:
        """Store a copy of a file."""
        target = self.target(uri)
        file_copies.copy_into_place(source, target)

    def put_text(self, text: str, uri: str) -> None:
        """Store a text."""
        with replacing(self.target(uri)) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def take(self, source: Path, uri: str) -> None:
        """Store a file that nobody needs any more where it was: renamed when possible."""
        target = self.target(uri)
        file_copies.move(source, target)

    def take_folder(self, folder: Path, uri: str) -> None:
        """Store every file below a folder under a prefix, without keeping the folder."""
        for file in uploads.walk(folder):
            self.take(file, f"{uri.rstrip('/')}/{file.relative_to(folder).as_posix()}")

    def fetch(self, uri: str, folder: Path) -> list[Path]:
        """Copy the objects of a URI into a folder, by their relative keys.

        Raises:
            Error: There is no object there.
        """
        found = self.find(uri)
        if not found:
            raise Error(f"there is no object at {uri}")
        targets = [folder / _file_name(key) for key, _ in found]
        if doubled := _in_the_way(targets, folder):
            raise Error(f"{uri} cannot be files of a job: {doubled} would be a file and the folder of others")
        for target, (_, source) in zip(targets, found, strict=True):
            file_copies.copy(source, target)
        return targets

    def upload(self, path: Path, *, project: str, kind: str = "data") -> str:
        """Store a file or a folder by its content, and give its URI. The same content is stored once.

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

        They are copied before they are hashed, so that an object is what its URI says even if a file changes meanwhile.
        """
        with file_copies.temporary_folder(self.root) as staged:
            for key, file in chosen.items():
                file_copies.copy(file, staged / key)
            uri = "/".join(filter(None, (f"s3://{BUCKET}", project, kind, file_copies.digest(staged), name)))
            file_copies.move_folder(staged, self.path(uri))
        return uri

    def target(self, uri: str) -> Path:
        """The file that an object can be stored in.

        Raises:
            Invalid: The URI names no object, or one whose key this machine cannot keep.
        """
        bucket, key = self._place(uri)
        if not key:
            raise Invalid(f"{uri} names a bucket and no key", hint="write it as s3://bucket/key")
        return key_files.for_writing(bucket, key)

    def _place(self, uri: str) -> tuple[Path, str]:
        match = _URI.fullmatch(uri)
        if match is None:
            raise Invalid(f"{uri!r} is not an S3 URI", hint="write it as s3://bucket/key")
        return self.root / match["bucket"], match["key"] or ""


def _path(bucket: Path, key: str) -> Path:
    if not key:
        return bucket
    found = None if key.endswith("/") else key_files.find(bucket, key)
    return found or key_files.folder(bucket, key.removesuffix("/"))


def _find(bucket: Path, key: str) -> list[tuple[str, Path]]:
    head, slash, last = key.rpartition("/")
    if last and (file := key_files.find(bucket, key)):
        return [(last, file)]
    if (folder := _path(bucket, key)).is_dir():
        return key_files.below(folder)
    parent = key_files.folder(bucket, head) if slash else bucket
    if not last or not parent.is_dir():
        return []
    return [(name, file) for name, file in key_files.below(parent) if name.startswith(last)]


def _as_before(key: str) -> str:
    """Where a key with empty parts was kept by versions that passed over them."""
    return re.sub("/{2,}", "/", key).removeprefix("/")


def _file_name(key: str) -> str:
    """A key as the path of a file: empty parts have none."""
    return "/".join(part for part in key.split("/") if part)


def _in_the_way(targets: list[Path], folder: Path) -> Path | None:
    """A path that would be a file and a folder, or two files."""
    folders = {parent for target in targets for parent in target.parents}
    doubled = [target for target, count in Counter(targets).items() if count > 1 or target in folders]
    return doubled[0].relative_to(folder) if doubled else None
