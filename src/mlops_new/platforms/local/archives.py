"""model.tar.gz: packed so that the same files give the same bytes, unpacked so that nothing leaves its folder."""

import gzip
import tarfile
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.platforms.local import files

_LEVEL = 1  # the disk is near: time counts more than size


def pack(folder: Path, archive: Path) -> None:
    """Pack every file below a folder: sorted, no times, no owners."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in files.walk(folder):
            member = tar.gettarinfo(file.resolve(), file.relative_to(folder).as_posix())
            with file.open("rb") as content:
                tar.addfile(_anonymous(member), content)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into a folder.

    Raises:
        Error: It is no archive, or would write outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            # Python's own idiom for "checked wherever this Python can": releases before 3.11.4 lack the filter.
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            tar.extractall(folder)  # noqa: S202 - see the line above
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise Error(f"{archive.name} cannot be unpacked: {error}") from error


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = 0
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    # A file with several names is packed as a file under each: a link to one that is not in the archive helps nobody.
    member.type = tarfile.REGTYPE
    member.linkname = ""
    return member
