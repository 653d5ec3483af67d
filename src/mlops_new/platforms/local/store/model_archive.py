"""model.tar.gz: packed so that the same files give the same bytes."""

import gzip
import tarfile
from pathlib import Path

from mlops_new.platforms import uploads

_LEVEL = 1  # the disk is near: time counts more than size


def pack(folder: Path, archive: Path) -> None:
    """Pack every file below a folder: sorted, no times, no owners."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in uploads.walk(folder):
            member = tar.gettarinfo(file.resolve(), file.relative_to(folder).as_posix())
            with file.open("rb") as content:
                tar.addfile(_anonymous(member), content)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = 0
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    # A file with several names is packed as a file under each: a link to one that is not in the archive helps nobody.
    member.type = tarfile.REGTYPE
    member.linkname = ""
    return member
