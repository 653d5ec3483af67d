"""Which file holds the object of a key: nearly always the one of the same name.

`a/b.csv` is the file `a/b.csv`, so that people and jobs find objects where they expect them. Three suffixes stand for
what a file system has no name for:

* `….%object`: the object of a key that is a folder, too (`a` beside `a/b`), or that ends with a slash (the folder
  marker `a/`).
* `….%folder`: the folder of a part that is empty (`a//b`).
* `….%name`: a part that looks like one of these, or like a file that is not complete yet.

Parts `.` and `..` are refused: most clients take them out of a URL before they send it.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlops_new.errors import Invalid
from mlops_new.platforms.local.store import file_copies

_OBJECT, _FOLDER, _NAME = ".%object", ".%folder", ".%name"
_RESERVED = re.compile(r".*\.%(?:object|folder|name)", re.DOTALL)
_LONGEST = 255  # bytes of a name: the limit of file systems


def find(bucket: Path, key: str) -> Path | None:
    """The file of an object that there is.

    Args:
        bucket: The folder of the bucket.
        key: Not empty.

    Raises:
        Invalid: No file can hold such a key.
    """
    plain, beside = _candidates(bucket, key)
    # The plain name twice: meanwhile the object may have got its other name, or come back from it.
    return next((file for file in (plain, beside, plain) if file is not None and file.is_file()), None)


def for_writing(bucket: Path, key: str) -> Path:
    """The file that an object is to be stored in; what is in its way is moved out of it.

    Objects whose key becomes a folder get their other name; folders that hold nothing go: objects were in them once.

    Raises:
        Invalid: No file can hold such a key.
    """
    plain, beside = _candidates(bucket, key)
    if plain is None or (beside is not None and beside.is_file()):
        target = beside
    else:
        if plain.is_dir():
            _remove_empty(plain)
        target = beside if plain.is_dir() else plain
    if target is None:
        raise _too_long()
    _make_way(bucket, target)
    return target


def folder(bucket: Path, prefix: str) -> Path:
    """The folder of the keys that begin with a prefix and a slash.

    Args:
        bucket: The folder of the bucket.
        prefix: Without the slash at its end.

    Raises:
        Invalid: No folder can hold such keys.
    """
    return bucket.joinpath(*map(_folder_name, prefix.split("/")))


def part(name: str, *, is_folder: bool) -> str | None:
    """The part of a key that a file or folder stands for; None where it stands for none."""
    if file_copies.is_temporary(Path(name)):
        return None
    return name.removesuffix(_FOLDER if is_folder else _OBJECT).removesuffix(_NAME)


def below(directory: Path) -> list[tuple[str, Path]]:
    """The objects in a folder by what their keys have more than the folder's, sorted part by part.

    Folder markers are left out: they hold nothing, and stand for no file.
    """
    return sorted(_below(directory, ""), key=lambda found: found[0].split("/"))


def _below(directory: Path, base: str) -> Iterator[tuple[str, Path]]:
    for child in directory.iterdir():
        is_folder = child.is_dir() and not child.is_symlink()
        name = part(child.name, is_folder=is_folder)
        if is_folder and name is not None:
            yield from _below(child, f"{base}{name}/")
        elif name and child.is_file():
            yield base + name, child


def _candidates(bucket: Path, key: str) -> tuple[Path | None, Path | None]:
    """The file of the key's own name and the one that takes its place; None where there can be none of the kind."""
    head, slash, last = key.rpartition("/")
    parent = folder(bucket, head) if slash else bucket
    name = _checked(_written(last))
    beside = parent / (name + _OBJECT) if len(name.encode()) + len(_OBJECT) <= _LONGEST else None
    return parent / name if last else None, beside


def _make_way(bucket: Path, file: Path) -> None:
    for parent in reversed([parent for parent in file.parents if bucket in parent.parents]):
        if parent.is_file():
            parent.rename(parent.with_name(_checked(parent.name + _OBJECT)))
    file.parent.mkdir(parents=True, exist_ok=True)


def _folder_name(name: str) -> str:
    return _checked(_written(name)) if name else _FOLDER


def _written(name: str) -> str:
    """A part of a key as a file can be named."""
    reserved = _RESERVED.fullmatch(name) or file_copies.is_temporary(Path(name))
    return name + _NAME if reserved else name


def _checked(name: str) -> str:
    if "\0" in name or name in {".", ".."}:
        raise Invalid(f"no part of a key can be {name!r}: keys are files on this machine")
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST:
        raise _too_long()
    return name


def _too_long() -> Invalid:
    return Invalid(f"a part of the key is longer than {_LONGEST} bytes, the longest name of a file on this machine")


def _remove_empty(directory: Path) -> None:
    """Remove a folder that holds folders only."""
    for child in directory.iterdir():
        if not child.is_dir() or child.is_symlink():
            return
        _remove_empty(child)
    with suppress(OSError):  # something has come into it
        directory.rmdir()
