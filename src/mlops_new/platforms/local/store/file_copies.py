"""Copying and moving files: a reader never sees half of one, and a copy never shares its bytes with the source."""

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from mlops_new.platforms import uploads
from mlops_new.system.files import replacing

_CHUNK = 1 << 30
_ABANDONED_SECONDS = 24 * 60 * 60
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.partial")


def copy(source: Path, target: Path) -> None:
    """Copy content and the executable bit, by reference where the file system can (copy on write), else byte by byte.

    Never a hard link: whoever gets the copy may write to it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reader, target.open("wb") as writer:
        status = os.fstat(reader.fileno())
        if not _copy_in_kernel(reader.fileno(), writer.fileno(), status.st_size):
            shutil.copyfileobj(reader, writer, 1 << 20)
        # Whoever may read may execute; who may read is what the umask says.
        mode = os.fstat(writer.fileno()).st_mode & 0o666
        os.fchmod(writer.fileno(), mode | (mode & 0o444) >> 2 if status.st_mode & 0o100 else mode)


def _copy_in_kernel(reader: int, writer: int, size: int) -> bool:
    # Linux only; it shares extents on btrfs and XFS. False: nothing was copied, do it the plain way.
    if not hasattr(os, "copy_file_range"):
        return False
    done = 0
    while done < size:
        try:
            moved = os.copy_file_range(reader, writer, min(size - done, _CHUNK))
        except OSError:
            if done:
                raise
            return False
        if moved == 0:
            return done > 0
        done += moved
    return True


def move(source: Path, target: Path) -> None:
    """Put a finished file in its place; the source is gone afterwards when it could be renamed.

    A file with other names (hard links) or a symbolic link is copied: its bytes may be changed under another name.
    """
    status = source.lstat()
    if source.is_symlink() or status.st_nlink > 1:
        copy_into_place(source, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError:
        copy_into_place(source, target)


def move_folder(source: Path, target: Path) -> None:
    """Give a folder its final name; where one of that name exists already, that one stays: same name, same content."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder, gone when the block ends unless it was renamed; what killed processes left beside it goes too."""
    _sweep(parent)
    folder = parent / f".{secrets.token_hex(8)}.partial"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        remove(folder)


def copy_into_place(source: Path, target: Path) -> None:
    """Copy so that `target` is either what it was or complete."""
    with replacing(target) as temporary:
        copy(source, temporary)


def is_temporary(path: Path) -> bool:
    """Whether a file is one that is not complete yet, or that a killed process has left so."""
    return _TEMPORARY.fullmatch(path.name) is not None


def _sweep(parent: Path) -> None:
    """Remove unfinished folders so old that nobody can be at work in them any more."""
    for path in parent.glob(".*.partial"):
        with contextlib.suppress(FileNotFoundError):  # another process sweeps too
            if is_temporary(path) and time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                remove(path)


def remove(path: Path) -> None:
    """Delete a file or a folder with all it holds; what is not there is deleted already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def digest(folder: Path) -> str:
    """A hash of the names, the contents and the executable bits of all files below a folder."""
    return uploads.digest({file.relative_to(folder).as_posix(): file for file in uploads.walk(folder)})
