"""Files that are stored by their content, and their one hash: the same content has the same address everywhere."""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Protocol

from mlops_new.errors import Invalid


class UploadNamed(Protocol):
    """Stores files under one prefix by their content, and gives the prefix."""

    def __call__(self, chosen: Mapping[str, Path], *, project: str, kind: str, name: str = "") -> str:
        """`chosen` has the files by what they are called below the prefix; `name` ends the prefix."""
        ...


def upload(path: Path, named: UploadNamed, *, project: str, kind: str) -> str:
    """Store a file or a folder by its content, and give its URI.

    Args:
        path: What to store.
        named: Stores the files.
        project: Whose it is.
        kind: The folder of the project it goes to.

    Raises:
        Invalid: There is nothing at the path, or an empty folder.
    """
    chosen = path.absolute()
    if chosen.is_dir():
        files = {file.relative_to(chosen).as_posix(): file for file in walk(chosen)}
        if not files:
            raise Invalid(f"{chosen} holds no file")
        return named(files, project=project, kind=kind, name=chosen.name)
    if not chosen.is_file():
        raise Invalid(f"{path} is neither a file nor a folder")
    prefix = named({chosen.name: chosen}, project=project, kind=kind)
    return f"{prefix}/{chosen.name}"


def walk(folder: Path) -> list[Path]:
    """Every file below a folder, sorted; links to files count as files, links to folders are not followed."""
    found: list[Path] = []
    for parent, _, names in os.walk(folder):
        found.extend(Path(parent, name) for name in names)
    return sorted(path for path in found if path.is_file())


def digest(chosen: Mapping[str, Path]) -> str:
    """A hash of the names, the contents and the executable bits of files.

    Args:
        chosen: The files by their names, whose order is that of paths, part by part.
    """
    names = sorted(chosen, key=PurePosixPath)
    whole = hashlib.sha256()
    with ThreadPoolExecutor() as pool:
        for name, (content, executable) in zip(
            names, pool.map(_content, (chosen[name] for name in names)), strict=True
        ):
            whole.update(f"{name}\0{executable:d}\0{content}\n".encode())
    return whole.hexdigest()


def _content(file: Path) -> tuple[str, bool]:
    with file.open("rb") as reader:
        content = hashlib.file_digest(reader, "sha256").hexdigest()
        return content, bool(os.fstat(reader.fileno()).st_mode & 0o100)
