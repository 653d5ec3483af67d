"""The files and the environment that one job sees: its own /opt/ml, and its own copy of the image's code."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mlops_new.definition.document import as_text
from mlops_new.errors import Error
from mlops_new.platforms import uploads
from mlops_new.platforms.local.store import file_copies
from mlops_new.ports.platform import Image

_OPT_ML = re.compile(r"(?<![\w./~$}-])/opt/ml(?=$|[/\s\"'`:;,)\]}])", re.MULTILINE)
_OPT_ML_BYTES = re.compile(_OPT_ML.pattern.encode(), re.MULTILINE)
_SCRIPTS = frozenset({".py", ".sh", ""})
_LARGEST_SCRIPT = 1 << 20
# What a program needs of the machine, and nothing of the user's: no credentials, no settings of this tool.
_KEPT = ("HOME", "USER", "LOGNAME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


@dataclass(frozen=True)
class Workspace:
    """The folder of one attempt at a step.

    Args:
        folder: `executions/<id>/<step>/<attempt>`.
    """

    folder: Path

    @property
    def root(self) -> Path:
        """What is /opt/ml to the job."""
        return self.folder / "opt-ml"

    @property
    def program(self) -> Path:
        """The job's own copy of the image's code, which is its working directory."""
        return self.folder / "program"

    @property
    def log(self) -> Path:
        """What the job writes to standard output and standard error."""
        return self.folder / "log"

    def prepare(self, image: Image) -> None:
        """Make the tree, with the image's code in it."""
        file_copies.remove(self.folder)
        self.root.mkdir(parents=True)
        self.log.touch()
        for source in uploads.walk(image.code):
            target = self.program / source.relative_to(image.code)
            file_copies.copy(source, target)
            self.relocate_script(target)
        self.program.mkdir(exist_ok=True)

    def clear(self) -> None:
        """Remove all but the log: what the job made is in the object store."""
        file_copies.remove(self.root)
        file_copies.remove(self.program)

    def path(self, local_path: str) -> Path:
        """Where a path below /opt/ml really is.

        Raises:
            Error: It is not below /opt/ml.
        """
        inside = PurePosixPath(local_path)
        if not inside.is_relative_to("/opt/ml") or ".." in inside.parts:
            raise Error(f"{local_path!r} is not a path below /opt/ml")
        return self.root / inside.relative_to("/opt/ml")

    def relocate(self, value: Any) -> str:
        """A value as the job gets it: as text, with /opt/ml read as the job's own root."""
        return _OPT_ML.sub(lambda _: str(self.root), as_text(value))

    def relocate_script(self, script: Path) -> None:
        """Do the same inside a script in the job's own files, so that one with the usual literal paths runs here."""
        if script.suffix not in _SCRIPTS or script.stat().st_size > _LARGEST_SCRIPT:
            return
        content = script.read_bytes()
        if b"/opt/ml" in content and b"\0" not in content:
            script.write_bytes(_OPT_ML_BYTES.sub(lambda _: os.fsencode(self.root), content))

    def environment(self, image: Image, given: Mapping[str, Any]) -> dict[str, str]:
        """The job's whole environment.

        Args:
            image: What it runs in.
            given: The `Environment` of the request; it wins.
        """
        search = [str(self.program / "container" / "bin"), str(image.python.parent), os.environ.get("PATH", os.defpath)]
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PATH": os.pathsep.join(search),
            "PYTHONPATH": str(self.program),
            "PYTHONUNBUFFERED": "1",
            "OPT_ML_ROOT": str(self.root),
            **{name: self.relocate(value) for name, value in given.items()},
        }
