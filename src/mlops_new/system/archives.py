"""Archives, unpacked so that nothing leaves its folder."""

import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mlops_new.errors import Error

_BROKEN = (tarfile.TarError, EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into a folder.

    Raises:
        Error: It is no archive, or would write outside the folder; nothing is unpacked then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            members = tar.getmembers()
            if fault := unsafe(members):
                raise Error(f"{archive.name} cannot be unpacked: {fault}")
            _make_ours(members)
            # Every Python checks by itself, too, from 3.11.4 on.
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            tar.extractall(folder)  # noqa: S202 - see the lines above
    except _BROKEN as error:
        raise Error(f"{archive.name} cannot be unpacked: {error}") from error


def unsafe(members: Sequence[tarfile.TarInfo]) -> str:
    """Why members of an archive may not be unpacked; empty where they may.

    Names are judged as they are written, before any of them is made: none leaves the folder, and none passes through a
    link, which would lead wherever the link does. Releases of Python before 3.11.4 check nothing of this.
    """
    links = {_key(PurePosixPath(member.name)) for member in members if member.issym()}
    files = {_key(PurePosixPath(member.name)) for member in members if member.isreg()}
    for member in members:
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            return f"{member.name!r} is neither a file nor a folder nor a link"
        if not _stays_inside(member.name, PurePosixPath(), links):
            return f"{member.name!r} is outside of the folder"
        if member.issym() and not _stays_inside(member.linkname, PurePosixPath(member.name).parent, links):
            return f"{member.name!r} is a link to {member.linkname!r}, outside of the folder"
        if member.islnk() and _key(PurePosixPath(member.linkname)) not in files:
            return f"{member.name!r} is a link to {member.linkname!r}, which is no file of the archive"
        if not member.issym() and _key(PurePosixPath(member.name)) in links:
            return f"{member.name!r} is there twice, once as a link"
    return ""


def _stays_inside(path: str, start: PurePosixPath, links: set[str]) -> bool:
    """Whether a path, from a folder of the archive on, stays below the archive's root and off its links."""
    if path.startswith("/") or "\0" in path:
        return False
    here = [part for part in start.parts if part != "."]
    parts = [part for part in path.split("/") if part not in {"", "."}]
    for position, part in enumerate(parts, 1):
        if part == ".." and not here:
            return False
        here = here[:-1] if part == ".." else [*here, part]
        if position < len(parts) and _key(PurePosixPath(*here)) in links:
            return False
    return True


def _key(path: PurePosixPath) -> str:
    """The same for names that a file system may hold for one."""
    return str(PurePosixPath(*[part for part in path.parts if part != "."])).casefold()


def _make_ours(members: Sequence[tarfile.TarInfo]) -> None:
    """Whoever unpacks owns what comes out, with ordinary rights."""
    for member in members:
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.uid, member.gid, member.uname, member.gname = os.geteuid(), os.getegid(), "", ""
