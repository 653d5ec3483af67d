"""The keys of a bucket in S3's order, read from the disk no further than they are wanted."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlops_new.platforms.local.store import key_files


class Keys:
    """Keys and files in the order of the keys' UTF-8 bytes.

    Args:
        folder: The bucket's.
        prefix: Only keys that begin so.
        after: Only keys behind this one, as UTF-8. It may be set further while keys are taken: folders that lie
            before it are not read.
    """

    def __init__(self, folder: Path, prefix: str = "", after: bytes = b"") -> None:
        self._folder = folder
        self._prefix = prefix.encode()
        self.after = after

    def __iter__(self) -> Iterator[tuple[str, Path]]:
        return self._below(self._folder, b"")

    def _below(self, folder: Path, base: bytes) -> Iterator[tuple[str, Path]]:
        for name, path, is_folder in _entries(folder):
            key = base + name
            if is_folder and self._leads_on(key):
                yield from self._below(path, key)
            elif not is_folder and key.startswith(self._prefix) and key > self.after:
                yield key.decode(), path

    def _leads_on(self, folder: bytes) -> bool:
        wanted = folder.startswith(self._prefix) or self._prefix.startswith(folder)
        return wanted and (folder > self.after or self.after.startswith(folder))


def _entries(folder: Path) -> list[tuple[bytes, Path, bool]]:
    """What a folder holds, sorted as the keys are: a folder's keys all have its name and a slash in front."""
    found = []
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return []  # removed meanwhile
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        part = key_files.part(entry.name, is_folder=is_folder)
        if part is None or not (is_folder or entry.is_file()):
            continue
        with suppress(UnicodeEncodeError):  # no key can be read as this name
            found.append((part.encode() + (b"/" if is_folder else b""), Path(entry.path), is_folder))
    return sorted(found)
