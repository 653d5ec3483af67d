"""Files that are whole or not there."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_new.errors import Error, Invalid

# Left behind only by a killed process; the next command that works on the same thing removes it.
PARTIAL = ".mlops-new-partial"
_LONGEST_SHOWN = 120


@contextmanager
def staging(folder: Path, name: str) -> Iterator[Path]:
    """A place beside the final one, on the same filesystem, for making `name` before it is moved there.

    Whoever calls holds the lock of what it makes, so what is found there was left by a killed process.
    """
    place = staged(folder, name)
    shutil.rmtree(place, ignore_errors=True)
    try:
        with readable_errors(folder):
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path beside a file, which takes its place when the block ends well and vanishes when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        yield temporary
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep(*folders: Path) -> None:
    """Remove what killed processes left in staging; whoever calls holds the lock of what is made there."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def remove_whole(path: Path, folder: Path, name: str) -> None:
    """Remove a folder so that, killed in the middle, nothing half removed stands in its place: see `sweep`."""
    place = staged(folder, name)
    with readable_errors(path):
        path.rename(place)
        shutil.rmtree(place)


def staged(folder: Path, name: str) -> Path:
    """Where `name` is made before it is moved into the folder."""
    return folder / f".{name}{PARTIAL}"


def make_folder(path: Path) -> None:
    """Make a folder and those above it; one that is there is fine."""
    with readable_errors(path):
        path.mkdir(parents=True, exist_ok=True)


def require_writable(path: Path, *, way_out: str) -> None:
    """Raise `Error` where a folder could not be made or written, without making it."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not existing.is_dir():
        raise Error(f"{existing} is a file, not a folder", hint=way_out)
    verb = "written" if existing == path else f"made in {existing}"
    if not os.access(existing, os.W_OK | os.X_OK):
        raise Error(f"{path} cannot be {verb}: permission denied", hint=way_out)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that a job wrote; empty where there is none or it is something else."""
    try:
        return parse_json(path.read_bytes())
    except OSError:
        return {}


def parse_json(content: bytes | None) -> dict[str, Any]:
    """A JSON object that a job wrote; empty where it is none."""
    try:
        document = json.loads(content or b"")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into one line and a way out."""
    try:
        yield
    except OSError as error:
        generic = Error(f"{error.filename or path} cannot be written: {error.strerror}", hint="choose another folder")
        raise translate(error, path) or generic from error


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"


def translate(error: OSError, path: Path) -> Error | None:
    """What an `OSError` means to a person, or None when it means a bug here."""
    where = error.filename or path
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return Error(f"the disk is full: {where} could not be written", hint="free some space and run it again")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Error(f"{where} cannot be written: permission denied", hint="choose a folder that is yours")
        case errno.EFBIG:
            return Error(f"{where} is larger than this account may write", hint="raise the file size limit (ulimit -f)")
        case errno.ENAMETOOLONG:
            return Invalid(f"{_cut(str(where))} is too long a name for a file", hint="give it another name, or folder")
        case errno.ELOOP:
            return Invalid(f"{where} is a link that leads to itself", hint="name another file or folder")
        case errno.ENOTDIR:
            return Error(f"{where} is not inside a folder", hint="choose another folder")
        case _:
            return None
