"""The object store: `s3://bucket/key` kept as the file `objects/bucket/key`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops_new.errors import Error, Invalid
from mlops_new.platforms.local import files

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
            Invalid: Not an `s3://` URI, or one whose key would lead out of its bucket.
        """
        match = _URI.fullmatch(uri)
        if match is None:
            raise Invalid(f"{uri!r} is not an S3 URI", hint="write it as s3://bucket/key")
        key = match["key"] or ""
        parts = [part for part in key.split("/") if part]
        if any(part in {".", ".."} or "\0" in part for part in parts):
            raise Invalid(f"the key of {uri!r} is not one this machine can keep: it holds '.' or '..' as a part")
        return self.root.joinpath(match["bucket"], *parts)

    def find(self, uri: str) -> list[tuple[str, Path]]:
        """Objects of a URI as (relative key, file), sorted: the object itself, else those below it, else by prefix."""
        path = self.path(uri)
        if path.is_file() and not uri.endswith("/"):
            return [(path.name, path)]
        if path.is_dir():
            return _below(path, path)
        if uri.endswith("/") or not path.parent.is_dir() or path.parent == self.root:
            return []
        starting = [child for child in sorted(path.parent.iterdir()) if child.name.startswith(path.name)]
        return [found for child in starting for found in _below(child, path.parent)]

    def put(self, source: Path, uri: str) -> None:
        """Store a copy of a file."""
        target = self.target(uri)
        files.copy_into_place(source, target)

    def put_text(self, text: str, uri: str) -> None:
        """Store a text."""
        with files.replacing(self.target(uri)) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def take(self, source: Path, uri: str) -> None:
        """Store a file that nobody needs any more where it was: renamed when possible."""
        target = self.target(uri)
        files.move(source, target)

    def take_folder(self, folder: Path, uri: str) -> None:
        """Store every file below a folder under a prefix, without keeping the folder."""
        for file in files.walk(folder):
            self.take(file, f"{uri.rstrip('/')}/{file.relative_to(folder).as_posix()}")

    def fetch(self, uri: str, folder: Path) -> list[Path]:
        """Copy the objects of a URI into a folder, by their relative keys.

        Raises:
            Error: There is no object there.
        """
        found = self.find(uri)
        if not found:
            raise Error(f"there is no object at {uri}")
        for key, source in found:
            files.copy(source, folder / key)
        return [folder / key for key, _ in found]

    def upload(self, path: Path, *, project: str, kind: str = "data") -> str:
        """Store a file or a folder by its content, and give its URI. The same content is stored once.

        Args:
            path: What to store.
            project: Whose it is.
            kind: The folder of the project it goes to.

        Raises:
            Invalid: There is nothing at the path, or an empty folder.
        """
        chosen = path.absolute()
        if chosen.is_dir():
            return self.upload_files(chosen, files.walk(chosen), project=project, kind=kind, name=chosen.name)
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

        They are copied before they are hashed, so that an object is what its URI says even if a file changes meanwhile.
        """
        with files.temporary_folder(self.root) as staged:
            for key, file in chosen.items():
                files.copy(file, staged / key)
            uri = "/".join(filter(None, (f"s3://{BUCKET}", project, kind, files.digest(staged), name)))
            files.move_folder(staged, self.path(uri))
        return uri

    def target(self, uri: str) -> Path:
        """The file that an object can be stored in.

        Raises:
            Error: Another object is in the way.
        """
        target = self.path(uri)
        above = [parent for parent in target.parents if self.root in parent.parents and parent.is_file()]
        if target.is_dir() and not files.walk(target):
            files.remove(target)  # objects were there once
        if target.is_dir() or above:
            raise Error(f"{uri} cannot be stored: this machine keeps keys as files, and a folder or file is in the way")
        return target


def _below(path: Path, base: Path) -> list[tuple[str, Path]]:
    found = files.walk(path) if path.is_dir() else [path]
    return [(PurePosixPath(file.relative_to(base)).as_posix(), file) for file in found if not files.is_temporary(file)]
