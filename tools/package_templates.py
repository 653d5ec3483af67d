"""Packs the templates into the wheel as one archive: as files, their Python would be compiled where pip installs it."""

import gzip
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSIDE = "mlops_new/_template/templates.tar.gz"
LITTER = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


class Templates(BuildHookInterface[Any]):
    """A build hook of the wheel; an editable installation reads the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Have the archive included."""
        if version == "editable":
            return
        self._place = tempfile.TemporaryDirectory()
        archive = Path(self._place.name) / "templates.tar.gz"
        pack(Path(self.root) / "templates", archive)
        build_data["force_include"][str(archive)] = INSIDE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was only on the way."""
        del build_data, artifact_path
        if version != "editable":
            self._place.cleanup()


def pack(folder: Path, archive: Path) -> None:
    """Pack what Git tracks of a folder, links as links; the same files make the same archive."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(_files(folder)):
            tar.add(path, path.relative_to(folder.parent).as_posix(), recursive=False, filter=_plain)


def _files(folder: Path) -> list[Path]:
    """The files that belong to the templates; in an unpacked source distribution, where no Git says it, all of them."""
    if (folder.parent / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", folder.name]
        listed = subprocess.run(command, cwd=folder.parent, capture_output=True, check=True).stdout
        found = [folder.parent / os.fsdecode(name) for name in listed.split(b"\0") if name]
    else:
        found = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    return [path for path in found if (path.is_symlink() or path.is_file()) and not _is_litter(path, folder)]


def _is_litter(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return any(part in LITTER or part.startswith(".venv") for part in parts)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
