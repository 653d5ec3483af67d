"""The files of a table: one, or all of a folder, with the columns that folders' names hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HIVE_MISSING = "__HIVE_DEFAULT_PARTITION__"
_LEFT_BY_TOOLS = (".", "_")


@dataclass(frozen=True)
class Part:
    """A file of a table. `keys` are columns that its folders' names hold, as in `region=north/part-0.parquet`."""

    path: Path
    keys: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a message calls it."""
        return self.path.name


def parts(path: Path) -> list[Part]:
    """The file, or the files of the folder in the order of their names, but for those that tools leave beside data.

    Raises:
        InputError: There is none.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [file for file in found if file.is_file() and not _ignored(file.relative_to(path).parts)]
    if not files:
        raise InputError(f"{path}: the folder holds no file: give a CSV or Parquet file, or a folder of them")
    return [Part(file, _keys(file.relative_to(path).parts[:-1])) for file in files]


def _ignored(names: tuple[str, ...]) -> bool:
    """Whether it is a file or in a folder that tools leave beside data, like `_SUCCESS` or `.DS_Store`."""
    return any(name.startswith(_LEFT_BY_TOOLS) and not _is_key(name) for name in names)


def _is_key(folder: str) -> bool:
    name, equals, _ = folder.partition("=")
    return bool(name and equals) and not name.startswith(".")


def _keys(folders: tuple[str, ...]) -> dict[str, str | None]:
    pairs = (folder.partition("=") for folder in folders if _is_key(folder))
    return {unquote(name): None if value == HIVE_MISSING else unquote(value) for name, _, value in pairs}
